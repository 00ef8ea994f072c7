/**
 * How long to wait for the upstream when there is a copy that may stand in (`staleIfSlow`). The client then gets the copy,
 * and the fetch goes on and refills the store.
 *
 * The deadline of the request is a limit of its own, whether the route has `staleIfSlow` or not: where a copy is at hand, a
 * moment before it passes is the last chance to answer with something better than a timeout. Pure.
 */
import type { StaleIfSlowSpec } from '@weir/proto/snapshot/cache.js';
import { type Pending, standsIn } from './receive.js';

/** Two ticks of the timers, and time to write the answer. */
export const BEFORE_DEADLINE_MS = 50;

/** Milliseconds from now, at least 0; null: the copy does not stand in for slowness. `learntMs` is null while it is not known. */
export function standInAfterMs(
  pending: Pending,
  slow: StaleIfSlowSpec | null,
  learntMs: number | null,
  deadlineAtMs: number,
  nowMs: number,
): number | null {
  const untilDeadlineMs = deadlineAtMs - BEFORE_DEADLINE_MS - nowMs;
  const afterMs = Math.max(0, Math.min(limitOf(slow, learntMs), untilDeadlineMs));
  // The copy must still be allowed when its time has come.
  return afterMs !== Number.POSITIVE_INFINITY && standsIn(pending, nowMs + afterMs) ? afterMs : null;
}

function limitOf(slow: StaleIfSlowSpec | null, learntMs: number | null): number {
  if (slow === null) return Number.POSITIVE_INFINITY;
  if (slow.kind === 'after') return slow.afterMs;
  return learntMs === null ? slow.maxMs : Math.min(slow.maxMs, Math.max(slow.minMs, learntMs));
}
