import { expect, it } from 'vitest';
import type { Caller } from './api-route.js';
import { checkRate } from './check-rates.js';

// What is looked at of a caller.
const as = (id: string, isOperator = false) => ({ user: { id }, isOperator }) as Caller;
const small = { upstreams: [], routes: [] };
const large = { contract: 'x'.repeat(4_000_000) };

it('checks of large designs wait, those of small ones are let through as one types, and operators are not counted', () => {
  let nowMs = 1_000_000;
  const rate = checkRate(() => nowMs);
  expect([rate(as('ann'), 'red', large), rate(as('ann'), 'red', large)]).toEqual([null, null]);
  const refused = rate(as('ann'), 'red', large);
  const seconds = Number(refused?.problem.headers?.['retry-after']);
  expect([refused?.problem.status, seconds > 0]).toEqual([429, true]);
  expect(rate(as('root', true), 'red', large)).toBeNull();
  expect(rate(as('bob'), 'blue', small)).toBeNull();
  nowMs += seconds * 1_000;
  expect(rate(as('ann'), 'red', large)).toBeNull();
  for (let i = 0; i < 1_000; i += 1) {
    nowMs += 150;
    expect(rate(as('bob'), 'blue', small)).toBeNull();
  }
});

it('what one member of a team takes, others of it do not have', () => {
  const rate = checkRate(() => 0);
  const taken = ['ann', 'bob', 'eve', 'joe', 'kim', 'lea'].map((id) => rate(as(id), 'red', large));
  expect(taken.slice(0, 4)).toEqual([null, null, null, null]);
  expect(taken.at(-1)?.problem.status).toBe(429);
  expect(rate(as('lea'), 'blue', large)).toBeNull();
});
