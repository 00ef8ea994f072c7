import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Point, pointOf, sumOf, withSeconds } from './series.js';

const point = (t: number, requests = 1): Point => ({
  ...{ t, requests, errors: 0, timeouts: 0, saved: 0, p50: 0, p95: 0, p99: 0, bytesIn: 0, bytesOut: 0 },
});
const scalar = fc.oneof(fc.string({ maxLength: 20 }), fc.integer(), fc.constantFrom(null, true, undefined));
const times = fc.array(
  fc.integer({ min: 0, max: 50 }).map((second) => second * 1_000),
  { maxLength: 60, size: 'max' },
);

describe('points of a series', () => {
  it('are the latest seconds without a gap; the later word of each counts, and one that nobody told of is quiet', () => {
    fc.assert(
      fc.property(times, times, fc.integer({ min: 1, max: 20 }), (known, more, count) => {
        const before = known.map((t) => point(t, 1));
        const joined = withSeconds(
          before,
          more.map((t) => point(t, 2)),
          count,
        );
        const last = Math.max(...known, ...more);
        const told = (t: number) => (more.includes(t) ? 2 : known.includes(t) ? 1 : 0);
        const seconds = Array.from({ length: Number.isFinite(last) ? count : 0 }, (_, at) => last - at * 1_000);
        expect(joined).toEqual(seconds.reverse().map((t) => point(t, told(t))));
      }),
    );
  });

  it('move on while nobody calls', () => {
    const then = withSeconds([point(1_000, 5)], [], 3);
    expect(sumOf(then, ({ requests }) => requests)).toBe(5);
    const now = withSeconds(then, [point(4_000, 0)], 3);
    expect([sumOf(now, ({ requests }) => requests), now.map(({ t }) => t)]).toEqual([0, [2_000, 3_000, 4_000]]);
  });

  it('are read from the wire, or not at all', () => {
    expect(pointOf({ t: 5, requests: 2, p50: 'x' })).toEqual({ ...point(5, 2) });
    fc.assert(
      fc.property(fc.oneof(scalar, fc.record({ t: scalar, requests: scalar, p99: scalar })), (value) => {
        const read = pointOf(value);
        if (read !== null) expect(Object.values(read).every((field) => typeof field === 'number')).toBe(true);
      }),
    );
  });
});
