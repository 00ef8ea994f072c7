/** What those who wait do when a fetch has come to nothing. Pure, but for what they do then. */
import type { Failure } from '@weir/proto/http/failures.js';
import type { Waiter } from './waiter.js';

/** Requests at once after answers that were trouble. */
const SIDE_BY_SIDE_MAX = 16;

/**
 * After an answer that was trouble: one of them asks next, and the others wait for that; then two, four, and at most so
 * many. All at once would be a stampede upon an upstream that is in trouble; one at a time, more waiting than clients have
 * time for. The answer itself is the leader's: it was made for that client.
 */
export function letDown(waiters: readonly Waiter[], leader: Waiter | null): void {
  const alone = Math.min(2 ** (leader?.letDowns ?? 0), SIDE_BY_SIDE_MAX) - 1;
  for (const [i, waiter] of waiters.entries()) waiter.released(i < alone ? 'alone' : 'let-down');
}

/**
 * After a failure: likewise, once. When two fetches have failed one after the other, each with all attempts of the route, a
 * third would do no better, and who waits hears what the leader does.
 */
export function hearFailure(waiters: readonly Waiter[], leader: Waiter | null, failed: Failure): void {
  for (const waiter of waiters) {
    if (waiter.standsIn(null)) continue;
    if (waiter === leader || waiter.letDowns > 0) waiter.failed(failed);
    else waiter.released('let-down');
  }
}
