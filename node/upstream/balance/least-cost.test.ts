import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRequest, seededRandom } from '../../pipeline/testing/harness.js';
import { Eligibility } from './eligibility.js';
import { leastRequest, peakEwma } from './least-cost.js';
import type { Load } from './load.js';
import { unweighed } from './load.js';
import type { Policy } from './policy.js';
import { type FakeTarget, fakeTarget } from './testing/standings.js';

const costing = (cost: number): Load => ({
  begin: () => 0,
  isTimed: true,
  answered: () => {},
  end: () => {},
  cost: (_nowMs, inFlight) => cost * (inFlight + 1),
  isDueToBeExplored: () => false,
  adopt: () => {},
});

interface Drawn {
  readonly weight: number;
  readonly inFlight: number;
  readonly cost: number;
}

const targetsOf = (list: readonly Drawn[]): FakeTarget[] =>
  list.map(({ weight, inFlight, cost }, i) => ({
    ...fakeTarget({ id: `t${i}:80`, weight }),
    inFlight,
    load: costing(cost),
  }));

const list = fc.array(
  fc.record({ weight: fc.integer({ min: 1, max: 9 }), inFlight: fc.nat(50), cost: fc.integer({ min: 1, max: 1_000 }) }),
  { minLength: 1, maxLength: 8, size: 'max' },
);

/** How often each target is chosen among all. */
function turns(policy: Policy, targets: readonly FakeTarget[], picks: number, nowMs = 0): number[] {
  const eligible = new Eligibility(targets, { panicShare: 0, zone: null });
  const request = makeRequest();
  const counts = targets.map(() => 0);
  for (let i = 0; i < picks; i += 1) {
    eligible.select(request, nowMs, policy);
    const position = policy.choose(eligible, request, nowMs);
    counts[position] = (counts[position] ?? 0) + 1;
  }
  return counts;
}

describe('least request', () => {
  it('never picks a target while another one has less load for its weight', () => {
    fc.assert(
      fc.property(list, fc.integer(), (all, seed) => {
        const loads = all.map(({ weight, inFlight }) => (inFlight + 1) / weight);
        const targets = targetsOf(all).map((target) => ({ ...target, load: unweighed }));
        turns(leastRequest(targets, 0, seededRandom(seed)), targets, 20).forEach((count, i) => {
          if (count > 0) expect(loads[i]).toBe(Math.min(...loads));
        });
      }),
    );
  });

  it('shares ties out evenly', () => {
    const targets = targetsOf(Array.from({ length: 3 }, () => ({ weight: 1, inFlight: 0, cost: 1 })));
    for (const count of turns(leastRequest(targets, 0, seededRandom(7)), targets, 3_000)) {
      expect(count).toBeGreaterThan(850);
    }
  });
});

describe('peak EWMA over two random choices', () => {
  it('never picks the dearest of several, and every other one with the chance of its rank', () => {
    const ranked = fc.uniqueArray(fc.integer({ min: 1, max: 1_000 }), { minLength: 2, maxLength: 6, size: 'max' });
    fc.assert(
      fc.property(ranked, fc.nat(20), fc.integer({ min: 1, max: 5 }), fc.integer(), (costs, inFlight, weight, seed) => {
        const targets = targetsOf(costs.map((cost) => ({ weight, inFlight, cost })));
        const picks = 3_000;
        const counts = turns(peakEwma(targets, 0, seededRandom(seed)), targets, picks);
        const pairs = (costs.length * (costs.length - 1)) / 2;
        costs.forEach((cost, i) => {
          // It wins each pair that it makes with a dearer one.
          const wins = costs.filter((other) => other > cost).length;
          if (wins === 0) expect(counts[i]).toBe(0);
          else expect((counts[i] ?? 0) / picks).toBeCloseTo(wins / pairs, 1);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('weighs the cost by what is in flight and by the weight', () => {
    const targets = targetsOf([
      { weight: 1, inFlight: 0, cost: 100 },
      { weight: 3, inFlight: 3, cost: 70 },
    ]);
    expect(turns(peakEwma(targets, 0, seededRandom(1)), targets, 10)).toEqual([0, 10]);
    for (const target of targets) target.inFlight += 1;
    // 200 against 70 × 5 / 3, and one more: 70 × 9 / 3.
    expect(turns(peakEwma(targets, 0, seededRandom(1)), targets, 10)).toEqual([0, 10]);
    for (const target of targets) target.inFlight = target.spec.weight === 3 ? 8 : 1;
    expect(turns(peakEwma(targets, 0, seededRandom(1)), targets, 10)).toEqual([10, 0]);
  });

  it('takes the only one there is', () => {
    const targets = targetsOf([{ weight: 1, inFlight: 9, cost: 1_000 }]);
    expect(
      turns(
        peakEwma(targets, 0, () => 0.999),
        targets,
        3,
      ),
    ).toEqual([3]);
  });
});

describe.each([
  ['least request', leastRequest],
  ['peak EWMA', peakEwma],
] as const)('%s', (_name, make) => {
  it('leads a target up to its share while it starts slowly', () => {
    const targets = targetsOf([
      { weight: 1, inFlight: 1, cost: 10 },
      { weight: 1, inFlight: 0, cost: 10 },
    ]);
    const [, cold] = targets;
    if (cold === undefined) throw new Error('there are two');
    cold.health.wellSinceMs = 0;
    const at = (nowMs: number) => turns(make(targets, 1_000, seededRandom(3)), targets, 5, nowMs);
    // One in flight against none: half of its share makes the two equal, and more of it makes the cold one cheaper.
    expect([at(0), at(490), at(510), at(5_000)]).toEqual([
      [5, 0],
      [5, 0],
      [0, 5],
      [0, 5],
    ]);
  });
});
