/** The real clock, and the driver that turns the timer wheel. An adapter: tests and simulations bring their own. */
// Imported, though they are globals: those are getters in Node, and this is called a dozen times for each request.
import { performance } from 'node:perf_hooks';
import type { Clock } from './clock.js';
import { TICK_MS, type TimerWheel } from './wheel.js';

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/** Turns the wheel until the returned function is called. Does not keep the process alive by itself. */
export function driveWheel(wheel: TimerWheel): () => void {
  const interval = setInterval(() => wheel.advance(), TICK_MS);
  interval.unref();
  return () => clearInterval(interval);
}
