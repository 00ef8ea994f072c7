/**
 * What an outcome says about the target that it came from, as far as its load is concerned.
 *
 * - `good`: an answer; how long it took is what an answer takes.
 * - `bound`: nobody knows how long an answer would have taken, only that it would have been longer. So with attempts
 *   that were given up (the losers of hedging), with what failed at the client or here, and with 429: it is often said
 *   to one client only, so it is no fault, but it comes so fast that it must not pass for a quick answer either. The
 *   same holds for 501 and 505, which judge the method and the version of a request.
 * - `doubtful`: an error of the server that may as well be a bug of one path as the state of this target.
 * - `failed`: the target was not reached, did not answer (also where only the deadline ended the wait), broke off, or says itself that it can't (503). What would
 *   fail anywhere else as well (`retry: never` in the table of failures) is not held against it.
 */
import { failureTable } from '@weir/proto/http/failures.js';
import type { AttemptOutcome } from '../health/standing.js';

export type Blame = 'good' | 'bound' | 'doubtful' | 'failed';

export function blameOf({ failure, status, isCancelled, isOverdue }: AttemptOutcome): Blame {
  if (isCancelled) return isOverdue ? 'failed' : 'bound';
  if (failure !== null) {
    const { source, retry } = failureTable[failure.code];
    return source === 'upstream' && retry !== 'never' ? 'failed' : 'bound';
  }
  if (status === 503) return 'failed';
  if (status === 429 || status === 501 || status === 505) return 'bound';
  return status >= 500 ? 'doubtful' : 'good';
}
