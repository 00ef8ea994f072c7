/**
 * Requests in flight, of this node alone or of all nodes together (proto/cluster/shared-holds.ts). What is in flight is bounded
 * by the listener, and a key of which nothing is in flight takes no memory, so keys need no bound of their own.
 */
import type { ConcurrentLimitSpec } from '@weir/proto/snapshot/snapshot.js';
import type { HoldLimiter, LimitVerdict } from './limiter.js';
import { keyNames, type SharedCounters } from './shared-limiter.js';

/** Nobody knows when the next one ends. */
const COME_BACK_IN_MS = 1_000;
/** Names of keys that were made of late: a digest each. */
const NAMES_MAX = 10_000;

export function createHoldLimiter({ requests }: ConcurrentLimitSpec): HoldLimiter {
  const inFlight = new Map<string, number>();
  const peek = (key: string): LimitVerdict => verdictOf(requests - (inFlight.get(key) ?? 0));
  return {
    peek,
    take(key) {
      const verdict = peek(key);
      if (verdict.allowed) inFlight.set(key, (inFlight.get(key) ?? 0) + 1);
      return verdict;
    },
    giveBack(key) {
      const left = (inFlight.get(key) ?? 0) - 1;
      if (left > 0) inFlight.set(key, left);
      else inFlight.delete(key);
    },
  };
}

export function createSharedHoldLimiter(
  { requests }: ConcurrentLimitSpec,
  limitId: string,
  shared: SharedCounters,
): HoldLimiter {
  const names = keyNames(limitId, NAMES_MAX, shared.digest);
  shared.useHolds(limitId, requests);
  const { holds } = shared;
  return {
    peek(key, nowMs) {
      const { allowed, left } = holds.peek(names.get(key), shared.members, nowMs);
      return allowed ? verdictOf(left) : refused;
    },
    take(key, nowMs) {
      const { allowed, left } = holds.take(names.get(key), shared.members, nowMs);
      return allowed ? verdictOf(left) : refused;
    },
    giveBack: (key) => holds.giveBack(names.get(key)),
  };
}

const refused: LimitVerdict = { allowed: false, remaining: 0, resetMs: 0, retryAfterMs: COME_BACK_IN_MS };

/** `left`: places before this request has taken one. */
function verdictOf(left: number): LimitVerdict {
  return left < 1 ? refused : { allowed: true, remaining: left - 1, resetMs: 0, retryAfterMs: 0 };
}
