import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attemptPhases } from '../../pipeline/dispatch.js';
import { createAttempt, enterPhase } from '../../pipeline/exchange.js';
import { seededRandom } from '../../pipeline/testing/harness.js';
import { ANSWERS_MIN, OVERDUE_FACTOR, OVERDUE_MIN_MS, UsualWait, waitedForTargetMs } from './overdue.js';

const after = (answers: Iterable<number>): UsualWait => {
  const usual = new UsualWait();
  for (const ms of answers) usual.answered(ms);
  return usual;
};

describe('what is usual', () => {
  it('is the slow end: few answers take longer, whatever they take', () => {
    const shape = fc.record({
      seed: fc.integer(),
      quickMs: fc.double({ min: 0.5, max: 2_000, noNaN: true }),
      spread: fc.double({ min: 0, max: 20, noNaN: true }),
    });
    fc.assert(
      fc.property(shape, ({ seed, quickMs, spread }) => {
        const random = seededRandom(seed);
        const draw = (): number => quickMs * (1 + spread * random() ** 3);
        const usual = after(Array.from({ length: 2_000 }, draw));
        let longer = 0;
        for (let i = 0; i < 2_000; i += 1) {
          const ms = draw();
          if (ms > usual.slowMs) longer += 1;
          usual.answered(ms);
        }
        expect(longer / 2_000).toBeGreaterThan(0.02);
        expect(longer / 2_000).toBeLessThan(0.09);
      }),
      { numRuns: 60 },
    );
  });

  it('follows a route that has become ten times slower within thirty answers, and back within a few hundred', () => {
    const usual = after(Array.from({ length: 100 }, () => 50));
    for (let i = 0; i < 30; i += 1) usual.answered(500);
    expect(usual.slowMs).toBeGreaterThan(500 * 0.9);
    for (let i = 0; i < 500; i += 1) usual.answered(50);
    expect(usual.slowMs).toBeLessThan(60);
  });
});

describe('a wait is overdue', () => {
  const ms = fc.double({ min: 0, max: 60_000, noNaN: true });

  it('only beyond a multiple of what is usual and beyond a pause, and then however long it is', () => {
    fc.assert(
      fc.property(fc.array(ms, { minLength: ANSWERS_MIN, maxLength: 60, size: 'max' }), ms, (answers, waitedMs) => {
        const usual = after(answers);
        const bound = Math.max(OVERDUE_MIN_MS, OVERDUE_FACTOR * usual.slowMs);
        expect(usual.isOverdue(waitedMs)).toBe(waitedMs >= bound);
      }),
    );
  });

  it('never while too little is known', () => {
    fc.assert(
      fc.property(fc.array(ms, { maxLength: ANSWERS_MIN - 1 }), ms, (answers, waitedMs) => {
        expect(after(answers).isOverdue(waitedMs)).toBe(false);
      }),
    );
    expect(after(Array.from({ length: 50 }, () => 5)).isOverdue(Number.NaN)).toBe(false);
  });
});

it('a target is waited for while it connects or thinks, and not while it is not its turn', () => {
  const waits = attemptPhases.map((phase) => {
    const attempt = createAttempt('a:80', 1_000);
    enterPhase(attempt, phase, 1_200);
    return waitedForTargetMs(attempt, 1_700);
  });
  expect(Object.fromEntries(attemptPhases.map((phase, i) => [phase, waits[i]]))).toEqual({
    queue: Number.NaN,
    connect: 500,
    tls: 500,
    send: Number.NaN,
    firstByte: 500,
    body: Number.NaN,
  });
  expect(waitedForTargetMs(undefined, 1_000)).toBeNaN();
});
