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
 */
import { type Failure, failure, type TimerName, timerFired } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { RouteSpec, RouteTimeouts } from '@weir/proto/snapshot/snapshot.js';
import type { Place } from '../pipeline/chain.js';
import {
  type AttemptPhase,
  type BodySink,
  type Cancel,
  type GatewayRequest,
  nothingToCancel,
  type RequestBody,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import { type Attempt, createAttempt, enterPhase } from '../pipeline/exchange.js';
import type { ChainServices } from '../pipeline/services.js';
import type { Timer } from '../time/clock.js';

export const attempt: Place = (route, services) => {
  if (route.action.kind !== 'proxy') return null;
  const limits = phaseLimits(route.timeouts);
  return (next) => (request, handler) => {
    const run = new Run(request, handler, route, limits, services);
    const body = request.body;
    run.cancelNext = next(body === null ? request : { ...request, body: run.watch(body) }, run);
    return run.cancel;
  };
};

interface PhaseLimit {
  readonly timer: TimerName;
  readonly limitMs: number;
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
  readonly #routeId: string;
  readonly #limits: Readonly<Record<AttemptPhase, PhaseLimit>>;
  readonly #attempt: Attempt;
  readonly #phaseTimer: Timer;
  readonly #attemptTimer: Timer | null;
  readonly #attemptMs: number;
  /** The transport has been given all of the body; what is not sent yet is the upstream's to take. */
  #bodyHandedOver = false;
  #begun = false;
  /** When the phase that is on has lasted too long; Infinity while its limit does not count. */
  #phaseEndsAtMs = Number.POSITIVE_INFINITY;
  /** When the phase timer will look; it is left alone when it looks too early, and looks again. */
  #armedAtMs = Number.POSITIVE_INFINITY;
  #ended = false;

  constructor(
    request: GatewayRequest,
    handler: ResponseHandler,
    route: RouteSpec,
    limits: Readonly<Record<AttemptPhase, PhaseLimit>>,
    services: ChainServices,
  ) {
    const nowMs = services.clock.nowMs();
    this.#handler = handler;
    this.#services = services;
    this.#routeId = route.id;
    this.#limits = limits;
    this.#attempt = createAttempt(request.target?.spec.id ?? '', nowMs);
    this.#bodyHandedOver = request.body === null;
    request.exchange.attempts.push(this.#attempt);
    this.#phaseTimer = services.timers.create(() => this.#look());
    const attemptMs = route.timeouts.attemptMs;
    this.#attemptMs = attemptMs;
    this.#attemptTimer = attemptMs === 0 ? null : services.timers.create(() => this.#fire('attempt', attemptMs));
  }

  readonly cancel: Cancel = () => {
    if (this.#ended) return;
    this.#end(null);
    this.cancelNext();
  };

  onPhase(phase: AttemptPhase): void {
    if (this.#ended) return;
    const nowMs = this.#services.clock.nowMs();
    this.#begin();
    enterPhase(this.#attempt, phase, nowMs);
    // While the body streams, `send` is armed by its progress, see watch().
    if (phase === 'send' && !this.#bodyHandedOver) this.#phaseEndsAtMs = Number.POSITIVE_INFINITY;
    else this.#bound(nowMs + this.#limits[phase].limitMs, nowMs);
  }

  /** The attempt begins with its first phase: a body that is gathered before is the client's time, not the upstream's. */
  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#attemptTimer?.arm(this.#attemptMs);
  }

  onSendProgress(): void {
    if (this.#ended || this.#phaseEndsAtMs === Number.POSITIVE_INFINITY || this.#attempt.phase !== 'send') return;
    this.#restart();
  }

  onHeaders(head: ResponseHead): void {
    if (this.#ended) return;
    this.#attempt.status = head.status;
    if (this.#attempt.phase !== 'body') this.onPhase('body');
    const resume = (): void => {
      if (this.#ended) return;
      this.#restart();
      head.resume();
    };
    try {
      this.#handler.onHeaders({ status: head.status, headers: head.headers, lengthBytes: head.lengthBytes, resume });
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
    if (open) this.#phaseEndsAtMs = this.#services.clock.nowMs() + this.#limits.body.limitMs;
    else this.#phaseEndsAtMs = Number.POSITIVE_INFINITY;
    return open;
  }

  onComplete(): void {
    if (this.#ended) return;
    this.#end(null);
    try {
      this.#handler.onComplete();
    } catch (error) {
      this.#services.onBug(error);
    }
  }

  onError(failed: Failure): void {
    if (this.#ended) return;
    this.#end(failed);
    try {
      this.#handler.onError(failed);
    } catch (error) {
      this.#services.onBug(error);
    }
  }

  /**
   * Something above threw. Its exception must not enter the transport, whose state belongs to other exchanges as well:
   * this is the one place where a transport's callbacks enter the chain, so it stops here, and this exchange fails.
   */
  #bug(error: unknown): void {
    this.#services.onBug(error);
    if (this.#ended) return;
    this.cancelNext();
    this.onError(failure('internal_error', 'the gateway failed while it passed the answer on', { cause: error }));
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    if (this.#ended) return;
    this.#attempt.status = 101;
    this.#end(null);
    this.#handler.onUpgrade?.(headers, peer);
  }

  /** The body, watched: `send` counts from where the upstream stops taking it, or from where all of it was handed over. */
  watch(body: RequestBody): RequestBody {
    const run = this;
    return {
      lengthBytes: body.lengthBytes,
      read(sink: BodySink): void {
        body.read({
          onChunk: (chunk) => sink.onChunk(chunk),
          onEnd: () => {
            run.#bodyHandedOver = true;
            run.#startSend();
            sink.onEnd();
          },
          onError: (failed) => sink.onError(failed),
        });
      },
      pause(): void {
        run.#startSend();
        body.pause();
      },
      resume(): void {
        if (run.#attempt.phase === 'send') run.#phaseEndsAtMs = Number.POSITIVE_INFINITY;
        body.resume();
      },
    };
  }

  #startSend(): void {
    if (!this.#ended && this.#attempt.phase === 'send') this.#restart();
  }

  /** Gives the phase that is on its whole limit again. */
  #restart(): void {
    const nowMs = this.#services.clock.nowMs();
    this.#bound(nowMs + this.#limits[this.#attempt.phase].limitMs, nowMs);
  }

  /** Moves the end of the phase; the timer is touched only when it would look too late. */
  #bound(endsAtMs: number, nowMs: number): void {
    this.#phaseEndsAtMs = endsAtMs;
    if (endsAtMs >= this.#armedAtMs) return;
    this.#armedAtMs = endsAtMs;
    this.#phaseTimer.arm(endsAtMs - nowMs);
  }

  #look(): void {
    const nowMs = this.#services.clock.nowMs();
    this.#armedAtMs = Number.POSITIVE_INFINITY;
    if (nowMs >= this.#phaseEndsAtMs) {
      const { timer, limitMs } = this.#limits[this.#attempt.phase];
      this.#fire(timer, limitMs);
    } else if (this.#phaseEndsAtMs !== Number.POSITIVE_INFINITY) {
      this.#bound(this.#phaseEndsAtMs, nowMs);
    }
  }

  #fire(timer: TimerName, limitMs: number): void {
    if (this.#ended) return;
    const failed = timerFired(timer, limitMs);
    this.#services.observer.timerFired(timer, this.#routeId);
    this.#end(failed);
    this.cancelNext();
    this.#handler.onError(failed);
  }

  #end(failed: Failure | null): void {
    this.#ended = true;
    this.#phaseTimer.cancel();
    this.#attemptTimer?.cancel();
    this.#attempt.failure = failed;
    this.#attempt.endedAtMs = this.#services.clock.nowMs();
  }
}
