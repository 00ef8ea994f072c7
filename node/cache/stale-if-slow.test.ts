import { noDirectives } from '@weir/proto/http/cache-control.js';
import type { StaleIfSlowSpec } from '@weir/proto/snapshot/cache.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Pending, standsIn } from './receive.js';
import { BEFORE_DEADLINE_MS, standInAfterMs } from './stale-if-slow.js';
import { storedOf } from './stored.js';
import { askOf } from './testing/cases.js';
import { makeCacheSpec } from './testing/specs.js';

const NEVER = Number.POSITIVE_INFINITY;
const copy = storedOf(200, [], { askedAtMs: 0, receivedAtMs: 0, receivedWallMs: 0 }, makeCacheSpec());
const until = (standsInUntilMs: number, standIn = true): Pending => {
  return {
    ask: askOf({ how: 'hit' }),
    asked: noDirectives,
    validated: null,
    standIn: standIn ? copy : null,
    standsInUntilMs,
  };
};
const after = (afterMs: number): StaleIfSlowSpec => ({ kind: 'after', afterMs });
const learnt: StaleIfSlowSpec = { kind: 'learnt', minMs: 100, maxMs: 800 };

describe('a copy stands in for an upstream that is slow', () => {
  it.each<[string, number | null, Pending, StaleIfSlowSpec | null, number | null, number]>([
    ['after the limit of the route', 300, until(9000), after(300), null, 5000],
    ['after what was learnt', 250, until(9000), learnt, 250, 5000],
    ['no sooner than the route allows', 100, until(9000), learnt, 20, 5000],
    ['no later than the route allows', 800, until(9000), learnt, 2000, 5000],
    ['at the latest while nothing is learnt', 800, until(9000), learnt, null, 5000],
    ['before the deadline', 1000 - BEFORE_DEADLINE_MS, until(9000), after(3000), null, 2000],
    ['before the deadline also where the route has no limit', 1000 - BEFORE_DEADLINE_MS, until(9000), null, null, 2000],
    ['at once when the deadline is upon us', 0, until(9000), null, null, 1010],
    ['never without limit and deadline', null, until(9000), null, null, NEVER],
    ['never when it is too old by then', null, until(1299), after(300), null, 5000],
    ['on the last occasion', 300, until(1300), after(300), null, 5000],
    ['never when there is none', null, until(9000, false), after(300), null, 5000],
  ])('%s', (_name, expected, pending, slow, learntMs, deadlineAtMs) => {
    expect(standInAfterMs(pending, slow, learntMs, deadlineAtMs, 1000)).toBe(expected);
  });

  it('at a time at which it may, and not too late for the client', () => {
    const spec = fc.option(fc.oneof(fc.nat(2000).map(after), fc.constant(learnt)));
    fc.assert(
      fc.property(
        fc.nat(5000),
        spec,
        fc.option(fc.nat(2000)),
        fc.nat(5000),
        fc.nat(5000),
        (limit, slow, known, deadline, now) => {
          const pending = until(limit);
          const afterMs = standInAfterMs(pending, slow, known, deadline, now);
          if (afterMs === null) return;
          expect(afterMs).toBeGreaterThanOrEqual(0);
          expect(standsIn(pending, now + afterMs)).toBe(true);
          expect(afterMs === 0 || now + afterMs <= deadline - BEFORE_DEADLINE_MS).toBe(true);
        },
      ),
    );
  });
});
