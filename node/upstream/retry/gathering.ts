/**
 * A request whose body is waited for before it goes on: into a small place at the upstream (layers/gather.ts), or into a look at what it says
 * (contract/holding.ts).
 *
 *   client ──▶ gathered ──whole, or no room for more──▶ goOn: next, or an answer of one's own
 *                  └──broke off──▶ failure, and nobody was asked
 *
 * The body is kept by the replay that retries, fallbacks and jobs read from, so there is one copy and one count of it.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import { withBody } from '../../pipeline/derived-request.js';
import {
  type Cancel,
  type GatewayRequest,
  nothingToCancel,
  type RequestBody,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../../pipeline/dispatch.js';
import type { HeldBytes } from './held-bytes.js';
import { type Replay, replayOf } from './replay.js';

/** What is done when all of the body is there that will be kept. The request reads it anew, and the answer goes to this handler. */
export type GoOn = (request: GatewayRequest, handler: ResponseHandler, replay: Replay) => Cancel;

export interface GatheredBody {
  readonly body: RequestBody;
  readonly bytesMax: number;
  readonly bodies: HeldBytes;
}

/** Goes on within this call where the body is at hand already. */
export function gathering(
  request: GatewayRequest,
  handler: ResponseHandler,
  { body, bytesMax, bodies }: GatheredBody,
  goOn: GoOn,
): Cancel {
  return new Gathering(request, handler, replayOf(body, bytesMax, bodies), goOn).begin(body);
}

class Gathering implements ResponseHandler {
  readonly #request: GatewayRequest;
  readonly #handler: ResponseHandler;
  readonly #replay: Replay;
  readonly #goOn: GoOn;
  /** Else a layer above made it, will want the body again, and lets go of it. */
  #ownsReplay = false;
  #cancelNext: Cancel = nothingToCancel;
  #isOver = false;

  constructor(request: GatewayRequest, handler: ResponseHandler, replay: Replay, goOn: GoOn) {
    this.#request = request;
    this.#handler = handler;
    this.#replay = replay;
    this.#goOn = goOn;
  }

  begin(body: RequestBody): Cancel {
    this.#ownsReplay = this.#replay.source === body;
    this.#replay.gather(() => this.#gathered());
    return this.#cancel;
  }

  readonly #cancel: Cancel = () => {
    this.#end();
    this.#cancelNext();
  };

  #gathered(): void {
    if (this.#isOver) return;
    const replay = this.#replay;
    if (replay.failure !== null) {
      this.onError(replay.failure);
      return;
    }
    const request = this.#ownsReplay ? withBody(this.#request, replay.body()) : this.#request;
    const cancelNext = this.#goOn(request, this, replay);
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
