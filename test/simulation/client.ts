/** The handler of one simulated request: hears its end, once, and nothing after it or after its client has left. */
import type { ResponseHandler, ResponseHead } from '@weir/node/pipeline/dispatch.js';
import type { Failure } from '@weir/proto/http/failures.js';
import { claim } from './ledger.js';

/** `trouble`: told of a failure of an upstream before any answer had begun, as such or as an answer of 502, 503 or 504. */
export type RecordedEnd = 'good' | 'answered here' | 'bad' | 'trouble' | 'timeout' | 'left';

/** Of the answer that a route has of its own; no upstream answers so. */
export const OWN_STATUS = 203;

export class SimulatedClient implements ResponseHandler {
  readonly #onEnd: (end: RecordedEnd) => void;
  #head: ResponseHead | null = null;
  #isOver = false;

  constructor(onEnd: (end: RecordedEnd) => void) {
    this.#onEnd = onEnd;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  onHeaders(head: ResponseHead): void {
    claim(!this.#isOver && this.#head === null, 'a head where none may come');
    this.#head = head;
  }

  onData(): boolean {
    claim(!this.#isOver && this.#head !== null, 'a body where none may come');
    return true;
  }

  onComplete(): void {
    claim(this.#head !== null, 'an end without a head');
    const status = this.#head?.status ?? 0;
    if (status === OWN_STATUS) this.#end('answered here');
    else if (status >= 502 && status <= 504) this.#end('trouble');
    else this.#end(status < 500 ? 'good' : 'bad');
  }

  onError(failed: Failure): void {
    if (failed.timer !== undefined && this.#head !== null) this.#end('timeout');
    else this.#end(this.#head === null ? 'trouble' : 'bad');
  }

  onUpgrade(): void {
    claim(false, 'an upgrade that nobody asked for');
  }

  leave(): void {
    this.#end('left');
  }

  #end(end: RecordedEnd): void {
    claim(!this.#isOver, 'two ends');
    this.#isOver = true;
    this.#onEnd(end);
  }
}
