/** The handler of one simulated request: hears its end, once, and nothing after it or after its client has left. */
import type { ResponseHandler, ResponseHead } from '@weir/node/pipeline/dispatch.js';
import type { Failure } from '@weir/proto/http/failures.js';
import { claim } from './ledger.js';

export type RecordedEnd = 'good' | 'bad' | 'timeout' | 'left';

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
    this.#end((this.#head?.status ?? 0) < 500 ? 'good' : 'bad');
  }

  onError(failed: Failure): void {
    this.#end(failed.timer === undefined ? 'bad' : 'timeout');
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
