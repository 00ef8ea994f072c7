/** The clock of this process for its bus and its presence. Nothing that waits by it keeps the process alive. */
import type { BusClock } from './bus.js';

export const realClock: BusClock = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref();
    return () => clearTimeout(timer);
  },
};
