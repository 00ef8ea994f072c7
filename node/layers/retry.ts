/**
 * Tries again what is safe to try again. Stands outside balance, so that each attempt picks a new target, and inside
 * admit, so that a request holds its one place in the queue for all of its attempts. The decision is in
 * upstream/retry/policy.ts; here it is carried out.
 *
 * A head that is not retried passes at once, and from then on everything passes. The head of an answer that is retried
 * goes no further, and its body is cancelled.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import { retryAfterMs } from '@weir/proto/http/retry-after.js';
import type { RetrySpec } from '@weir/proto/snapshot/resilience.js';
import type { Place } from '../pipeline/chain.js';
import { withBody } from '../pipeline/derived-request.js';
import type { Cancel, Dispatch, GatewayRequest, ResponseHandler, ResponseHead } from '../pipeline/dispatch.js';
import type { ChainServices } from '../pipeline/services.js';
import type { Timer } from '../time/clock.js';
import type { Budget } from '../upstream/retry/budget.js';
import { isAnotherWell } from '../upstream/retry/elsewhere.js';
import { fits, judgeRetry } from '../upstream/retry/policy.js';
import { Redispatching } from '../upstream/retry/redispatch.js';
import { isRepeatable } from '../upstream/retry/repeatable.js';
import { type Replay, replayOf } from '../upstream/retry/replay.js';

export const retry: Place = (route, services) => {
  const spec = route.retry;
  if (spec === null || spec.retries === 0 || route.action.kind !== 'proxy') return null;
  const upstreamId = route.action.upstream;
  const budget = services.budgets.budget('retry', route.id, upstreamId, {
    share: spec.budgetShare,
    floorPerS: spec.budgetFloorPerS,
  });
  const statuses = spec.on.includes('status') ? spec.statuses : [];
  return (next) => {
    const rules: Rules = { next, spec, statuses, budget, services, routeId: route.id, upstreamId };
    return (request, handler) => new Retrying(request, handler, rules).begin();
  };
};

/** What all exchanges of a route retry by. */
interface Rules {
  readonly next: Dispatch;
  readonly spec: RetrySpec;
  /** Empty where answers are not retried. */
  readonly statuses: readonly number[];
  readonly budget: Budget;
  readonly services: ChainServices;
  readonly routeId: string;
  readonly upstreamId: string;
}

/** Upstreams state when to come back with these (RFC 9110 §10.2.3, RFC 6585 §4). */
const statesRetryAfter = (status: number): boolean => status === 503 || status === 429;

class Retrying extends Redispatching {
  readonly #request: GatewayRequest;
  readonly #rules: Rules;
  #replay: Replay | null = null;
  /** Else a layer above will want the body even if this one has no use for it any more. */
  #ownsReplay = false;
  #timer: Timer | null = null;
  #retries = 0;
  #afterMs = 0;
  /** What the client gets should there be no time left when the pause is over. */
  #lastFailure: Failure | null = null;

  constructor(request: GatewayRequest, handler: ResponseHandler, rules: Rules) {
    super(handler);
    this.#request = request;
    this.#rules = rules;
  }

  begin(): Cancel {
    const { budget, next, spec, services } = this.#rules;
    const { body, cause, exchange } = this.#request;
    // What a fallback sends is the same request once more; it was counted when it came.
    if (cause === undefined) budget.deposit(exchange.receivedAtMs);
    const replay = body === null ? null : replayOf(body, spec.bodyBytesMax, services.bodies);
    this.#replay = replay;
    this.#ownsReplay = replay !== null && replay.source === body;
    this.send(next, this.#ownsReplay && replay !== null ? withBody(this.#request, replay.body()) : this.#request);
    return this.cancel;
  }

  protected override keepsAnswer(head: ResponseHead): boolean {
    if (head.status >= 400 && this.#rules.statuses.includes(head.status) && this.#mayTryAgain(null, head)) return false;
    if (this.#ownsReplay) this.#replay?.letGo();
    return true;
  }

  protected override failureToPass(failed: Failure): Failure | null {
    return this.#mayTryAgain(failed, null) ? null : failed;
  }

  #mayTryAgain(failed: Failure | null, head: ResponseHead | null): boolean {
    const { spec, budget, services, routeId, upstreamId } = this.#rules;
    const { method, headers, exchange } = this.#request;
    const nowMs = services.clock.nowMs();
    const retryAfterMs = head !== null && statesRetryAfter(head.status) ? askedPauseMs(head, services) : Number.NaN;
    const upstream = services.upstreams.get(upstreamId);
    const tried = {
      failure: failed,
      status: head?.status ?? 0,
      retryAfterMs,
      goesElsewhere: !Number.isNaN(retryAfterMs) && isAnotherWell(upstream?.targets ?? [], exchange.attempts, nowMs),
      holdsPlace: (upstream?.spec.concurrency ?? null) !== null,
      isRepeatable: isRepeatable(method, headers),
      isReplayable: this.#replay === null || (this.#replay.isWhole && this.#replay.isWithin(spec.bodyBytesMax)),
      retries: this.#retries,
      leftMs: exchange.deadlineAtMs - nowMs,
    };
    const verdict = judgeRetry(spec, tried, budget, nowMs, services.random);
    if (verdict.kind === 'give-up') {
      if (verdict.why === 'budget') services.observer.decided('retry_refused_budget', routeId);
      if (verdict.why === 'place') services.observer.decided('retry_refused_place', routeId);
      if (verdict.why === 'deadline') services.observer.decided('retry_refused_deadline', routeId);
      return false;
    }
    this.#lastFailure = failed;
    this.#afterMs = verdict.afterMs;
    return true;
  }

  protected override again(): void {
    this.#replay?.detach();
    if (this.#afterMs === 0) {
      this.#sendAgain();
      return;
    }
    this.#timer ??= this.#rules.services.timers.create(() => this.#sendAgain());
    this.#timer.arm(this.#afterMs);
  }

  #sendAgain(): void {
    const { next, services, routeId } = this.#rules;
    // Timers fire late, and how late is not known before.
    if (!fits(0, this.#request.exchange.deadlineAtMs - services.clock.nowMs())) {
      services.observer.decided('retry_refused_deadline', routeId);
      this.fail(this.#lastFailure ?? failure('deadline_unreachable', 'no time is left to ask once more'));
      return;
    }
    this.#retries += 1;
    services.observer.decided('retry', routeId);
    this.send(next, { ...this.#request, cause: 'retry', body: this.#replay?.body() ?? null });
  }

  protected override over(): void {
    if (this.#ownsReplay) this.#replay?.release();
  }

  protected override stop(): void {
    this.#timer?.cancel();
  }
}

function askedPauseMs(head: ResponseHead, services: ChainServices): number {
  return retryAfterMs(headerValue(head.headers, 'retry-after'), services.clock.wallMs());
}
