import fc, { assert, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AT_ONCE_PER_S, AWAITED_MS, PAUSE_MAX_MS, ReadPace } from './read-pace.js';

/** At an even rate for ten seconds; the pause that is made then. */
function afterEven(pace: ReadPace, perS: number, fromMs = 0): number {
  const nowMs = fromMs + 10_000;
  for (let at = fromMs; at < nowMs; at += 1_000 / perS) pace.heard(at);
  return pace.pauseMs(nowMs);
}

const rates = fc.double({ min: 1, max: 2_000, noNaN: true });

describe('the pace of reading', () => {
  it('puts nothing off at the rate of a small cluster, and more the more comes, up to its bound', () => {
    assert(
      property(rates, rates, (one, other) => {
        const [slow, fast] = [Math.min(one, other), Math.max(one, other)];
        const [few, many] = [afterEven(new ReadPace(), slow), afterEven(new ReadPace(), fast)];
        // Evenly spaced ones come a little before or behind the end.
        expect(few).toBeLessThanOrEqual(many + 1);
        expect(many).toBeLessThanOrEqual(PAUSE_MAX_MS);
        if (slow < AT_ONCE_PER_S * 0.9) expect(few).toBe(0);
        if (fast > AT_ONCE_PER_S * 1.2) expect(many).toBeGreaterThan(0);
      }),
    );
  });

  it('is that of its table', () => {
    for (const [perS, pauseMs] of [
      [100, 17],
      [165, 38],
      [310, 87],
      [600, 100],
    ] as const)
      expect(afterEven(new ReadPace(), perS)).toBeCloseTo(pauseMs, -0.5);
  });

  it('reads all at once while an answer is awaited, whatever comes, and no longer', () => {
    assert(
      property(fc.double({ min: 0, max: 3_000, noNaN: true }), (laterMs) => {
        const pace = new ReadPace();
        afterEven(pace, 500);
        pace.awaits(10_000);
        for (let at = 10_000; at < 10_000 + laterMs; at += 2) pace.heard(at);
        const isAwaited = laterMs < AWAITED_MS;
        expect(pace.pauseMs(10_000 + laterMs) === 0).toBe(isAwaited);
      }),
    );
  });

  it('forgets a flood when it is over', () => {
    const pace = new ReadPace();
    expect(afterEven(pace, 2_000)).toBe(PAUSE_MAX_MS);
    expect(afterEven(pace, 20, 10_000)).toBe(0);
  });

  it('is not misled by a clock that steps back', () => {
    const pace = new ReadPace();
    afterEven(pace, 200);
    for (let at = 0; at < 100; at += 1) pace.heard(at);
    expect(pace.perS(10_000)).toBeGreaterThan(0);
    expect(pace.pauseMs(10_000)).toBeLessThanOrEqual(PAUSE_MAX_MS);
  });
});
