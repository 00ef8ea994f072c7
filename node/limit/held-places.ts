/**
 * A request that holds places of concurrency limits, which it gives back once, however it ends: with its answer, its failure,
 * its cancel, or the close of the WebSocket that it has become.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import {
  type Cancel,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import { withTunnelEnd } from '../pipeline/tunnel-end.js';

export class HeldPlaces implements ResponseHandler {
  cancelNext: Cancel = nothingToCancel;
  readonly #handler: ResponseHandler;
  readonly #giveBack: () => void;
  #isHeld = true;

  constructor(handler: ResponseHandler, giveBack: () => void) {
    this.#handler = handler;
    this.#giveBack = giveBack;
  }

  readonly cancel: Cancel = () => {
    this.#end();
    this.cancelNext();
  };

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

  onError(failed: Failure): void {
    this.#end();
    this.#handler.onError(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(
      headers,
      withTunnelEnd(peer, () => this.#end()),
    );
  }

  #end(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#giveBack();
  }
}
