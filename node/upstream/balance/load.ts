/**
 * What a target's attempts have cost of late, as the policies that weigh load see it. The interface between `balance`,
 * which tells of attempts, and the policies; the estimator behind it is in peak-ewma.ts.
 */
import type { AttemptOutcome } from '../health/standing.js';

export interface Load {
  /** Whether it matters when an attempt begins: only then is the end of a request body watched for. */
  readonly isTimed: boolean;
  /**
   * The target has all that it needs in order to answer: the time runs from here. A request whose body still arrives
   * has not begun in this sense, for a slow upload is the client's time. The token is handed back below.
   */
  begin(nowMs: number): number;
  /** The answer is there; what follows is a stream or a long body, whose length says nothing about the target. */
  answered(token: number, nowMs: number): void;
  /** The attempt is over; its token, or NOT_BEGUN for one that ended before it could begin. */
  end(token: number, outcome: AttemptOutcome): void;
  /** Milliseconds that the next attempt is expected to cost, weighed by what is in flight; larger is worse. */
  cost(nowMs: number, inFlight: number): number;
  /** It is dear by slowness alone, and has not been asked for so long that one attempt is worth knowing whether it still is. */
  isDueToBeExplored(nowMs: number): boolean;
  /** Goes on from what was learnt of the same target before a reload, where it was learnt in the same way. */
  adopt(former: Load, nowMs: number): void;
}

export const NOT_BEGUN = -1;

/** Of targets whose policy goes by the key of a request and nothing else. */
export const unweighed: Load = {
  isTimed: false,
  begin: () => 0,
  answered: () => {},
  end: () => {},
  cost: (_nowMs, inFlight) => inFlight + 1,
  isDueToBeExplored: () => false,
  adopt: () => {},
};
