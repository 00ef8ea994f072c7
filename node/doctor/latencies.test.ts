import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Latencies, SLICE_MS } from './latencies.js';

const filled = (durations: readonly number[]): Latencies => {
  const latencies = new Latencies(0);
  for (const ms of durations) latencies.add(ms, 0);
  return latencies;
};

describe('latencies', () => {
  it('tell quantiles within an eighth of the true ones, or a quarter of a millisecond', () => {
    const duration = fc.double({ min: 0, max: 3_600_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 400, size: 'max' }), (durations) => {
        const { count, p50Ms, p95Ms } = filled(durations).now(0);
        const sorted = [...durations].sort((a, b) => a - b);
        expect(count).toBe(durations.length);
        for (const [told, share] of [
          [p50Ms, 0.5],
          [p95Ms, 0.95],
        ] as const) {
          const truth = sorted[Math.max(1, Math.ceil(sorted.length * share)) - 1] ?? 0;
          expect(Math.abs(told - truth)).toBeLessThanOrEqual(Math.max(0.25, truth / 8));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('keep what was before apart from now', () => {
    const latencies = filled(Array.from({ length: 40 }, () => 10));
    latencies.add(1_000, SLICE_MS);
    expect(latencies.now(SLICE_MS).count).toBe(41);
    expect(latencies.before(SLICE_MS).count).toBe(0);
    expect(latencies.now(2 * SLICE_MS)).toMatchObject({ count: 1 });
    expect(latencies.now(2 * SLICE_MS).p50Ms).toBeGreaterThan(900);
    const before = latencies.before(2 * SLICE_MS);
    expect(before.count).toBe(40);
    expect(before.p95Ms).toBeLessThanOrEqual(10 * (9 / 8));
  });

  it('count what was before half as much with each turn, and nothing after a night', () => {
    const latencies = filled(Array.from({ length: 40 }, () => 10));
    expect(latencies.before(3 * SLICE_MS).count).toBe(20);
    expect(latencies.before(100 * SLICE_MS)).toEqual({ count: 0, p50Ms: 0, p95Ms: 0 });
    latencies.add(5, 100 * SLICE_MS);
    expect(latencies.now(100 * SLICE_MS).count).toBe(1);
  });

  it('take no notice of a phase that was skipped, and survive what no clock shows', () => {
    const latencies = filled([Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300]);
    expect(latencies.now(0).count).toBe(2);
  });
});
