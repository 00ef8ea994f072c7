import { DURATION_SLOTS, quantileMs, slotEndMs, slotOf } from '@weir/proto/cluster/durations.js';
import type { TrafficCounts } from '@weir/proto/events/traffic.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { harmOf, interval, nothing, since, sumOf } from './judge.js';

const all = { unjudged: [] };
const counts = (more: Partial<TrafficCounts>): TrafficCounts => ({ ...nothing, ...more });

/** Seeded: the same exchanges in each run. */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Looks after every ten exchanges, the rest has three times as many; after how many of the canary's it is convicted. */
function convictedAfter(canaryFails: number, restFails: number, exchangesMax: number, seed: number): number | null {
  const random = chance(seed);
  const tally = { canary: 0, rest: 0 };
  for (let n = 10; n <= exchangesMax; n += 10) {
    for (let i = 0; i < 10; i += 1) if (random() < canaryFails) tally.canary += 1;
    for (let i = 0; i < 30; i += 1) if (random() < restFails) tally.rest += 1;
    const canary = counts({ exchanges: n, failed: tally.canary });
    const rest = counts({ exchanges: n * 3, failed: tally.rest });
    if (harmOf({ canary, rest }, all) !== null) return n;
  }
  return null;
}

const seeds = Array.from({ length: 200 }, (_, i) => i * 7_919 + 1);

describe('the judge of a canary', () => {
  it('convicts nobody who fails as often as the rest, in thousands of exchanges and hundreds of looks', () => {
    for (const share of [0, 0.001, 0.02, 0.3])
      expect(seeds.filter((seed) => convictedAfter(share, share, 3_000, seed) !== null).length).toBeLessThanOrEqual(1);
  });

  it('finds one that fails half of its requests within 40, a tenth within 400, and 2 % within 6,000', () => {
    for (const [fails, within] of [
      [1, 20],
      [0.5, 40],
      [0.1, 400],
      [0.02, 6_000],
    ] as const)
      for (const seed of seeds) expect(convictedAfter(fails, 0.001, within, seed)).not.toBeNull();
  });

  it('tells what it found, with both shares', () => {
    const evidence = { canary: counts({ exchanges: 900, failed: 108 }), rest: counts({ exchanges: 3_000, failed: 3 }) };
    expect(harmOf(evidence, all)).toBe('errors: 12 % of 900 on the canary, 0.1 % of 3000 on the rest');
    const turned = { canary: counts({ exchanges: 90, turnedAway: 60 }), rest: counts({ exchanges: 300 }) };
    expect(harmOf(turned, all)).toBe('turned away: 67 % of 90 on the canary, 0.0 % of 300 on the rest');
    const late = { canary: counts({ exchanges: 90, timeouts: 60 }), rest: counts({ exchanges: 300 }) };
    expect(harmOf(late, all)).toMatch(/^timeouts: 67 %/);
  });

  it('does not judge by what the plan says that it changes', () => {
    const bad = counts({ exchanges: 900, failed: 800, timeouts: 800, turnedAway: 100 });
    const rest = counts({ exchanges: 900 });
    expect(harmOf({ canary: bad, rest }, { unjudged: ['errors', 'timeouts'] })).toMatch(/^turned away/);
    expect(harmOf({ canary: bad, rest }, { unjudged: ['errors', 'timeouts', 'turned-away'] })).toBeNull();
  });

  it('convicts without a rest only when more than half goes wrong', () => {
    const of = (failed: number) => harmOf({ canary: counts({ exchanges: 200, failed }), rest: nothing }, all);
    expect([of(90), of(110), of(150)]).toEqual([
      null,
      null,
      'errors: 75 % of 200 on the canary, no traffic on the rest',
    ]);
  });

  it('finds a p99 that is clearly longer, and leaves alone one that is a little', () => {
    const slots = (ms: number, slowMs: number, n: number) => {
      const made = Array.from({ length: DURATION_SLOTS }, () => 0);
      made[slotOf(ms)] = n - Math.ceil(n * 0.05);
      made[slotOf(slowMs)] = (made[slotOf(slowMs)] ?? 0) + Math.ceil(n * 0.05);
      return counts({ exchanges: n, slots: made });
    };
    const rest = slots(10, 100, 3_000);
    expect(harmOf({ canary: slots(10, 1_000, 1_000), rest }, all)).toMatch(
      /^p99 of latency: 1024 ms of 1000 on the canary, 108 ms/,
    );
    expect(harmOf({ canary: slots(10, 125, 1_000), rest }, all)).toBeNull();
    // One slow answer among a handful is chance.
    expect(harmOf({ canary: slots(10, 1_000, 20), rest }, all)).toBeNull();
    expect(harmOf({ canary: slots(10, 1_000, 1_000), rest }, { unjudged: ['latency'] })).toBeNull();
  });
});

describe('the interval of a share', () => {
  it('holds the share itself, lies within 0 and 1, and narrows with more', () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.nat(5_000), (a, b) => {
        const [hits, whole] = [Math.min(a, b), Math.max(a, b, 1)];
        const { from, to } = interval(hits, whole);
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeLessThanOrEqual(1);
        expect(from - 1e-12).toBeLessThanOrEqual(hits / whole);
        expect(to + 1e-12).toBeGreaterThanOrEqual(hits / whole);
        const more = interval(hits * 4, whole * 4);
        expect(more.to - more.from).toBeLessThan(to - from);
      }),
    );
    expect(interval(0, 0)).toEqual({ from: 0, to: 1 });
  });
});

describe('counts', () => {
  const some = fc.record({
    ...{ exchanges: fc.nat(99), failed: fc.nat(99), timeouts: fc.nat(99), turnedAway: fc.nat(99) },
    slots: fc.array(fc.nat(9), { maxLength: DURATION_SLOTS }),
  });
  const withoutZeros = ({ slots, ...rest }: TrafficCounts) => ({
    ...rest,
    slots: slots.join().replace(/(^|,)0(,0)*$/, ''),
  });

  it('of two, less those of one, are those of the other', () => {
    fc.assert(
      fc.property(some, some, (one, other) => {
        expect(withoutZeros(since(sumOf([one, other]), one))).toEqual(withoutZeros(other));
        expect(since(one, one)).toMatchObject({ exchanges: 0, failed: 0 });
      }),
    );
  });
});

describe('slots of durations', () => {
  it('hold what took no longer than their end and longer than the end before', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 40_000, noNaN: true }), (ms) => {
        const slot = slotOf(ms);
        expect(slotEndMs(slot) * (1 + 1e-9)).toBeGreaterThanOrEqual(ms);
        if (slot > 0) expect(slotEndMs(slot - 1) * (1 - 1e-9)).toBeLessThan(ms);
      }),
    );
    expect([Number.NaN, -1, 1e9].map(slotOf)).toEqual([0, 0, DURATION_SLOTS - 1]);
  });

  it('give quantiles of what was counted', () => {
    const slots = [0, 50, 0, 49, 1];
    expect([0, 0.5, 0.51, 0.99, 1].map((q) => quantileMs(slots, q))).toEqual([1, 1, 3, 3, 4].map(slotEndMs));
    expect(quantileMs([], 0.5)).toBe(0);
  });
});
