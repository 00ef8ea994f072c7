/**
 * What a target's attempts have cost of late, as the policies that weigh load see it: a peak-sensitive moving average of
 * latency (peak EWMA, after Finagle and linkerd2-proxy), the age of what is pending, and a penalty for failures.
 */
import type { AttemptOutcome } from '../health/standing.js';

export interface Load {
  /** An attempt begins; its token is handed back at its end. */
  begin(nowMs: number): number;
  end(token: number, outcome: AttemptOutcome): void;
  /** Milliseconds that the next attempt is expected to cost, weighed by what is in flight; larger is worse. */
  cost(nowMs: number, inFlight: number): number;
}

/** Of targets whose policy weighs nothing but their number of attempts. */
export const unweighed: Load = { begin: () => 0, end: () => {}, cost: (_nowMs, inFlight) => inFlight + 1 };
