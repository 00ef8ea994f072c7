/**
 * A request body as the library delivers it, made into a RequestBody: chunks are copied (the library takes their memory
 * back after the callback), kept until someone reads, and held back at the socket when the reader asks for it.
 *
 * What is held here is bounded by the socket: with no reader, or a paused one, the socket is paused behind the piece
 * that is in flight, and the library reads at most 512 KiB at once.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { BodySink, RequestBody } from '../../pipeline/dispatch.js';
import { pieceCame } from '../../pipeline/pieces.js';

/** The socket under a body. Only called while the body has not ended. */
export interface BodyValve {
  pauseBody(): void;
  resumeBody(): void;
}

export class UwsRequestBody implements RequestBody {
  readonly lengthBytes: number | null;
  /** All of it has come, or it broke off. */
  ended = false;
  /** The socket is held back. */
  paused = false;
  readonly #valve: BodyValve;
  #sink: BodySink | null = null;
  #failure: Failure | null = null;
  #unread: Uint8Array[] = [];

  constructor(valve: BodyValve, lengthBytes: number | null) {
    this.#valve = valve;
    this.lengthBytes = lengthBytes;
  }

  read(sink: BodySink): void {
    if (this.#sink !== null) throw new Error('a request body is read once');
    this.#sink = sink;
    const unread = this.#unread;
    this.#unread = [];
    // Opened before delivery: the reader may close it again on the first piece.
    if (this.paused) this.resume();
    for (const chunk of unread) sink.onChunk(chunk);
    if (this.#failure !== null) sink.onError(this.#failure);
    else if (this.ended) sink.onEnd();
  }

  pause(): void {
    if (this.paused || this.ended) return;
    this.paused = true;
    this.#valve.pauseBody();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (!this.ended) this.#valve.resumeBody();
  }

  /** A piece from the socket; `chunk` is only valid during the call. */
  arrived(chunk: ArrayBuffer, isLast: boolean): void {
    if (this.ended) return;
    if (isLast) this.ended = true;
    const sink = this.#sink;
    if (chunk.byteLength > 0) {
      const copy = Buffer.allocUnsafe(chunk.byteLength);
      copy.set(new Uint8Array(chunk));
      pieceCame(copy.length);
      if (sink === null) this.#unread.push(copy);
      else sink.onChunk(copy);
    }
    if (sink === null) {
      if (!isLast && this.#unread.length > 0) this.pause();
    } else if (isLast) sink.onEnd();
  }

  /** It ends here. True when a reader was told. */
  fail(failed: Failure): boolean {
    if (this.ended) return false;
    this.ended = true;
    this.#failure = failed;
    this.#unread = [];
    this.#sink?.onError(failed);
    return this.#sink !== null;
  }

  /**
   * Nobody will want the rest: the answer is out. What still comes is dropped, and the reader is not told: it belongs to
   * an exchange that its own source is about to complete, and an error here would break the answer that is on its way.
   */
  discard(): void {
    this.#unread = [];
    if (this.ended) return;
    this.ended = true;
    this.#sink = null;
    // For a reader that comes later still: what has come is not the whole.
    this.#failure = failure('client_gone', 'the answer was complete before the request body');
  }
}
