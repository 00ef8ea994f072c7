/** The real clock, and the driver that turns the timer wheel. An adapter: tests and simulations bring their own. */
// Imported, though they are globals: those are getters in Node, and this is called for each event.
import { performance } from 'node:perf_hooks';
import type { Clock } from './clock.js';
import { TICK_MS, type TimerWheel } from './wheel.js';

/** The moment at which the clock is held; NaN while it runs. */
let heldAtMs = Number.NaN;

export const systemClock: Required<Clock> = {
  // NaN is not above anything.
  nowMs: () => (heldAtMs >= 0 ? heldAtMs : performance.now()),
  wallMs: () => Date.now(),
  hold: () => {
    heldAtMs = performance.now();
  },
  release: () => {
    heldAtMs = Number.NaN;
  },
};

/** Turns the wheel until the returned function is called. Does not keep the process alive by itself. */
export function driveWheel(wheel: TimerWheel): () => void {
  const interval = setInterval(() => wheel.advance(), TICK_MS);
  interval.unref();
  return () => clearInterval(interval);
}
