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
  readonly meter?: Meter;
}

/** Nanoseconds that have passed, and that the process has computed. */
export interface Meter {
  wallNs(): number;
  cpuNs(): number;
}

const realMeter: Meter = {
  wallNs: () => Number(process.hrtime.bigint()), // Exact to a microsecond for months of uptime.
  cpuNs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) * NS_PER_US;
  },
};

const NS_PER_MS = 1e6;
const NS_PER_US = 1e3;
/** Repetitions between two pauses; as many lines of a log fit into its buffer many times. */
const SLICE = 500;
/** Repetitions before anything is measured: with a hundred thousand the compiler has long settled. */
const WARM_UP = 100_000;

export async function time(work: Work, options: TimingOptions): Promise<Timing> {
  const { runs, runMs, pause, meter = realMeter } = options;
  const inSlices = slicing(work, pause, meter);
  // Warmed first: code that is still interpreted would tell that a few repetitions fill a run.
  await inSlices(WARM_UP);
  const iterations = await calibrate(inSlices, runMs);
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const cpuBefore = meter.cpuNs();
    wall.push((await inSlices(iterations)) / iterations);
    cpu.push((meter.cpuNs() - cpuBefore) / iterations);
  }
  return { nsPerOp: median(wall), cpuNsPerOp: median(cpu), spread: spread(wall), iterations, runs };
}

/** Does the work so many times, and tells the nanoseconds that it has taken, pauses left out. */
type InSlices = (iterations: number) => Promise<number>;

const slicing =
  (work: Work, pause: () => Promise<void>, meter: Meter): InSlices =>
  async (iterations) => {
    let elapsedNs = 0;
    for (let left = iterations; left > 0; left -= SLICE) {
      const before = meter.wallNs();
      work(Math.min(SLICE, left));
      elapsedNs += meter.wallNs() - before;
      await pause();
    }
    return elapsedNs;
  };

/** So many repetitions that a run takes about as long as asked for: doubles until it can be told. */
async function calibrate(inSlices: InSlices, runMs: number): Promise<number> {
  for (let iterations = 2 * SLICE; ; iterations *= 2) {
    const elapsedNs = await inSlices(iterations);
    if (elapsedNs > (runMs * NS_PER_MS) / 4) return Math.ceil((iterations * runMs * NS_PER_MS) / elapsedNs);
  }
}
