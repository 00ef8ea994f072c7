import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RATE_WINDOW_MS, StreamClock, tokensIn } from './stream-clock.js';

const limits = { firstTokenMs: 3_000, betweenTokensMs: 1_000, tokensPerSecondMin: 0 };

describe('the clock of a stream', () => {
  it('firstToken runs from the begin of the attempt to its content, whatever else comes', () => {
    const clock = new StreamClock(limits, 100);
    expect(clock.dueAtMs()).toBe(3_100);
    expect([clock.passed(3_099), clock.passed(3_100)]).toEqual([null, 'firstToken']);
    clock.content(1, 3_050);
    expect([clock.passed(3_100), clock.firstTokenMs]).toEqual([null, 2_950]);
  });

  it('betweenTokens runs from one piece of content to the next', () => {
    const clock = new StreamClock(limits, 0);
    clock.content(1, 500);
    clock.content(1, 1_400);
    expect([clock.dueAtMs(), clock.passed(2_399), clock.passed(2_400)]).toEqual([2_400, null, 'betweenTokens']);
  });

  it('does not hold against a provider what its client does not take', () => {
    const clock = new StreamClock(limits, 0);
    clock.content(1, 500);
    clock.hold();
    expect([clock.dueAtMs(), clock.passed(1e9)]).toEqual([Number.POSITIVE_INFINITY, null]);
    clock.release(50_000);
    expect([clock.passed(50_999), clock.passed(51_000)]).toEqual([null, 'betweenTokens']);
  });

  it('asks for so many tokens over ten seconds, and for none before those are over', () => {
    const slow = new StreamClock({ ...limits, tokensPerSecondMin: 5 }, 0);
    let fired: number | null = null;
    for (let nowMs = 500; nowMs < 30_000 && fired === null; nowMs += 500) {
      slow.content(1, nowMs);
      if (slow.passed(nowMs) === 'tokenRate') fired = nowMs;
    }
    expect(fired).toBe(500 + RATE_WINDOW_MS);
  });

  it('sees a stream slow down that was fast, within two windows', () => {
    const clock = new StreamClock({ ...limits, tokensPerSecondMin: 5 }, 0);
    let nowMs = 0;
    for (; nowMs < 60_000; nowMs += 100) {
      clock.content(1, nowMs);
      expect(clock.passed(nowMs)).toBeNull();
    }
    const from = nowMs;
    for (; clock.passed(nowMs) === null; nowMs += 900) clock.content(1, nowMs);
    expect(clock.passed(nowMs)).toBe('tokenRate');
    expect(nowMs - from).toBeLessThan(2 * RATE_WINDOW_MS);
  });

  it('never ends a stream that keeps its rate, and always one that stays below by a tenth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 8 }), (rate, pieces) => {
        const runs = (tokensPerSecond: number): boolean => {
          const clock = new StreamClock({ ...limits, betweenTokensMs: 5_000, tokensPerSecondMin: rate }, 0);
          const stepMs = 1_000 / pieces;
          for (let i = 0; i < 60 * pieces; i += 1) {
            clock.content(tokensPerSecond / pieces, i * stepMs);
            if (clock.passed(i * stepMs) !== null) return false;
          }
          return true;
        };
        expect([runs(rate), runs(rate * 1.5), runs(rate * 0.8)]).toEqual([true, true, false]);
      }),
    );
  });

  it('is due when it has something to say, and has something to say when it is due', () => {
    const anyLimits = fc.record({
      firstTokenMs: fc.integer({ min: 1, max: 50_000 }),
      betweenTokensMs: fc.integer({ min: 1, max: 50_000 }),
      tokensPerSecondMin: fc.integer({ min: 0, max: 50 }),
    });
    fc.assert(
      fc.property(
        anyLimits,
        fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 30, size: 'max' }),
        (some, gaps) => {
          const clock = new StreamClock(some, 0);
          let nowMs = 0;
          for (const gap of gaps) {
            const dueMs = clock.dueAtMs();
            expect(dueMs).toBeGreaterThan(0);
            if (dueMs > nowMs && Number.isFinite(dueMs))
              expect(clock.passed(Math.min(dueMs, nowMs + gap) - 1e-6)).toBeNull();
            nowMs += gap;
            if (clock.passed(nowMs) !== null) {
              expect(dueMs).toBeLessThanOrEqual(nowMs);
              return;
            }
            clock.content(1, nowMs);
          }
        },
      ),
    );
  });

  it('counts a piece as one token at least', () => {
    expect([tokensIn(0), tokensIn(1), tokensIn(4), tokensIn(40)]).toEqual([1, 1, 1, 10]);
  });
});
