import { type AiCondition, aiConditions } from '@weir/proto/snapshot/ai.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../pipeline/testing/harness.js';
import { type ProviderErrorKind, providerErrorTable } from '../chat/provider-error.js';
import {
  ATTEMPT_LEAST_MS,
  Attempts,
  conditionOf,
  type Left,
  PAUSE_MAX_MS,
  type Step,
  WHOLE_MAX_MS,
  wholeLimitMs,
} from './attempts.js';

const kinds = Object.keys(providerErrorTable) as ProviderErrorKind[]; // The keys of the table are the kinds.
const plenty: Left = { leftMs: 600_000, leastMs: () => 0 };
const candidate = (when: readonly AiCondition[] | null = null) => ({ provider: 'p', model: 'm', when });

function attemptsOf(whens: readonly (readonly AiCondition[] | null)[], attemptsMax = 10): Attempts {
  const attempts = new Attempts(whens.map(candidate), attemptsMax, seededRandom(1));
  attempts.first(plenty);
  attempts.begin();
  return attempts;
}
const met = (
  error: ProviderErrorKind,
  more: { hasOtherKey?: boolean; retryAfterMs?: number; candidate?: number } = {},
) => ({
  candidate: 0,
  error,
  retryAfterMs: null,
  hasOtherKey: false,
  ...more,
});

describe('after a failure', () => {
  it.each(kinds)('%s leads where the table says', (kind) => {
    const row = providerErrorTable[kind];
    const byKey = attemptsOf([null]).failed(met(kind, { hasOtherKey: true }), plenty);
    expect(byKey.kind === 'ask' && byKey.how === 'key').toBe(row.otherKey);
    const byModel = attemptsOf([null, null]).failed(met(kind), plenty);
    expect(byModel.kind === 'ask' && byModel.candidate === 1).toBe(row.otherModel);
    const again = attemptsOf([null]).failed(met(kind), plenty);
    expect(again.kind === 'ask' && again.how === 'repeat').toBe(row.mayRepeat);
  });

  it('a bad request is asked of nobody else: repeating a 400 costs money and helps nobody', () => {
    expect(attemptsOf([null, null]).failed(met('invalidRequest', { hasOtherKey: true }), plenty)).toEqual({
      kind: 'end',
    });
  });

  it.each(aiConditions)('a model that is kept for %s is asked after that, and after nothing else', (condition) => {
    for (const kind of kinds) {
      const step = attemptsOf([null, [condition]]).failed(met(kind), plenty);
      expect(step.kind === 'ask' && step.candidate === 1, kind).toBe(conditionOf(kind) === condition);
    }
  });

  it('every kind that another model may help has a condition, and no other has', () => {
    for (const kind of kinds) expect(conditionOf(kind) !== null, kind).toBe(providerErrorTable[kind].otherModel);
  });

  it('the pause that the provider asks for is kept, and one that is too long is not waited for', () => {
    const step = attemptsOf([null]).failed(met('rateLimited', { retryAfterMs: 3_000 }), plenty);
    expect(step).toMatchObject({ how: 'repeat', afterMs: 3_000 });
    expect(attemptsOf([null]).failed(met('rateLimited', { retryAfterMs: PAUSE_MAX_MS + 1 }), plenty).kind).toBe('end');
  });

  it('one that can not do what is asked is passed over without an attempt', () => {
    const attempts = attemptsOf([null, null], 1);
    expect(attempts.unable(0, plenty)).toMatchObject({ kind: 'ask', candidate: 1 });
    expect(attempts.unable(1, plenty)).toEqual({ kind: 'end' });
  });
});

describe('the budget', () => {
  it('begins nothing that can not fit into what is left', () => {
    const left: Left = { leftMs: 400, leastMs: (index) => (index === 1 ? 500 : 100) };
    expect(attemptsOf([null, null, null]).failed(met('notFound'), left)).toMatchObject({ candidate: 2 });
    expect(attemptsOf([null, null]).failed(met('timeout'), { ...left, leftMs: ATTEMPT_LEAST_MS - 1 })).toEqual({
      kind: 'end',
    });
  });

  const anyMet = fc.record({
    error: fc.constantFrom(...kinds),
    hasOtherKey: fc.boolean(),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 10_000 })),
    leftMs: fc.integer({ min: 0, max: 20_000 }),
  });
  const anyWhen = fc.option(fc.subarray([...aiConditions], { minLength: 1 }));

  it('ends: never more attempts than allowed, none without its condition, none that does not fit', () => {
    fc.assert(
      fc.property(
        fc.array(anyWhen, { minLength: 1, maxLength: 6, size: 'max' }),
        fc.integer({ min: 1, max: 8 }),
        fc.array(anyMet, { minLength: 40, maxLength: 40 }),
        fc.nat(),
        (whens, attemptsMax, mets, seed) => {
          const attempts = new Attempts(whens.map(candidate), attemptsMax, seededRandom(seed));
          const seen = new Set<AiCondition | null>();
          let step: Step = attempts.first(plenty);
          let leftMs = plenty.leftMs;
          for (const one of mets) {
            if (step.kind === 'end') break;
            const when = whens[step.candidate] ?? null;
            expect(when === null || when.some((condition) => seen.has(condition))).toBe(true);
            expect(step.afterMs + ATTEMPT_LEAST_MS).toBeLessThanOrEqual(leftMs);
            attempts.begin();
            seen.add(conditionOf(one.error));
            leftMs = one.leftMs;
            step = attempts.failed({ ...one, candidate: step.candidate }, { leftMs, leastMs: () => 0 });
          }
          expect(step.kind).toBe('end');
          expect(attempts.begun).toBeLessThanOrEqual(attemptsMax);
        },
      ),
    );
  });
});

describe('an attempt at a whole answer', () => {
  it('has another behind it exactly when a timeout would lead to one', () => {
    const when = fc.option(fc.subarray(['timeout', 'error', 'contextExceeded'] as const, { minLength: 1 }));
    const failures = fc.array(
      fc.constantFrom('timeout', 'server', 'contextExceeded') as fc.Arbitrary<ProviderErrorKind>,
      {
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(
        fc.array(when, { minLength: 1, maxLength: 4 }),
        failures,
        fc.integer({ min: 1, max: 4 }),
        (whens, kinds, most) => {
          const attempts = new Attempts(whens.map(candidate), most, seededRandom(1));
          let step = attempts.first(plenty);
          for (const error of [...kinds, 'timeout' as const]) {
            if (step.kind === 'end') return;
            attempts.begin();
            const { candidate: at } = step;
            const hasBehind = attempts.hasBehind(at);
            step = attempts.failed({ candidate: at, error, retryAfterMs: null, hasOtherKey: false }, plenty);
            if (error === 'timeout') expect(hasBehind).toBe(step.kind === 'ask' && step.how === 'model');
          }
        },
      ),
    );
  });

  const ms = fc.integer({ min: 1, max: 3_600_000 });

  it('leaves room for what can be asked behind it, and is never waited for longer than two minutes unless that is stated', () => {
    fc.assert(
      fc.property(ms, fc.oneof(fc.constant(0), ms), (leftMs, attemptMs) => {
        const limitMs = wholeLimitMs(leftMs, attemptMs, true);
        expect(limitMs).toBeLessThanOrEqual(Math.max(ATTEMPT_LEAST_MS, leftMs / 2));
        if (attemptMs > 0) expect(limitMs).toBe(Math.min(attemptMs, Math.max(ATTEMPT_LEAST_MS, leftMs / 2)));
        else expect(limitMs).toBeLessThanOrEqual(WHOLE_MAX_MS);
        expect(limitMs).toBeGreaterThanOrEqual(Math.min(ATTEMPT_LEAST_MS, attemptMs || ATTEMPT_LEAST_MS));
      }),
    );
  });

  it('has all that is left where nobody else can be asked', () => {
    fc.assert(
      fc.property(ms, (leftMs) => {
        expect(wholeLimitMs(leftMs, 0, false)).toBe(Number.POSITIVE_INFINITY);
        expect(wholeLimitMs(leftMs, 7, false)).toBe(7);
      }),
    );
  });
});
