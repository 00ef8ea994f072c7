import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../pipeline/testing/harness.js';
import { makeTarget } from '../../pipeline/testing/specs.js';
import { leastRequest, roundRobin } from './pick.js';

const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8, size: 'max' });
const targetsOf = (list: readonly number[]) => list.map((weight, i) => makeTarget({ id: `t${i}:80`, weight }));

describe('round robin', () => {
  it('gives each target exactly its weight in every full round', () => {
    fc.assert(
      fc.property(weights, (list) => {
        const targets = targetsOf(list);
        const pick = roundRobin(targets);
        const total = list.reduce((sum, weight) => sum + weight, 0);
        for (let round = 0; round < 3; round += 1) {
          const turns = new Map<unknown, number>();
          for (let i = 0; i < total; i += 1) {
            const target = pick();
            turns.set(target, (turns.get(target) ?? 0) + 1);
          }
          expect(targets.map((target) => turns.get(target))).toEqual(list);
        }
      }),
    );
  });

  it('spreads the turns of a heavy target', () => {
    const [a, b, c] = targetsOf([5, 1, 1]);
    const pick = roundRobin(targetsOf([5, 1, 1]));
    const order = Array.from({ length: 7 }, () => pick()?.spec.id);
    expect(order).toEqual([a, a, b, a, c, a, a].map((target) => target?.spec.id));
  });

  it('has no answer without targets', () => {
    expect(roundRobin([])()).toBeNull();
  });
});

describe('least request', () => {
  it('never picks a target while another one has less load for its weight', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(50)), { minLength: 1, maxLength: 8, size: 'max' }),
        fc.integer(),
        (list, seed) => {
          const targets = list.map(([weight, inFlight], i) => {
            const target = makeTarget({ id: `t${i}:80`, weight });
            target.inFlight = inFlight;
            return target;
          });
          const picked = leastRequest(targets, seededRandom(seed))();
          const load = (target: (typeof targets)[number]) => (target.inFlight + 1) / target.spec.weight;
          if (picked === null) throw new Error('there are targets');
          const pickedTarget = targets.find((target) => target === picked);
          if (pickedTarget === undefined) throw new Error('the pick is one of the targets');
          expect(load(pickedTarget)).toBe(Math.min(...targets.map(load)));
        },
      ),
    );
  });

  it('shares ties out evenly', () => {
    const targets = targetsOf([1, 1, 1]);
    const pick = leastRequest(targets, seededRandom(7));
    const turns = new Map<unknown, number>();
    for (let i = 0; i < 3_000; i += 1) {
      const target = pick();
      turns.set(target, (turns.get(target) ?? 0) + 1);
    }
    for (const target of targets) expect(turns.get(target) ?? 0).toBeGreaterThan(850);
  });
});
