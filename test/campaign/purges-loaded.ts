/**
 * Purges by the admin API of a real cluster (control, nodes as hosts with their workers, NATS) while clients ask all nodes for what is cached and
 * for what is not: how long each takes until all nodes have acknowledged it, whether any of them serves what was purged right after, and what clients notice.
 */

import { Client } from 'undici';
import { adminHeaders } from '../support/admin.js';
import { startCacheOrigin, versionOf } from '../support/cache-origin.js';
import { startLoadApart } from '../support/load-apart.js';
import { passed, type Stage, until } from '../support/stage.js';
import { startCluster, type WeirControl } from '../support/weir-control.js';
import { quantile, type Report, showMs } from './campaign.js';

export interface LoadedScale {
  readonly nodes: number;
  readonly purges: number;
  /** Of all nodes together. */
  readonly perSecond: number;
  /** Of purges, once one behind the other and once at this pace. */
  readonly purgesPerSecond: number;
  readonly p99Ms: number;
  /** Under five times the load, before anything is timed: V8 compiles what is asked for often, beside it and on the same cores. */
  readonly warmUpMs: number;
}

const WARM_UP_TIMES = 5;

const BODY_BYTES = 100;
/** Every so many purges it is looked at whether any node still serves what was purged. */
const LOOK_EVERY = 10;
const SETTLED_MS = 10;
const ANSWER_WITHIN_MS = 10_000;
const KEYS = 50;
const MS_PER_S = 1_000;

const config = (upstream: number): string => `version: 1
gateway: { listen: "127.0.0.1:0", accessLog: false }
upstreams: [{ id: app, targets: ["http://127.0.0.1:${upstream}"] }]
routes:
  - { id: all, match: /*, upstream: app, cache: true }
  - { id: past, match: /past/*, upstream: app }
`;

export async function runLoadedPurges(stage: Stage, scale: LoadedScale): Promise<Report> {
  const { origin, control, ports } = await startWarm(stage, scale);
  const broken = new Set<string>();
  const purge = purger(stage, control);
  // Until no lease can be from before this control.
  await purge('first');
  // Purges are timed here, and who makes four hundred requests a second is late himself.
  const { perSecond } = scale;
  const load = await startLoadApart(stage, { ports, perSecond, keys: KEYS, withinMs: ANSWER_WITHIN_MS });
  const versions = async (): Promise<(number | null)[]> =>
    Promise.all(
      Object.values(ports).map(async (port) => versionOf('/looked', await bodyAt(port, '/looked'), BODY_BYTES)),
    );
  let [served, done] = [0, 0];
  const purgeAll = async (everyMs: number): Promise<Timed> => {
    const timed: Timed = { tookMs: [], steps: {} };
    const startedMs = performance.now();
    for (let at = 0; at < scale.purges; at += 1) {
      await passed(Math.max(0, startedMs + at * everyMs - performance.now()));
      done += 1;
      const isLooked = at % LOOK_EVERY === 0;
      if (isLooked) {
        await origin.be({ tag: 'looked', version: done, bodyBytes: BODY_BYTES });
        await versions();
        await origin.be({ tag: 'looked', version: done + 1, bodyBytes: BODY_BYTES });
        // What looking has set off in all these processes is not part of the purge.
        await passed(SETTLED_MS);
      }
      const beganMs = performance.now();
      const outcome = await purge(isLooked ? 'looked' : `t${done}`);
      timed.tookMs.push(performance.now() - beganMs);
      const { obeyed, missing } = outcome;
      for (const [step, ms] of Object.entries(stepsOf(outcome))) timed.steps[step] = [...(timed.steps[step] ?? []), ms];
      if (missing.length > 0 || obeyed.length !== scale.nodes)
        broken.add(`${done}: ${obeyed.length} of ${scale.nodes} have obeyed; ${JSON.stringify(missing)}`);
      if (isLooked) served += (await versions()).filter((seen) => seen !== done + 1).length;
    }
    return timed;
  };
  const hurried = await purgeAll(0);
  const paced = await purgeAll(MS_PER_S / scale.purgesPerSecond);
  const exchanges = await load.stop();
  const failed = exchanges.filter(({ failure }) => failure !== null);
  if (served > 0) broken.add(`under load ${served} times a node has served what was purged`);
  if (failed.length > 0) broken.add(`${failed.length} of ${exchanges.length} requests failed: ${failed[0]?.failure}`);
  const p99Ms = quantile(paced.tookMs, 0.99);
  if (p99Ms > scale.p99Ms) broken.add(`under load 99 of 100 took ${showMs(p99Ms)}`);
  const shown = (values: readonly number[]): string =>
    `${showMs(quantile(values, 0.5))}, ${showMs(quantile(values, 0.99))}, ${showMs(quantile(values, 1))}`;
  return {
    figures: {
      [`${scale.purges} by the admin API under ${scale.perSecond} requests a second, one behind the other`]: shown(
        hurried.tookMs,
      ),
      [`… and ${scale.purgesPerSecond} of them a second`]: shown(paced.tookMs),
      ...Object.fromEntries(Object.entries(paced.steps).map(([step, values]) => [`… ${step} after`, shown(values)])),
      'requests meanwhile, failed': `${exchanges.length}, ${failed.length}`,
      'their p50, p99, slowest': shown(exchanges.map((one) => one.tookMs)),
    },
    broken: [...broken],
  };
}

/** A cluster with the config above, under load until V8 has compiled what that asks for often. */
async function startWarm(stage: Stage, { nodes, perSecond, warmUpMs }: LoadedScale) {
  const origin = await startCacheOrigin(stage);
  const cluster = await startCluster(stage, { controls: 1, nodes });
  const [control] = cluster.controls;
  if (control === undefined) throw new Error('one was asked for');
  await control.apply(config(origin.port));
  await until(
    async () => Object.keys(await cluster.ports()).length === nodes,
    () => cluster.nodes.map(({ said }) => said()).join('\n'),
  );
  const ports = await cluster.ports();
  await origin.be({ tag: 'looked', bodyBytes: BODY_BYTES });
  const warming = { ports, perSecond: perSecond * WARM_UP_TIMES, keys: KEYS, withinMs: ANSWER_WITHIN_MS };
  const load = await startLoadApart(stage, warming);
  await passed(warmUpMs);
  await load.stop();
  return { origin, control, ports };
}

interface Timed {
  readonly tookMs: number[];
  readonly steps: Record<string, number[]>;
}

interface Purged {
  readonly obeyed: readonly { readonly node: string; readonly ms: number }[];
  readonly missing: readonly unknown[];
  readonly steps?: { readonly redisMs: number | null; readonly logMs: number; readonly confirmedMs: number | null };
}

/** As control has measured them, without the way of its answer. */
function stepsOf({ obeyed, steps }: Purged): Readonly<Record<string, number>> {
  const nodesMs = obeyed.map(({ ms }) => ms);
  const { redisMs = null, logMs = 0, confirmedMs = 0 } = steps ?? {};
  const ofNodes = { 'one node has obeyed': Math.min(...nodesMs), 'all have': Math.max(...nodesMs) };
  const redis = redisMs === null ? {} : { 'Redis told': redisMs };
  return { ...redis, 'in the log': logMs, 'the log confirmed': confirmedMs ?? 0, ...ofNodes };
}

/** On a kept connection, and not by `fetch`: that takes 2.7 ms of CPU for each, of the cores on which it is measured. */
function purger(stage: Stage, { admin }: WeirControl): (tag: string) => Promise<Purged> {
  const client = new Client(admin);
  stage.onEnd(() => client.destroy());
  const headers = { 'content-type': 'application/json', ...adminHeaders(admin) };
  return async (tag) => {
    const body = JSON.stringify({ tags: [tag] });
    const answer = await client.request({ path: '/cache/purge', method: 'POST', headers, body });
    return (await answer.body.json()) as Purged; // Our own API of the same build; who is missing is told with another status.
  };
}

async function bodyAt(port: number, path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { host: 'weir.test' } });
  return answer.text();
}
