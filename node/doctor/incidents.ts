/**
 * What of an exchange that is over was a timeout, and what nearly was one: more than four fifths of a limit were used
 * although the answer came.
 *
 * `isUneventful` is all that a healthy request pays: an answer that was quicker than four fifths of the shortest limit
 * of its route can't have come near any of them, so nothing else is looked at. Phases that count lack of progress (`send`,
 * `idle`) have no near: their length says nothing about their limit. Neither has a limit that is learnt, for it is meant
 * to lie close.
 */
import type { WatchedTimer } from '@weir/proto/events/doctor.js';
import type { RouteTimeouts } from '@weir/proto/snapshot/snapshot.js';
import { type Attempt, decisiveAttempt, type Exchange } from '../pipeline/exchange.js';

/** Share of a limit from which an answer counts as a near-timeout. */
export const NEAR_SHARE = 0.8;
/** What took longer than this was not under that limit: a job has others. A timer may fire a little late. */
const FIRED_BY_SHARE = 1.2;
/** A client that leaves sooner than this has changed its mind; later, its own timer has most likely fired. */
export const PATIENCE_MS = 1_000;
/** Attempts of one exchange that are looked at. */
export const ATTEMPTS_MAX = 16;

export interface Incident {
  readonly kind: 'fired' | 'near';
  readonly timer: WatchedTimer;
  readonly limitMs: number;
  readonly elapsedMs: number;
  /** The attempt that it is about; null where none was made. */
  readonly attempt: Attempt | null;
}

/** Four fifths of the shortest limit that time is compared with. */
export function quickBelowMs(timeouts: RouteTimeouts): number {
  const { totalMs, queueMs, connectMs, tlsMs } = timeouts;
  const firstByteMs = timeouts.firstByteLearnt === null ? timeouts.firstByteMs : 0;
  const attemptMs = timeouts.attemptLearnt === null ? timeouts.attemptMs : 0;
  const limits = [totalMs, queueMs, connectMs, tlsMs, firstByteMs, attemptMs].filter((ms) => ms > 0);
  return NEAR_SHARE * Math.min(...limits, Number.MAX_SAFE_INTEGER);
}

export function isUneventful(exchange: Exchange, quickMs: number): boolean {
  const { attempts, failure, receivedAtMs } = exchange;
  const elapsedMs = exchange.endedAtMs - receivedAtMs;
  return (
    failure === null &&
    elapsedMs < quickMs &&
    elapsedMs < NEAR_SHARE * (exchange.deadlineAtMs - receivedAtMs) &&
    (attempts.length === 0 || (attempts.length === 1 && attempts[0]?.failure === null))
  );
}

/** In the order in which they happened. One near-timeout at most, the nearest, and none where a timer fired. */
export function incidentsOf(exchange: Exchange, timeouts: RouteTimeouts): Incident[] {
  const attempts = exchange.attempts.slice(0, ATTEMPTS_MAX);
  const fired = attempts.flatMap((attempt) => firedIn(attempt));
  const whole = firedOutside(exchange);
  if (whole !== null) fired.push(whole);
  if (fired.length > 0 || exchange.failure !== null) return fired;
  let nearest = nearTotal(exchange);
  const place = nearPlace(exchange, timeouts);
  if (shareOf(place) > shareOf(nearest)) nearest = place;
  for (const attempt of attempts) {
    if (attempt.failure !== null || attempt.status === 0) continue;
    for (const near of nearIn(attempt, timeouts)) if (shareOf(near) > shareOf(nearest)) nearest = near;
  }
  return nearest !== null && shareOf(nearest) > NEAR_SHARE ? [nearest] : [];
}

function shareOf(incident: Incident | null): number {
  return incident === null || incident.limitMs <= 0 ? 0 : incident.elapsedMs / incident.limitMs;
}

function firedIn(attempt: Attempt): Incident[] {
  const { failure } = attempt;
  const timer = failure?.code === 'dns_timeout' ? 'connect' : failure?.timer;
  if (failure === null || timer === undefined) return [];
  const lastedMs =
    attempt.endedAtMs - (timer === 'attempt' ? attempt.startedAtMs : attempt.phaseStartMs[attempt.phase]);
  const limitMs = failure.limitMs ?? 0;
  // `send` and `idle` start anew with each piece: the phase lasted longer than what the timer saw.
  const elapsedMs = timer === 'send' || timer === 'idle' || !(lastedMs >= 0) ? limitMs : lastedMs;
  return [{ kind: 'fired', timer, limitMs, elapsedMs, attempt }];
}

/** What ended the exchange as a whole and is not the failure of one of its attempts. */
function firedOutside(exchange: Exchange): Incident | null {
  const { failure, attempts, endedAtMs, receivedAtMs } = exchange;
  if (failure === null) return null;
  const attempt = attempts.at(-1) ?? null;
  const elapsedMs = endedAtMs - receivedAtMs;
  if (failure.code === 'client_gone') {
    // Whoever has the head of its answer leaves for reasons of its own, as a browser does that navigates away.
    const waited = attempt !== null && Number.isNaN(exchange.headersAtMs) && elapsedMs >= PATIENCE_MS;
    return waited ? { kind: 'fired', timer: 'client', limitMs: 0, elapsedMs, attempt } : null;
  }
  const { timer, limitMs = 0 } = failure;
  if (timer === undefined || attempts.some((one) => one.failure?.timer === timer)) return null;
  return { kind: 'fired', timer, limitMs, elapsedMs: timer === 'total' ? elapsedMs : limitMs, attempt };
}

function nearTotal(exchange: Exchange): Incident | null {
  const { status, deadlineAtMs, receivedAtMs, endedAtMs } = exchange;
  const limitMs = deadlineAtMs - receivedAtMs;
  // A tunnel has no deadline, and without one nothing is near.
  if (status === 101 || !Number.isFinite(limitMs)) return null;
  return {
    kind: 'near',
    timer: 'total',
    limitMs,
    elapsedMs: endedAtMs - receivedAtMs,
    attempt: decisiveAttempt(exchange) ?? null,
  };
}

/** Waiting for a place at the upstream, before any attempt. */
function nearPlace(exchange: Exchange, { queueMs }: RouteTimeouts): Incident {
  const attempt = decisiveAttempt(exchange) ?? null;
  return { kind: 'near', timer: 'queue', limitMs: queueMs, elapsedMs: exchange.queuedMs, attempt };
}

function nearIn(attempt: Attempt, timeouts: RouteTimeouts): Incident[] {
  const at = attempt.phaseStartMs;
  const near = (timer: WatchedTimer, limitMs: number, fromMs: number, toMs: number): Incident[] => {
    const elapsedMs = toMs - fromMs;
    return limitMs > 0 && elapsedMs > NEAR_SHARE * limitMs && elapsedMs <= FIRED_BY_SHARE * limitMs
      ? [{ kind: 'near', timer, limitMs, elapsedMs, attempt }]
      : [];
  };
  const after = (...starts: readonly number[]): number => starts.find((start) => start >= 0) ?? Number.NaN;
  const { connectMs, tlsMs, queueMs } = timeouts;
  const firstByteMs = timeouts.firstByteLearnt === null ? timeouts.firstByteMs : 0;
  const attemptMs = timeouts.attemptLearnt === null && attempt.status !== 101 ? timeouts.attemptMs : 0;
  return [
    ...near('queue', queueMs, at.queue, after(at.connect, at.tls, at.send, at.firstByte, at.body)),
    ...near('connect', connectMs, at.connect, after(at.tls, at.send, at.firstByte, at.body)),
    ...near('tls', tlsMs, at.tls, after(at.send, at.firstByte, at.body)),
    ...near('firstByte', firstByteMs, at.firstByte, at.body),
    ...near('attempt', attemptMs, attempt.startedAtMs, attempt.endedAtMs),
  ];
}
