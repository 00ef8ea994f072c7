/** The real clock, and the driver that turns the timer wheel. An adapter: tests and simulations bring their own. */
// Imported, though they are globals: those are getters in Node, and this is called for each event.
import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks';
import type { Clock } from './clock.js';
import { TICK_MS, type TimerWheel } from './wheel.js';

/** The moment at which the clock is held; NaN while it runs. */
let heldAtMs = Number.NaN;

/**
 * The wall clock as it was read last, and when. It has a resolution of a millisecond, and costs as much as three readings
 * of the other one, so a millisecond is what it is kept for.
 */
const wall = { ms: 0, readAtMs: Number.NEGATIVE_INFINITY };

/** By how much the loop came round late, in all, and when it came last; NaN before anybody drove a wheel. */
const loop = { stalledMs: 0, cameAtMs: Number.NaN };

/** The wheel is due each tick; late by less than this is how timers are. */
const STALL_MIN_MS = TICK_MS;

/**
 * How late the loop came round each time, in nanoseconds; owned by who measures windows of it (observe/event-loop.ts). Not Node's own
 * `monitorEventLoopDelay`: that wakes the process a hundred times a second beside the wheel, and an idle node paid 2 % of a core for it.
 */
export const loopDelays: RecordableHistogram = createHistogram();
const NS_PER_MS = 1e6;

function comesRound(): void {
  const nowMs = performance.now();
  const lateMs = nowMs - loop.cameAtMs - TICK_MS;
  // The least that it takes.
  loopDelays.record(Math.max(1, Math.round(lateMs * NS_PER_MS)));
  if (lateMs > STALL_MIN_MS) loop.stalledMs += lateMs;
  loop.cameAtMs = nowMs;
}

export const systemClock: Required<Clock> = {
  // NaN is not above anything.
  nowMs: () => (heldAtMs >= 0 ? heldAtMs : performance.now()),
  wallMs: () => {
    const nowMs = systemClock.nowMs();
    if (nowMs - wall.readAtMs >= 1) {
      wall.ms = Date.now();
      wall.readAtMs = nowMs;
    }
    return wall.ms;
  },
  hold: () => {
    heldAtMs = performance.now();
  },
  release: () => {
    heldAtMs = Number.NaN;
  },
  stalledMs: () => loop.stalledMs,
};

/**
 * Turns the wheel until the returned function is called. Does not keep the process alive by itself.
 *
 * Not in the phase of timers, where Node calls: that comes before sockets are read, so behind a stall of this process
 * (a reload, a collection of garbage) every answer that came meanwhile would lie in the kernel, count as a timeout, and
 * be held against its upstream. Immediates run behind the sockets:
 *
 *   timers ──▶ poll: what has come is read, and cancels its timers ──▶ check: the wheel turns
 *
 * Where it comes late, by how much is known before any of those sockets is read (`stalledMs`).
 */
export function driveWheel(wheel: TimerWheel): () => void {
  let due: NodeJS.Immediate | null = null;
  loop.cameAtMs = performance.now();
  const interval = setInterval(() => {
    comesRound();
    due ??= setImmediate(() => {
      due = null;
      wheel.advance();
    });
  }, TICK_MS);
  interval.unref();
  return () => {
    clearInterval(interval);
    if (due !== null) clearImmediate(due);
  };
}
