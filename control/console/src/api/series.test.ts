import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Point, pointOf, sumOf, withPoints } from './series.js';

const point = (t: number, requests = 1): Point => ({
  ...{ t, requests, errors: 0, timeouts: 0, saved: 0, p50: 0, p95: 0, p99: 0, bytesIn: 0, bytesOut: 0 },
});
const scalar = fc.oneof(fc.string({ maxLength: 20 }), fc.integer(), fc.constantFrom(null, true, undefined));
const times = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60, size: 'max' });

describe('points of a series', () => {
  it('stand in order, each moment once, and the latest ones are kept', () => {
    fc.assert(
      fc.property(times, times, fc.integer({ min: 1, max: 20 }), (known, more, max) => {
        const joined = withPoints(
          known.map((t) => point(t, 1)),
          more.map((t) => point(t, 2)),
          max,
        ).map(({ t }) => t);
        const all = [...new Set([...known, ...more])].sort((a, b) => a - b);
        expect(joined).toEqual(all.slice(-max));
      }),
    );
  });

  it('are replaced by later words of the same moment', () => {
    expect(sumOf(withPoints([point(1, 5)], [point(1, 7)], 9), ({ requests }) => requests)).toBe(7);
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
