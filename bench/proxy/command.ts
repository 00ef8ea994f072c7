/**
 * `bench proxy`: the comparison as a whole. Starts everything, runs the rounds in turns (A B C …, A B C …,) so
 * that what disturbs the machine disturbs all alike, ends what it started, and writes the report.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMachine, describeVersions, saveReport } from '../report.js';
import { type Cores, chooseCores, isQuiet, loadBeforeStart, loadSentence } from '../start/cores.js';
import { assertInstalled, freePorts, type Running } from '../start/processes.js';
import { type Case, cases, type Site } from './cases.js';
import { assertSameAnswer, measure, runWrk, type Sample } from './load.js';
import { neededPrograms, type Peer, type PeerName, startOrigin, startPeer } from './peers.js';
import { type Measured, rowsOf, tableOf } from './report.js';

export interface ProxyOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Unmeasured load before the first round of each case, for compilers, pools and page cache. */
  readonly warmupSeconds: number;
  readonly cells: readonly Cell[];
  readonly peers: readonly PeerName[];
  readonly reportsDirectory: string;
  readonly reportName: string;
  readonly commandLine: string;
  readonly signal: AbortSignal;
}

/** One case at one number of connections. */
export interface Cell {
  readonly case: Case;
  readonly connections: number;
}

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

export async function runProxyBenchmark(options: ProxyOptions): Promise<void> {
  assertInstalled(neededPrograms);
  const cores = chooseCores();
  const loadBefore = loadBeforeStart();
  if (!isQuiet(loadBefore)) {
    say(
      `warning: the load average is ${loadBefore.toFixed(2)} before anything was started; compare nothing from this run`,
    );
  }
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const started: Running[] = [];
  try {
    const peers = await startAll(options, directory, cores, started);
    const measured = await runRounds(options, peers, directory, cores, started);
    const rows = rowsOf(measured);
    const table = tableOf(rows);
    process.stdout.write(`\n${table}\n\n`);
    const files = saveReport(options.reportsDirectory, options.reportName, {
      title: 'Proxies side by side',
      command: options.commandLine,
      machine: describeMachine(),
      versions: describeVersions(),
      method: [
        `Proxy on core ${cores.proxy}; origin (nginx) and load generator (wrk, 1 thread) on core ${cores.load}; all on 127.0.0.1.`,
        `Median of ${options.rounds} rounds of ${options.seconds} s, proxies in turns; ± is the range over the rounds.`,
        loadSentence(loadBefore),
        'RSS is the peak of the worker; busy is the share of a core. Limits: bench/README.md.',
      ],
      table,
      figures: { rounds: options.rounds, seconds: options.seconds, cores, rows, samples: measured },
    });
    say(`saved ${files.join(' and ')}`);
  } finally {
    // In reverse, the origin last. Each is ended by its id, and one that does not end does not keep the others.
    await Promise.allSettled(started.toReversed().map((running) => running.stop()));
    rmSync(directory, { recursive: true, force: true });
  }
}

async function startAll(
  options: ProxyOptions,
  directory: string,
  cores: Cores,
  started: Running[],
): Promise<readonly Peer[]> {
  const [originPort = 0, ...ports] = await freePorts(1 + options.peers.length);
  const isRoot = process.getuid?.() === 0;
  const siteAt = (port: number): Site => ({ port, originPort, directory, isRoot });
  started.push(await startOrigin(siteAt(originPort), cores.load));
  const peers: Peer[] = [];
  for (const [index, name] of options.peers.entries()) {
    options.signal.throwIfAborted();
    say(`starting ${name} …`);
    const peer = await startPeer(name, siteAt(ports[index] ?? 0), cores.proxy, (running) => started.push(running));
    for (const cell of options.cells) await assertSameAnswer(name, peer.port, originPort, cell.case);
    peers.push(peer);
  }
  return peers;
}

async function runRounds(
  options: ProxyOptions,
  peers: readonly Peer[],
  directory: string,
  cores: Cores,
  started: readonly Running[],
): Promise<Measured[]> {
  const { signal, rounds, seconds, cells } = options;
  const measured: (Measured & { samples: Sample[] })[] = [];
  const runs = cells.length * peers.length * rounds;
  const estimateS = runs * seconds + cells.length * peers.length * options.warmupSeconds;
  say(`${runs} runs of ${seconds} s, about ${Math.ceil(estimateS / 60)} min`);
  let run = 0;
  for (const cell of cells) {
    const loadOf = (peer: Peer) => ({ ...cell, port: peer.port, seconds, core: cores.load, directory, signal });
    const ofCell = peers.map((peer) => ({
      peer: peer.name,
      caseId: cell.case.id,
      connections: cell.connections,
      samples: [] as Sample[], // Filled below, round by round; an empty literal alone would be never[].
    }));
    measured.push(...ofCell);
    if (options.warmupSeconds > 0) {
      for (const peer of peers) await runWrk({ ...loadOf(peer), seconds: options.warmupSeconds });
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const [index, peer] of peers.entries()) {
        for (const running of started) running.assertAlive();
        const sample = await measure(loadOf(peer), peer.workers);
        ofCell[index]?.samples.push(sample);
        run += 1;
        say(progressLine(run, runs, cell, round, peer.name, sample));
      }
    }
  }
  return measured;
}

function progressLine(run: number, runs: number, cell: Cell, round: number, peer: PeerName, sample: Sample): string {
  const failures = sample.badStatuses + sample.socketErrors;
  return [
    `[${String(run).padStart(String(runs).length)}/${runs}]`,
    `${cell.case.id} × ${cell.connections}`.padEnd(16),
    `round ${round}`,
    peer.padEnd(13),
    `${sample.requestsPerSecond.toFixed(0).padStart(6)} req/s`,
    `${sample.cpuMicrosPerRequest.toFixed(1).padStart(7)} µs CPU`,
    `p99 ${sample.p99Ms.toFixed(2)} ms`,
    ...(failures > 0 ? [`${failures} FAILED`] : []),
  ].join('  ');
}

/** All cases at all numbers of connections, narrowed by what was asked for. */
export function cellsFor(caseIds: readonly string[], connections: readonly number[]): Cell[] {
  return cases
    .filter((one) => caseIds.includes(one.id))
    .flatMap((one) => connections.map((count) => ({ case: one, connections: count })));
}
