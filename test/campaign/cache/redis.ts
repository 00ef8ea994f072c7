/**
 * Two nodes with one Redis, which is killed, comes back empty, is stopped in mid-air, and goes on, under load. No request
 * fails, and none of the phases is much slower than a healthy one.
 *
 * The first level is too small for what is asked for, and some is asked for once only: so Redis is really needed, and its
 * part of the answers in each phase is a figure.
 */
import { type CacheOrigin, startCacheOrigin, versionOf } from '../../support/cache-origin.js';
import { type Load, startLoad } from '../../support/load.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { passed, type Stage } from '../../support/stage.js';
import { type WeirUp, weirUp } from '../../support/weir-up.js';
import { quantile, type Report, showMs } from '../campaign.js';

export interface RedisScale {
  /** Of both nodes together. */
  readonly perSecond: number;
  readonly phaseMs: number;
  /** As in the campaign of reloads: below this, twice as much is the machine's doing. */
  readonly p99FloorMs: number;
}

const KEYS = 2_000;
const BODY_BYTES = 4_000;
const ORIGIN_MS = 10;
const CONNECTIONS = 64;
/** One request in so many is for what nobody has asked for, and another one for what both nodes are asked for at once. */
const NEW_IN = 10;

const config = (upstream: number): string => `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false, cache: { memory: 2MiB } }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${upstream}"], pool: { connections: 512 } }]
routes: [{ id: all, match: /*, upstream: app, cache: true }]
`;

interface Pair {
  readonly nodes: readonly WeirUp[];
  readonly loads: readonly Load[];
  readonly origin: CacheOrigin;
}

interface Phase {
  readonly name: string;
  readonly latencies: readonly number[];
  readonly ownDelayMs: number;
  readonly l2Hits: number;
  readonly fetched: number;
  readonly lates: number;
  /** Waits for what the other node fetches. */
  readonly follows: number;
}

export async function runRedisTrouble(stage: Stage, scale: RedisScale): Promise<Report> {
  let redis = await startRedis(stage);
  const pair = await underLoad(stage, redis, scale);
  const phases: Phase[] = [];
  const phase = async (name: string): Promise<void> => {
    phases.push(await measured(pair, name, scale.phaseMs));
  };
  await phase('warming up');
  await phase('healthy');
  await redis.kill();
  await phase('killed');
  redis = await startRedis(stage, redis.port);
  await phase('back, and empty');
  await phase('healthy again');
  redis.signal('SIGSTOP');
  await phase('stopped');
  redis.signal('SIGCONT');
  await phase('going on');
  await phase('healthy at the end');
  await Promise.all(pair.loads.map((load) => load.stop()));
  return reportOf(pair, phases.slice(1), scale);
}

async function underLoad(stage: Stage, redis: RedisServer, { perSecond }: RedisScale): Promise<Pair> {
  const origin = await startCacheOrigin(stage);
  await origin.be({ delayMs: ORIGIN_MS, bodyBytes: BODY_BYTES });
  const start = () => weirUp(stage, config(origin.port), stage.folder(), ['--redis', redis.url]);
  const nodes = await Promise.all([start(), start()]);
  const loads = await Promise.all(
    nodes.map(({ port }, node) =>
      startLoad({
        port,
        connections: CONNECTIONS,
        perSecond: perSecond / nodes.length,
        pathOf: (number) => pathOf(number, node),
        isRight: (path, body) => versionOf(path, body, BODY_BYTES) === 1,
      }),
    ),
  );
  stage.onEnd(async () => {
    await Promise.all(loads.map((load) => load.stop()));
  });
  return { nodes, loads, origin };
}

/** The same keys for both nodes, in another order, and what is new. */
function pathOf(number: number, node: number): string {
  if (number % NEW_IN === 0) return `/once/${node}/${number}`;
  if (number % NEW_IN === 1) return `/both/${number}`;
  return `/item/${(number * (node === 0 ? 7919 : 6007)) % KEYS}`;
}

async function measured({ nodes, loads, origin }: Pair, name: string, lengthMs: number): Promise<Phase> {
  const sum = async (series: string): Promise<number> => {
    const values = await Promise.all(nodes.map((node) => node.metric(series)));
    return values.reduce((total, value) => total + value, 0);
  };
  const look = async () => ({
    l2Hits: await sum('weir_cache_l2_hits_total'),
    fetched: await origin.requests(),
    lates: await sum('weir_cache_l2_late_total'),
    follows: await sum('weir_cache_l2_follows_total'),
  });
  const before = await look();
  const take = () => loads.map((load) => ({ latencies: load.takeLatencies(), ownDelayMs: load.takeOwnDelayMs() }));
  await passed(lengthMs);
  // From the end of the phase before, so that the moment of the change belongs to the phase that it begins.
  const taken = take();
  const after = await look();
  return {
    name,
    latencies: taken.flatMap(({ latencies }) => latencies),
    ownDelayMs: Math.max(...taken.map(({ ownDelayMs }) => ownDelayMs)),
    l2Hits: after.l2Hits - before.l2Hits,
    fetched: after.fetched - before.fetched,
    lates: after.lates - before.lates,
    follows: after.follows - before.follows,
  };
}

function reportOf({ loads }: Pair, phases: readonly Phase[], { perSecond, p99FloorMs }: RedisScale): Report {
  const total = (name: 'sent' | 'answered' | 'failed' | 'closed'): number =>
    loads.reduce((sum, { figures }) => sum + figures[name], 0);
  const p99Of = ({ latencies }: Phase): number => quantile(latencies, 0.99);
  const healthy = phases.filter(({ name }) => name.startsWith('healthy')).map(p99Of);
  const figures: Record<string, string> = {
    requests: `${total('sent')} at ${perSecond}/s on two nodes, ${total('answered')} right, ${total('failed')} failed`,
  };
  const broken: string[] = [];
  for (const phase of phases) {
    const { name, latencies, l2Hits, fetched, follows, lates, ownDelayMs } = phase;
    const shown = [0.5, 0.99, 1].map((share) => showMs(quantile(latencies, share))).join(', ');
    figures[`p50, p99, worst ${name}`] =
      `${shown} of ${latencies.length}; ${l2Hits} from Redis, ${fetched} from the origin, ${follows} waited for the other node, ${lates} late; load generator not scheduled for ${showMs(ownDelayMs)}`;
    // The healthy phases are each other's noise: the slowest of them is what the machine does by itself.
    const limitMs = Math.max(p99FloorMs, 2 * Math.max(...healthy));
    if (p99Of(phase) > limitMs)
      broken.push(`p99 ${name} is ${showMs(p99Of(phase))}, healthy it is ${healthy.map(showMs).join(', ')}`);
    if (name.startsWith('healthy') && l2Hits === 0) broken.push(`Redis was not asked: ${name}`);
  }
  if (total('failed') > 0)
    broken.push(`${total('failed')} failed, first: ${loads.map((load) => load.figures.firstFailure).join()}`);
  if (total('closed') > 0) broken.push(`${total('closed')} keep-alive connections were closed`);
  return { figures, broken };
}
