import { type FailureCode, failure, failureTable } from '@weir/proto/http/failures.js';
import type { RetryCondition, RetrySpec } from '@weir/proto/snapshot/resilience.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Budget } from './budget.js';
import { ATTEMPT_MIN_MS, conditionOf, judgeRetry, PLACE_PAUSE_MAX_MS, type Tried } from './policy.js';
import { isRepeatable } from './repeatable.js';

const conditions: readonly RetryCondition[] = [
  ...(['connect-failure', 'reset', 'refused', 'timeout', 'incomplete', 'status'] as const),
];
const spec: RetrySpec = {
  retries: 2,
  on: conditions,
  statuses: [502, 503, 504],
  budgetShare: 0.2,
  budgetFloorPerS: 3,
  backoffMs: 10,
  backoffMaxMs: 500,
  bodyBytesMax: 65_536,
};
// Object.keys of a constant table gives its keys, which TypeScript types as strings.
const codes = Object.keys(failureTable) as FailureCode[];

function purse(left: number): Budget & { readonly asked: number } {
  let asked = 0;
  return {
    deposit: () => {},
    withdraw: () => {
      asked += 1;
      return left >= asked;
    },
    balance: () => left - asked,
    get asked() {
      return asked;
    },
  };
}

const tried: Tried = {
  failure: failure('connection_closed', ''),
  status: 0,
  retryAfterMs: Number.NaN,
  goesElsewhere: false,
  holdsPlace: false,
  isRepeatable: true,
  isReplayable: true,
  retries: 0,
  leftMs: 1_000,
};
const judge = (
  given: Partial<Tried>,
  { of = spec, budget = purse(1), random = 0.5 }: { of?: RetrySpec; budget?: Budget; random?: number } = {},
) => judgeRetry(of, { ...tried, ...given }, budget, 0, () => random);
const answered = { failure: null, status: 503 };

describe('the table of conditions', () => {
  it('names one for each failure that may be tried again, and for no other', () => {
    for (const code of codes) expect([code, code in conditionOf]).toEqual([code, failureTable[code].retry !== 'never']);
  });
});

const anyTried = fc.record({
  outcome: fc.oneof(
    fc.constantFrom(...codes).map((code) => ({ failure: failure(code, ''), status: 0 })),
    fc.constantFrom(200, 404, 429, 500, 502, 503).map((status) => ({ failure: null, status })),
  ),
  retryAfterMs: fc.constantFrom(Number.NaN, 0, 50, 1_000, 2_500, 60_000),
  goesElsewhere: fc.boolean(),
  holdsPlace: fc.boolean(),
  isRepeatable: fc.boolean(),
  isReplayable: fc.boolean(),
  retries: fc.nat(4),
  leftMs: fc.double({ min: -100, max: 4_000, noNaN: true }),
});
const anySpec = fc.record({
  on: fc.subarray([...conditions]),
  retries: fc.nat(4),
  statuses: fc.subarray([429, 500, 502, 503]),
  backoffMs: fc.nat(100),
  backoffMaxMs: fc.nat(1_000),
});

describe('a retry', () => {
  it('is never late, never beyond count or budget, never unsafe, and never of what the route has not named', () => {
    fc.assert(
      fc.property(
        anyTried,
        anySpec,
        fc.nat(1),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        ({ outcome, ...rest }, overrides, left, random) => {
          const of = { ...spec, ...overrides };
          const given = { ...outcome, ...rest };
          const budget = purse(left);
          const verdict = judge(given, { of, budget, random });
          const retryClass = given.failure === null ? 'idempotent' : failureTable[given.failure.code].retry;
          if (verdict.kind === 'give-up') {
            // What is refused for another reason costs the budget nothing.
            expect(budget.asked).toBe(verdict.why === 'budget' ? 1 : 0);
            return;
          }
          expect(verdict.afterMs).toBeGreaterThanOrEqual(0);
          expect(given.leftMs - verdict.afterMs).toBeGreaterThan(ATTEMPT_MIN_MS);
          const isAsked = !Number.isNaN(given.retryAfterMs) && !given.goesElsewhere;
          const isAtOnce = retryClass === 'always' && given.retries === 0;
          if (isAsked && !isAtOnce) {
            expect(verdict.afterMs).toBeGreaterThanOrEqual(given.retryAfterMs);
            if (given.holdsPlace) expect(verdict.afterMs).toBeLessThanOrEqual(PLACE_PAUSE_MAX_MS);
          } else
            expect(verdict.afterMs).toBeLessThanOrEqual(Math.min(of.backoffMaxMs, of.backoffMs * 2 ** given.retries));
          expect([budget.asked, left]).toEqual([1, 1]);
          expect(given.retries).toBeLessThan(of.retries);
          expect(retryClass).not.toBe('never');
          expect(retryClass === 'always' || given.isRepeatable).toBe(true);
          expect(given.isReplayable).toBe(true);
          const condition = given.failure === null ? 'status' : conditionOf[given.failure.code];
          expect(of.on).toContain(condition);
          if (given.failure === null) expect(of.statuses).toContain(given.status);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it.each<[string, Partial<Tried>, string]>([
    ['a failure that would come again', { failure: failure('response_head_too_large', '') }, 'condition'],
    ['a status that is not retried', { failure: null, status: 500 }, 'condition'],
    ['its last retry was made', { retries: 2 }, 'count'],
    ['the upstream may have acted on it', { isRepeatable: false }, 'unsafe'],
    ['an unsafe request was answered', { ...answered, isRepeatable: false }, 'unsafe'],
    ['its body is gone', { isReplayable: false }, 'body'],
    ['no time is left', { leftMs: ATTEMPT_MIN_MS, failure: failure('connection_refused', '') }, 'deadline'],
    [
      'a place would be kept for long',
      { ...answered, retryAfterMs: PLACE_PAUSE_MAX_MS + 1, holdsPlace: true, leftMs: 60_000 },
      'place',
    ],
    ['the upstream wants more time than there is', { ...answered, retryAfterMs: 1_000 }, 'deadline'],
  ])('is not made where %s', (_name, given, why) => {
    expect(judge(given)).toEqual({ kind: 'give-up', why });
  });

  it('is not made where the budget is spent', () => {
    expect(judge({}, { budget: purse(0) })).toEqual({ kind: 'give-up', why: 'budget' });
  });

  it('of what was not sent comes at once, and only the first time', () => {
    const refused = { failure: failure('connection_refused', ''), isRepeatable: false };
    expect(judge(refused)).toEqual({ kind: 'again', afterMs: 0 });
    expect(judge({ ...refused, retries: 1 })).toEqual({ kind: 'again', afterMs: 10 });
  });

  it('waits twice as long each time, at most, and up to the bound', () => {
    const of = { ...spec, retries: 10 };
    const pauses = [0, 1, 2, 6, 9].map((retries) => judge({ retries }, { of, random: 0.999_999 }));
    expect(pauses.map((verdict) => (verdict.kind === 'again' ? Math.round(verdict.afterMs) : null))).toEqual([
      10, 20, 40, 500, 500,
    ]);
  });

  it('comes when the upstream says, where that is later and in time', () => {
    expect(judge({ ...answered, retryAfterMs: 900 })).toEqual({ kind: 'again', afterMs: 900 });
    expect(judge({ ...answered, retryAfterMs: 1 })).toEqual({ kind: 'again', afterMs: 5 });
  });

  it('goes to another target at once, whatever the one before has said, and then with a pause as usual', () => {
    const told = { ...answered, retryAfterMs: 60_000, goesElsewhere: true, holdsPlace: true };
    expect(judge(told)).toEqual({ kind: 'again', afterMs: 0 });
    expect(judge({ ...told, retries: 1 })).toEqual({ kind: 'again', afterMs: 10 });
    // Jitter is for those that were not told: they may have failed together.
    expect(judge({ ...told, retryAfterMs: Number.NaN })).toEqual({ kind: 'again', afterMs: 5 });
  });
});

describe('a request that may be repeated', () => {
  it.each<[string, readonly string[], boolean]>([
    ['GET', [], true],
    ['HEAD', [], true],
    ['PUT', [], true],
    ['DELETE', [], true],
    ['OPTIONS', [], true],
    ['TRACE', [], true],
    ['POST', [], false],
    ['PATCH', [], false],
    ['get', [], false],
    ['POST', ['idempotency-key', '"8e03978e"'], true],
    ['PATCH', ['idempotency-key', 'a'], true],
    ['POST', ['idempotency-key', ' '], false],
  ])('%s %j: %s', (method, headers, expected) => {
    expect(isRepeatable(method, headers)).toBe(expected);
  });
});
