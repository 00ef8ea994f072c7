import { describe, expect, it } from 'vitest';
import { time } from './stopwatch.js';

/** Work of a known length: spins on the clock. */
const spin = (ns: number) => (iterations: number) => {
  const until = process.hrtime.bigint() + BigInt(Math.round(ns * iterations));
  while (process.hrtime.bigint() < until);
};

describe('the stopwatch', () => {
  it('tells the length of one repetition, whatever their number', () => {
    const timing = time(spin(2_000), { runs: 3, runMs: 10 });
    expect(timing.nsPerOp).toBeGreaterThanOrEqual(2_000);
    expect(timing.nsPerOp).toBeLessThan(4_000);
    expect(timing.runs).toBe(3);
    expect(timing.iterations).toBeGreaterThan(1_000);
  });

  it('does the work as often as it says', () => {
    let done = 0;
    const sizes: number[] = [];
    const timing = time(
      (iterations) => {
        sizes.push(iterations);
        done += iterations;
        spin(1_000)(iterations);
      },
      { runs: 5, runMs: 5 },
    );
    const measured = sizes.slice(-5);
    expect(new Set(measured)).toEqual(new Set([timing.iterations]));
    expect(done).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });
});
