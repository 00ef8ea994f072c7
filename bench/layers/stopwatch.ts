/**
 * Times a synchronous piece of work that is too short for a clock: many repetitions at once, several such runs, and
 * their median. Wall time is what a request waits for; CPU time is all that the process has used, so it includes what is
 * done between requests on their behalf: writing the log, the collector's threads.
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
  /** How long the work of one run should take; long enough for the clock and for several collections. */
  readonly runMs: number;
  /** Runs between two slices of the work and is not in the wall time: the event loop has to turn now and then. */
  readonly pause: () => Promise<void>;
}

const NS_PER_MS = 1e6;
const NS_PER_US = 1e3;
/** Repetitions between two pauses; as many lines of a log fit into its buffer many times. */
const SLICE = 500;
/** Repetitions before anything is measured: with a hundred thousand the compiler has long settled. */
const WARM_UP = 100_000;

export async function time(work: Work, { runs, runMs, pause }: TimingOptions): Promise<Timing> {
  // Warmed first: code that is still interpreted would tell that a few repetitions fill a run.
  await inSlices(work, WARM_UP, pause);
  const iterations = await calibrate(work, runMs, pause);
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const cpuBefore = process.cpuUsage();
    wall.push((await inSlices(work, iterations, pause)) / iterations);
    const used = process.cpuUsage(cpuBefore);
    cpu.push(((used.user + used.system) * NS_PER_US) / iterations);
  }
  return { nsPerOp: median(wall), cpuNsPerOp: median(cpu), spread: spread(wall), iterations, runs };
}

/** So many repetitions that a run takes about as long as asked for: doubles until it can be told. */
async function calibrate(work: Work, runMs: number, pause: () => Promise<void>): Promise<number> {
  for (let iterations = 2 * SLICE; ; iterations *= 2) {
    const elapsedNs = await inSlices(work, iterations, pause);
    if (elapsedNs > (runMs * NS_PER_MS) / 4) return Math.ceil((iterations * runMs * NS_PER_MS) / elapsedNs);
  }
}

/** Nanoseconds that the work has taken, pauses left out. */
async function inSlices(work: Work, iterations: number, pause: () => Promise<void>): Promise<number> {
  let elapsedNs = 0;
  for (let left = iterations; left > 0; left -= SLICE) {
    const before = process.hrtime.bigint();
    work(Math.min(SLICE, left));
    elapsedNs += Number(process.hrtime.bigint() - before);
    await pause();
  }
  return elapsedNs;
}
