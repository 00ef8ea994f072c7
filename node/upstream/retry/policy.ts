/**
 * Whether a request is tried again, and when. A pure function of what the last attempt met, what the route allows, and
 * what is left of deadline and budget. In this order, the cheapest reason to give up first:
 *
 *   condition  the route tries this kind of failure again                         RetrySpec.on, .statuses
 *   count      it has a retry left                                               RetrySpec.retries
 *   safety     nothing was sent, or sending it twice is as good as once          failureTable[code].retry, RFC 9110 §9.2.2
 *   body       all of the request body that was read is still there              replay.ts
 *   deadline   pause and a shortest attempt fit into what is left
 *   place      a long pause would keep a place at the upstream from those who could use it
 *   budget     a share of live traffic; asked last, so that only real retries are paid for
 */
import { type Failure, type FailureCode, failureTable } from '@weir/proto/http/failures.js';
import type { RetryCondition, RetrySpec } from '@weir/proto/snapshot/resilience.js';
import type { Random } from '../../time/clock.js';
import type { Budget } from './budget.js';

/** Which condition of a route a failure meets; those that are missing are never tried again. */
export const conditionOf: Partial<Readonly<Record<FailureCode, RetryCondition>>> = {
  connect_timeout: 'connect-failure',
  tls_timeout: 'connect-failure',
  dns_timeout: 'connect-failure',
  dns_error: 'connect-failure',
  connection_refused: 'connect-failure',
  destination_prohibited: 'connect-failure',
  destination_unroutable: 'connect-failure',
  tls_error: 'connect-failure',
  tls_certificate_error: 'connect-failure',
  // REFUSED_STREAM and GOAWAY become this as well, see transport/broken-off.ts.
  connection_closed_unsent: 'refused',
  // No connection of this target became free; another target may have one.
  queue_timeout: 'refused',
  queue_full: 'refused',
  connection_closed: 'reset',
  response_malformed: 'reset',
  attempt_timeout: 'timeout',
  first_byte_timeout: 'timeout',
  send_timeout: 'timeout',
  response_incomplete: 'incomplete',
  idle_timeout: 'incomplete',
};

/** An attempt with less time than this could only add load. */
export const ATTEMPT_MIN_MS = 5;

/** A request that was told to come back keeps its place at the upstream for no longer than this; its client is told instead. */
export const PLACE_PAUSE_MAX_MS = 2_000;

/** What the last attempt met, and how things stand with the request. */
export interface Tried {
  /** Null: it was answered, with `status`. */
  readonly failure: Failure | null;
  readonly status: number;
  /** Retry-After of that answer, NaN without one. */
  readonly retryAfterMs: number;
  /** Another target is well that was not asked yet: it has said nothing about when to come. */
  readonly goesElsewhere: boolean;
  /** The request counts at the upstream's gate while it waits. */
  readonly holdsPlace: boolean;
  /** Sending the request twice is as good as sending it once, see `isRepeatable`. */
  readonly isRepeatable: boolean;
  /** The whole body can be sent again; true without a body. */
  readonly isReplayable: boolean;
  /** Retries that were made before. */
  readonly retries: number;
  /** Until the deadline. */
  readonly leftMs: number;
}

export type RetryVerdict =
  | { readonly kind: 'again'; readonly afterMs: number }
  | { readonly kind: 'give-up'; readonly why: GiveUpReason };

export type GiveUpReason = 'condition' | 'count' | 'unsafe' | 'body' | 'deadline' | 'place' | 'budget';

export function judgeRetry(spec: RetrySpec, tried: Tried, budget: Budget, nowMs: number, random: Random): RetryVerdict {
  const condition = conditionMet(spec, tried);
  if (condition === null || !spec.on.includes(condition)) return giveUp('condition');
  if (tried.retries >= spec.retries) return giveUp('count');
  const nothingSent = tried.failure !== null && failureTable[tried.failure.code].retry === 'always';
  if (!nothingSent && !tried.isRepeatable) return giveUp('unsafe');
  if (!tried.isReplayable) return giveUp('body');
  const afterMs = pauseMs(spec, tried, nothingSent, random);
  if (!fits(afterMs, tried.leftMs)) return giveUp('deadline');
  if (tried.holdsPlace && isAsked(tried) && afterMs > PLACE_PAUSE_MAX_MS) return giveUp('place');
  if (!budget.withdraw(nowMs)) return giveUp('budget');
  return { kind: 'again', afterMs };
}

/** Whether an attempt after this pause has a chance before the deadline. */
export function fits(afterMs: number, leftMs: number): boolean {
  return leftMs - afterMs > ATTEMPT_MIN_MS;
}

const giveUp = (why: GiveUpReason): RetryVerdict => ({ kind: 'give-up', why });

function conditionMet(spec: RetrySpec, { failure, status }: Tried): RetryCondition | null {
  if (failure === null) return spec.statuses.includes(status) ? 'status' : null;
  return failureTable[failure.code].retry === 'never' ? null : (conditionOf[failure.code] ?? null);
}

/**
 * Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015): uniform between nothing and a bound that
 * doubles, so that requests that failed together don't come back together. What no upstream has seen goes elsewhere at
 * once, the first time, and so does what one target has asked to come later. Where there is no other, a target that
 * says when to come back is taken at its word.
 */
function pauseMs(spec: RetrySpec, tried: Tried, nothingSent: boolean, random: Random): number {
  const { retries, retryAfterMs, goesElsewhere } = tried;
  const isTold = !Number.isNaN(retryAfterMs);
  if (retries === 0 && (nothingSent || (isTold && goesElsewhere))) return 0;
  const jitteredMs = random() * Math.min(spec.backoffMaxMs, spec.backoffMs * 2 ** retries);
  return isAsked(tried) ? Math.max(jitteredMs, retryAfterMs) : jitteredMs;
}

/** Whoever is asked next has said when. */
const isAsked = ({ retryAfterMs, goesElsewhere }: Tried): boolean => !Number.isNaN(retryAfterMs) && !goesElsewhere;
