/**
 * A whole cluster under load on all its nodes, of which one part after the other is pulled out, alone and together. Of each:
 *
 *   failed       requests without a whole 200; allowed are those that a killed node had in its hands: sent on a connection to it from
 *                before its end, which the client may not have heard of yet
 *   p50, p99     before, from the pull until all has converged, and after
 *   converged    from when it is put back: members, bus, version, a purge acknowledged by all, an apply that reaches all
 *   while away   what /readyz of a node, `weir status`, `weir purge` and `weir apply` say
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { adminEnv } from '../support/admin.js';
import { ensureBuilt, weirProgram } from '../support/built.js';
import { type Exchange, type SpreadLoad, startSpreadLoad } from '../support/spread-load.js';
import { onStage, passed, type Stage } from '../support/stage.js';
import { startUpstream } from '../support/upstream.js';
import { serveFirst, startWholeCluster, type WholeCluster } from '../support/whole-cluster.js';
import { quantile, type Report, showMs } from './campaign.js';
import { converge, milestones } from './plugs/convergence.js';
import { allPulls, type Pull } from './plugs/pulls.js';

export interface PlugsScale {
  readonly controls: number;
  readonly nodes: number;
  /** Of all nodes together. */
  readonly perSecond: number;
  /** Before a pull, and after all has converged. */
  readonly quietMs: number;
  readonly awayMs: number;
  /** For each of what makes a cluster one again. */
  readonly convergedWithinMs: number;
  readonly pulls: readonly Pull[];
}

export const fullPlugs: PlugsScale = {
  ...{ controls: 2, nodes: 4, perSecond: 300, quietMs: 4_000, awayMs: 8_000 },
  ...{ convergedWithinMs: 60_000, pulls: allPulls },
};

const ANSWER_WITHIN_MS = 10_000;
const KEYS = 100;

const config = (upstream: number, edition: number): string => `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${upstream}"] }]
routes:
  - { id: edition, match: /edition, respond: { status: 200, body: "${edition}" } }
  - { id: kept, match: /small/kept/*, upstream: app, cache: { ttl: 2s } }
  - { id: all, match: /*, upstream: app }
`;

interface Scene {
  readonly cluster: WholeCluster;
  readonly load: SpreadLoad;
  readonly scale: PlugsScale;
  readonly folder: string;
  /** The next config, another one each time. */
  next(): string;
}

type Leg = Pick<Report, 'broken'> & { readonly figures: Record<string, string> };

export function runPlugs(scale: PlugsScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const scene = await underLoad(stage, scale);
    const [figures, broken]: [Record<string, string>, string[]] = [{}, []];
    for (const pull of scale.pulls) {
      const leg = await play(scene, pull);
      for (const [what, said] of Object.entries(leg.figures)) figures[`${pull.name}: ${what}`] = said;
      broken.push(...leg.broken.map((what) => `${pull.name}: ${what}`));
    }
    await scene.load.stop();
    return { figures, broken };
  });
}

async function underLoad(stage: Stage, scale: PlugsScale): Promise<Scene> {
  const upstream = await startUpstream(stage);
  const cluster = await startWholeCluster(stage, scale);
  let edition = 0;
  const next = (): string => {
    edition += 1;
    return config(upstream.port, edition);
  };
  await serveFirst(cluster, next());
  const load = startSpreadLoad(await cluster.ports(), {
    perSecond: scale.perSecond,
    withinMs: ANSWER_WITHIN_MS,
    pathOf: (number) => (number % 2 === 0 ? `/small/${number}` : `/small/kept/${number % KEYS}`),
  });
  stage.onEnd(() => load.stop());
  // Requests of the first moments make connections.
  await passed(scale.quietMs);
  return { cluster, load, scale, folder: stage.folder(), next };
}

async function play(scene: Scene, pull: Pull): Promise<Leg> {
  const { cluster, load, scale } = scene;
  load.take();
  await passed(scale.quietMs);
  const before = load.take();
  const awayUntilMs = performance.now() + scale.awayMs;
  const killed = new Set(await pull.out(cluster));
  const outAtMs = performance.now();
  const said = await sayings(scene, pull);
  await passed(Math.max(0, awayUntilMs - performance.now()));
  const [figures, broken]: [Record<string, string>, string[]] = [{ ...said.figures }, [...said.broken]];
  const backMs = performance.now();
  await pull.back(cluster);
  const startedMs = performance.now() - backMs;
  load.move(await cluster.ports());
  try {
    const { afterMs, purgesBefore } = await converge(cluster, scene.next(), scale.convergedWithinMs);
    figures['converged'] = milestones.map((what) => `${what} ${showMs(afterMs[what])}`).join(', ');
    figures['started again in'] = showMs(startedMs);
    if (purgesBefore.length > 0) figures['purges before'] = [...new Set(purgesBefore)].join(' | ');
  } catch (error) {
    broken.push(`does not converge: ${error instanceof Error ? error.message : error}`);
  }
  load.move(await cluster.ports());
  const during = load.take();
  await passed(scale.quietMs);
  const after = load.take();
  const failed = [...before, ...during, ...after].filter(({ failure }) => failure !== null);
  const inHands = failed.filter(({ node, connectionFromMs }) => killed.has(node) && connectionFromMs <= outAtMs);
  const lost = failed.filter((exchange) => !inHands.includes(exchange));
  if (lost.length > 0) broken.push(`${lost.length} requests failed: ${lost[0]?.node} ${lost[0]?.failure}`);
  const sent = before.length + during.length + after.length;
  figures['requests, failed, of these in the hands of what was killed'] =
    `${sent}, ${failed.length}, ${inHands.length}`;
  figures['before, during, after'] = [before, during, after].map(latencies).join('; ');
  return { figures, broken };
}

function latencies(exchanges: readonly Exchange[]): string {
  const tookMs = exchanges.filter(({ failure }) => failure === null).map((exchange) => exchange.tookMs);
  return `p50 ${showMs(quantile(tookMs, 0.5))} p99 ${showMs(quantile(tookMs, 0.99))} of ${tookMs.length}`;
}

/** What operators are told meanwhile, and whether it is what they must be told. */
async function sayings(
  { cluster, folder, next }: Scene,
  { isWithoutLogs, isWithoutRedis = false }: Pull,
): Promise<Leg> {
  const figures: Record<string, string> = {};
  const broken: string[] = [];
  const control = cluster.controls.find(({ isIn }) => isIn)?.it;
  if (control !== undefined) {
    const file = join(folder, 'next.yaml');
    writeFileSync(file, next());
    for (const args of [['status'], ['purge', '--tag', 'nobody'], ['apply', '-f', file, '--yes']]) {
      const [name = ''] = args;
      const { code, said, tookMs } = await weir([...args, '--admin', control.admin]);
      figures[`weir ${name}`] = `${code} after ${showMs(tookMs)}${said === '' ? '' : `: ${said}`}`;
      const isRefused = (isWithoutLogs && name !== 'status') || (isWithoutRedis && name === 'purge');
      if ((code !== 0) !== isRefused) broken.push(`weir ${name} ends with ${code}: ${said}`);
    }
  }
  const readyz = await cluster.nodes[0]?.it.readyz();
  figures['/readyz'] = readyz ?? '';
  if (readyz?.startsWith('ok') !== true) broken.push(`/readyz of a node that serves: ${readyz}`);
  if (readyz?.includes('NATS is away') !== isWithoutLogs) broken.push(`/readyz: ${readyz}`);
  return { figures, broken };
}

/** The command as operators type it, and the end of what it says. */
function weir(args: readonly string[]): Promise<{ code: number; said: string; tookMs: number }> {
  const beganMs = performance.now();
  return new Promise((resolve) => {
    execFile(weirProgram, args, { env: { ...process.env, ...adminEnv(args) } }, (error, stdout, stderr) => {
      const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim());
      const tookMs = performance.now() - beganMs;
      const said = lines
        .filter((line) => line !== '')
        .slice(-2)
        .join(' / ');
      resolve({ code: error === null ? 0 : Number(error.code), said: args[0] === 'status' ? '' : said, tookMs });
    });
  });
}
