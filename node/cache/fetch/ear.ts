/** Hears what comes of one dispatch until it is closed: what was asked again, or given up, may still speak. */
import type { Failure } from '@weir/proto/http/failures.js';
import type { ResponseHandler, ResponseHead } from '../../pipeline/dispatch.js';

export class Ear implements ResponseHandler {
  readonly #to: ResponseHandler;
  #isOpen = true;

  constructor(to: ResponseHandler) {
    this.#to = to;
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
}
