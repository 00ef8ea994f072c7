/**
 * All timers of one attempt at one target, and its record in the exchange's timeline.
 *
 *   dispatch ─▶ queue ─▶ connect ─▶ tls ─▶ send ─▶ firstByte ─▶ body ─▶ end
 *               queueMs  connectMs  tlsMs  sendMs  firstByteMs  idleMs
 *               └──────────────────── attemptMs ──────────────────────┘
 *
 * The transport below says which phase it is in; each phase has one limit, and the one timer of the phases fires for
 * the phase that is on. Two limits count lack of progress instead of time: `send` runs only while the upstream does
 * not take what there is to send, and `idle` only while the client takes what there is to read; a slow client is not
 * the upstream's fault and has timers of its own (clientBody, clientIdle).
 *
 * `firstByte` and `attempt` may be learnt. Each attempt then tells how long it took, or after what time it was given up
 * (latency/quantiles.ts), and goes by the limits that were in force when it began.
 */
import { type Failure, failure, type TimerName, timerFired } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { LearntLimitSpec } from '@weir/proto/snapshot/resilience.js';
import type { RouteSpec, RouteTimeouts } from '@weir/proto/snapshot/snapshot.js';
import { timeoutsWithoutJob } from '../jobs/job-limits.js';
import type { NoJob } from '../jobs/no-job.js';
import type { LearntWait } from '../latency/latency-store.js';
import { LearntLimit } from '../latency/learnt-limit.js';
import type { Place } from '../pipeline/chain.js';
import { withBody } from '../pipeline/derived-request.js';
import {
  type AttemptPhase,
  type Cancel,
  type GatewayRequest,
  nothingToCancel,
  type RequestBody,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import { type Attempt, createAttempt, enterPhase } from '../pipeline/exchange.js';
import { PassedBody } from '../pipeline/passed-body.js';
import type { ChainServices } from '../pipeline/services.js';
import type { Timer } from '../time/clock.js';

export const attempt: Place = (route, services) => {
  if (route.action.kind !== 'proxy') return null;
  const { upstream } = route.action;
  const limits = routeLimits(route, upstream, services);
  const withoutJob = timeoutsWithoutJob(route.timeouts);
  const own = withoutJob === null ? null : routeLimits({ ...route, timeouts: withoutJob }, upstream, services);
  return (next) => (request, handler) => {
    const run = new Run(request, handler, limits, services);
    if (own !== null) run.goBackTo(own, request.exchange.noJob);
    const body = request.body;
    run.cancelNext = next(body === null ? request : withBody(request, new SentBody(body, run)), run);
    return run.cancel;
  };
};

interface PhaseLimit {
  readonly timer: TimerName;
  readonly limitMs: number;
}

/** All limits of a route's attempts. */
interface RouteLimits {
  readonly routeId: string;
  readonly phases: Readonly<Record<AttemptPhase, PhaseLimit>>;
  /** 0: no limit. */
  readonly attemptMs: number;
  /** Where these are learnt, they replace the ones above. */
  readonly firstByteLearnt: LearntLimit | null;
  readonly attemptLearnt: LearntLimit | null;
}

function routeLimits({ id, timeouts }: RouteSpec, upstreamId: string, services: ChainServices): RouteLimits {
  // Patient: a limit that is too short ends answers that would have come.
  const learnt = (spec: LearntLimitSpec | null, wait: LearntWait): LearntLimit | null =>
    spec?.kind === 'adaptive'
      ? new LearntLimit(spec, services.latencies.window(id, upstreamId, wait), 'patient')
      : null;
  return {
    routeId: id,
    phases: phaseLimits(timeouts),
    attemptMs: timeouts.attemptMs,
    firstByteLearnt: learnt(timeouts.firstByteLearnt, 'firstByte'),
    attemptLearnt: learnt(timeouts.attemptLearnt, 'attempt'),
  };
}

/** Which timer is on in which phase: the table of the drawing above. */
function phaseLimits(timeouts: RouteTimeouts): Readonly<Record<AttemptPhase, PhaseLimit>> {
  return {
    queue: { timer: 'queue', limitMs: timeouts.queueMs },
    connect: { timer: 'connect', limitMs: timeouts.connectMs },
    tls: { timer: 'tls', limitMs: timeouts.tlsMs },
    send: { timer: 'send', limitMs: timeouts.sendMs },
    firstByte: { timer: 'firstByte', limitMs: timeouts.firstByteMs },
    body: { timer: 'idle', limitMs: timeouts.idleMs },
  };
}

class Run implements ResponseHandler {
  cancelNext: Cancel = nothingToCancel;
  readonly #handler: ResponseHandler;
  readonly #services: ChainServices;
  #limits: RouteLimits;
  readonly #attempt: Attempt;
  readonly #phaseTimer: Timer;
  #attemptTimer: Timer | null = null;
  #attemptMs = 0;
  #firstByteMs = 0;
  #hearNoMore: (() => void) | null = null;
  /** The transport has been given all of the body; what is not sent yet is the upstream's to take. */
  #bodyHandedOver = false;
  /** NaN: no phase has begun. */
  #begunAtMs = Number.NaN;
  /** When the phase that is on has lasted too long; Infinity while its limit does not count. */
  #phaseEndsAtMs = Number.POSITIVE_INFINITY;
  /** When the phase timer will look; it is left alone when it looks too early, and looks again. */
  #armedAtMs = Number.POSITIVE_INFINITY;
  #ended = false;

  constructor(request: GatewayRequest, handler: ResponseHandler, limits: RouteLimits, services: ChainServices) {
    const nowMs = services.clock.nowMs();
    const { target } = request;
    this.#handler = handler;
    this.#services = services;
    this.#limits = limits;
    this.#attempt = createAttempt(target?.spec.id ?? '', nowMs, request.cause, target?.inFlight, target?.upstreamId);
    this.#bodyHandedOver = request.body === null;
    request.exchange.attempts.push(this.#attempt);
    this.#phaseTimer = services.timers.create(() => this.#look());
    this.#takeLimits(limits, nowMs);
  }

  #takeLimits(limits: RouteLimits, nowMs: number): void {
    this.#limits = limits;
    this.#firstByteMs = limits.firstByteLearnt?.at(nowMs) ?? limits.phases.firstByte.limitMs;
    const attemptMs = limits.attemptLearnt?.at(nowMs) ?? limits.attemptMs;
    this.#attemptMs = attemptMs;
    this.#attemptTimer = attemptMs === 0 ? null : this.#services.timers.create(() => this.#fire('attempt', attemptMs));
  }

  /** These hold when it is certain that no job is made of the request, from the beginning of what they limit. */
  goBackTo(own: RouteLimits, noJob: NoJob | null): void {
    const goBack = (): void => {
      const nowMs = this.#services.clock.nowMs();
      this.#attemptTimer?.cancel();
      this.#takeLimits(own, nowMs);
      if (Number.isNaN(this.#begunAtMs)) return;
      const { phase, phaseStartMs } = this.#attempt;
      if (this.#attemptMs > 0) this.#attemptTimer?.arm(Math.max(0, this.#begunAtMs + this.#attemptMs - nowMs));
      if (phase === 'firstByte') this.#bound(Math.max(nowMs, phaseStartMs.firstByte + this.#firstByteMs), nowMs);
    };
    if (noJob?.isCertain === true) goBack();
    else if (noJob !== null) this.#hearNoMore = noJob.listen(goBack);
  }

  readonly cancel: Cancel = () => {
    if (this.#ended) return;
    this.#end(null, false);
    this.cancelNext();
  };

  onPhase(phase: AttemptPhase): void {
    if (this.#ended) return;
    const nowMs = this.#services.clock.nowMs();
    this.#begin(nowMs);
    enterPhase(this.#attempt, phase, nowMs);
    // While the body streams, `send` is armed by its progress, see SentBody.
    if (phase === 'send' && !this.#bodyHandedOver) this.#phaseEndsAtMs = Number.POSITIVE_INFINITY;
    else this.#bound(nowMs + this.#limitMs(phase), nowMs);
  }

  /** The attempt begins with its first phase: a body that is gathered before is the client's time, not the upstream's. */
  #begin(nowMs: number): void {
    if (!Number.isNaN(this.#begunAtMs)) return;
    this.#begunAtMs = nowMs;
    this.#attemptTimer?.arm(this.#attemptMs, nowMs);
  }

  onSendProgress(): void {
    if (this.#ended || this.#phaseEndsAtMs === Number.POSITIVE_INFINITY || this.#attempt.phase !== 'send') return;
    this.#restart();
  }

  onHeaders(head: ResponseHead): void {
    if (this.#ended) return;
    this.#attempt.status = head.status;
    if (this.#attempt.phase !== 'body') this.onPhase('body');
    this.#learnFirstByte(this.#attempt.phaseStartMs.body, head.status);
    try {
      this.#handler.onHeaders(new WatchedHead(head, this));
    } catch (error) {
      this.#bug(error);
    }
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#ended) return false;
    let open = false;
    try {
      open = this.#handler.onData(chunk);
    } catch (error) {
      this.#bug(error);
      return false;
    }
    if (open) this.#phaseEndsAtMs = this.#services.clock.nowMs() + this.#limits.phases.body.limitMs;
    else this.#phaseEndsAtMs = Number.POSITIVE_INFINITY;
    return open;
  }

  onComplete(): void {
    if (this.#ended) return;
    this.#end(null, true);
    try {
      this.#handler.onComplete();
    } catch (error) {
      this.#services.onBug(error);
    }
  }

  onError(failed: Failure): void {
    if (this.#ended) return;
    this.#end(failed, false);
    this.#tell(failed);
  }

  #tell(failed: Failure): void {
    try {
      this.#handler.onError(failed);
    } catch (error) {
      this.#services.onBug(error);
    }
  }

  /** The client takes what there is again: `idle` counts from now. */
  resume(head: ResponseHead): void {
    if (this.#ended) return;
    this.#restart();
    head.resume();
  }

  /**
   * Something above threw. Its exception must enter neither the transport nor the timers, whose state belongs to other
   * exchanges as well: this is the one place where their callbacks enter the chain, so it stops here, and this exchange fails.
   */
  #bug(error: unknown): void {
    this.#services.onBug(error);
    if (this.#ended) return;
    this.cancelNext();
    this.onError(bugAbove(error));
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    if (this.#ended) return;
    this.#attempt.status = 101;
    // The attempt ends with the handshake; what is learnt of it is how long that took.
    this.#end(null, true);
    try {
      this.#handler.onUpgrade?.(headers, peer);
    } catch (error) {
      this.#services.onBug(error);
      // Who was to take the tunnel may not have got it, and the other end must not wait for it.
      peer.terminate();
      this.#tell(bugAbove(error));
    }
  }

  /** All of the body was handed over. */
  bodyEnded(): void {
    this.#bodyHandedOver = true;
    this.startSend();
  }

  /** The upstream takes the body again. */
  sendGoesOn(): void {
    if (this.#attempt.phase === 'send') this.#phaseEndsAtMs = Number.POSITIVE_INFINITY;
  }

  /** The upstream is to take what it was given: from here its time for that counts. */
  startSend(): void {
    if (!this.#ended && this.#attempt.phase === 'send') this.#restart();
  }

  /** Gives the phase that is on its whole limit again. */
  #restart(): void {
    const nowMs = this.#services.clock.nowMs();
    this.#bound(nowMs + this.#limitMs(this.#attempt.phase), nowMs);
  }

  #limitMs(phase: AttemptPhase): number {
    if (phase === 'firstByte') return this.#firstByteMs;
    const { phases } = this.#limits;
    // What nearly every attempt goes on to, by a name that does not vary.
    return phase === 'body' ? phases.body.limitMs : phases[phase].limitMs;
  }

  /** Moves the end of the phase; the timer is touched only when it would look too late. */
  #bound(endsAtMs: number, nowMs: number): void {
    this.#phaseEndsAtMs = endsAtMs;
    if (endsAtMs >= this.#armedAtMs) return;
    this.#armedAtMs = endsAtMs;
    this.#phaseTimer.arm(endsAtMs - nowMs, nowMs);
  }

  #look(): void {
    const nowMs = this.#services.clock.nowMs();
    this.#armedAtMs = Number.POSITIVE_INFINITY;
    if (nowMs >= this.#phaseEndsAtMs) {
      const { phase } = this.#attempt;
      this.#fire(this.#limits.phases[phase].timer, this.#limitMs(phase));
    } else if (this.#phaseEndsAtMs !== Number.POSITIVE_INFINITY) {
      this.#bound(this.#phaseEndsAtMs, nowMs);
    }
  }

  #fire(timer: TimerName, limitMs: number): void {
    if (this.#ended) return;
    const failed = timerFired(timer, limitMs);
    this.#services.observer.timerFired(timer, this.#limits.routeId);
    this.#end(failed, false);
    this.cancelNext();
    this.#tell(failed);
  }

  #end(failed: Failure | null, isWhole: boolean): void {
    this.#ended = true;
    this.#hearNoMore?.();
    this.#phaseTimer.cancel();
    this.#attemptTimer?.cancel();
    const nowMs = this.#services.clock.nowMs();
    this.#attempt.failure = failed;
    this.#attempt.endedAtMs = nowMs;
    if (this.#attempt.phase === 'firstByte') this.#learnFirstByte(nowMs, this.#attempt.status);
    this.#learnAttempt(nowMs, isWhole);
  }

  /** The wait for the head ended now. Nothing is learnt of how long answers take from an error, which may come fast. */
  #learnFirstByte(nowMs: number, status: number): void {
    const learnt = this.#limits.firstByteLearnt;
    const waitedMs = nowMs - this.#attempt.phaseStartMs.firstByte;
    // NaN: the answer began before all of the request was sent.
    if (learnt === null || Number.isNaN(waitedMs)) return;
    if (isAnswer(status)) learnt.answered(waitedMs, nowMs);
    else learnt.gaveUp(waitedMs, nowMs);
  }

  #learnAttempt(nowMs: number, isWhole: boolean): void {
    const learnt = this.#limits.attemptLearnt;
    const tookMs = nowMs - this.#begunAtMs;
    if (learnt === null || Number.isNaN(tookMs)) return;
    if (isWhole && isAnswer(this.#attempt.status)) learnt.answered(tookMs, nowMs);
    else learnt.gaveUp(tookMs, nowMs);
  }
}

const bugAbove = (cause: unknown): Failure =>
  failure('internal_error', 'the gateway failed while it passed the answer on', { cause });

/** The body of an attempt: `send` counts from where the upstream stops taking it, or from where all of it was handed over. */
class SentBody extends PassedBody {
  readonly #run: Run;

  constructor(source: RequestBody, run: Run) {
    super(source);
    this.#run = run;
  }

  override onEnd(): void {
    this.#run.bodyEnded();
    super.onEnd();
  }

  override pause(): void {
    this.#run.startSend();
    super.pause();
  }

  override resume(): void {
    this.#run.sendGoesOn();
    super.resume();
  }
}

/** The head of an attempt's answer, whose valve its attempt watches. A class, as EditedHead is, for the same reason. */
class WatchedHead implements ResponseHead {
  readonly status: number;
  readonly headers: HeaderList;
  readonly lengthBytes: number | null;
  readonly #below: ResponseHead;
  readonly #run: Run;

  constructor(below: ResponseHead, run: Run) {
    this.status = below.status;
    this.headers = below.headers;
    this.lengthBytes = below.lengthBytes;
    this.#below = below;
    this.#run = run;
  }

  resume(): void {
    this.#run.resume(this.#below);
  }
}

/** What the route's own latency is learnt from. */
function isAnswer(status: number): boolean {
  return status > 0 && status < 500;
}
