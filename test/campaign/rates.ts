/**
 * Limits that four nodes keep together, each a `weir node` of its own, under an uneven load of more than is allowed:
 *
 *   shared   over and under the limit by less than 2 % in the mean; NATS is killed, and each goes on with its share; NATS is
 *            back, and they are one again
 *   strict   never over burst + rate × t, by the clock of Redis, also while Redis stands still and goes on
 *
 * What was admitted in a second of the wall clock is what was answered with 200 in it, here.
 */
import { Redis } from 'ioredis';
import { startAnnouncer } from '../support/announcer.js';
import { ensureBuilt } from '../support/built.js';
import { type Load, startLoad } from '../support/load.js';
import { startNats } from '../support/nats-server.js';
import { startRedis } from '../support/redis-server.js';
import { freePort, onStage, passed, type Stage, until } from '../support/stage.js';
import { type WeirNode, weirNode } from '../support/weir-node.js';
import type { Report } from './campaign.js';

export interface RatesScale {
  readonly limit: number;
  readonly perSecond: number;
  /** Windows of a second in each phase. */
  readonly windows: number;
  /** What a machine adds on which others run: of the mean deviation that is allowed. */
  readonly noise: number;
}

export const fullRates: RatesScale = { limit: 1_000, perSecond: 1_500, windows: 12, noise: 0 };

const WEIGHTS = [70, 20, 8, 2] as const;
/** Windows at the begin of a phase in which what was before it still shows. */
const SETTLING = 3;
const ALLOWED = 0.02;

interface Node {
  readonly id: string;
  readonly weir: WeirNode;
  readonly port: number;
}

const config = (limit: number, port: number): string => `version: 1
gateway: { listen: 127.0.0.1:${port}, accessLog: false }
routes:
  - { id: shared, match: /shared, limits: { rate: ${limit}/s, by: route }, respond: { status: 200, body: ok } }
  - id: strict
    match: /strict
    limits: { rate: ${limit / 2}/s, by: route, mode: strict, onRedisLoss: closed, redisTimeout: 100ms }
    respond: { status: 200, body: ok }
`;

/** A listener stays where it began, so each node is told another port before it starts, and all run the last snapshot. */
async function startNodes(stage: Stage, nats: string, redis: string, limit: number): Promise<Node[]> {
  const control = await startAnnouncer(stage, nats);
  const nodes: Node[] = [];
  for (const [at] of WEIGHTS.entries()) {
    const [id, port] = [`n${at}`, await freePort()];
    await control.announce(await control.store(config(limit, port), at + 1));
    const more = ['--redis', redis];
    const weir = await weirNode(stage, { id, nats, trust: control.publicKey, more });
    await serves(port, weir);
    nodes.push({ id, weir, port });
  }
  await until(
    async () => (await Promise.all(nodes.map((node) => metric(node, 'weir_limit_nodes')))).every((n) => n === 4),
    () => 'the nodes did not find each other',
  );
  return nodes;
}

const metric = ({ id, weir }: Node, name: string): Promise<number> => weir.metric(`${name}{worker="${id}"}`);

const serves = (port: number, weir: WeirNode): Promise<void> =>
  until(
    () =>
      fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).then(
        () => true,
        () => false,
      ),
    weir.said,
  );

/** Uneven load on one path of all nodes; when each request was admitted, by the wall clock. */
async function loadOn(stage: Stage, nodes: readonly Node[], path: string, perSecond: number) {
  const admittedAtMs: number[] = [];
  const sum = WEIGHTS.reduce((a, b) => a + b, 0);
  const loads: Load[] = [];
  for (const [at, { port }] of nodes.entries()) {
    const load = await startLoad({
      port,
      connections: 8,
      perSecond: (perSecond * (WEIGHTS[at] ?? 0)) / sum,
      pathOf: () => path,
      isRight: () => admittedAtMs.push(Date.now()) > 0,
    });
    loads.push(load);
  }
  const stop = (): Promise<unknown> => Promise.all(loads.map((load) => load.stop()));
  stage.onEnd(() => void stop());
  return { admittedAtMs, stop, closed: () => loads.reduce((all, { figures }) => all + figures.closed, 0) };
}

interface Deviation {
  readonly over: number;
  readonly under: number;
  readonly most: number;
  readonly figures: string;
}

function deviation(admittedAtMs: readonly number[], fromMs: number, windows: number, limit: number): Deviation {
  const first = Math.ceil(fromMs / 1_000);
  const counts = Array.from(
    { length: windows },
    (_, i) => admittedAtMs.filter((ms) => Math.floor(ms / 1_000) === first + i).length,
  );
  const mean = (of: (count: number) => number): number => counts.reduce((all, n) => all + of(n), 0) / windows / limit;
  const over = mean((n) => Math.max(0, n - limit));
  const under = mean((n) => Math.max(0, limit - n));
  const shown = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const [most, least] = [Math.max(...counts), Math.min(...counts)];
  return { over, under, most, figures: `over ${shown(over)}, under ${shown(under)}, windows ${least} to ${most}` };
}

export function runRates(scale: RatesScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const store = `jetstream { store_dir: "${stage.folder()}" }`;
    const nats = await startNats(stage, { config: store });
    const redis = await startRedis(stage);
    const nodes = await startNodes(stage, nats.url, redis.url, scale.limit);
    const [figures, broken]: [Record<string, string>, string[]] = [{}, []];
    const { limit, perSecond, windows } = scale;
    const shared = await loadOn(stage, nodes, '/shared', perSecond);
    const phase = async (name: string): Promise<Deviation> => {
      await passed(SETTLING * 1_000);
      const fromMs = Date.now();
      await passed((windows + 2) * 1_000);
      const seen = deviation(shared.admittedAtMs, fromMs, windows, limit);
      figures[`shared, ${name}`] = seen.figures;
      return seen;
    };
    const judge = (name: string, { over, under }: Deviation): void => {
      const allowed = ALLOWED + scale.noise;
      if (over >= allowed) broken.push(`${name}: over the limit by ${(over * 100).toFixed(2)} %`);
      if (under >= allowed) broken.push(`${name}: under the limit by ${(under * 100).toFixed(2)} %`);
    };
    judge('together', await phase('together'));
    const killedAtMs = Date.now();
    await nats.kill();
    const alone = await phase('without NATS, by shares');
    judge('without NATS', alone);
    const worst = deviation(shared.admittedAtMs, killedAtMs - 1_000, SETTLING + 1, limit);
    figures['shared, as NATS was killed'] = worst.figures;
    const n = WEIGHTS.length;
    if (worst.most > (2 - 1 / n) * limit + n)
      broken.push(`as NATS was killed: ${worst.most} of ${limit}, above the bound`);
    await startNats(stage, { port: nats.port, config: store });
    await until(
      async () => (await Promise.all(nodes.map((node) => metric(node, 'weir_limit_told')))).every((told) => told === 1),
      () => 'the nodes did not come back',
    );
    judge('together again', await phase('together again'));
    await shared.stop();
    if (shared.closed() > 0) broken.push(`${shared.closed()} connections were closed`);
    await strict(stage, nodes, redis, scale, figures, broken);
    return { figures, broken };
  });
}

async function strict(
  stage: Stage,
  nodes: readonly Node[],
  redis: { readonly url: string; signal(signal: 'SIGSTOP' | 'SIGCONT'): void },
  { limit, perSecond, windows, noise }: RatesScale,
  figures: Record<string, string>,
  broken: string[],
): Promise<void> {
  const client = new Redis(redis.url);
  client.on('error', () => {});
  stage.onEnd(() => client.disconnect());
  const redisMs = async (): Promise<number> => {
    const [seconds, micros] = await client.time();
    return Number(seconds) * 1_000 + Number(micros) / 1_000;
  };
  const rate = limit / 2;
  const fromMs = await redisMs();
  const load = await loadOn(stage, nodes, '/strict', perSecond);
  await passed((windows / 2) * 1_000);
  const before = load.admittedAtMs.length;
  const steadyMs = (await redisMs()) - fromMs;
  redis.signal('SIGSTOP');
  await passed(1_500);
  redis.signal('SIGCONT');
  await passed((windows / 2) * 1_000);
  await load.stop();
  const allMs = (await redisMs()) - fromMs;
  const most = (ms: number): number => Math.floor(rate + (rate * ms) / 1_000);
  figures['strict, in time'] = `${before} of ${most(steadyMs)} at most`;
  figures['strict, with a Redis that stood still for 1.5 s'] = `${load.admittedAtMs.length} of ${most(allMs)} at most`;
  if (before > most(steadyMs) || load.admittedAtMs.length > most(allMs)) broken.push('a strict limit was exceeded');
  if (before < most(steadyMs) * (0.9 - noise))
    broken.push(`a strict limit was not used up: ${before} of ${most(steadyMs)}`);
}
