/**
 * Waits for a request body of known, small length before anything is asked for below: a place at the upstream, a target,
 * a connection. A client that takes its time over an upload is then nobody's load but its own; four that trickle had kept
 * an upstream with four places from everyone else while it had nothing to do. (HAProxy: `option http-buffer-request`.)
 *
 *   client ──▶ gathered ──whole──▶ next
 *                  ├──broke off──▶ failure, and nobody was asked
 *                  └──no room for more──▶ next, and the rest streams, as a longer body does from its beginning
 *
 * The body is kept by the replay that retries and fallbacks read from, so there is one copy and one count of it. One of
 * unknown length is not waited for: its client may be waiting for the answer to its first part.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import { WholeBody } from '../cache/whole-body.js';
import type { Place } from '../pipeline/chain.js';
import { withBody } from '../pipeline/derived-request.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type RequestBody,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import { type Replay, replayOf } from '../upstream/retry/replay.js';

export const gather: Place = (route, services) => {
  if (route.action.kind !== 'proxy') return null;
  const bytesMax = services.upstreams.get(route.action.upstream)?.spec.pool.gatherBodyBytes ?? 0;
  if (bytesMax === 0) return null;
  return (next) => (request, handler) => {
    const { body } = request;
    if (body === null || body.lengthBytes === null || body.lengthBytes > bytesMax) return next(request, handler);
    // Made by the gateway itself, or gathered for another reason: there is nothing to wait for.
    if (body instanceof WholeBody) return next(request, handler);
    return new Gathering(request, handler, next, replayOf(body, body.lengthBytes, services.bodies)).begin(body);
  };
};

class Gathering implements ResponseHandler {
  readonly #request: GatewayRequest;
  readonly #handler: ResponseHandler;
  readonly #next: Dispatch;
  readonly #replay: Replay;
  /** Else a layer above made it, will want the body again, and lets go of it. */
  #ownsReplay = false;
  #cancelNext: Cancel = nothingToCancel;
  #isOver = false;

  constructor(request: GatewayRequest, handler: ResponseHandler, next: Dispatch, replay: Replay) {
    this.#request = request;
    this.#handler = handler;
    this.#next = next;
    this.#replay = replay;
  }

  begin(body: RequestBody): Cancel {
    this.#ownsReplay = this.#replay.source === body;
    this.#replay.gather(() => this.#gathered());
    return this.cancel;
  }

  readonly cancel: Cancel = () => {
    this.#end();
    this.#cancelNext();
  };

  #gathered(): void {
    if (this.#isOver) return;
    const { failure } = this.#replay;
    if (failure !== null) {
      this.onError(failure);
      return;
    }
    const cancelNext = this.#next(
      this.#ownsReplay ? withBody(this.#request, this.#replay.body()) : this.#request,
      this,
    );
    this.#cancelNext = cancelNext;
    // Cancelled from a callback, before there was anything to cancel; after an end this is nothing.
    if (this.#isOver) cancelNext();
  }

  onHeaders(head: ResponseHead): void {
    // An answer that gets here is the one: nobody below reads the body anew.
    if (this.#ownsReplay) this.#replay.letGo();
    this.#handler.onHeaders(head);
  }

  onData(chunk: Uint8Array): boolean {
    return this.#handler.onData(chunk);
  }

  onComplete(): void {
    this.#end();
    this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    this.#end();
    this.#handler.onError(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(headers, peer);
  }

  #end(): void {
    this.#isOver = true;
    if (this.#ownsReplay) this.#replay.release();
  }
}
