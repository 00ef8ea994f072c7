import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRequest, seededRandom } from '../../pipeline/testing/harness.js';
import { Eligibility } from './eligibility.js';
import type { Policy } from './policy.js';
import { type FakeTarget, fakeTarget } from './testing/standings.js';
import { roundRobin, weighted } from './turns.js';

const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8, size: 'max' });
const targetsOf = (list: readonly number[]): FakeTarget[] =>
  list.map((weight, i) => fakeTarget({ id: `t${i}:80`, weight }));

function sequence(policy: Policy, targets: readonly FakeTarget[], picks: number, nowMs = 0): number[] {
  const eligible = new Eligibility(targets, { panicShare: 0, zone: null });
  const request = makeRequest();
  return Array.from({ length: picks }, () => {
    eligible.select(request, nowMs, policy);
    return policy.choose(eligible, request, nowMs);
  });
}

const countsOf = (order: readonly number[], targets: readonly unknown[]): number[] =>
  targets.map((_, position) => order.filter((one) => one === position).length);

describe('round robin', () => {
  it('gives each target that is well one turn in every round, and none to those that are out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 10, size: 'max' }),
        fc.integer(),
        (isWell, seed) => {
          const targets = isWell.map((well, i) => fakeTarget({ id: `t${i}:80`, weight: i + 1 }, well ? 'well' : 'out'));
          const well = isWell.filter((one) => one).length;
          if (well === 0) return;
          const order = sequence(roundRobin(targets, 0, seededRandom(seed)), targets, 3 * well);
          expect(countsOf(order, targets)).toEqual(isWell.map((one) => (one ? 3 : 0)));
          expect(order.slice(0, well)).toEqual(order.slice(well, 2 * well));
        },
      ),
    );
  });

  it('does not begin with the same target on every node', () => {
    const targets = targetsOf([1, 1, 1, 1]);
    const firsts = new Set(
      Array.from({ length: 40 }, (_, seed) => sequence(roundRobin(targets, 0, seededRandom(seed)), targets, 1)[0]),
    );
    expect(firsts.size).toBe(4);
  });

  it('gives a target that starts slowly a part of its turns, and ends when all of them do', () => {
    const targets = targetsOf([1, 1]);
    const [, cold] = targets;
    if (cold === undefined) throw new Error('there are two');
    cold.health.wellSinceMs = 0;
    const order = sequence(roundRobin(targets, 1_000, seededRandom(5)), targets, 2_000, 250);
    expect((countsOf(order, targets)[1] ?? 0) / 1_000).toBeCloseTo(0.4, 1); // 0.25 of the rounds of two, 0.75 of one
    for (const target of targets) target.health.wellSinceMs = 0;
    expect(
      sequence(
        roundRobin(targets, 1_000, () => 0.99),
        targets,
        4,
        0,
      ),
    ).toHaveLength(4);
  });
});

describe('weighted turns', () => {
  it('give each target exactly its weight in every full round', () => {
    fc.assert(
      fc.property(weights, (list) => {
        const targets = targetsOf(list);
        const total = list.reduce((sum, weight) => sum + weight, 0);
        const order = sequence(weighted(targets, 0, seededRandom(1)), targets, 3 * total);
        for (let round = 0; round < 3; round += 1) {
          expect(countsOf(order.slice(round * total, (round + 1) * total), targets)).toEqual(list);
        }
      }),
    );
  });

  it('spread the turns of a heavy target', () => {
    const targets = targetsOf([5, 1, 1]);
    expect(sequence(weighted(targets, 0, seededRandom(1)), targets, 7)).toEqual([0, 0, 1, 0, 2, 0, 0]);
  });

  it('share the turns of one that is out among the others by their weights', () => {
    const targets = targetsOf([3, 2, 1]);
    const policy = weighted(targets, 0, seededRandom(1));
    sequence(policy, targets, 4);
    const [heavy] = targets;
    if (heavy === undefined) throw new Error('there are three');
    heavy.health.now = 'out';
    expect(countsOf(sequence(policy, targets, 300), targets)[0]).toBe(0);
    expect(countsOf(sequence(policy, targets, 300), targets)).toEqual([0, 200, 100]);
  });

  it('lead a target up to its weight', () => {
    const targets = targetsOf([4, 4]);
    const [, cold] = targets;
    if (cold === undefined) throw new Error('there are two');
    cold.health.wellSinceMs = 0;
    const order = sequence(weighted(targets, 1_000, seededRandom(1)), targets, 300, 500);
    expect(countsOf(order, targets)).toEqual([200, 100]);
  });
});
