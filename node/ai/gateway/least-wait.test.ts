import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LeastWaits } from './least-wait.js';

const MINUTE_MS = 60_000;

describe('the shortest time to a first token', () => {
  it('is nobody knows, until one was seen', () => {
    expect(new LeastWaits().leastMs('a/m', 0)).toBe(0);
  });

  it('is that of each model for itself', () => {
    const waits = new LeastWaits();
    waits.seen('a/m', 300, 0);
    waits.seen('a/n', 40, 0);
    expect([waits.leastMs('a/m', 1), waits.leastMs('a/n', 1)]).toEqual([300, 40]);
  });

  it('is one that was seen in the last ten minutes, none below it in the last five, and forgotten after that', () => {
    const anySeen = fc.record({
      ms: fc.integer({ min: 1, max: 9_999 }),
      afterMs: fc.integer({ min: 0, max: 8 * MINUTE_MS }),
    });
    fc.assert(
      fc.property(fc.array(anySeen, { maxLength: 40, size: 'max' }), fc.nat(20 * MINUTE_MS), (seen, laterMs) => {
        const waits = new LeastWaits();
        const all: { ms: number; atMs: number }[] = [];
        let nowMs = 0;
        for (const { ms, afterMs } of seen) {
          nowMs += afterMs;
          waits.seen('a/m', ms, nowMs);
          all.push({ ms, atMs: nowMs });
        }
        nowMs += laterMs;
        const within = (limitMs: number) => all.filter(({ atMs }) => nowMs - atMs < limitMs).map(({ ms }) => ms);
        const least = waits.leastMs('a/m', nowMs);
        if (least !== 0) expect(within(10 * MINUTE_MS)).toContain(least);
        const late = within(5 * MINUTE_MS);
        if (late.length > 0) {
          expect(least).toBeGreaterThan(0);
          expect(least).toBeLessThanOrEqual(Math.min(...late));
        }
      }),
    );
  });

  it('is kept of so many models, the latest', () => {
    const waits = new LeastWaits();
    for (let i = 0; i <= 1_024; i += 1) waits.seen(`a/${i}`, 5, 0);
    expect([waits.leastMs('a/0', 0), waits.leastMs('a/1', 0), waits.leastMs('a/1024', 0)]).toEqual([0, 5, 5]);
  });
});
