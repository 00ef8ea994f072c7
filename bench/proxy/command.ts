/**
 * `bench proxy`: the comparison as a whole.
 */
import { allowedCores } from '../measure/process-usage.js';
import { publish, type ReportPlace } from '../report.js';
import { comparing } from '../start/comparison.js';
import { CONNECTIONS_MAX } from './cases.js';
import { neededPrograms, type PeerName } from './peers.js';
import { rowsOf, tableOf } from './report.js';
import { type RoundsOptions, runRounds } from './rounds.js';
import { startField } from './start-field.js';

export interface ProxyOptions extends RoundsOptions, ReportPlace {
  readonly peers: readonly PeerName[];
  /** Of each proxy. With more than one it shares its cores with origin and load generator. */
  readonly workers: number;
}

export async function runProxyBenchmark(options: ProxyOptions): Promise<void> {
  await comparing(neededPrograms, async (comparison) => {
    const { cores, loadSentence } = comparison;
    const asked = options.cells.map((cell) => cell.case);
    const peers = await startField({ ...options, connections: CONNECTIONS_MAX, cases: asked }, comparison);
    const measured = await runRounds(options, { ...comparison, peers });
    const rows = rowsOf(measured);
    publish(options, {
      title: 'Proxies side by side',
      method: [
        `Proxy with ${options.workers} worker(s) on core(s) ${allowedCores().slice(0, options.workers).join(', ')}; origin (nginx) and load generator (wrk, 1 thread) on core ${cores.load}; all on 127.0.0.1.`,
        `Median of ${options.rounds} rounds of ${options.seconds} s, proxies in turns; ± is the range over the rounds.`,
        loadSentence,
        'RSS is the peak of the worker; busy is the share of a core. Limits: bench/README.md.',
      ],
      table: tableOf(rows),
      figures: { rounds: options.rounds, seconds: options.seconds, cores, rows, samples: measured },
    });
  });
}
