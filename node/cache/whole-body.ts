/**
 * A request body that is part of its key: gathered before it is looked up, and then given to each fetch that is made of
 * it. Bounded by its route and, with all bodies that a node gathers, by the node.
 */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import {
  type BodySink,
  type Cancel,
  nothingToCancel,
  type RequestBody,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import type { HeldBytes } from '../upstream/retry/held-bytes.js';

export class WholeBody implements RequestBody {
  readonly lengthBytes: number;
  readonly bytes: Uint8Array;
  #sink: BodySink | null = null;
  #isOpen = true;
  #isGiven = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.lengthBytes = bytes.byteLength;
  }

  /** The same for another reader. */
  again(): WholeBody {
    return new WholeBody(this.bytes);
  }

  read(sink: BodySink): void {
    if (this.#sink !== null) throw new Error('a request body is read once');
    this.#sink = sink;
    this.#give();
  }

  pause(): void {
    this.#isOpen = false;
  }

  resume(): void {
    this.#isOpen = true;
    this.#give();
  }

  #give(): void {
    if (this.#sink === null || this.#isGiven || !this.#isOpen) return;
    this.#isGiven = true;
    if (this.bytes.byteLength > 0) this.#sink.onChunk(this.bytes);
    this.#sink.onEnd();
  }
}

/** Takes a body of known length in, and hands the request on when it is whole. What was set aside is given back at the end. */
export class Gathering implements BodySink, ResponseHandler {
  readonly #handler: ResponseHandler;
  readonly #bodies: HeldBytes;
  readonly #bytes: Uint8Array;
  readonly #whole: (body: WholeBody, handler: ResponseHandler) => Cancel;
  #filled = 0;
  #isOver = false;
  #cancelNext: Cancel = nothingToCancel;

  /** `lengthBytes` was taken from `bodies`. */
  constructor(
    handler: ResponseHandler,
    bodies: HeldBytes,
    lengthBytes: number,
    whole: (body: WholeBody, handler: ResponseHandler) => Cancel,
  ) {
    this.#handler = handler;
    this.#bodies = bodies;
    this.#bytes = new Uint8Array(lengthBytes);
    this.#whole = whole;
  }

  readonly cancel: Cancel = () => {
    if (this.#isOver) return;
    this.#end();
    this.#cancelNext();
  };

  #end(): void {
    this.#isOver = true;
    this.#bodies.giveBack(this.#bytes.byteLength);
  }

  onChunk(chunk: Uint8Array): void {
    this.#bytes.set(chunk, this.#filled);
    this.#filled += chunk.byteLength;
  }

  onEnd(): void {
    if (this.#isOver) return;
    const cancel = this.#whole(new WholeBody(this.#bytes), this);
    if (!this.#isOver) this.#cancelNext = cancel;
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

  /** Of the request body, before it was whole, or of the answer. */
  onError(failed: Failure): void {
    if (this.#isOver) return;
    this.#end();
    this.#handler.onError(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(headers, peer);
  }
}
