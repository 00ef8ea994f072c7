/**
 * `bench proxy`: the comparison as a whole. Starts everything, runs the rounds, ends what it started, and writes the report.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allowedCores } from '../measure/process-usage.js';
import { describeMachine, describeVersions, saveReport } from '../report.js';
import { chooseCores, loadBeforeStart, loadSentence } from '../start/cores.js';
import { assertInstalled, type Running } from '../start/processes.js';
import { CONNECTIONS_MAX } from './cases.js';
import { neededPrograms, type PeerName } from './peers.js';
import { rowsOf, tableOf } from './report.js';
import { type RoundsOptions, runRounds, say, warnUnlessQuiet } from './rounds.js';
import { startField } from './start-field.js';

export interface ProxyOptions extends RoundsOptions {
  readonly peers: readonly PeerName[];
  /** Of each proxy. With more than one it shares its cores with origin and load generator. */
  readonly workers: number;
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
    const asked = options.cells.map((cell) => cell.case);
    const peers = await startField(
      { ...options, connections: CONNECTIONS_MAX, cases: asked, cores, directory },
      started,
    );
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
        `Proxy with ${options.workers} worker(s) on core(s) ${allowedCores().slice(0, options.workers).join(', ')}; origin (nginx) and load generator (wrk, 1 thread) on core ${cores.load}; all on 127.0.0.1.`,
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
