import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromRedisMs, redisTime, toRedisMs } from './redis-time.js';

describe('the time of Redis', () => {
  it('makes a response older on its way from node to node, never younger, and by no more than answers take', () => {
    const instant = fc.double({ min: 0, max: 1e6, noNaN: true });
    const way = fc.double({ min: 0, max: 50, noNaN: true });
    const clock = fc.double({ min: -1e6, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(instant, clock, clock, way, way, way, way, (born, aheadA, aheadB, a1, a2, b1, b2) => {
        // Each node's clock is so much behind that of Redis; questions and answers are on their way.
        const atA = born - aheadA;
        const timeA = redisTime(born + 100, born + 100 - a1 - aheadA, born + 100 + a2 - aheadA);
        const nowB = born + 500 + b2 - aheadB;
        const timeB = redisTime(born + 500, born + 500 - b1 - aheadB, nowB);
        const atB = fromRedisMs(toRedisMs(atA, timeA), timeB, nowB);
        const tooOldMs = born - aheadB - atB;
        expect(tooOldMs).toBeGreaterThanOrEqual(-0.01);
        expect(tooOldMs).toBeLessThanOrEqual(a2 + b1 + 0.01);
      }),
    );
    expect(fromRedisMs(5_000, redisTime(1_000, 0, 0), 10)).toBe(10);
  });
});
