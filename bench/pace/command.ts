/**
 * `bench pace`: how long requests take when a proxy is loaded, and not overloaded. Each proxy's saturation is found with a
 * closed loop, and then each is asked for a share of its own, in turns.
 */
import { cpuSeconds } from '../measure/process-usage.js';
import { median, spread } from '../measure/statistics.js';
import { untilWarm, WARM_PROXY_SHARE } from '../measure/warm-up.js';
import { CONNECTIONS_MAX, cases } from '../proxy/cases.js';
import { runWrk } from '../proxy/load.js';
import { neededPrograms, type PeerName } from '../proxy/peers.js';
import type { Peer } from '../proxy/rounds.js';
import { startField } from '../proxy/start-field.js';
import { publish, type ReportPlace } from '../report.js';
import { say } from '../say.js';
import { comparing } from '../start/comparison.js';
import { markdownTable } from '../table.js';
import { type PacedReport, runPaced } from './h2load.js';

export interface PaceOptions extends ReportPlace {
  readonly peers: readonly PeerName[];
  /** Of a proxy's own saturation, in per cent. */
  readonly sharePercent: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly signal: AbortSignal;
}

interface Paced {
  readonly peer: Peer;
  readonly saturation: number;
  readonly reports: (PacedReport & { readonly busy: number })[];
}

const asked = cases.filter((one) => one.id === 'get-100B');

export async function runPaceBenchmark(options: PaceOptions): Promise<void> {
  await comparing({ ...neededPrograms, h2load: 'nghttp2-client' }, async (comparison) => {
    const { cores, directory, loadSentence } = comparison;
    const field = { ...options, connections: CONNECTIONS_MAX, workers: 1, cases: asked };
    const paced = await measureAll(options, await startField(field, comparison), directory, cores.load);
    publish(options, {
      title: `Proxies at ${options.sharePercent} % of their saturation`,
      method: [
        `Proxy on core ${cores.proxy}; origin (nginx) and load generators on core ${cores.load}; all on 127.0.0.1; GET of 100 B.`,
        `Saturation: wrk, ${options.connections} connections, ${options.seconds} s, after as long unmeasured, and again until compilers rest. Then h2load at ${options.sharePercent} % of it, ${options.connections} connections.`,
        `Median of ${options.rounds} rounds of ${options.seconds} s, proxies in turns; ± is the range of p99 over the rounds.`,
        loadSentence,
      ],
      table: tableOf(paced),
      figures: {
        ...options,
        signal: undefined,
        paced: paced.map(({ peer, ...rest }) => ({ peer: peer.name, ...rest })),
      },
    });
  });
}

async function measureAll(
  options: PaceOptions,
  peers: readonly Peer[],
  directory: string,
  core: number,
): Promise<Paced[]> {
  const [small] = asked;
  if (small === undefined) throw new Error('there is no case of 100 bytes');
  const { connections, seconds, signal } = options;
  const load = { case: small, connections, seconds, core, directory, signal };
  const all: Paced[] = [];
  for (const peer of peers) {
    await untilWarm(peer.workers, WARM_PROXY_SHARE, () => runWrk({ ...load, port: peer.port }));
    const { requestsPerSecond } = await runWrk({ ...load, port: peer.port });
    say(`${peer.name.padEnd(18)} saturated at ${requestsPerSecond.toFixed(0)} req/s`);
    all.push({ peer, saturation: requestsPerSecond, reports: [] });
  }
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const { peer, saturation, reports } of all) {
      const rate = (saturation * options.sharePercent) / 100;
      const before = { cpu: cpuSeconds(peer.workers), atMs: performance.now() };
      const report = await runPaced({ ...load, port: peer.port, requestsPerSecond: rate });
      const busy = ((cpuSeconds(peer.workers) - before.cpu) * 1_000) / (performance.now() - before.atMs);
      reports.push({ ...report, busy });
      say(`round ${round}  ${peer.name.padEnd(18)} ${rate.toFixed(0)} req/s  p99 ${report.p99Ms.toFixed(2)} ms`);
    }
  }
  return all;
}

const headings = ['proxy', 'saturation', 'req/s', 'busy', 'p50 ms', 'p99 ms', '±', 'p99.9 ms', 'p99 × nginx', 'failed'];

function tableOf(all: readonly Paced[]): string {
  const nginx = all.find(({ peer }) => peer.name === 'nginx');
  const middle = (paced: Paced, of: (report: Paced['reports'][number]) => number): number =>
    median(paced.reports.map(of));
  const nginxP99 = nginx === undefined ? null : middle(nginx, (one) => one.p99Ms);
  const rows = all.map((paced) => {
    const p99 = middle(paced, (one) => one.p99Ms);
    return [
      paced.peer.name,
      paced.saturation.toFixed(0),
      middle(paced, (one) => one.requestsPerSecond).toFixed(0),
      `${Math.round(100 * middle(paced, (one) => one.busy))} %`,
      middle(paced, (one) => one.p50Ms).toFixed(2),
      p99.toFixed(2),
      `${Math.round(100 * spread(paced.reports.map((one) => one.p99Ms)))} %`,
      middle(paced, (one) => one.p999Ms).toFixed(2),
      nginxP99 === null ? '–' : (p99 / nginxP99).toFixed(2),
      String(paced.reports.reduce((sum, one) => sum + one.failures, 0)),
    ];
  });
  return markdownTable(headings, rows, 1);
}
