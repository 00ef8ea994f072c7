/**
 * Picks the target of an attempt and embraces the attempt: in flight, load, and the health of target and upstream are
 * told when it begins, and once when it ends, however that is. Owns `target.inFlight`.
 * Whatever stands below gets a request that knows its target; whatever dispatches again from above gets a new pick.
 *
 * Load is told when the answer is there, which is the end of a short one and the head of any other: a long body or a
 * stream takes the time that it takes, but a short answer that stalls half-way is not there yet.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import { type HeaderList, headerValue, type MutableHeaderList } from '@weir/proto/http/headers.js';
import { retryAfterMs } from '@weir/proto/http/retry-after.js';
import type { Place } from '../pipeline/chain.js';
import { withTarget } from '../pipeline/derived-request.js';
import {
  type Cancel,
  type GatewayRequest,
  nothingToCancel,
  type RequestBody,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import { PassedBody } from '../pipeline/passed-body.js';
import type { ChainServices } from '../pipeline/services.js';
import { withTunnelEnd } from '../pipeline/tunnel-end.js';
import { type Clock, stalledMs } from '../time/clock.js';
import { NOT_BEGUN } from '../upstream/balance/load.js';
import { pickerOf } from '../upstream/balance/pick.js';
import { circuitOpen, noTarget } from '../upstream/balance/refusal.js';
import { createSticky, type Sticky } from '../upstream/balance/sticky.js';
import { UsualWait, waitedForTargetMs } from '../upstream/health/overdue.js';
import type { AttemptOutcome, Epoch } from '../upstream/health/standing.js';
import type { Target } from '../upstream/target.js';
import type { Upstream } from '../upstream/upstreams.js';

/** A longer answer, or one of unknown length, is there when its head is. */
const SHORT_ANSWER_BYTES = 64 * 1024;

export const balance: Place = (route, services) => {
  if (route.action.kind !== 'proxy') return null;
  const { clock, observer, random } = services;
  const upstreamId = route.action.upstream;
  const upstream = services.upstreams.get(upstreamId);
  if (upstream === undefined)
    return () => (request, handler) => refuse(noTarget(upstreamId, [], 0), upstreamId, request, handler);
  const sticky = stickyOf(upstream, services);
  const usual = new UsualWait();
  const pick = pickerOf(upstream, { random, sticky, decided: (decision) => observer.decided(decision, route.id) });
  return (next) => (request, handler) => {
    const nowMs = clock.nowMs();
    if (upstream.health.standing(nowMs) === 'out') {
      observer.decided('breaker_refused', route.id);
      return refuse(circuitOpen(upstreamId, upstream.health, nowMs), upstreamId, request, handler);
    }
    const target = pick(request, nowMs);
    if (target === null) return refuse(noTarget(upstreamId, upstream.targets, nowMs), upstreamId, request, handler);
    request.exchange.upstreamId = upstreamId;
    const cookie = sticky === null ? null : sticky.cookieFor(request, upstream.targets.indexOf(target));
    const held = new Held(request, handler, target, upstream, usual, clock, nowMs, cookie);
    held.cancelNext = next(withTarget(request, target, held.watch(request.body)), held);
    return held.cancel;
  };
};

function stickyOf({ spec, targets }: Upstream, services: ChainServices): Sticky | null {
  if (spec.balance.sticky === null) return null;
  const { cookie, maxAgeS, secret } = spec.balance.sticky;
  const known = stickyOfUpstream.get(targets);
  if (known !== undefined) return known;
  const key = services.reveal(secret);
  if (key === '') throw new Error(`upstream "${spec.id}": the secret of the sticky cookie is empty`);
  const sign = (text: string): string => services.sign(key, text);
  const specs = targets.map((target) => target.spec);
  const sticky = createSticky({ upstreamId: spec.id, cookie, maxAgeS, targets: specs, sign });
  stickyOfUpstream.set(targets, sticky);
  return sticky;
}

/**
 * Signing takes longer than all the rest of a route, and comes to the same for each: an upstream that is described
 * otherwise has other targets, and the environment that fills its secret lives as long as the process.
 */
const stickyOfUpstream = new WeakMap<Upstream['targets'], Sticky>();

function refuse(failed: Failure, upstreamId: string, request: GatewayRequest, handler: ResponseHandler): Cancel {
  request.exchange.upstreamId = upstreamId;
  handler.onError(failed);
  return nothingToCancel;
}

/** One attempt, as all who keep an account of it see it. */
class Held implements ResponseHandler {
  cancelNext: Cancel = nothingToCancel;
  readonly #request: GatewayRequest;
  readonly #handler: ResponseHandler;
  readonly #target: Target;
  readonly #upstream: Upstream;
  readonly #usual: UsualWait;
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  /** For how long this gateway had stood still by then: what it sleeps through from here on is not the target's time. */
  readonly #stalledBeforeMs: number;
  /** Attempts of this exchange before this one: one that was never made has added none. */
  readonly #attemptsBefore: number;
  readonly #setCookie: string | null;
  readonly #isTrial: boolean;
  readonly #targetEpoch: Epoch;
  readonly #upstreamEpoch: Epoch;
  #loadToken = NOT_BEGUN;
  #isAnswered = false;
  #isInFlight = true;
  #isLoadTold = false;
  #isHealthTold = false;
  #headAtMs = Number.NaN;
  #status = 0;
  #retryAfterMs = Number.NaN;

  constructor(
    request: GatewayRequest,
    handler: ResponseHandler,
    target: Target,
    upstream: Upstream,
    usual: UsualWait,
    clock: Clock,
    nowMs: number,
    setCookie: string | null,
  ) {
    this.#request = request;
    this.#handler = handler;
    this.#target = target;
    this.#upstream = upstream;
    this.#usual = usual;
    this.#clock = clock;
    this.#startedAtMs = nowMs;
    this.#stalledBeforeMs = stalledMs(clock);
    this.#attemptsBefore = request.exchange.attempts.length;
    this.#setCookie = setCookie;
    this.#isTrial = target.health.standing(nowMs) !== 'well' || upstream.health.standing(nowMs) !== 'well';
    target.inFlight += 1;
    this.#targetEpoch = target.health.begin(nowMs);
    this.#upstreamEpoch = upstream.health.begin(nowMs);
    if (request.body === null) this.#loadToken = target.load.begin(nowMs);
  }

  readonly cancel: Cancel = () => {
    // A retry lets go of a 503 when it has seen its head: that is an answer, and not one that was given up.
    this.#end(null, this.#status < 500);
    this.cancelNext();
  };

  watch(body: RequestBody | null): RequestBody | null {
    return body === null || !this.#target.load.isTimed ? body : new TimedBody(body, this);
  }

  bodyEnded(): void {
    if (!this.#isAnswered && !this.#isLoadTold) this.#loadToken = this.#target.load.begin(this.#clock.nowMs());
  }

  onHeaders(head: ResponseHead): void {
    this.#headAtMs = this.#clock.nowMs();
    this.#status = head.status;
    if (head.status < 500) this.#usual.answered(this.#headAtMs - this.#startedAtMs - this.#sleptMs());
    // With a 429 it is said to one client, and would keep the target from all others.
    if (head.status === 503) {
      this.#retryAfterMs = retryAfterMs(headerValue(head.headers, 'retry-after'), this.#clock.wallMs());
    }
    if (head.lengthBytes === null || head.lengthBytes > SHORT_ANSWER_BYTES) {
      this.#answered(this.#headAtMs);
      // Who is on trial gets nothing else to do until its one attempt has ended, and a stream may take hours.
      if (this.#isTrial) this.#tellHealth(this.#outcome(this.#headAtMs, null, false));
    }
    const { status, lengthBytes } = head;
    if (this.#setCookie === null || status >= 500) this.#handler.onHeaders(head);
    else {
      const headers = this.#withCookie(head.headers);
      this.#handler.onHeaders({ status, headers, lengthBytes, resume: () => head.resume() });
    }
  }

  onData(chunk: Uint8Array): boolean {
    const isOpen = this.#handler.onData(chunk);
    // From here on the client is waited for, too.
    if (!isOpen && !this.#isAnswered) this.#answered(this.#clock.nowMs());
    return isOpen;
  }

  onComplete(): void {
    this.#end(null, false);
    this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    this.#end(failed, false);
    this.#handler.onError(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#headAtMs = this.#clock.nowMs();
    this.#status = 101;
    // The handshake was the request; the tunnel that it opens is only in flight.
    this.#tell(null, false);
    this.#handler.onUpgrade?.(
      this.#setCookie === null ? headers : this.#withCookie(headers),
      withTunnelEnd(peer, () => this.#release()),
    );
  }

  #withCookie(headers: HeaderList): HeaderList {
    const list: MutableHeaderList = headers.slice();
    if (this.#setCookie !== null) list.push('set-cookie', this.#setCookie);
    return list;
  }

  #answered(nowMs: number): void {
    this.#isAnswered = true;
    if (this.#loadToken !== NOT_BEGUN) this.#target.load.answered(this.#loadToken, nowMs);
  }

  #end(failed: Failure | null, isCancelled: boolean): void {
    this.#release();
    this.#tell(failed, isCancelled);
  }

  #release(): void {
    if (!this.#isInFlight) return;
    this.#isInFlight = false;
    this.#target.inFlight -= 1;
  }

  #tell(failed: Failure | null, isCancelled: boolean): void {
    if (this.#isLoadTold) return;
    this.#isLoadTold = true;
    const outcome = this.#outcome(this.#clock.nowMs(), failed, isCancelled);
    this.#target.load.end(this.#loadToken, outcome);
    this.#tellHealth(outcome);
  }

  /** Ended by the deadline, or by a client that left, and not by another attempt that was faster. */
  #isOverdue(nowMs: number): boolean {
    const { deadlineAtMs, failure: why, attempts } = this.#request.exchange;
    if (nowMs < deadlineAtMs && why?.code !== 'client_gone') return false;
    return this.#usual.isOverdue(waitedForTargetMs(attempts[this.#attemptsBefore], nowMs) - this.#sleptMs());
  }

  /** Since the attempt began. */
  #sleptMs(): number {
    return stalledMs(this.#clock) - this.#stalledBeforeMs;
  }

  #tellHealth(outcome: AttemptOutcome): void {
    if (this.#isHealthTold) return;
    this.#isHealthTold = true;
    this.#target.health.end(this.#targetEpoch, outcome);
    this.#upstream.health.end(this.#upstreamEpoch, outcome);
  }

  #outcome(endedAtMs: number, failed: Failure | null, isCancelled: boolean): AttemptOutcome {
    return {
      startedAtMs: this.#startedAtMs,
      headAtMs: this.#headAtMs,
      endedAtMs,
      status: this.#status,
      failure: failed,
      // What was answered in between without asking the target (Max-Forwards: 0) proves nothing about it.
      isCancelled: isCancelled || this.#request.exchange.attempts.length === this.#attemptsBefore,
      isOverdue: isCancelled && this.#isOverdue(endedAtMs),
      retryAfterMs: this.#retryAfterMs,
    };
  }
}

/** The body of an attempt, watched for its end: the time of the target runs from there. */
class TimedBody extends PassedBody {
  readonly #held: Held;

  constructor(source: RequestBody, held: Held) {
    super(source);
    this.#held = held;
  }

  override onEnd(): void {
    this.#held.bodyEnded();
    super.onEnd();
  }
}
