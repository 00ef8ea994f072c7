/**
 * `bench proxy`: the comparison as a whole. Starts everything, runs the rounds, ends what it started, and writes the report.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMachine, describeVersions, saveReport } from '../report.js';
import { type Cores, chooseCores, loadBeforeStart, loadSentence } from '../start/cores.js';
import { assertInstalled, freePorts, type Running } from '../start/processes.js';
import { cases, type Site } from './cases.js';
import { assertSameAnswer } from './load.js';
import { neededPrograms, type PeerName, startOrigin, startPeer } from './peers.js';
import { rowsOf, tableOf } from './report.js';
import { type Cell, type Peer, type RoundsOptions, runRounds, say, warnUnlessQuiet } from './rounds.js';

export interface ProxyOptions extends RoundsOptions {
  readonly peers: readonly PeerName[];
  readonly reportsDirectory: string;
  readonly reportName: string;
  readonly commandLine: string;
}

export async function runProxyBenchmark(options: ProxyOptions): Promise<void> {
  assertInstalled(neededPrograms);
  const cores = chooseCores();
  const loadBefore = loadBeforeStart();
  warnUnlessQuiet(loadBefore);
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const started: Running[] = [];
  try {
    const peers = await startAll(options, directory, cores, started);
    const measured = await runRounds(options, { peers, directory, cores, started });
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

/** All cases at all numbers of connections, narrowed by what was asked for. */
export function cellsFor(caseIds: readonly string[], connections: readonly number[]): Cell[] {
  return cases
    .filter((one) => caseIds.includes(one.id))
    .flatMap((one) => connections.map((count) => ({ case: one, connections: count })));
}
