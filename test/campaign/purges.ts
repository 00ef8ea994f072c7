/**
 * Purges of a cluster, acknowledged by nodes that are processes of their own, over a real nats-server with JetStream: how long each takes, and
 * whether any node serves what was purged right after. Beside it, what the log alone takes for an entry on this machine, and the same under HTTP load.
 */
import { memberBytes } from '@weir/proto/cluster/purge-entries.js';
import { startNodeProcess } from '../conformance/purges/node-process.js';
import { natsWay, startControl } from '../conformance/purges/world.js';
import { ensureBuilt } from '../support/built.js';
import { startNats } from '../support/nats-server.js';
import { onStage } from '../support/stage.js';
import { quantile, type Report, showMs } from './campaign.js';
import { runLoadedPurges } from './purges-loaded.js';

export interface PurgesScale {
  readonly nodes: number;
  readonly purges: number;
  /** Purges at once, in a second round. */
  readonly atOnce: number;
  /** What 99 of 100 may take, one after the other; a slow log comes on top of it. */
  readonly p99Ms: number;
  /** Of clients, while as many purges are made by the admin API of a whole cluster. */
  readonly perSecond: number;
  /** Of these, at most: one behind the other they come as fast as two cores can make them, and wait for one another's aftermath. */
  readonly purgesPerSecond: number;
  readonly warmUpMs: number;
}

export const fullPurges: PurgesScale = {
  nodes: 4,
  purges: 1_000,
  atOnce: 16,
  p99Ms: 10,
  perSecond: 400,
  purgesPerSecond: 25,
  warmUpMs: 10_000,
};

/** One behind the other, so that neither part has the other's processes beside it. */
export async function runPurges(scale: PurgesScale): Promise<Report> {
  await ensureBuilt();
  const { limitMs, ...quiet } = await runQuietPurges(scale);
  const loaded = await onStage((stage) => runLoadedPurges(stage, { ...scale, p99Ms: limitMs }));
  return { figures: { ...quiet.figures, ...loaded.figures }, broken: [...quiet.broken, ...loaded.broken] };
}

/** `limitMs`: what 99 of 100 may take, with what the log alone takes here. */
function runQuietPurges(scale: PurgesScale): Promise<Report & { readonly limitMs: number }> {
  return onStage(async (stage) => {
    const server = await startNats(stage, { config: `jetstream { store_dir: "${stage.folder()}" }` });
    const way = natsWay(server.url, 'k', true);
    stage.onEnd(() => way.close());
    const control = startControl('k', way);
    stage.onEnd(() => control.end());
    const ids = Array.from({ length: scale.nodes }, (_, index) => `n${index + 1}`);
    const nodes = await Promise.all(ids.map((id) => startNodeProcess(stage, id, server.url)));
    // Until no lease can be from before this control.
    await control.purgeTag('first');

    const broken = new Set<string>();
    let served = 0;
    const purge = async (tag: string): Promise<number> => {
      const beganMs = performance.now();
      const { obeyed, missing, lapsed = [] } = await control.purgeTag(tag);
      const tookMs = performance.now() - beganMs;
      if (missing.length + lapsed.length > 0) broken.add(`${tag}: ${JSON.stringify([...missing, ...lapsed])}`);
      if (obeyed.length !== scale.nodes) broken.add(`${tag}: ${obeyed.length} of ${scale.nodes} nodes have obeyed`);
      return tookMs;
    };
    const alone: number[] = [];
    for (let at = 0; at < scale.purges; at += 1) {
      const [path, tag] = [`/${at}`, `t${at}`];
      for (const node of nodes) node.store(path, tag);
      if (!(await Promise.all(nodes.map((node) => node.look(path)))).every((isServed) => isServed))
        broken.add(`${path} is not served before its purge`);
      alone.push(await purge(tag));
      served += (await Promise.all(nodes.map((node) => node.look(path)))).filter((isServed) => isServed).length;
    }
    if (served > 0) broken.add(`${served} times a node has served what was purged`);

    const together: number[] = [];
    const each = Math.ceil(scale.purges / scale.atOnce);
    await Promise.all(
      Array.from({ length: scale.atOnce }, async (_, line) => {
        for (let at = 0; at < each; at += 1) together.push(await purge(`l${line}-${at}`));
      }),
    );
    const bare: number[] = [];
    for (let at = 0; at < scale.purges; at += 1) {
      const beganMs = performance.now();
      await way.log.append('nobody', memberBytes({ entry: 'join', id: 'nobody', incarnation: 1 }));
      bare.push(performance.now() - beganMs);
    }
    const limitMs = scale.p99Ms + quantile(bare, 0.99);
    if (quantile(alone, 0.99) > limitMs) broken.add(`99 of 100 purges took ${showMs(quantile(alone, 0.99))}`);
    const shown = (values: readonly number[]): string =>
      `${showMs(quantile(values, 0.5))}, ${showMs(quantile(values, 0.99))}, ${showMs(quantile(values, 1))}`;
    return {
      limitMs,
      figures: {
        'nodes, purges': `${scale.nodes}, ${scale.purges}`,
        'acknowledged by all, p50, p99, slowest': shown(alone),
        [`${scale.atOnce} at once`]: shown(together),
        'the log alone, an entry': shown(bare),
        'served after its purge': served,
      },
      broken: [...broken],
    };
  });
}
