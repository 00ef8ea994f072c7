/** One proxy through one scenario: started afresh, warmed up, put under load; then the trouble comes as planned. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from '../start/processes.js';
import type { BlackHole } from './black-hole.js';
import { inOrder } from './faults.js';
import type { LoadClient } from './load-client.js';
import type { Begin, Counts, LoadPlan } from './messages.js';
import { type GauntletPeer, startGauntletPeer } from './peers.js';
import { inflict, type Replica, renew } from './replicas.js';
import type { Run } from './results.js';
import type { Scenario } from './scenarios.js';

/** What stands through all runs. */
export interface Rig {
  readonly replicas: readonly [Replica, Replica, Replica];
  readonly client: LoadClient;
  readonly blackHole: BlackHole;
  readonly directory: string;
  readonly proxyCore: number;
  readonly isRoot: boolean;
  readonly seed: number;
  /** Everything that was started, so that it is ended whatever happens. */
  readonly started: Running[];
  readonly signal: AbortSignal;
}

export interface Pace {
  readonly ratePerS: number;
  /** Of the open loop before the trouble begins. */
  readonly leadMs: number;
  readonly measureMs: number;
  readonly warmupRequests: number;
}

/** Messages need time to arrive before what they announce. */
const NOTICE_MS = 200;
/** A client that has not reported so long after its last request could end has failed. */
const GRACE_MS = 15_000;
const COLLECT_MS = 65_000;
const WARM_WITHIN_MS = 60_000;

export async function runScenario(
  scenario: Scenario,
  peer: GauntletPeer,
  pace: Pace,
  port: number,
  rig: Rig,
): Promise<Run> {
  const directory = join(rig.directory, `${scenario.id}-${peer}`);
  mkdirSync(directory);
  await renew(rig.replicas, rig.seed, rig.blackHole);
  const [first, second, third] = rig.replicas.map(({ host, port: at }) => `${host}:${at}`);
  const replicas = [first ?? '', second ?? '', third ?? ''] as const;
  let proxy: Running | null = null;
  try {
    proxy = await startGauntletPeer(peer, { port, replicas, directory, isRoot: rig.isRoot }, rig.proxyCore, (one) => {
      proxy = one;
      rig.started.push(one);
    });
    return await underLoad(scenario, peer, pace, port, proxy, rig);
  } finally {
    await proxy?.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function underLoad(
  scenario: Scenario,
  peer: GauntletPeer,
  pace: Pace,
  port: number,
  proxy: Running,
  rig: Rig,
): Promise<Run> {
  const ratePerS = pace.ratePerS * scenario.asked.rateShare;
  const measureMs = pace.measureMs * scenario.lengthFactor;
  const plan: LoadPlan = {
    kind: 'plan',
    ...{ port, ratePerS, measureMs, asked: scenario.asked },
    leadMs: pace.leadMs,
    warmupRequests: pace.warmupRequests,
  };
  rig.client.send(plan);
  await rig.client.next('warm', WARM_WITHIN_MS, rig.signal);
  const atWallMs = Date.now() + pace.leadMs + NOTICE_MS;
  const begin: Begin = { kind: 'begin', atWallMs };
  rig.client.send(begin);
  const isCollected = scenario.answerable(measureMs, ratePerS).kind === 'later';
  const afterLastMs = scenario.asked.patienceMs + GRACE_MS + (isCollected ? COLLECT_MS : 0);
  const report = rig.client.next('samples', pace.leadMs + NOTICE_MS + measureMs + afterLastMs, rig.signal);
  report.catch(() => {}); // It is awaited below, once the plan has been performed.
  await perform(scenario, measureMs, ratePerS, atWallMs, rig);
  const { samples, lateP99Ms } = await report;
  const counts: Counts[] = await Promise.all(rig.replicas.map((replica) => countOf(replica, rig)));
  proxy.assertAlive();
  for (const { process } of rig.replicas) process.assertAlive();
  return { scenario: scenario.id, peer, ratePerS, measureMs, samples, lateP99Ms, counts };
}

/** A replica that is stopped can't count before it goes on. */
function countOf(replica: Replica, rig: Rig): Promise<Counts> {
  rig.blackHole.release(replica);
  return replica.order({ kind: 'count' });
}

/** Does each step of the plan when it is due. */
async function perform(
  scenario: Scenario,
  measureMs: number,
  ratePerS: number,
  atWallMs: number,
  rig: Rig,
): Promise<void> {
  // Half a gap early, so that no request is due at the very moment at which a step is taken.
  const earlyMs = 500 / ratePerS;
  const until = (dueMs: number): Promise<void> =>
    sleep(Math.max(0, atWallMs + dueMs - earlyMs - Date.now()), undefined, { signal: rig.signal });
  await until(0);
  await Promise.all(rig.replicas.map((replica) => replica.order({ kind: 'zero' })));
  for (const { atMs, replica, fault } of inOrder(scenario.plan(measureMs, ratePerS))) {
    await until(atMs);
    await inflict(rig.replicas[replica], fault, rig.blackHole);
  }
  await until(measureMs);
}
