import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pending } from './pending.js';

describe('pending attempts', () => {
  it('know the one that waits longest and was not overtaken, whatever begins and ends in which order', () => {
    // A positive number begins an attempt that many milliseconds later; a negative one ends one of those that wait, with an
    // answer if it is even.
    const steps = fc.array(fc.integer({ min: -20, max: 20 }), { size: 'max', maxLength: 200 });
    fc.assert(
      fc.property(steps, (list) => {
        const pending = new Pending();
        const waiting: { token: number; startedAtMs: number; order: number }[] = [];
        let nowMs = 0;
        let order = 0;
        let isOvertaken = false;
        for (const step of list) {
          if (step >= 0) {
            nowMs += step;
            const token = pending.add(nowMs);
            if (waiting.some((one) => one.token === token)) throw new Error(`the token ${token} was given twice`);
            waiting.push({ token, startedAtMs: nowMs, order });
            order += 1;
          } else {
            const [ended] = waiting.splice(-step % Math.max(1, waiting.length), 1);
            if (ended !== undefined) {
              const isAnswer = step % 2 === 0;
              const isOldest = waiting.every((one) => one.order > ended.order);
              isOvertaken = !isOldest && (isOvertaken || isAnswer);
              expect(isAnswer ? pending.answer(ended.token) : pending.remove(ended.token)).toBe(ended.startedAtMs);
              expect(pending.answer(ended.token)).toBeNaN();
              expect(pending.remove(ended.token)).toBeNaN();
            }
          }
          expect(pending.pressingAgeMs(nowMs)).toBe(nowMs - (waiting[isOvertaken ? 1 : 0]?.startedAtMs ?? nowMs));
          expect(pending.count).toBe(waiting.length);
        }
      }),
    );
  });

  it('reuse the places of those that have ended', () => {
    const pending = new Pending();
    const tokens = new Set<number>();
    for (let i = 0; i < 1_000; i += 1) {
      const token = pending.add(i);
      tokens.add(token);
      pending.remove(token);
    }
    expect(tokens.size).toBe(1);
  });

  it('do not mind a token that was never given', () => {
    expect([new Pending().remove(-1), new Pending().remove(7)]).toEqual([Number.NaN, Number.NaN]);
  });
});
