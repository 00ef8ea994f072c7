/**
 * Sees every exchange of a route begin and end, and tells the observer once each.
 *
 * Outermost, so that whatever the rest of the chain makes of a request is seen as the client sees it. Writes the
 * status, the bytes of the response and the times of its head and end. An exchange ends in one of five ways:
 *
 *   onComplete                      the answer is whole
 *   onError                         the answer broke off; layers below have said why
 *   cancel, nothing said before     the client is gone: 499 where no head had passed
 *   cancel after an upgrade         the tunnel is being torn down
 *   the tunnel's close              a WebSocket ended
 *
 * "Whole" means handed to the listener, which may still hold what fits into its buffer for a slow client.
 */
import { type Failure, failure, failureTable } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { AnswerLook, RouteObserver } from '../observe/observer.js';
import type { Place } from '../pipeline/chain.js';
import {
  type Cancel,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import { withTunnelEnd } from '../pipeline/tunnel-end.js';
import type { Clock } from '../time/clock.js';

export const observe: Place = (route, services) => {
  const routeObserver = services.observer.route(route.id);
  const { clock } = services;
  return (next) => (request, handler) => {
    routeObserver.started();
    const observed = new Observed(request, handler, routeObserver, clock);
    observed.cancelNext = next(request, observed);
    return observed.cancel;
  };
};

const clientGone = (): Failure => failure('client_gone', 'the client closed the connection before the end');

class Observed implements ResponseHandler {
  cancelNext: Cancel = nothingToCancel;
  readonly #request: GatewayRequest;
  readonly #handler: ResponseHandler;
  readonly #routeObserver: RouteObserver;
  readonly #clock: Clock;
  #look: AnswerLook | null = null;
  #upgraded = false;
  #ended = false;

  constructor(request: GatewayRequest, handler: ResponseHandler, routeObserver: RouteObserver, clock: Clock) {
    this.#request = request;
    this.#handler = handler;
    this.#routeObserver = routeObserver;
    this.#clock = clock;
  }

  readonly cancel: Cancel = () => {
    // Those below are told why, for it makes a difference how long a client has waited.
    if (!this.#upgraded && !this.#ended) this.#request.exchange.failure ??= clientGone();
    // They let go first: their attempts are then ended when the exchange is looked at.
    this.cancelNext();
    this.#abandoned();
  };

  onHeaders(head: ResponseHead): void {
    const { exchange } = this.#request;
    exchange.headersAtMs = this.#clock.nowMs();
    exchange.status = head.status;
    this.#look = this.#routeObserver.look?.(this.#request, head) ?? null;
    this.#handler.onHeaders(head);
  }

  onData(chunk: Uint8Array): boolean {
    this.#request.exchange.responseBytes += chunk.length;
    if (this.#look !== null) this.#look.data(chunk);
    return this.#handler.onData(chunk);
  }

  onComplete(): void {
    this.#end();
    this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    this.#endWith(failed);
    this.#handler.onError(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    const { exchange } = this.#request;
    this.#upgraded = true;
    exchange.headersAtMs = this.#clock.nowMs();
    exchange.status = 101;
    this.#handler.onUpgrade?.(
      headers,
      withTunnelEnd(peer, () => this.#end()),
    );
  }

  /** Cancelled from above. Whoever cancels for another reason than a client that left has written it down already. */
  #abandoned(): void {
    if (this.#upgraded) this.#end();
    else if (!this.#ended) this.#endWith(clientGone());
  }

  #endWith(failed: Failure): void {
    const { exchange } = this.#request;
    exchange.failure ??= failed;
    if (exchange.status === 0) exchange.status = failureTable[exchange.failure.code].status;
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { exchange } = this.#request;
    exchange.endedAtMs = this.#clock.nowMs();
    if (this.#look !== null) this.#look.ended(exchange.failure === null);
    this.#routeObserver.ended(this.#request);
  }
}
