/**
 * A bad answer that waits for a better one. Its valve is closed with the first chunk, so what is in memory of it is that
 * chunk and what was on its way; `pass` gives it up as if it came now.
 */
import type { ResponseHandler, ResponseHead } from '../../pipeline/dispatch.js';

export class ShelvedAnswer {
  /** It has come to its end meanwhile. */
  isWhole = false;
  readonly #head: ResponseHead;
  readonly #chunks: Uint8Array[] = [];

  constructor(head: ResponseHead) {
    this.#head = head;
  }

  /** False, for the valve. */
  keep(chunk: Uint8Array): false {
    this.#chunks.push(chunk);
    return false;
  }

  /** `isWanted` is asked before each step: a receiver may cancel in the middle of what it is given. */
  pass(handler: ResponseHandler, isWanted: () => boolean): void {
    handler.onHeaders(this.#head);
    let isOpen = true;
    for (const chunk of this.#chunks) if (isWanted()) isOpen = handler.onData(chunk);
    if (!isWanted()) return;
    if (this.isWhole) handler.onComplete();
    // Whoever has closed the valve opens it; nobody else knows that it is closed.
    else if (isOpen && this.#chunks.length > 0) this.#head.resume();
  }
}
