import { expect, it, vi } from 'vitest';
import { fakeClock, fakeTimers } from '../pipeline/testing/harness.js';
import { driveWheel, systemClock } from '../time/system-clock.js';
import { TimerWheel } from '../time/wheel.js';
import { monitorEventLoop, WINDOW_MS } from './event-loop.js';

const BLOCK_MS = 60;

function block(): void {
  const until = performance.now() + BLOCK_MS;
  while (performance.now() < until);
}

it('a blocked event loop shows in its window, and not in the next', async () => {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const stopWheel = driveWheel(new TimerWheel(systemClock));
  const monitor = monitorEventLoop(timers);
  try {
    // The wheel has to be driven once before and once after the loop is blocked.
    await vi.waitFor(() => {
      block();
      expect(monitor.window().delayMaxMs).toBeGreaterThan(BLOCK_MS / 2);
    });
    clock.advance(WINDOW_MS);
    expect(monitor.window().delayMaxMs).toBeGreaterThan(BLOCK_MS / 2);
    expect(monitor.window().utilization).toBeGreaterThan(0);
    clock.advance(WINDOW_MS);
    expect(monitor.window().delayMaxMs).toBe(0);
  } finally {
    monitor.close();
    stopWheel();
  }
  expect(timers.armed).toBe(0);
});
