import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EPOCHS, NO_EPOCH, Opinion, TRIAL_MS_MAX } from './opinion.js';

/** An opinion that is out, and whose time is over at 1,000 ms. */
function onTrial(): Opinion {
  const opinion = new Opinion();
  opinion.putOut(0, 1_000);
  return opinion;
}

describe('an opinion', () => {
  it('is out for its time, then lets one attempt try, and is out for all others meanwhile', () => {
    const opinion = onTrial();
    expect([opinion.standing(999), opinion.begin(999)]).toEqual(['out', NO_EPOCH]);
    expect(opinion.standing(1_000)).toBe('trial');
    const trial = opinion.begin(1_000);
    expect([opinion.standing(1_001), opinion.begin(1_001)]).toEqual(['out', NO_EPOCH]);
    expect([opinion.weigh(NO_EPOCH), opinion.weigh(trial)]).toEqual(['late', 'decides']);
    opinion.bringBack(1_002);
    expect([opinion.standing(1_002), opinion.wellSinceMs, opinion.weigh(trial)]).toEqual(['well', 1_002, 'late']);
  });

  it('gives a trial that was given up to the next attempt at once when the target had begun to answer', () => {
    const opinion = onTrial();
    const first = opinion.begin(1_000);
    opinion.setFree(1_300, false, 5_000);
    expect([opinion.standing(1_300), opinion.weigh(first)]).toEqual(['trial', 'late']);
  });

  it('waits ten times as long as a silent trial took before the next one, within the bound', () => {
    const opinion = onTrial();
    opinion.begin(1_000);
    opinion.setFree(1_100, true, 5_000);
    expect([opinion.standing(2_099), opinion.standing(2_100)]).toEqual(['out', 'trial']);
    opinion.begin(3_000);
    opinion.setFree(5_000, true, 5_000);
    expect([opinion.standing(9_999), opinion.standing(10_000)]).toEqual(['out', 'trial']);
  });

  it('does not wait for ever for a trial that does not end; once another has taken its place it decides nothing', () => {
    const opinion = onTrial();
    const stream = opinion.begin(1_000);
    expect(opinion.standing(1_000 + TRIAL_MS_MAX - 1)).toBe('out');
    expect(opinion.standing(1_000 + TRIAL_MS_MAX)).toBe('trial');
    const next = opinion.begin(1_000 + TRIAL_MS_MAX);
    expect([opinion.weigh(stream), opinion.weigh(next)]).toEqual(['late', 'decides']);
  });

  it('knows attempts of the same epoch while it is well, and none from before a change', () => {
    const opinion = new Opinion();
    const before = opinion.begin(0);
    expect([before === NO_EPOCH, opinion.begin(5), opinion.weigh(before)]).toEqual([false, before, 'counts']);
    opinion.putOut(10, 100);
    expect(opinion.weigh(before)).toBe('late');
    opinion.begin(110);
    opinion.bringBack(120);
    expect(opinion.weigh(before)).toBe('late');
  });

  it('never calls an epoch 0 and stays below its bound, however often it changes', () => {
    const opinion = new Opinion();
    for (let i = 0; i < EPOCHS + 2; i += 1) opinion.bringBack(0);
    const epoch = opinion.begin(0);
    expect([epoch > NO_EPOCH, epoch < EPOCHS, opinion.weigh(epoch)]).toEqual([true, true, 'counts']);
  });

  it('has at most one trial at a time, and only it decides, whatever ends when', () => {
    type Step = { afterMs: number; act: 'begin' | 'end'; at: number; how: 'good' | 'bad' | 'silent' | 'left' };
    const step: fc.Arbitrary<Step> = fc.record({
      afterMs: fc.nat(900),
      act: fc.constantFrom('begin', 'end'),
      at: fc.nat(9),
      how: fc.constantFrom('good', 'bad', 'silent', 'left'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const opinion = onTrial();
        let nowMs = 0;
        const pending: { epoch: number; isTrial: boolean }[] = [];
        for (const { afterMs, act, at, how } of steps) {
          nowMs += afterMs;
          const trials = pending.filter(({ isTrial }) => isTrial).length;
          if (act === 'begin') {
            const standing = opinion.standing(nowMs);
            pending.push({ epoch: opinion.begin(nowMs), isTrial: standing === 'trial' });
            expect(trials + (standing === 'trial' ? 1 : 0)).toBeLessThanOrEqual(1);
            continue;
          }
          const [ended] = pending.splice(at % Math.max(pending.length, 1), 1);
          if (ended === undefined) continue;
          expect(opinion.weigh(ended.epoch) === 'decides').toBe(ended.isTrial);
          if (!ended.isTrial) continue;
          if (how === 'good') {
            opinion.bringBack(nowMs);
            opinion.putOut(nowMs, 300);
          } else if (how === 'bad') opinion.putOut(nowMs, 700);
          else opinion.setFree(nowMs, how === 'silent', 2_000);
        }
      }),
    );
  });
});
