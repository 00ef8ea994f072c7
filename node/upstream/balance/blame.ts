/**
 * What an outcome says about the target that it came from, as far as its load is concerned.
 *
 * - `good`: an answer; how long it took is what an answer takes.
 * - `bound`: nobody knows how long an answer would have taken, only that it would have been longer. So with attempts
 *   that were given up (the losers of hedging), and with what failed at the client or here.
 * - `declined`: the target would not do this one. 429 is often said to one client only, 501 and 505 judge the method and
 *   the version of a request, and what would fail anywhere else as well (`retry: never` in the table of failures) is not
 *   held against it: no fault, but it comes so fast that it must not pass for a quick answer either. Several in a row
 *   are `doubtful`: one that declines everything in a millisecond would otherwise look ever cheaper, and get everything.
 * - `doubtful`: an error of the server that may as well be a bug of one path as the state of this target.
 * - `failed`: the target was not reached, did not answer (also where only the deadline ended the wait), broke off, or says itself that it can't (503).
 */
import { failureTable } from '@weir/proto/http/failures.js';
import type { AttemptOutcome } from '../health/standing.js';

export type Blame = 'good' | 'bound' | 'declined' | 'doubtful' | 'failed';

/** As many in a row, with no answer in between, are more than one client's matter (as with outlier ejection). */
export const DECLINED_IN_A_ROW = 5;

export function blameOf({ failure, status, isCancelled, isOverdue }: AttemptOutcome): Blame {
  if (isCancelled) return isOverdue ? 'failed' : 'bound';
  if (failure !== null) {
    const { source, retry } = failureTable[failure.code];
    if (source !== 'upstream') return 'bound';
    return retry === 'never' ? 'declined' : 'failed';
  }
  if (status === 503) return 'failed';
  if (status === 429 || status === 501 || status === 505) return 'declined';
  return status >= 500 ? 'doubtful' : 'good';
}

/** The blame for one outcome after the other of one target. */
export class Blames {
  #declinedInARow = 0;

  next(outcome: AttemptOutcome): Blame {
    const blame = blameOf(outcome);
    if (blame === 'good') this.#declinedInARow = 0;
    if (blame !== 'declined') return blame;
    this.#declinedInARow += 1;
    return this.#declinedInARow < DECLINED_IN_A_ROW ? blame : 'doubtful';
  }
}
