import type { AsyncSpec } from '@weir/proto/snapshot/jobs.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { handOverPlan, preferenceApplied } from './plan.js';
import { noWish } from './prefer.js';

const spec = (overrides: Partial<AsyncSpec> = {}): AsyncSpec => ({
  ...{ prefer: true, afterMs: null, waitMs: 1_000, totalMs: 600_000, firstByteMs: 600_000, onLeave: 'cancel' },
  ...overrides,
});
const asking = { respondAsync: true, waitS: null };

describe('the moment of a hand-over', () => {
  it.each([
    ['nobody asks', spec(), noWish, null],
    ['the client asks', spec(), asking, { afterMs: 1_000, isWished: true, waitS: null }],
    ['it names its wait', spec(), { respondAsync: true, waitS: 5 }, { afterMs: 5_000, isWished: true, waitS: 5 }],
    ['it waits alone', spec(), { respondAsync: false, waitS: 5 }, null],
    ['the route does not listen', spec({ prefer: false }), asking, null],
    [
      'the route does it by itself',
      spec({ afterMs: 10_000 }),
      noWish,
      { afterMs: 10_000, isWished: false, waitS: null },
    ],
    [
      'it waits less than that',
      spec({ afterMs: 10_000 }),
      { respondAsync: false, waitS: 2 },
      { afterMs: 2_000, isWished: false, waitS: null },
    ],
    [
      'it would wait longer than the route',
      spec({ afterMs: 4_000 }),
      { respondAsync: true, waitS: 9 },
      { afterMs: 4_000, isWished: true, waitS: null },
    ],
    [
      'the wait is longer than the limit',
      spec(),
      { respondAsync: true, waitS: 60 },
      { afterMs: 29_500, isWished: true, waitS: null },
    ],
  ])('%s', (_what, route, wish, expected) => {
    expect(handOverPlan(route, wish, 30_000)).toEqual(expected && { ...expected, limitMs: 30_000 });
  });

  it('leaves time for the 202, is no later than anyone wants, and is there whenever someone may ask', () => {
    const ms = fc.nat({ max: 100_000 });
    const routes = fc.record({
      prefer: fc.boolean(),
      afterMs: fc.option(ms),
      waitMs: ms,
      totalMs: ms,
      firstByteMs: ms,
      onLeave: fc.constant('cancel' as const),
    });
    const wishes = fc.record({ respondAsync: fc.boolean(), waitS: fc.option(fc.nat({ max: 100 })) });
    fc.assert(
      fc.property(routes, wishes, fc.integer({ min: 1, max: 100_000 }), (route, wish, limitMs) => {
        const plan = handOverPlan(route, wish, limitMs);
        const isWished = wish.respondAsync && route.prefer;
        expect(plan !== null).toBe(isWished || route.afterMs !== null);
        if (plan === null) return;
        expect(plan.isWished).toBe(isWished);
        // Told as honoured only where the client does wait for as long as it wished.
        if (plan.waitS !== null) expect(plan.afterMs).toBe(plan.waitS * 1_000);
        const bounds = [
          limitMs - Math.min(500, limitMs / 5),
          route.afterMs ?? Number.POSITIVE_INFINITY,
          wish.waitS === null ? (isWished ? route.waitMs : Number.POSITIVE_INFINITY) : wish.waitS * 1_000,
        ];
        expect(plan.afterMs).toBeCloseTo(Math.min(...bounds), 6);
        expect(plan.afterMs).toBeGreaterThanOrEqual(0);
        expect(plan.afterMs).toBeLessThan(limitMs);
      }),
      { numRuns: 500 },
    );
  });
});

it('Preference-Applied names what was honoured, and nothing else', () => {
  const plan = { afterMs: 5_000, limitMs: 30_000, isWished: true, waitS: 5 };
  expect(preferenceApplied(plan, true)).toBe('respond-async, wait=5');
  expect(preferenceApplied(plan, false)).toBe('respond-async');
  expect(preferenceApplied({ ...plan, waitS: null }, true)).toBe('respond-async');
  expect(preferenceApplied({ ...plan, isWished: false }, true)).toBeNull();
});
