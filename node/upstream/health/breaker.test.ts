import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Breaker } from './breaker.js';
import { breakerSpec, listening, outcome } from './testing/outcomes.js';
import type { Verdict } from './verdict.js';

const make = (mayOpen?: () => boolean) => {
  const told = listening();
  const breaker = new Breaker(breakerSpec, told.tell, mayOpen);
  /** One attempt after the other, each begun when the one before has ended. */
  const run = (nowMs: number, ...verdicts: Verdict[]): void => {
    for (const verdict of verdicts) breaker.end(breaker.opinion.begin(nowMs), outcome(verdict, nowMs));
  };
  const standing = (nowMs: number) => breaker.opinion.standing(nowMs);
  return { breaker, told, run, standing };
};

/** How long it stays open from `nowMs` on, in steps of 10 ms. */
const openForMs = (standing: (nowMs: number) => string, nowMs: number): number => {
  let ms = 0;
  while (standing(nowMs + ms) === 'out') ms += 10;
  return ms;
};

describe('a breaker', () => {
  it('stays shut below its share of failures, and below its number of requests', () => {
    const few = make();
    few.run(0, 'bad', 'bad', 'bad');
    expect(few.standing(0)).toBe('well');
    const share = make();
    share.run(0, 'good', 'good', 'good', 'bad', 'bad');
    expect([share.standing(0), share.breaker.reason]).toEqual(['well', '']);
    share.run(0, 'bad');
    expect([share.standing(0), share.breaker.reason]).toEqual([
      'out',
      'breaker open: 3 of the last 6 requests failed (50 %)',
    ]);
  });

  it('counts neither what was given up nor what is older than its window', () => {
    const { run, standing } = make();
    run(0, 'bad', 'bad', 'none', 'none', 'none', 'bad');
    run(11_000, 'bad', 'bad', 'bad');
    expect(standing(11_000)).toBe('well');
    run(11_000, 'bad');
    expect(standing(11_000)).toBe('out');
  });

  it('doubles its time with each trial that fails, up to the largest, and starts small again after it was shut', () => {
    const { run, standing, told } = make();
    run(0, 'bad', 'bad', 'bad', 'bad');
    let nowMs = 0;
    const times = [1, 2, 3, 4, 5].map(() => {
      const ms = openForMs(standing, nowMs);
      nowMs += ms;
      run(nowMs, 'bad');
      return ms;
    });
    expect(times).toEqual([1_000, 2_000, 4_000, 8_000, 8_000]);
    nowMs += openForMs(standing, nowMs);
    run(nowMs, 'good');
    expect(standing(nowMs)).toBe('well');
    run(nowMs, 'bad', 'bad', 'bad');
    expect(standing(nowMs)).toBe('well');
    run(nowMs, 'bad');
    expect(openForMs(standing, nowMs)).toBe(1_000);
    expect(told.changes.slice(-3)).toEqual(['breaker trial out', 'breaker trial well', 'breaker well out']);
  });

  it('forgets with a good trial what the window held before', () => {
    const { run, standing } = make();
    run(0, 'bad', 'bad', 'bad', 'bad');
    run(1_000, 'good', 'good', 'good', 'bad');
    expect(standing(1_000)).toBe('well');
  });

  it('leaves an upstream alone for as long as it asks, within the largest time, and doubles from its own', () => {
    const { breaker, run, standing } = make();
    run(0, 'bad', 'bad', 'bad');
    const asks = (retryAfterMs: number, nowMs: number): void => {
      breaker.end(breaker.opinion.begin(nowMs), outcome('bad', nowMs, { retryAfterMs }));
    };
    asks(3_000, 0);
    expect(openForMs(standing, 0)).toBe(3_000);
    asks(100_000, 3_000);
    expect(openForMs(standing, 3_000)).toBe(8_000);
    asks(1, 11_000);
    expect(openForMs(standing, 11_000)).toBe(4_000);
  });

  it('lets the next attempt try when the trial was given up', () => {
    const { breaker, run, standing } = make();
    run(0, 'bad', 'bad', 'bad', 'bad');
    breaker.end(breaker.opinion.begin(1_000), outcome('none', 1_005, { headAtMs: 1_002 }));
    expect(standing(1_005)).toBe('trial');
    breaker.end(breaker.opinion.begin(1_005), outcome('none', 1_015));
    expect([standing(1_100), standing(1_115)]).toEqual(['out', 'trial']);
    expect(breaker.reason).toContain('breaker open');
  });

  it('does not open as long as it may not, and closes again for a good trial only', () => {
    let may = false;
    const { breaker, run, standing } = make(() => may);
    run(0, 'bad', 'bad', 'bad', 'bad', 'bad');
    expect([standing(0), breaker.isFailing(0)]).toEqual(['well', true]);
    may = true;
    run(0, 'good');
    expect(standing(0)).toBe('well');
    run(0, 'bad');
    expect(standing(0)).toBe('out');
    may = false;
    run(1_000, 'bad');
    expect(standing(1_000)).toBe('out');
  });

  it('is failing by what its window holds, be it little, and not when it is empty', () => {
    const { breaker, run } = make();
    expect(breaker.isFailing(0)).toBe(false);
    run(0, 'bad');
    expect(breaker.isFailing(0)).toBe(true);
    run(0, 'good', 'good');
    expect(breaker.isFailing(0)).toBe(false);
    run(20_000, 'bad');
    expect([breaker.isFailing(20_000), breaker.isFailing(40_000)]).toEqual([true, false]);
  });

  it('has one trial at a time, and is never changed by an attempt that began before its last change', () => {
    const step = fc.record({
      afterMs: fc.nat(600),
      begins: fc.boolean(),
      at: fc.nat(30),
      verdict: fc.constantFrom<Verdict>('good', 'bad', 'bad', 'none'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
        const { breaker, told } = make();
        let nowMs = 0;
        /** `change`: how many changes there had been when the attempt began. */
        const pending: { epoch: number; change: number; isTrial: boolean }[] = [];
        for (const { afterMs, begins, at, verdict } of steps) {
          nowMs += afterMs;
          if (begins || pending.length === 0) {
            const isTrial = breaker.opinion.standing(nowMs) === 'trial';
            if (isTrial) expect(pending.some((each) => each.isTrial)).toBe(false);
            pending.push({ epoch: breaker.opinion.begin(nowMs), change: told.changes.length, isTrial });
            continue;
          }
          const [ended] = pending.splice(at % pending.length, 1);
          if (ended === undefined) throw new Error('there are pending attempts');
          const changesBefore = told.changes.length;
          const wasWell = breaker.opinion.isWell;
          breaker.end(ended.epoch, outcome(verdict, nowMs));
          const changed = told.changes.length > changesBefore;
          if (changed) expect(ended.change).toBe(changesBefore);
          // Out of a trial comes a decision by that trial alone, and it is what the trial says.
          if (!wasWell) expect(changed).toBe(ended.isTrial && verdict !== 'none');
          if (!wasWell && changed) expect(breaker.opinion.isWell).toBe(verdict === 'good');
        }
      }),
      { numRuns: 300 },
    );
  });
});
