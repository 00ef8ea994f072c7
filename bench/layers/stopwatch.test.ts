import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { time } from './stopwatch.js';

/** Work of a known length: spins on the clock. */
const spin = (ns: number) => (iterations: number) => {
  const until = process.hrtime.bigint() + BigInt(Math.round(ns * iterations));
  while (process.hrtime.bigint() < until);
};
const turn = (): Promise<void> => nextTurn();

describe('the stopwatch', () => {
  it('tells the length of one repetition, whatever their number', async () => {
    const timing = await time(spin(2_000), { runs: 3, runMs: 10, pause: turn });
    expect(timing.nsPerOp).toBeGreaterThanOrEqual(2_000);
    expect(timing.nsPerOp).toBeLessThan(4_000);
    expect(timing.cpuNsPerOp).toBeGreaterThan(1_000);
    expect(timing.runs).toBe(3);
    expect(timing.iterations).toBeGreaterThan(1_000);
  });

  it('leaves pauses out of the wall time', async () => {
    const timing = await time(spin(100), { runs: 3, runMs: 1, pause: () => sleep(2) });
    expect(timing.nsPerOp).toBeLessThan(1_500);
  });

  it('does the work as often as it says, with a pause after every slice', async () => {
    let done = 0;
    let pauses = 0;
    const sizes: number[] = [];
    const work = (iterations: number): void => {
      sizes.push(iterations);
      done += iterations;
      spin(500)(iterations);
    };
    const pause = (): Promise<void> => {
      pauses += 1;
      return turn();
    };
    const timing = await time(work, { runs: 5, runMs: 5, pause });
    expect(Math.max(...sizes)).toBe(500);
    expect(pauses).toBe(sizes.length);
    // The five runs that are measured come last, behind the warm-up and what found out how many.
    let measured = 0;
    while (measured < 5 * timing.iterations) measured += sizes.pop() ?? Number.NaN;
    expect(measured).toBe(5 * timing.iterations);
    expect(done).toBeGreaterThan(measured);
  });
});
