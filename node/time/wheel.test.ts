import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../pipeline/testing/harness.js';
import { TICK_MS, TimerWheel } from './wheel.js';

describe('the timer wheel', () => {
  it('fires each timer once, never early and at most one tick late, in any mixture of arming, re-arming and cancelling', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('arm' as const), timer: fc.nat(7), delayMs: fc.nat(12_000) }),
      fc.record({ kind: fc.constant('cancel' as const), timer: fc.nat(7) }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 9_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), fc.nat(100_000), (steps, startMs) => {
        const clock = fakeClock(startMs);
        const wheel = new TimerWheel(clock);
        const dueMs = new Map<number, number>();
        const timers = Array.from({ length: 8 }, (_, i) =>
          wheel.create(() => {
            const due = dueMs.get(i);
            if (due === undefined) throw new Error(`timer ${i} fired without being armed`);
            dueMs.delete(i);
            expect(clock.nowMs()).toBeGreaterThanOrEqual(due);
            expect(clock.nowMs() - due).toBeLessThanOrEqual(TICK_MS);
          }),
        );
        for (const step of steps) {
          if (step.kind === 'arm') {
            timers[step.timer]?.arm(step.delayMs);
            dueMs.set(step.timer, clock.nowMs() + step.delayMs);
          } else if (step.kind === 'cancel') {
            timers[step.timer]?.cancel();
            dueMs.delete(step.timer);
          } else {
            for (let left = step.ms; left > 0; left -= 1) {
              clock.advance(1);
              wheel.advance();
            }
          }
          for (const due of dueMs.values()) expect(clock.nowMs() - due).toBeLessThan(TICK_MS);
          expect(wheel.armed).toBe(dueMs.size);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('catches up after the event loop stood still for many rounds', () => {
    const clock = fakeClock(0);
    const wheel = new TimerWheel(clock);
    let fired = 0;
    for (let i = 0; i < 1_000; i += 1) wheel.create(() => (fired += 1)).arm(i * 37);
    clock.advance(60_000);
    wheel.advance();
    expect([fired, wheel.armed]).toEqual([1_000, 0]);
  });

  it('lets a callback arm and cancel others that are due in the same tick', () => {
    const clock = fakeClock(0);
    const wheel = new TimerWheel(clock);
    const fired: string[] = [];
    const second = wheel.create(() => fired.push('second'));
    const first = wheel.create(() => {
      fired.push('first');
      second.cancel();
      if (fired.length < 3) first.arm(0);
    });
    first.arm(1);
    second.arm(1);
    for (let i = 0; i < 10; i += 1) {
      clock.advance(TICK_MS);
      wheel.advance();
    }
    expect(fired).toEqual(['first', 'first', 'first']);
  });

  it('goes on firing after a callback has thrown, and reports what it threw', () => {
    const clock = fakeClock(0);
    const thrown: unknown[] = [];
    const wheel = new TimerWheel(clock, (error) => thrown.push(error));
    let fired = 0;
    const bug = new Error('bug');
    wheel
      .create(() => {
        throw bug;
      })
      .arm(1);
    wheel.create(() => (fired += 1)).arm(1);
    clock.advance(2 * TICK_MS);
    wheel.advance();
    expect([fired, thrown]).toEqual([1, [bug]]);
  });
});
