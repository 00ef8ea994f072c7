import type { OutlierSpec } from '@weir/proto/snapshot/resilience.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Outliers } from './outlier.js';
import type { AttemptOutcome } from './standing.js';
import { listening, outcome, outlierSpec } from './testing/outcomes.js';
import type { Verdict } from './verdict.js';

function make(count: number, spec: Partial<OutlierSpec> = {}, alsoOut: ReadonlySet<number> = new Set()) {
  const told = Array.from({ length: count }, listening);
  const outliers: Outliers = new Outliers(
    { ...outlierSpec, ...spec },
    told.map(({ tell }) => tell),
    (index, nowMs) => !alsoOut.has(index) && outliers.members[index]?.opinion.standing(nowMs) === 'well',
  );
  const member = (index: number) => {
    const found = outliers.members[index];
    if (found === undefined) throw new Error(`there is no target ${index}`);
    return found;
  };
  const run = (index: number, nowMs: number, verdict: Verdict, times = 1, more: Partial<AttemptOutcome> = {}): void => {
    for (let i = 0; i < times; i += 1) {
      outliers.end(member(index), member(index).opinion.begin(nowMs), verdict, outcome(verdict, nowMs, more));
    }
  };
  const standing = (index: number, nowMs: number) => member(index).opinion.standing(nowMs);
  const ejected = () => outliers.members.filter(({ opinion }) => !opinion.isWell).length;
  return { told, outliers, member, run, standing, ejected };
}

describe('ejection by failures in a row', () => {
  it('comes with the last of them, and one good answer begins the row anew', () => {
    const { run, standing, member, told } = make(2);
    run(0, 0, 'bad', 4);
    run(0, 0, 'good');
    run(0, 0, 'bad', 4);
    run(0, 0, 'none', 10);
    expect(standing(0, 0)).toBe('well');
    run(0, 0, 'bad');
    expect([standing(0, 0), member(0).reason]).toEqual(['out', 'ejected: 5 failures in a row']);
    expect([told[0]?.changes, told[1]?.changes]).toEqual([['outlier well out'], []]);
  });

  it('lasts as long as the target asks to be left alone, within the largest time', () => {
    const { run, standing } = make(2, { ejectionMaxMs: 20_000 });
    run(0, 0, 'bad', 4);
    run(0, 0, 'bad', 1, { retryAfterMs: 12_000 });
    expect([standing(0, 11_999), standing(0, 12_000)]).toEqual(['out', 'trial']);
    run(0, 12_000, 'bad', 1, { retryAfterMs: 1e9 });
    expect([standing(0, 31_999), standing(0, 32_000)]).toEqual(['out', 'trial']);
  });

  it('is not looked at where the spec says so', () => {
    const { run, standing } = make(2, { consecutiveFailures: 0 });
    run(0, 0, 'bad', 100);
    expect(standing(0, 0)).toBe('well');
  });
});

describe('the time of an ejection', () => {
  it('grows by its base with each trial that fails, up to the largest', () => {
    const { run, standing, member } = make(2, { ejectionMaxMs: 12_000 });
    run(0, 0, 'bad', 5);
    expect([standing(0, 4_999), standing(0, 5_000)]).toEqual(['out', 'trial']);
    run(0, 5_000, 'bad');
    expect([standing(0, 14_999), standing(0, 15_000)]).toEqual(['out', 'trial']);
    run(0, 15_000, 'bad');
    expect([standing(0, 26_999), standing(0, 27_000), member(0).ejections]).toEqual(['out', 'trial', 3]);
    run(0, 27_000, 'bad');
    expect([standing(0, 38_999), standing(0, 39_000), member(0).ejections]).toEqual(['out', 'trial', 3]);
  });

  it('shrinks by one base for each interval that the target was well', () => {
    const { run, standing } = make(2);
    run(0, 0, 'bad', 5);
    for (const atMs of [5_000, 15_000]) run(0, atMs, 'bad');
    run(0, 30_000, 'good');
    expect(standing(0, 30_000)).toBe('well');
    // Three ejections, one of them forgiven, and one more.
    run(0, 35_000, 'bad', 5);
    expect([standing(0, 49_999), standing(0, 50_000)]).toEqual(['out', 'trial']);
    run(0, 50_000, 'good');
    run(0, 500_000, 'bad', 5);
    expect([standing(0, 504_999), standing(0, 505_000)]).toEqual(['out', 'trial']);
  });

  it('is ended by one good trial, which starts all counts anew', () => {
    const { run, standing, member, told } = make(2);
    run(0, 0, 'bad', 5);
    run(0, 5_000, 'good');
    expect([standing(0, 5_000), member(0).opinion.wellSinceMs, member(0).reason]).toEqual(['well', 5_000, '']);
    run(0, 5_000, 'bad', 4);
    expect(standing(0, 5_000)).toBe('well');
    expect(told[0]?.changes).toEqual(['outlier well out', 'outlier trial well']);
  });

  it('lets another attempt try when the trial was given up', () => {
    const { run, standing } = make(2);
    run(0, 0, 'bad', 5);
    run(0, 5_000, 'none', 1, { headAtMs: 4_999 });
    expect(standing(0, 5_000)).toBe('trial');
    run(0, 5_000, 'none', 1, { startedAtMs: 5_000 });
    expect(standing(0, 5_000)).toBe('trial');
    run(0, 5_000, 'good');
    expect(standing(0, 5_000)).toBe('well');
  });
});

describe('ejection by comparison', () => {
  /** Each target answers 20 times within an interval, then one more answer ends the interval. */
  const compareShares = (goods: readonly number[], spec: Partial<OutlierSpec> = {}) => {
    const made = make(goods.length, { consecutiveFailures: 0, ...spec });
    goods.forEach((good, i) => {
      made.run(i, 0, 'good', good);
      made.run(i, 0, 'bad', 20 - good);
    });
    made.run(0, 5_000, 'good');
    return made;
  };

  it('takes out the one whose share of good answers is far below its peers', () => {
    const { standing, member, ejected } = compareShares([20, 10, 19]);
    expect([standing(1, 5_000), ejected()]).toEqual(['out', 1]);
    expect(member(1).reason).toMatch(/^ejected: 50 % of its 20 answers were good, its peers' let 71 % be expected$/);
  });

  it('leaves those alone that are all alike, too few, too quiet, or not to be compared', () => {
    expect(compareShares([10, 11, 9]).ejected()).toBe(0);
    expect(compareShares([20, 0]).ejected()).toBe(0);
    expect(compareShares([20, 0, 20], { requestsMin: 22 }).ejected()).toBe(0);
    expect(compareShares([20, 0, 20], { successRateDeviations: 0 }).ejected()).toBe(0);
  });

  it('gives the places that the cap leaves to the worst', () => {
    const { standing, ejected } = compareShares([20, 8, 20, 20, 2, 20, 20], {
      successRateDeviations: 1,
      ejectedShareMax: 0.2,
    });
    expect([standing(1, 5_000), standing(4, 5_000), ejected()]).toEqual(['well', 'out', 1]);
  });

  it('finds two that are bad alike: neither hides the other', () => {
    const { standing } = compareShares([20, 20, 20, 12, 12]);
    expect([0, 1, 2, 3, 4].map((i) => standing(i, 5_000))).toEqual(['well', 'well', 'well', 'out', 'out']);
  });

  it('judges each interval by itself', () => {
    const made = make(3, { consecutiveFailures: 0 });
    for (const index of [0, 1, 2]) made.run(index, 0, 'good', 19);
    made.run(1, 5_000, 'bad', 19);
    for (const index of [0, 2]) made.run(index, 9_000, 'good', 20);
    made.run(0, 10_000, 'good');
    expect(made.ejected()).toBe(0);
  });

  it('takes out the one whose median latency is the factor above its peers, when asked to', () => {
    const compareLatencies = (latencyFactor: number) => {
      const made = make(3, { latencyFactor });
      [10, 100, 12].forEach((ms, i) => {
        made.run(i, 1_000, 'good', 20, { startedAtMs: 1_000 - ms });
      });
      made.run(0, 6_000, 'good');
      return made;
    };
    expect(compareLatencies(0).ejected()).toBe(0);
    expect(compareLatencies(11).ejected()).toBe(0);
    const { member, ejected } = compareLatencies(5);
    expect([ejected(), member(1).opinion.isWell]).toEqual([1, false]);
    expect(member(1).reason).toMatch(/^ejected: median latency 10\d ms, its peers' let 5\d ms be expected$/);
  });
});

describe('the rules above ejection', () => {
  it('leave alone the last target that is well, whoever thinks ill of the others', () => {
    const { run, standing } = make(4, { ejectedShareMax: 1 }, new Set([1, 2]));
    run(3, 0, 'bad', 5);
    run(0, 0, 'bad', 50);
    expect([standing(3, 0), standing(0, 0)]).toEqual(['out', 'well']);
    const alone = make(1, { ejectedShareMax: 1 });
    alone.run(0, 0, 'bad', 50);
    expect(alone.standing(0, 0)).toBe('well');
  });

  it('eject what had to wait with its next failure, when a place is free', () => {
    const { run, standing } = make(3);
    run(0, 0, 'bad', 5);
    run(1, 0, 'bad', 9);
    expect([standing(0, 0), standing(1, 0)]).toEqual(['out', 'well']);
    run(0, 5_000, 'good');
    run(1, 5_000, 'bad');
    expect(standing(1, 5_000)).toBe('out');
  });

  it('never eject more than the cap, nor all, and try each with one attempt at a time, whatever happens', () => {
    const step = fc.record({
      afterMs: fc.nat(1_500),
      begins: fc.boolean(),
      target: fc.nat(5),
      at: fc.nat(30),
      verdict: fc.constantFrom<Verdict>('good', 'bad', 'bad', 'bad', 'none'),
    });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        share,
        fc.array(step, { maxLength: 150, size: 'max' }),
        (count, cap, steps) => {
          const spec = { ejectedShareMax: cap, consecutiveFailures: 2, requestsMin: 3, intervalMs: 2_000 };
          const { outliers, member, ejected, told } = make(count, spec);
          let nowMs = 0;
          const pending: { index: number; epoch: number; isTrial: boolean }[] = [];
          for (const { afterMs, begins, target, at, verdict } of steps) {
            nowMs += afterMs;
            const index = target % count;
            if (begins) {
              const isTrial = member(index).opinion.standing(nowMs) === 'trial';
              const onTrial = pending.some((each) => each.index === index && each.isTrial);
              pending.push({ index, epoch: member(index).opinion.begin(nowMs), isTrial });
              // A trial that has run for TRIAL_MS_MAX is as good as given up; these are shorter.
              if (isTrial) expect(onTrial && nowMs < 60_000).toBe(false);
              continue;
            }
            const [ended] = pending.splice(at % Math.max(pending.length, 1), 1);
            if (ended === undefined) continue;
            const before = told[ended.index]?.changes.length ?? 0;
            const wasWell = member(ended.index).opinion.isWell;
            outliers.end(member(ended.index), ended.epoch, verdict, outcome(verdict, nowMs));
            expect(ejected()).toBeLessThanOrEqual(Math.min(cap * count, count - 1));
            if (!wasWell) {
              const changed = (told[ended.index]?.changes.length ?? 0) > before;
              if (changed) expect([ended.isTrial, verdict === 'none']).toEqual([true, false]);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
