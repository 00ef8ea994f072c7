/**
 * `bench layers`: what each layer and the whole chain cost, without sockets. Each subject is measured in a process of
 * its own, because compiled code is shaped by what ran before it: the second of two chains in one process is slower
 * than the first. How much so is measured as well, see `chain: policies, after others`.
 */
import { execFile } from 'node:child_process';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { nodeFlagsOn } from '@weir/deploy/up/node-flags.js';
import { publish, type ReportPlace } from '../report.js';
import { say } from '../say.js';
import { markdownTable } from '../table.js';
import type { Timing } from './stopwatch.js';
import { BASELINE, CAREFUL, CARELESS, subjectNames } from './subjects.js';

export interface LayersOptions extends ReportPlace {
  readonly runs: number;
  readonly isQuick: boolean;
  /** Beginnings of names; empty: all. */
  readonly only: readonly string[];
  readonly signal: AbortSignal;
}

interface Measured extends Timing {
  readonly name: string;
  /** What is left when the surroundings (making a request, a bottom that answers) are taken away. */
  readonly netNsPerOp: number | null;
}

const RUN_MS = 200;
const RUN_MS_QUICK = 10;
const SUBJECT_WITHIN_MS = 120_000;

export async function runLayersBenchmark(options: LayersOptions): Promise<void> {
  const asked = subjectNames().filter(
    (name) => name === BASELINE || options.only.length === 0 || options.only.some((start) => name.startsWith(start)),
  );
  const measured: Measured[] = [];
  let baselineNs = 0;
  for (const name of asked) {
    const timing = await measureApart(name, options);
    if (name === BASELINE) baselineNs = timing.nsPerOp;
    const isRequest = name.startsWith('layer: ') || name.startsWith('chain: ');
    measured.push({ name, ...timing, netNsPerOp: isRequest ? timing.nsPerOp - baselineNs : null });
    say(`${name.padEnd(34)} ${timing.nsPerOp.toFixed(0).padStart(7)} ns`);
  }
  const care = careSentences(measured);
  const table = tableOf(measured);
  const findings = {
    title: 'Layers and chain, without sockets',
    method: [
      `Median of ${options.runs} runs of ${options.isQuick ? RUN_MS_QUICK : RUN_MS} ms after a warm-up, each subject in a process of its own.`,
      `Load average at the end: ${(loadavg()[0] ?? 0).toFixed(2)}; above 1.5 others were using the machine and the figures are worth little.`,
      ...care,
      `net: without the surroundings (“${BASELINE}”), which every layer and chain is measured in. CPU includes the threads of the garbage collector.`,
    ],
    table,
    figures: measured,
  };
  publish(options, findings, [...care, table].join('\n\n'));
}

async function measureApart(name: string, options: LayersOptions): Promise<Timing> {
  const program = fileURLToPath(new URL('./measure-subject.js', import.meta.url));
  const runMs = options.isQuick ? RUN_MS_QUICK : RUN_MS;
  // As a node is run: how far V8 inlines a chain of small functions is half of what it costs.
  const args = [...nodeFlagsOn(), program, name, String(options.runs), String(runMs)];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    signal: options.signal,
    timeout: SUBJECT_WITHIN_MS,
  });
  return JSON.parse(stdout) as Timing; // Printed by our own program of the same build.
}

/** What all layers for bad upstreams add together while nothing goes wrong: no sum of their rows, see `layers` in bench/README.md. */
function careSentences(measured: readonly Measured[]): string[] {
  const careful = measured.find(({ name }) => name === CAREFUL);
  const careless = measured.find(({ name }) => name === CARELESS);
  if (careful === undefined || careless === undefined) return [];
  const ns = careful.nsPerOp - careless.nsPerOp;
  const cpuNs = careful.cpuNsPerOp - careless.cpuNsPerOp;
  return [`All layers for bad upstreams together add ${ns.toFixed(0)} ns, ${cpuNs.toFixed(0)} ns of CPU.`];
}

function tableOf(measured: readonly Measured[]): string {
  const rows = measured.map((one) => [
    one.name,
    one.netNsPerOp === null ? '' : one.netNsPerOp.toFixed(0),
    one.nsPerOp.toFixed(0),
    one.cpuNsPerOp.toFixed(0),
    `${Math.round(one.spread * 100)} %`,
  ]);
  return markdownTable(['subject', 'net ns', 'ns', 'CPU ns', '±'], rows, 1);
}
