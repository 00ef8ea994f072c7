import { cacheControl } from '@weir/proto/http/cache-control.js';
import { describe, expect, it } from 'vitest';
import type { FinishReason } from '../chat/chat-answer.js';
import { cachePlan, isKept } from './cache-plan.js';

const spec = { ttlMs: 60_000, temperatureMax: 0.2 };
const plan = (said: string, temperature: number | null = null) =>
  cachePlan({ temperature }, cacheControl(said === '' ? [] : ['cache-control', said]), spec);

describe('what is done for a question', () => {
  it.each([
    ['', { kind: 'use', ageMaxMs: 60_000, onlyIfCached: false }],
    ['no-store', { kind: 'bypass', why: 'no-store' }],
    ['no-store, no-cache', { kind: 'bypass', why: 'no-store' }],
    ['no-cache', { kind: 'use', ageMaxMs: -1 }],
    ['max-age=0', { kind: 'use', ageMaxMs: -1 }],
    ['max-age=10', { kind: 'use', ageMaxMs: 10_000 }],
    ['max-age=1000', { kind: 'use', ageMaxMs: 60_000 }],
    ['only-if-cached', { kind: 'use', onlyIfCached: true }],
  ])('follows %o of the caller', (said, expected) => {
    expect(plan(said)).toMatchObject(expected);
  });

  it.each([
    [null, 'use'],
    [0, 'use'],
    [0.2, 'use'],
    [0.3, 'bypass'],
  ])('goes by the temperature that is stated: %o', (temperature, kind) => {
    expect(plan('', temperature).kind).toBe(kind);
  });
});

const reasons: Readonly<Record<FinishReason, readonly [kept: boolean, whenFiltered: boolean]>> = {
  stop: [true, true],
  toolCalls: [true, true],
  contentFilter: [false, true],
  refusal: [false, true],
  length: [false, false],
  pause: [false, false],
  contextExceeded: [false, false],
  malformedToolCall: [false, false],
  other: [false, false],
};

describe('an answer', () => {
  const answerOf = (...all: readonly FinishReason[]) => ({
    ...{ id: '', model: 'm', createdS: null, usage: null },
    choices: all.map((reason) => ({ parts: [], finish: { reason, native: null, stopSequence: null }, logprobs: null })),
  });

  // The keys are the reasons.
  it.each(Object.entries(reasons) as [FinishReason, readonly [boolean, boolean]][])(
    'that ended by %s is kept or not',
    (reason, [kept, whenFiltered]) => {
      expect(isKept(answerOf(reason), { keepsFiltered: false })).toBe(kept);
      expect(isKept(answerOf(reason), { keepsFiltered: true })).toBe(whenFiltered);
      expect(isKept(answerOf('stop', reason), { keepsFiltered: false })).toBe(kept);
    },
  );

  it('without a choice is none', () => {
    expect(isKept(answerOf(), { keepsFiltered: true })).toBe(false);
  });
});
