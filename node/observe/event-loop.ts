/**
 * How late the event loop runs and how busy it is. One loop carries all traffic of a node, so its delay is part of every
 * latency that a client sees, and the first thing to look at when all routes are slow at once.
 *
 * Both are measured over windows of the node's own making, not "since the last scrape": two scrapers would otherwise
 * take each other's samples away.
 */
import { performance } from 'node:perf_hooks';
import type { Timer, Timers } from '../time/clock.js';
import { loopDelays } from '../time/system-clock.js';

/** A window is long enough for a p99 to mean something, and short enough that a bad moment does not linger. */
export const WINDOW_MS = 10_000;
const MS_PER_NS = 1e-6;

export interface EventLoopWindow {
  /** By how many milliseconds the timer wheel was driven too late. */
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
  /** Share of the window in which the loop was busy, 0 to 1. */
  readonly utilization: number;
}

export interface EventLoopMonitor {
  /** The last whole window; the one that is under way until there is one. */
  window(): EventLoopWindow;
  close(): void;
}

export function monitorEventLoop(timers: Timers): EventLoopMonitor {
  loopDelays.reset();
  let busyFrom = performance.eventLoopUtilization();
  let last: EventLoopWindow | null = null;

  const delayMs = (ns: number): number => (loopDelays.count === 0 ? 0 : ns * MS_PER_NS);
  const measure = (): EventLoopWindow => ({
    delayP50Ms: delayMs(loopDelays.percentile(50)),
    delayP99Ms: delayMs(loopDelays.percentile(99)),
    delayMaxMs: delayMs(loopDelays.max),
    utilization: performance.eventLoopUtilization(busyFrom).utilization,
  });

  const turn: Timer = timers.create(() => {
    last = measure();
    loopDelays.reset();
    busyFrom = performance.eventLoopUtilization();
    turn.arm(WINDOW_MS);
  });
  turn.arm(WINDOW_MS);

  return {
    window: () => last ?? measure(),
    close() {
      turn.cancel();
    },
  };
}
