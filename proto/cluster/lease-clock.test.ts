import fc from 'fast-check';
import { expect, it } from 'vitest';
import { leaseClock } from './lease-clock.js';

function turned() {
  const at = { nowMs: 5_000, wallMs: 1_790_000_000_000 };
  const clock = leaseClock(
    () => at.nowMs,
    () => at.wallMs,
  );
  const begin = clock();
  return { at, sinceMs: () => clock() - begin };
}

it('goes on by what either clock shows, whatever happens to the machine and to the wall clock', () => {
  const step = fc.record({
    /** Both clocks, with a wall clock that is a millisecond off. */
    runMs: fc.integer({ min: 0, max: 5_000 }),
    jitterMs: fc.integer({ min: -1, max: 1 }),
    suspendedMs: fc.constantFrom(0, 0, 0, 100, 60_000),
    setBackMs: fc.constantFrom(0, 0, 0, 3_600_000),
  });
  fc.assert(
    fc.property(fc.array(step, { size: 'max', maxLength: 60 }), (steps) => {
      const { at, sinceMs } = turned();
      let [mustMs, before, steadyWallMs] = [0, 0, at.wallMs];
      for (const { runMs, jitterMs, suspendedMs, setBackMs } of steps) {
        at.nowMs += runMs;
        steadyWallMs += runMs;
        at.wallMs = steadyWallMs + jitterMs;
        mustMs += runMs;
        const running = sinceMs();
        expect(running).toBeGreaterThanOrEqual(before + runMs);
        steadyWallMs += suspendedMs;
        at.wallMs = steadyWallMs + jitterMs;
        mustMs += suspendedMs;
        before = sinceMs();
        steadyWallMs -= setBackMs;
        at.wallMs = steadyWallMs + jitterMs;
        expect(sinceMs()).toBe(before);
        // Never behind, and too fast by no more than what the wall clock is off at each suspension.
        expect(before).toBeGreaterThanOrEqual(mustMs - 2 * steps.length);
        expect(before).toBeLessThanOrEqual(mustMs + 2 * steps.length);
      }
    }),
  );
});

it('is as exact as the monotonic clock while nothing is suspended, however often it is read', () => {
  const { at, sinceMs } = turned();
  for (let reading = 1; reading <= 100_000; reading += 1) {
    at.nowMs += 0.3;
    at.wallMs = 1_790_000_000_000 + Math.floor(reading * 0.3);
    sinceMs();
  }
  expect(sinceMs()).toBeCloseTo(30_000, 3);
});

it('takes a wall clock that is set forward for a suspension', () => {
  const { at, sinceMs } = turned();
  at.wallMs += 10_000;
  expect(sinceMs()).toBe(10_000);
});
