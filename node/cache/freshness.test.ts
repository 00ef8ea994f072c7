import { DELTA_SECONDS_MAX } from '@weir/proto/http/delta-seconds.js';
import { formatHttpDate } from '@weir/proto/http/http-date.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialAgeMs, type Moments } from './freshness.js';
import { ageMs, remainingMs, storedOf } from './stored.js';
import { makeCacheSpec } from './testing/specs.js';

const WALL_MS = Date.UTC(2026, 2, 1);

const span = fc.integer({ min: 0, max: 100_000 });
const momentsOf = (askedAtMs: number, tookMs: number): Moments => {
  return { askedAtMs, receivedAtMs: askedAtMs + tookMs, receivedWallMs: WALL_MS };
};

describe('the age of an answer (RFC 9111 §4.2.3)', () => {
  it('is the greater of what Date shows and of what Age says with the time that the answer took', () => {
    fc.assert(
      fc.property(span, fc.option(span), fc.option(fc.integer({ min: -5000, max: 5000 })), (tookMs, ageS, dateS) => {
        const headers = [
          ...(ageS === null ? [] : ['age', String(ageS)]),
          ...(dateS === null ? [] : ['date', formatHttpDate(WALL_MS + dateS * 1000)]),
        ];
        const apparentS = Math.max(0, -(dateS ?? 0));
        expect(initialAgeMs(headers, momentsOf(500, tookMs))).toBe(
          Math.max(apparentS * 1000, (ageS ?? 0) * 1000 + tookMs),
        );
      }),
    );
  });

  it('grows with the monotonic clock from there, and what is left of its freshness falls as fast', () => {
    fc.assert(
      fc.property(span, span, span, span, (tookMs, ageS, maxAgeS, laterMs) => {
        const moments = momentsOf(7000, tookMs);
        const stored = storedOf(
          200,
          ['cache-control', `max-age=${maxAgeS}`, 'age', `${ageS}`],
          moments,
          makeCacheSpec(),
        );
        const nowMs = moments.receivedAtMs + laterMs;
        expect(ageMs(stored, nowMs)).toBe(ageS * 1000 + tookMs + laterMs);
        expect(remainingMs(stored, nowMs)).toBe(maxAgeS * 1000 - ageMs(stored, nowMs));
      }),
    );
  });

  it('is exact where spans are as long as they can be', () => {
    const huge = '9'.repeat(30);
    const stored = storedOf(200, ['cache-control', `max-age=${huge}`, 'age', huge], momentsOf(0, 1), makeCacheSpec());
    expect(ageMs(stored, 1)).toBe(DELTA_SECONDS_MAX * 1000 + 1);
    expect(remainingMs(stored, 1)).toBe(-1);
  });
});
