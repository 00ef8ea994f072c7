/**
 * What one attempt says about the health of the target that it went to. The one place where this is decided, so that
 * breaker and outlier ejection can't disagree by accident about what a failure is.
 *
 * Opinions take targets away from everyone, so nothing should count that one client can bring about at will: neither what
 * was given up before its time, nor 4xx, nor the two 5xx that judge the request (501 by its method, 505 by its version).
 * Of the other 5xx it can't be known. 502, 503 and 504 speak of whoever was to answer; a 500 is an answer of the
 * application, and is as often a bug of one path, which one client may ask for all day. So it is an answer as good as
 * another, unless breaker or ejection are told otherwise (`every5xx`). What moves traffic away from a target that errs where its
 * peers don't is its load (balance/blame.ts), which leaves it a part and takes it from nobody.
 */
import { type FailureCode, failureTable } from '@weir/proto/http/failures.js';
import type { AttemptOutcome } from './standing.js';

/** `none`: nothing can be concluded. */
export type Verdict = 'good' | 'bad' | 'none';

const SERVER_FAULT = 500;
/** Statuses and failures that would be the same at any other target. */
const ABOUT_THE_REQUEST: ReadonlySet<number> = new Set([501, 505]);
const SAYS_THAT_IT_CANNOT: ReadonlySet<number> = new Set([502, 503, 504]);
const ABOUT_THE_ROUTE: ReadonlySet<FailureCode> = new Set(['upgrade_failed', 'response_head_too_large']);

/** Where not `every5xx`, any 5xx but 502, 503 and 504 is an answer. */
export function verdictOf({ isCancelled, isOverdue, failure, status }: AttemptOutcome, every5xx: boolean): Verdict {
  if (isCancelled) return isOverdue ? 'bad' : 'none';
  if (failure !== null) {
    // A failure of ours (a full queue, a bug) or of the client is no one else's fault, even with an answer begun.
    const isTheirs = failureTable[failure.code].source === 'upstream' && !ABOUT_THE_ROUTE.has(failure.code);
    return isTheirs ? 'bad' : 'none';
  }
  if (status === 0) return 'none';
  if (!every5xx) return SAYS_THAT_IT_CANNOT.has(status) ? 'bad' : 'good';
  return status >= SERVER_FAULT && !ABOUT_THE_REQUEST.has(status) ? 'bad' : 'good';
}

/** The time from the start of an attempt to the head of its answer, in milliseconds; NaN when none came. */
export function headLatencyMs(outcome: AttemptOutcome): number {
  return outcome.headAtMs - outcome.startedAtMs;
}
