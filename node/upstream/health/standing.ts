/**
 * What is believed about a target, or an upstream as a whole, and how attempts are told to it. The interface between
 * those who form opinions (probes, outlier ejection, breakers) and those who act on them (balance).
 *
 * `begin` and `end` embrace each attempt. The epoch that `begin` gives is handed back with the outcome: an opinion that
 * has changed in the meantime began a new epoch, and late answers from before it are not allowed to change it again
 * (after linkerd2-proxy's breaker).
 */
import type { OpinionKind, Standing } from '@weir/proto/events/health.js';
import type { Failure } from '@weir/proto/http/failures.js';

export type { Standing };

export type Epoch = number & { readonly epoch: unique symbol };

/** How an attempt went; told once, also for one that was given up. Times are monotonic milliseconds. */
export interface AttemptOutcome {
  readonly startedAtMs: number;
  /** NaN: no answer began. */
  readonly headAtMs: number;
  readonly endedAtMs: number;
  /** 0: no answer began. */
  readonly status: number;
  readonly failure: Failure | null;
  /** Given up from above before it ended: the client left, another attempt was faster, the deadline passed. */
  readonly isCancelled: boolean;
  /** Given up, after the target was waited for so long that it is to blame (overdue.ts). */
  readonly isOverdue: boolean;
  /** Retry-After of a 503 in milliseconds, NaN without one: of any other answer it is not about the target. */
  readonly retryAfterMs: number;
}

export interface Health {
  standing(nowMs: number): Standing;
  /** When it became well, for slow start; -Infinity when it always was. */
  readonly wellSinceMs: number;
  begin(nowMs: number): Epoch;
  end(epoch: Epoch, outcome: AttemptOutcome): void;
  /** Why it is not well, in words for people; empty when it is. */
  readonly reason: string;
  /** When one that is out may be tried again; left out by those that don't know. */
  readonly outUntilMs?: number;
}

const ALWAYS = 0 as Epoch; // The one epoch of something that never changes its opinion.

/** Of targets and upstreams that nothing is concluded about. */
export const alwaysWell: Health = {
  standing: () => 'well',
  wellSinceMs: Number.NEGATIVE_INFINITY,
  begin: () => ALWAYS,
  end: () => {},
  reason: '',
};

/** Hears of a change of opinion from the machine that formed it; who it is about is known to whoever gave the function. */
export type Tell = (
  kind: OpinionKind,
  from: Standing,
  to: Standing,
  reason: string,
  evidence: Readonly<Record<string, number>>,
  nowMs: number,
) => void;

/** A share as people read it. */
export const percent = (share: number): string => `${Math.round(share * 100)} %`;
