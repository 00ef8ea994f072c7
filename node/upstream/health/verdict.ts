/**
 * What one attempt says about the health of the target that it went to. The one place where this is decided, so that
 * breaker and outlier ejection can't disagree about what a failure is.
 *
 * Opinions take targets away from everyone, so nothing may count that one client can bring about at will: neither what
 * was given up before its time, nor 4xx, nor the two 5xx that judge the request (501 by its method, 505 by its version).
 */
import { type FailureCode, failureTable } from '@weir/proto/http/failures.js';
import type { AttemptOutcome } from './standing.js';

/** `none`: nothing can be concluded. */
export type Verdict = 'good' | 'bad' | 'none';

const SERVER_FAULT = 500;
/** Statuses and failures that would be the same at any other target. */
const ABOUT_THE_REQUEST: ReadonlySet<number> = new Set([501, 505]);
const ABOUT_THE_ROUTE: ReadonlySet<FailureCode> = new Set(['upgrade_failed', 'response_head_too_large']);

export function verdictOf({ isCancelled, isOverdue, failure, status }: AttemptOutcome): Verdict {
  if (isCancelled) return isOverdue ? 'bad' : 'none';
  if (failure !== null) {
    // A failure of ours (a full queue, a bug) or of the client is no one else's fault, even with an answer begun.
    const isTheirs = failureTable[failure.code].source === 'upstream' && !ABOUT_THE_ROUTE.has(failure.code);
    return isTheirs ? 'bad' : 'none';
  }
  if (status === 0) return 'none';
  return status >= SERVER_FAULT && !ABOUT_THE_REQUEST.has(status) ? 'bad' : 'good';
}

/** The time from the start of an attempt to the head of its answer, in milliseconds; NaN when none came. */
export function headLatencyMs(outcome: AttemptOutcome): number {
  return outcome.headAtMs - outcome.startedAtMs;
}
