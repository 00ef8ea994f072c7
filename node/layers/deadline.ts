/**
 * The `total` timer: from the moment the request was accepted to the end of its answer. A client may shorten it,
 * never lengthen it. Owns `exchange.deadlineAtMs`; everything below that waits can read how long it is still worth it.
 */
import { failure, timerFired } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import { mayHold, sketchOf } from '@weir/proto/http/name-sketch.js';
import type { Place } from '../pipeline/chain.js';
import {
  type Cancel,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import type { Exchange } from '../pipeline/exchange.js';
import type { ChainServices } from '../pipeline/services.js';
import { clientBudget, noBudget } from '../time/client-deadline.js';
import type { Timer } from '../time/clock.js';

export const deadline: Place = (route, services) => {
  const routeMs = route.timeouts.totalMs;
  const field = services.gateway.names.deadlineHeader;
  const stated = sketchOf(field) | sketchOf('grpc-timeout');
  return (next) => (request, handler) => {
    const budget = mayHold(request.names, stated) ? clientBudget(request.headers, field) : noBudget;
    if ('malformed' in budget) {
      handler.onError(failure('bad_request', `${budget.malformed} is not a duration that can be read`));
      return nothingToCancel;
    }
    const limitMs = budget.budgetMs === null ? routeMs : Math.min(routeMs, budget.budgetMs);
    const leftMs = request.exchange.receivedAtMs + limitMs - services.clock.nowMs();
    if (leftMs <= 0) {
      // Nothing is begun that can't be finished in time: a spent budget costs the upstream nothing.
      services.observer.timerFired('total', request.exchange.routeId);
      handler.onError(timerFired('total', limitMs));
      return nothingToCancel;
    }
    const bounded = new Bounded(request, handler, services, limitMs, leftMs);
    bounded.cancelNext = next(request, bounded);
    return bounded.ended ? nothingToCancel : bounded.cancel;
  };
};

/**
 * Says when an exchange must be answered. Called from here, and by hand-over for a client's exchange whose request runs
 * under the deadline of a job.
 */
export function bindDeadline(exchange: Exchange, limitMs: number): void {
  exchange.deadlineAtMs = exchange.receivedAtMs + limitMs;
}

class Bounded implements ResponseHandler {
  cancelNext: Cancel = nothingToCancel;
  ended = false;
  readonly #handler: ResponseHandler;
  readonly #timer: Timer;

  constructor(
    request: GatewayRequest,
    handler: ResponseHandler,
    services: ChainServices,
    limitMs: number,
    leftMs: number,
  ) {
    const { exchange } = request;
    this.#handler = handler;
    bindDeadline(exchange, limitMs);
    this.#timer = services.timers.create(() => {
      services.observer.timerFired('total', exchange.routeId);
      this.ended = true;
      this.cancelNext();
      handler.onError(timerFired('total', limitMs));
    });
    this.#timer.arm(leftMs);
  }

  readonly cancel: Cancel = () => {
    if (this.ended) return;
    this.#end();
    this.cancelNext();
  };

  #end(): void {
    this.ended = true;
    this.#timer.cancel();
  }

  onHeaders(head: ResponseHead): void {
    this.#handler.onHeaders(head);
  }

  onData(chunk: Uint8Array): boolean {
    return this.#handler.onData(chunk);
  }

  onComplete(): void {
    this.#end();
    this.#handler.onComplete();
  }

  onError(failed: Parameters<ResponseHandler['onError']>[0]): void {
    this.#end();
    this.#handler.onError(failed);
  }

  /** A tunnel has no end to wait for: its own idle limit takes over. */
  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#end();
    this.#handler.onUpgrade?.(headers, peer);
  }
}
