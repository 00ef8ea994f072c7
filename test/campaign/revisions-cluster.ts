/**
 * Revisions of a cluster: two real controls on one nats-server, with writers at both. Controls are killed at instants that nobody chose,
 * and once the server, which comes back with an empty disk. Whatever was acknowledged is there afterwards, once, as both
 * controls tell it.
 */
import { randomInt } from 'node:crypto';
import { startNats } from '../support/nats-server.js';
import { onStage, passed, type Stage, until } from '../support/stage.js';
import { startCluster, type TestCluster, type WeirControl } from '../support/weir-control.js';
import { quantile, type Report, showMs } from './campaign.js';
import { all, differences, type Ledger, type RevisionsScale, write } from './revisions.js';

export const fullClusterRevisions: RevisionsScale = { writes: 500, kills: 12 };

const WRITERS_EACH = 2;
const KILL_AFTER_MAX_MS = 60;

export function runClusterRevisions({ writes, kills }: RevisionsScale): Promise<Report> {
  return onStage(async (stage) => {
    const cluster = await startCluster(stage, { controls: 0, nodes: 0 });
    const ledger: Ledger = { acknowledged: new Map(), open: new Set(), tookMs: [], conflicts: 0, away: 0, broken: [] };
    /** Of all lives of the controls. */
    const said: string[] = [];
    const folders = [stage.folder(), stage.folder()];
    const controls = await Promise.all(folders.map((folder, i) => cluster.control(`c${i}`, folder)));
    for (let life = 0; life <= kills; life += 1) {
      const wanted = Math.ceil((writes * (life + 1)) / (kills + 1));
      const writing = controls.flatMap(({ admin }, i) =>
        Array.from({ length: WRITERS_EACH }, (_, writer) => write(admin, wanted, `${life}-${i}-${writer}`, ledger)),
      );
      // In the middle of its writes the server loses everything.
      if (life === Math.floor(kills / 2)) await wipe(stage, cluster, ledger, wanted);
      await until(
        () => ledger.acknowledged.size >= wanted,
        () => `${ledger.acknowledged.size} of ${wanted} writes:\n${controls.map((each) => each.said()).join('\n')}`,
      );
      if (life < kills) said.push(await killOne(cluster, controls, folders));
      await Promise.all(writing);
    }
    await compare(controls, ledger);
    said.push(...controls.map((each) => each.said()));
    return {
      figures: {
        'writes acknowledged': ledger.acknowledged.size,
        'kill -9 of a control': kills,
        'the stream wiped': 1,
        'not answered': ledger.open.size,
        'refused, the log being away': ledger.away,
        conflicts: ledger.conflicts,
        'a write': `p50 ${showMs(quantile(ledger.tookMs, 0.5))}, p99 ${showMs(quantile(ledger.tookMs, 0.99))}`,
        'put back': putBackOf(said),
      },
      broken: ledger.broken,
    };
  });
}

async function wipe(stage: Stage, { nats }: TestCluster, { acknowledged }: Ledger, wanted: number): Promise<void> {
  await until(
    () => acknowledged.size > wanted / 2,
    () => 'nothing is written',
  );
  await passed(randomInt(KILL_AFTER_MAX_MS));
  await nats.kill();
  await startNats(stage, { port: nats.port, config: `jetstream { store_dir: "${stage.folder()}" }` });
}

async function killOne(cluster: TestCluster, controls: WeirControl[], folders: readonly string[]): Promise<string> {
  const at = randomInt(controls.length);
  await passed(randomInt(KILL_AFTER_MAX_MS));
  const killed = controls[at];
  await killed?.kill();
  controls[at] = await cluster.control(`c${at}`, folders[at] ?? '');
  return killed?.said() ?? '';
}

/** Revisions that a control said were lost and put back. */
function putBackOf(said: readonly string[]): number {
  const counts = said.flatMap((text) => [...text.matchAll(/had lost (\d+) rev/g)].map(([, count]) => Number(count)));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Both tell the same, and nothing is missing in it. */
async function compare(controls: readonly WeirControl[], ledger: Ledger): Promise<void> {
  let views: string[] = [];
  await until(
    async () => {
      views = await Promise.all(controls.map(async ({ admin }) => JSON.stringify(await all(admin))));
      return views.every((view) => view === views[0]);
    },
    () => 'the controls tell different histories',
  );
  const [one] = controls;
  if (one !== undefined) ledger.broken.push(...differences(await all(one.admin), '', ledger));
}
