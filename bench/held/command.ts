/** `bench held`: memory of what only waits. An idle keep-alive connection, and a request whose upstream does not answer yet. */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { rssBytes } from '../measure/process-usage.js';
import { median } from '../measure/statistics.js';
import { cases } from '../proxy/cases.js';
import { runWrk } from '../proxy/load.js';
import { neededPrograms, type PeerName } from '../proxy/peers.js';
import type { Peer } from '../proxy/rounds.js';
import { startField } from '../proxy/start-field.js';
import { publish, type ReportPlace } from '../report.js';
import { say } from '../say.js';
import { type Comparison, comparing } from '../start/comparison.js';
import { markdownTable } from '../table.js';
import { askForLate, askOnEach, LateUpstream, openConnections } from './connections.js';

export interface HeldOptions extends ReportPlace {
  readonly peers: readonly PeerName[];
  /** Connections that idle, and then requests on them that wait. */
  readonly count: number;
  readonly rounds: number;
  readonly signal: AbortSignal;
}

/** Bytes of resident memory. */
interface Held {
  readonly restBytes: number;
  readonly perIdleBytes: number;
  readonly perWaitingBytes: number;
}

const WARMUP_S = 2;
/** For a heap to be what it is without load. */
const SETTLE_MS = 1_000;
const KIB = 1024;

export async function runHeldBenchmark(options: HeldOptions): Promise<void> {
  await comparing(neededPrograms, async (comparison) => {
    const late = new LateUpstream();
    try {
      const originMore = `location = /late { proxy_pass http://127.0.0.1:${await late.start()}; proxy_http_version 1.1; }`;
      const asked = cases.filter((one) => one.id === 'get-100B');
      const field = { ...options, connections: options.count, workers: 1, cases: asked, originMore };
      const peers = await startField(field, comparison);
      report(options, await measureAll(options, { ...comparison, peers, late }), comparison);
    } finally {
      late.stop();
    }
  });
}

function report(options: HeldOptions, measured: Measured, { loadSentence }: Comparison): void {
  publish(options, {
    title: 'Memory of what waits',
    method: [
      `VmRSS of the worker: at rest after ${WARMUP_S} s of load, with ${options.count} idle connections that were answered once, and then with a request on each that waits for its upstream.`,
      `Median of ${options.rounds} rounds, proxies in turns; differences, divided by the count: a waiting request is beside its client's connection. A heap that had room already shows less than it uses.`,
      loadSentence,
    ],
    table: tableOf(measured),
    figures: { count: options.count, rounds: options.rounds, measured },
  });
}

interface Rig extends Comparison {
  readonly peers: readonly Peer[];
  readonly late: LateUpstream;
}

type Measured = readonly { readonly peer: string; readonly rounds: Held[] }[];

async function measureAll(options: HeldOptions, rig: Rig): Promise<Measured> {
  const measured = rig.peers.map((peer) => ({ peer: peer.name, rounds: [] as Held[] })); // Filled below, round by round.
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const [index, peer] of rig.peers.entries()) {
      options.signal.throwIfAborted();
      const held = await measureOne(peer, options, rig);
      measured[index]?.rounds.push(held);
      say(`round ${round}  ${peer.name.padEnd(18)} ${shown(held).join('  ')}`);
    }
  }
  return measured;
}

async function measureOne(peer: Peer, { count, signal }: HeldOptions, rig: Rig): Promise<Held> {
  const { port, workers } = peer;
  const [small] = cases;
  if (small === undefined) throw new Error('there are no cases');
  const { directory } = rig;
  await runWrk({ port, case: small, connections: 32, seconds: WARMUP_S, core: rig.cores.load, directory, signal });
  await sleep(SETTLE_MS);
  const restBytes = rssBytes(workers);
  let sockets: Socket[] = [];
  try {
    sockets = await openConnections(port, count);
    await askOnEach(sockets, small.path);
    await sleep(SETTLE_MS);
    const idleBytes = rssBytes(workers);
    await askForLate(sockets, '/late', rig.late);
    const waitingBytes = rssBytes(workers);
    return {
      restBytes,
      perIdleBytes: (idleBytes - restBytes) / count,
      perWaitingBytes: (waitingBytes - idleBytes) / count,
    };
  } finally {
    rig.late.answerAll();
    for (const socket of sockets) socket.destroy();
  }
}

const shown = (held: Held): string[] => [
  (held.restBytes / KIB / KIB).toFixed(0),
  (held.perIdleBytes / KIB).toFixed(1),
  (held.perWaitingBytes / KIB).toFixed(1),
];

function tableOf(measured: Measured): string {
  const rows = measured.map(({ peer, rounds }) => {
    const middle = (of: (held: Held) => number): number => median(rounds.map(of));
    const held = {
      restBytes: middle((one) => one.restBytes),
      perIdleBytes: middle((one) => one.perIdleBytes),
      perWaitingBytes: middle((one) => one.perWaitingBytes),
    };
    return [peer, ...shown(held)];
  });
  return markdownTable(['proxy', 'at rest MiB', 'KiB an idle connection', 'KiB a waiting request'], rows, 1);
}
