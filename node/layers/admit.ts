/**
 * Lets so many requests at once to the upstream; the others wait for a place, or are refused at once with the time after
 * which to come back. Owns each request's place for as long as it has one, and `exchange.queuedMs`. Who goes first and
 * who is refused is decided in upstream/concurrency/gate.ts.
 *
 *   free ──▶ inside ──▶ left (end of the answer, upgrade, failure, cancel: once)
 *   full ──▶ waiting ──▶ inside
 *               └──▶ refused: queue timer, deadline, shed       └──▶ gone: cancelled
 *
 * It stands above retry and hedge: a place is for a request and all of its attempts, so that an upstream in trouble is
 * not asked more because it is asked again.
 */
import { type Failure, type FailureCode, failure, timerFired } from '@weir/proto/http/failures.js';
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import type { Priority } from '@weir/proto/snapshot/resilience.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Place } from '../pipeline/chain.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import type { ChainServices } from '../pipeline/services.js';
import { awakeMs, type Clock, stalledMs, type Timer } from '../time/clock.js';
import type { Departure, Gate, Refusal, RefusalKind } from '../upstream/concurrency/gate.js';
import { type PriorityRank, Waiter } from '../upstream/concurrency/line.js';

export const admit: Place = (route, services) => {
  if (route.action.kind !== 'proxy') return null;
  const upstreamId = route.action.upstream;
  const spec = services.upstreams.get(upstreamId)?.spec.concurrency ?? null;
  if (spec === null) return null;
  const gate = services.gates.gate(upstreamId, spec);
  return (next) => {
    const entrance: Entrance = { gate, route, services, next };
    const { clock } = services;
    return (request, handler) => {
      if (!gate.enter()) return waitFor(entrance, request, handler);
      const inside = new Inside(entrance, request, handler, awakeMs(clock, clock.nowMs()));
      inside.cancelNext = next(request, inside);
      return inside.cancel;
    };
  };
};

/** What all requests of a route have in common here. */
interface Entrance {
  readonly gate: Gate;
  readonly route: RouteSpec;
  readonly services: ChainServices;
  readonly next: Dispatch;
}

/** Failures that say that the upstream was too slow; `queue_timeout` is one where its pool of connections was the limit. */
const tooSlow: ReadonlySet<FailureCode> = new Set<FailureCode>([
  ...(['queue_timeout', 'connect_timeout', 'tls_timeout', 'send_timeout', 'first_byte_timeout'] as const),
  ...(['idle_timeout', 'attempt_timeout', 'total_timeout'] as const),
]);

/** A request that has a place, which it gives back once. */
class Inside implements ResponseHandler {
  cancelNext: Cancel = nothingToCancel;
  readonly #gate: Gate;
  readonly #clock: Clock;
  /** When the route's own limit ends it; a client may have stated less. */
  readonly #limitAtMs: number;
  readonly #handler: ResponseHandler;
  /** This and the head in time in which the gateway was awake: what it slept through is not the upstream's time. */
  readonly #startedAwakeMs: number;
  readonly #request: GatewayRequest;
  #headAwakeMs = Number.NaN;
  /** Of the time until the head, what the client took to send its body; NaN where the head came before its end. */
  #sendingMs = 0;
  #status = 0;
  #isInside = true;

  constructor(
    { gate, route, services }: Entrance,
    request: GatewayRequest,
    handler: ResponseHandler,
    startedAwakeMs: number,
  ) {
    this.#gate = gate;
    this.#clock = services.clock;
    this.#request = request;
    this.#limitAtMs = request.exchange.receivedAtMs + route.timeouts.totalMs;
    this.#handler = handler;
    this.#startedAwakeMs = startedAwakeMs;
  }

  /** The deadline layer cancels, too: what was cut off at the route's limit was too slow, whoever else leaves just left. */
  readonly cancel: Cancel = () => {
    if (!this.#isInside) {
      this.cancelNext();
      return;
    }
    const nowMs = this.#clock.nowMs();
    try {
      this.cancelNext(); // first: who is admitted in its place should find the upstream rid of it
    } finally {
      this.#leave(this.#cutOff(nowMs), nowMs);
    }
  };

  /** A deadline that the client has stated is a limit of the client: nobody makes an upstream slow by asking for haste. */
  #cutOff(nowMs: number): Departure {
    if (this.#owesBody()) return 'untold';
    if (nowMs >= this.#limitAtMs) return 'slow';
    return this.#status === 0 ? 'abandoned' : this.#told();
  }

  /** Errors that come fast would look like an upstream with time to spare. */
  #told(): Departure {
    if (Number.isNaN(this.#sendingMs)) return 'untold';
    return this.#status < 500 && this.#status !== 429 ? 'answered' : 'untold';
  }

  #leave(departure: Departure, nowMs: number): void {
    if (!this.#isInside) return;
    this.#isInside = false;
    const sleptMs = stalledMs(this.#clock);
    const startedMs = this.#startedAwakeMs + this.#sendingMs;
    const latencyMs = Math.max(0, this.#headAwakeMs - startedMs);
    this.#gate.leave(departure, latencyMs, Math.max(0, nowMs - sleptMs - startedMs), nowMs, sleptMs);
  }

  /** Its client has not sent all of it, or the upstream takes it slowly, which the timer `send` tells apart. */
  #owesBody(): boolean {
    return (
      this.#status === 0 && this.#request.body !== null && this.#request.exchange.attempts.at(-1)?.phase === 'send'
    );
  }

  /** A body that streams takes its client's time: the upstream's begins behind it. */
  #sentForMs(): number {
    const attempt = this.#request.body === null ? undefined : this.#request.exchange.attempts.at(-1);
    if (attempt === undefined || Number.isNaN(attempt.phaseStartMs.send)) return 0;
    return attempt.phaseStartMs.firstByte - attempt.phaseStartMs.send;
  }

  onHeaders(head: ResponseHead): void {
    this.#headAwakeMs = awakeMs(this.#clock, this.#clock.nowMs());
    this.#status = head.status;
    this.#sendingMs = this.#sentForMs();
    this.#handler.onHeaders(head);
  }

  onData(chunk: Uint8Array): boolean {
    return this.#handler.onData(chunk);
  }

  onComplete(): void {
    this.#leave(this.#told(), this.#clock.nowMs());
    this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    const isSlow = tooSlow.has(failed.code) && (failed.code === 'send_timeout' || !this.#owesBody());
    this.#leave(isSlow ? 'slow' : 'untold', this.#clock.nowMs());
    this.#handler.onError(failed);
  }

  /** A place is for work that comes to an end; a tunnel that only pings would keep it for days. The route's idle limit bounds it. */
  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#leave('untold', this.#clock.nowMs());
    this.#handler.onUpgrade?.(headers, peer);
  }
}

function waitFor(entrance: Entrance, request: GatewayRequest, handler: ResponseHandler): Cancel {
  const { gate, route, services } = entrance;
  const nowMs = services.clock.nowMs();
  const waiting = new Waiting(entrance, request, handler);
  const refusal = gate.wait(waiting, nowMs, stalledMs(services.clock));
  if (refusal !== null) {
    waiting.refuse(refusal, nowMs);
    return nothingToCancel;
  }
  if (waiting.line !== null) services.observer.decided('queued', route.id);
  waiting.bound(nowMs);
  return waiting.cancel;
}

/** A request that waits, and after that the one that it has become. */
class Waiting extends Waiter {
  override readonly priority: PriorityRank;
  override readonly deadlineAtMs: number;
  readonly #entrance: Entrance;
  readonly #request: GatewayRequest;
  readonly #handler: ResponseHandler;
  #timer: Timer | null = null;
  #inside: Inside | null = null;

  constructor(entrance: Entrance, request: GatewayRequest, handler: ResponseHandler) {
    super();
    this.priority = rankOf(entrance.route, request.headers);
    this.deadlineAtMs = request.exchange.deadlineAtMs;
    this.#entrance = entrance;
    this.#request = request;
    this.#handler = handler;
  }

  /** Starts the timer of the wait, unless it is over already. */
  bound(nowMs: number): void {
    if (this.line === null) return;
    const { gate, route, services } = this.#entrance;
    this.#timer = services.timers.create(() => this.#waitedTooLong());
    this.#timer.arm(gate.waitLimitMs(this, route.timeouts.queueMs, nowMs));
  }

  readonly cancel: Cancel = () => {
    if (this.#inside !== null) {
      this.#inside.cancel();
    } else if (this.line !== null) {
      const nowMs = this.#entrance.services.clock.nowMs();
      this.#endWait(nowMs);
      this.#entrance.gate.abandon(this, nowMs);
    }
  };

  override admit(nowMs: number): void {
    const { next, services } = this.#entrance;
    this.#endWait(nowMs);
    const inside = new Inside(this.#entrance, this.#request, this.#handler, awakeMs(services.clock, nowMs));
    this.#inside = inside;
    inside.cancelNext = next(this.#request, inside);
  }

  override refuse(refusal: Refusal, nowMs: number): void {
    this.#endWait(nowMs);
    const { route, services } = this.#entrance;
    services.observer.decided(refusal.kind === 'deadline' ? 'shed_deadline' : 'shed', route.id);
    const { code, detail } = refusals[refusal.kind];
    this.#fail(failure(code, detail, { retryAfterS: refusal.retryAfterS }));
  }

  #waitedTooLong(): void {
    const { gate, route, services } = this.#entrance;
    if (this.line === null) return;
    const nowMs = services.clock.nowMs();
    const limitMs = route.timeouts.queueMs;
    if (nowMs - this.sinceMs < limitMs) {
      gate.expire(this, nowMs);
      return;
    }
    gate.abandon(this, nowMs);
    this.#endWait(nowMs);
    services.observer.timerFired('queue', route.id);
    this.#fail({ ...timerFired('queue', limitMs), retryAfterS: gate.retryAfterS(nowMs) });
  }

  #endWait(nowMs: number): void {
    this.#timer?.cancel();
    if (!Number.isNaN(this.sinceMs)) this.#request.exchange.queuedMs += nowMs - this.sinceMs;
  }

  /** The gate is in the middle of something when it refuses: what goes wrong above must not stop it. */
  #fail(failed: Failure): void {
    try {
      this.#handler.onError(failed);
    } catch (error) {
      this.#entrance.services.onBug(error);
    }
  }
}

const refusals: Readonly<Record<RefusalKind, { readonly code: FailureCode; readonly detail: string }>> = {
  full: { code: 'queue_full', detail: 'as many requests wait for the upstream as may' },
  displaced: { code: 'shed', detail: 'a request of higher priority took the place in the queue' },
  standing: { code: 'shed', detail: 'more requests come than the upstream answers' },
  deadline: { code: 'deadline_unreachable', detail: 'its turn at the upstream would come too late for its deadline' },
};

const ranks: Readonly<Record<Priority, PriorityRank>> = { critical: 0, default: 1, background: 2 };

/** The route's priority, or a lower one that the request asks for: nobody makes himself more important. */
function rankOf({ priority }: RouteSpec, headers: HeaderList): PriorityRank {
  const own = ranks[priority.level];
  if (priority.header === null) return own;
  const asked = headerValue(headers, priority.header)?.toLowerCase();
  if (asked === 'background') return 2;
  return asked === 'default' && own === 0 ? 1 : own;
}
