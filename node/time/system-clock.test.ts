import { expect, it } from 'vitest';
import { systemClock } from './system-clock.js';

const untilLaterThan = (ms: number): void => {
  while (performance.now() <= ms);
};

it('stands still from hold to release, and goes on with the time that has passed meanwhile', () => {
  systemClock.hold();
  try {
    const heldAtMs = systemClock.nowMs();
    untilLaterThan(heldAtMs);
    expect(systemClock.nowMs()).toBe(heldAtMs);
    systemClock.hold();
    expect(systemClock.nowMs()).toBeGreaterThan(heldAtMs);
  } finally {
    systemClock.release();
  }
  const runningAtMs = systemClock.nowMs();
  untilLaterThan(runningAtMs);
  expect(systemClock.nowMs()).toBeGreaterThan(runningAtMs);
});
