import { describe, expect, it } from 'vitest';
import { type Meter, time } from './stopwatch.js';

/** A machine on which one repetition takes a known time, and a pause another. */
function machine(workNs: number, pauseNs: number) {
  let wallNs = 0;
  let cpuNs = 0;
  const slices: number[] = [];
  let pauses = 0;
  const meter: Meter = { wallNs: () => wallNs, cpuNs: () => cpuNs };
  return {
    meter,
    slices,
    pauses: () => pauses,
    work: (iterations: number): void => {
      slices.push(iterations);
      wallNs += workNs * iterations;
      cpuNs += workNs * iterations;
    },
    pause: async (): Promise<void> => {
      pauses += 1;
      wallNs += pauseNs;
      cpuNs += pauseNs / 2;
    },
  };
}

describe('the stopwatch', () => {
  it('tells the length of one repetition, whatever their number, with the pauses in the CPU time only', async () => {
    const { work, pause, meter } = machine(2_000, 400_000);
    const timing = await time(work, { runs: 3, runMs: 10, pause, meter });
    // 10 ms are 5,000 repetitions, so ten slices with a pause each.
    expect(timing).toEqual({ nsPerOp: 2_000, cpuNsPerOp: 2_000 + 400, spread: 0, iterations: 5_000, runs: 3 });
  });

  it('finds as many repetitions as fill a run, for short work and for long', async () => {
    for (const workNs of [10, 300, 50_000]) {
      const { work, pause, meter } = machine(workNs, 0);
      const timing = await time(work, { runs: 1, runMs: 20, pause, meter });
      expect(timing.iterations).toBe(Math.ceil(20e6 / workNs));
    }
  });

  it('warms the work up, and does it in slices with a pause after each', async () => {
    const { work, pause, meter, slices, pauses } = machine(1_000, 0);
    const timing = await time(work, { runs: 5, runMs: 5, pause, meter });
    expect(Math.max(...slices)).toBe(500);
    expect(pauses()).toBe(slices.length);
    const done = slices.reduce((sum, size) => sum + size, 0);
    expect(done).toBeGreaterThanOrEqual(100_000 + 5 * timing.iterations);
  });

  it('measures on the real clock unless it is given one', async () => {
    const until = (ns: number) => (iterations: number) => {
      const end = process.hrtime.bigint() + BigInt(ns * iterations);
      while (process.hrtime.bigint() < end);
    };
    const timing = await time(until(200), { runs: 1, runMs: 1, pause: async () => {} });
    expect(timing.nsPerOp).toBeGreaterThanOrEqual(200);
  });
});
