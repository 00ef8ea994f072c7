import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLatencyStore } from './latency-store.js';
import { LatencyWindow } from './latency-window.js';
import { ANSWERS_MIN, KEPT_MS, LearntLimit, limitFrom } from './learnt-limit.js';

const spec = { kind: 'adaptive', quantile: 0.95, factor: 2, minMs: 20, maxMs: 1_000, coldMs: 300 } as const;

describe('a learnt limit', () => {
  it('is never outside of its bounds, and grows with what was learnt', () => {
    const quantile = fc.double({ min: 0.1, max: 3_600_000, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), quantile, quantile, (answers, a, b) => {
        const [less, more] = [limitFrom(spec, answers, Math.min(a, b)), limitFrom(spec, answers, Math.max(a, b))];
        expect(less).toBeGreaterThanOrEqual(spec.minMs);
        expect(more).toBeLessThanOrEqual(spec.maxMs);
        expect(less).toBeLessThanOrEqual(more);
        expect(Number.isInteger(less)).toBe(true);
      }),
    );
  });

  it('is the cold value until a hundred answers are known, and the quantile times its factor from then on', () => {
    expect(limitFrom(spec, ANSWERS_MIN - 1, 50)).toBe(300);
    expect(limitFrom(spec, ANSWERS_MIN, 50)).toBe(100);
    expect(limitFrom(spec, 0, Number.NaN)).toBe(300);
  });

  it('is computed a few times a second and not for each request', () => {
    const window = new LatencyWindow();
    const limit = new LearntLimit(spec, window, 'prompt');
    expect(limit.at(0)).toBe(300);
    for (let i = 0; i < ANSWERS_MIN; i += 1) window.answered(100, 1);
    expect([limit.at(KEPT_MS - 1), limit.at(KEPT_MS)]).toEqual([300, 199]);
  });

  it('lets itself go when the upstream has become too slow for it, and is right again within seconds', () => {
    const window = new LatencyWindow();
    const limit = new LearntLimit(spec, window, 'patient');
    let nowMs = 0;
    const serve = (count: number, answerMs: number): number => {
      let failed = 0;
      for (let i = 0; i < count; i += 1) {
        nowMs += 20;
        const limitMs = limit.at(nowMs);
        if (answerMs <= limitMs) window.answered(answerMs, nowMs);
        else window.gaveUp(limitMs, nowMs);
        if (answerMs > limitMs) failed += 1;
      }
      return failed;
    };
    serve(3_000, 10);
    expect(limit.at(nowMs)).toBe(21);
    // Seven times as slow for good: every request fails at first, and a learnt limit must not keep it so.
    expect(serve(500, 70)).toBeLessThan(200);
    expect(serve(4_000, 70)).toBe(0);
    expect(limit.at(nowMs)).toBeGreaterThanOrEqual(137);
    expect(limit.at(nowMs)).toBeLessThanOrEqual(143);
  });
});

describe('the store of latencies', () => {
  it('gives the same window for the same route, upstream and wait, and only then', () => {
    const store = createLatencyStore();
    const first = store.window('r', 'u', 'answer');
    expect(store.window('r', 'u', 'answer')).toBe(first);
    const others = [
      store.window('r', 'u', 'attempt'),
      store.window('r2', 'u', 'answer'),
      store.window('r', 'v', 'answer'),
    ];
    for (const other of others) expect(other).not.toBe(first);
  });

  it('forgets windows that no snapshot has asked for in a long time', () => {
    const store = createLatencyStore(2);
    const first = store.window('a', 'u', 'answer');
    store.window('b', 'u', 'answer');
    store.window('c', 'u', 'answer');
    expect(store.window('a', 'u', 'answer')).not.toBe(first);
  });
});
