/**
 * Hears what comes of one dispatch until it is closed. For whoever speaks to a client when `dispatch` has returned: it may cancel in the
 * midst of a callback, with the rest of the answer still to come from somebody who has no Cancel yet, or has been given up.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { ResponseHandler, ResponseHead, WebSocketPeer } from './dispatch.js';

export class Ear implements ResponseHandler {
  readonly #to: ResponseHandler;
  #isOpen = true;

  constructor(to: ResponseHandler) {
    this.#to = to;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  close(): void {
    this.#isOpen = false;
  }

  onHeaders(head: ResponseHead): void {
    if (this.#isOpen) this.#to.onHeaders(head);
  }

  onData(chunk: Uint8Array): boolean {
    return this.#isOpen && this.#to.onData(chunk);
  }

  onComplete(): void {
    if (this.#isOpen) this.#to.onComplete();
  }

  onError(failed: Failure): void {
    if (this.#isOpen) this.#to.onError(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    if (this.#isOpen) this.#to.onUpgrade?.(headers, peer);
    else peer.terminate();
  }
}
