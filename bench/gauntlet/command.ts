/**
 * `bench gauntlet`: replicas and clients are started once, every proxy afresh for each scenario, and all take turns on
 * the same trouble.
 */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { publish, type ReportPlace } from '../report.js';
import { say } from '../say.js';
import { type Comparison, comparing } from '../start/comparison.js';
import { freePorts, type Running } from '../start/processes.js';
import { verdictsOf } from './acceptance.js';
import { backlogBlackHole, isInsideNamespace, namespaceBlackHole, prepareNamespace } from './black-hole.js';
import { chartOf } from './chart.js';
import { startLoadClient } from './load-client.js';
import { type GauntletPeer, neededPrograms } from './peers.js';
import { startReplica } from './replicas.js';
import { bodyOfReport, milliseconds, sectionsOf, verdictLines } from './report.js';
import { type Result, resultOf } from './results.js';
import { type Pace, type Rig, runScenario } from './run.js';
import { CLIENT_DEADLINE_MS, type Scenario } from './scenarios.js';

export interface GauntletOptions extends ReportPlace {
  readonly scenarios: readonly Scenario[];
  readonly peers: readonly GauntletPeer[];
  readonly pace: Pace;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** Above this, the client was late itself, and latencies say more about it than about proxies. */
const CLIENT_LATE_MAX_MS = 5;

export async function runGauntlet(options: GauntletOptions): Promise<void> {
  await comparing(neededPrograms, async (comparison) => {
    if (isInsideNamespace()) prepareNamespace();
    const rig = await startRig(options, comparison);
    conclude(options, await runAll(options, rig), rig, comparison);
  });
}

async function startRig(options: GauntletOptions, { directory, cores, started }: Comparison): Promise<Rig> {
  const keep = (running: Running): number => started.push(running);
  const [one = 0, two = 0, three = 0] = await freePorts(3);
  const start = (index: 0 | 1 | 2, port: number) => startReplica(index, port, cores.load, directory, keep);
  return {
    replicas: [await start(0, one), await start(1, two), await start(2, three)],
    client: startLoadClient(cores.load, directory, keep),
    blackHole: isInsideNamespace() ? namespaceBlackHole() : backlogBlackHole(),
    ...{ directory, started, proxyCore: cores.proxy, seed: options.seed, signal: options.signal },
    isRoot: process.getuid?.() === 0,
  };
}

async function runAll({ scenarios, peers, pace, signal }: GauntletOptions, rig: Rig): Promise<Result[]> {
  const results: Result[] = [];
  const runs = scenarios.length * peers.length;
  for (const scenario of scenarios) {
    for (const peer of peers) {
      signal.throwIfAborted();
      const [port = 0] = await freePorts(1);
      const run = await runScenario(scenario, peer, pace, port, rig);
      const result = resultOf(run, scenario.answerable(run.measureMs, run.ratePerS));
      results.push(result);
      say(progressLine(results.length, runs, result));
    }
  }
  return results;
}

function progressLine(run: number, runs: number, result: Result): string {
  return [
    `[${String(run).padStart(String(runs).length)}/${runs}]`,
    result.scenario.padEnd(19),
    result.peer.padEnd(10),
    `${(result.goodShare * 100).toFixed(2).padStart(6)} % good`,
    `p99 ${milliseconds(result.p99Ms)} ms`,
    `p99.9 ${milliseconds(result.p999Ms)} ms`,
    `× ${result.amplification.toFixed(2)}`,
    ...(result.lateP99Ms > CLIENT_LATE_MAX_MS ? [`the client was ${result.lateP99Ms.toFixed(0)} ms late`] : []),
  ].join('  ');
}

function conclude(
  options: GauntletOptions,
  results: readonly Result[],
  rig: Rig,
  { cores, loadSentence }: Comparison,
): void {
  const verdicts = verdictsOf(results);
  const { ratePerS, measureMs, leadMs } = options.pace;
  const chart = join(options.reportsDirectory, `${options.reportName}.svg`);
  const findings = {
    title: 'The gauntlet',
    method: [
      `Open loop, ${ratePerS} requests a second, each timed from its planned start; clients give up after ${CLIENT_DEADLINE_MS / 1_000} s and tell nobody.`,
      `Each proxy is started afresh, warmed up, loaded for ${leadMs / 1_000} s, then measured for ${measureMs / 1_000} s (longer where the scenario needs it) from the moment at which the trouble begins. Seed ${options.seed}.`,
      `Proxy on core ${cores.proxy}; three replicas and the clients on core ${cores.load}; all on the loopback.`,
      `Black hole: ${rig.blackHole.means}.`,
      `Late itself: the client, at the 99th percentile of its worst run, by ${milliseconds(Math.max(...results.map(({ lateP99Ms }) => lateP99Ms)))} ms.`,
      loadSentence,
      'What the columns mean, and what they do not say: bench/README.md.',
    ],
    table: bodyOfReport(results, verdicts, basename(chart)),
    figures: { pace: options.pace, seed: options.seed, cores, blackHole: rig.blackHole.means, verdicts, results },
  };
  publish(options, findings, `${sectionsOf(results)}\n\n${verdictLines(verdicts).join('\n')}`);
  writeFileSync(chart, chartOf(results, `${ratePerS} requests a second, three replicas, clients that wait 2 s`));
  say(`saved ${chart}`);
}
