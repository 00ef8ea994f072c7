/**
 * Times a synchronous piece of work that is too short for a clock: many repetitions at once, several such runs, and
 * their median. Wall time says what a request waits, CPU time includes what the collector's threads do beside it.
 */
import { median, spread } from '../measure/statistics.js';

/** Does the work so many times. The loop stands inside, so that it is compiled together with the work. */
export type Work = (iterations: number) => void;

export interface Timing {
  readonly nsPerOp: number;
  readonly cpuNsPerOp: number;
  /** (largest − smallest) / median over the runs. */
  readonly spread: number;
  readonly iterations: number;
  readonly runs: number;
}

export interface TimingOptions {
  readonly runs: number;
  /** How long one run should take; long enough for the clock and for several collections. */
  readonly runMs: number;
}

const NS_PER_MS = 1e6;
const NS_PER_US = 1e3;
/** Before anything is measured: the compiler needs some tens of thousands of rounds to settle. */
const WARM_UP_RUNS = 3;

export function time(work: Work, { runs, runMs }: TimingOptions): Timing {
  const iterations = calibrate(work, runMs);
  for (let run = 0; run < WARM_UP_RUNS; run += 1) work(iterations);
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const cpuBefore = process.cpuUsage();
    const before = process.hrtime.bigint();
    work(iterations);
    wall.push(Number(process.hrtime.bigint() - before) / iterations);
    const used = process.cpuUsage(cpuBefore);
    cpu.push(((used.user + used.system) * NS_PER_US) / iterations);
  }
  return { nsPerOp: median(wall), cpuNsPerOp: median(cpu), spread: spread(wall), iterations, runs };
}

/** So many repetitions that a run takes about as long as asked for: doubles until it can be told. */
function calibrate(work: Work, runMs: number): number {
  for (let iterations = 1_000; ; iterations *= 2) {
    const before = process.hrtime.bigint();
    work(iterations);
    const elapsedNs = Number(process.hrtime.bigint() - before);
    if (elapsedNs > (runMs * NS_PER_MS) / 4) return Math.ceil((iterations * runMs * NS_PER_MS) / elapsedNs);
  }
}
