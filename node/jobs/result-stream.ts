/**
 * Streams the result of a job from its store to a client: as it was kept, with its status and fields, one piece after the
 * other, and no faster than the client takes it.
 */
import { failure } from '@weir/proto/http/failures.js';
import { type Cancel, type GatewayRequest, nothingToCancel, type ResponseHandler } from '../pipeline/dispatch.js';
import type { JobRecord } from './job.js';
import { resultHeaders } from './kept-head.js';

/** RFC 9110 §15.3.5, §15.4.5. */
const hasNoContent = (status: number): boolean => status === 204 || status === 304;

export type ReadPiece = (id: string, index: number) => Promise<Uint8Array | null>;

export function streamResult(
  request: GatewayRequest,
  handler: ResponseHandler,
  record: JobRecord,
  read: ReadPiece,
): Cancel {
  const { head, bytes } = record;
  if (head === null) throw new Error('a job without a result was to be streamed');
  const stream = new ResultStream(handler, record, read);
  handler.onHeaders({
    status: head.status,
    headers: resultHeaders(head.headers),
    lengthBytes: hasNoContent(head.status) ? 0 : bytes,
    resume: () => stream.resume(),
  });
  if (request.method === 'HEAD') {
    handler.onComplete();
    return nothingToCancel;
  }
  stream.resume();
  return () => stream.cancel();
}

class ResultStream {
  readonly #handler: ResponseHandler;
  readonly #record: JobRecord;
  readonly #read: ReadPiece;
  #next = 0;
  #isReading = false;
  #isOver = false;

  constructor(handler: ResponseHandler, record: JobRecord, read: ReadPiece) {
    this.#handler = handler;
    this.#record = record;
    this.#read = read;
  }

  cancel(): void {
    this.#isOver = true;
  }

  resume(): void {
    if (this.#isReading || this.#isOver) return;
    if (this.#next >= this.#record.pieces) {
      this.#isOver = true;
      this.#handler.onComplete();
      return;
    }
    this.#isReading = true;
    this.#read(this.#record.id, this.#next).then(
      (piece) => this.#came(piece),
      () => this.#broken('the store of the job was away'),
    );
  }

  #came(piece: Uint8Array | null): void {
    this.#isReading = false;
    if (this.#isOver) return;
    if (piece === null) {
      this.#broken('the job expired meanwhile');
      return;
    }
    this.#next += 1;
    // The store keeps its own; what is handed on is the receiver's.
    if (this.#handler.onData(piece.slice())) this.resume();
  }

  #broken(why: string): void {
    this.#isReading = false;
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handler.onError(failure('response_incomplete', why));
  }
}
