/**
 * Takes the answer to a request that is being handed over, and brings it into the store in pieces.
 *
 *   response ──▶ gathered (at most a piece, and what is in flight) ──▶ store, one piece at a time
 *
 * While the job is still being made, the answer may come already: it waits here behind a closed valve, and goes to the
 * client after all when no job could be made. The valve is closed whenever a whole piece waits, so the memory of a job
 * is bounded whatever its result is. What the store holds becomes a result only by `done`, which comes last.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { ResponseHandler, ResponseHead } from '../pipeline/dispatch.js';
import type { ResultHead } from './job.js';
import { headBytes } from './kept-head.js';

/** Where a spool brings its answer; see jobs.ts. None of these rejects. */
export interface SpoolKeeper {
  write(index: number, piece: Uint8Array): Promise<'written' | 'full' | 'over'>;
  done(head: ResultHead, bytes: number, pieces: number): void;
  failed(failed: Failure): void;
}

/** One command of Redis carries it in well under a millisecond. */
export const PIECE_BYTES = 64 * 1024;

export class Spool implements ResponseHandler {
  /** Of the answer, so far. */
  bytes = 0;
  head: ResponseHead | null = null;
  readonly #bytesMax: number;
  #headBytes = 0;
  /** Ends what is below: nothing more of the answer is wanted. */
  readonly #cancelBelow: () => void;
  #keeper: SpoolKeeper | null = null;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #pieces = 0;
  #isWriting = false;
  /** The valve below is closed: it was told false. */
  #isClosed = false;
  #isComplete = false;
  #failure: Failure | null = null;
  /** Why the job takes no more of it. */
  #refusal: Failure | null = null;
  #isOver = false;

  constructor(bytesMax: number, cancelBelow: () => void) {
    this.#bytesMax = bytesMax;
    this.#cancelBelow = cancelBelow;
  }

  /** The job is there: what came goes into it, and all that follows. */
  keepIn(keeper: SpoolKeeper): void {
    this.#keeper = keeper;
    this.#advance();
  }

  /** No job was made: what came goes to this handler, and the rest must be given to it as well. */
  giveTo(handler: ResponseHandler): void {
    this.#isOver = true;
    const { head } = this;
    if (head === null) {
      if (this.#failure !== null) handler.onError(this.#failure);
      return;
    }
    handler.onHeaders(head);
    let isOpen = true;
    for (const chunk of this.#gathered) isOpen = handler.onData(chunk);
    this.#gathered = [];
    if (this.#failure !== null) handler.onError(this.#failure);
    else if (this.#isComplete) handler.onComplete();
    else if (isOpen && this.#isClosed) head.resume();
  }

  /** Nothing of it is wanted any more. */
  drop(): void {
    this.#isOver = true;
    this.#gathered = [];
  }

  onHeaders(head: ResponseHead): void {
    this.head = head;
    this.#headBytes = headBytes(head.headers);
    // Not before there is a job: without one the client gets it, however large it is.
    if (this.#isTooLarge(head.lengthBytes ?? 0)) this.#refuseLater(tooLarge(this.#bytesMax));
  }

  onData(chunk: Uint8Array): boolean {
    this.bytes += chunk.byteLength;
    this.#gathered.push(chunk);
    this.#gatheredBytes += chunk.byteLength;
    if (this.#isTooLarge(this.bytes)) this.#refuseLater(tooLarge(this.#bytesMax));
    this.#advance();
    this.#isClosed = this.#keeper === null || this.#gatheredBytes >= PIECE_BYTES;
    return !this.#isClosed;
  }

  onComplete(): void {
    this.#isComplete = true;
    this.#advance();
  }

  onError(failed: Failure): void {
    this.#failure = failed;
    this.#advance();
  }

  #isTooLarge(bytes: number): boolean {
    return this.#headBytes + bytes > this.#bytesMax;
  }

  #refuseLater(failed: Failure): void {
    this.#refusal ??= failed;
    this.#advance();
  }

  /** Does the one thing that is due, if any; each write that ends calls it again. */
  #advance(): void {
    const keeper = this.#keeper;
    if (keeper === null || this.#isWriting || this.#isOver) return;
    const failed = this.#refusal ?? this.#failure;
    if (failed !== null) {
      const isOurs = this.#failure === null && !this.#isComplete;
      this.drop();
      if (isOurs) this.#cancelBelow();
      keeper.failed(failed);
    } else if (this.#gatheredBytes >= PIECE_BYTES || (this.#isComplete && this.#gatheredBytes > 0)) {
      this.#write(keeper);
      this.#reopen();
    } else if (this.#isComplete && this.head !== null) {
      const { status, headers } = this.head;
      this.drop();
      keeper.done({ status, headers }, this.bytes, this.#pieces);
    } else {
      this.#reopen();
    }
  }

  /** While a piece is written, the next one may gather. */
  #reopen(): void {
    if (!this.#isClosed || this.#isComplete || this.#gatheredBytes >= PIECE_BYTES) return;
    this.#isClosed = false;
    this.head?.resume();
  }

  #write(keeper: SpoolKeeper): void {
    const piece = this.#takePiece();
    const index = this.#pieces;
    this.#pieces += 1;
    this.#isWriting = true;
    void keeper.write(index, piece).then((outcome) => {
      this.#isWriting = false;
      if (outcome === 'full')
        this.#refusal ??= failure('job_store_full', 'there is no room for the result of this job');
      // Whoever has ended the job meanwhile has cancelled what is below, too.
      if (outcome === 'over') this.drop();
      this.#advance();
    });
  }

  #takePiece(): Uint8Array {
    const bytes = Math.min(PIECE_BYTES, this.#gatheredBytes);
    const piece = new Uint8Array(bytes);
    let filled = 0;
    while (filled < bytes) {
      const chunk = this.#gathered[0];
      if (chunk === undefined) throw new Error('a piece is larger than what was gathered');
      const part = chunk.subarray(0, bytes - filled);
      piece.set(part, filled);
      filled += part.byteLength;
      if (part.byteLength === chunk.byteLength) this.#gathered.shift();
      else this.#gathered[0] = chunk.subarray(part.byteLength);
    }
    this.#gatheredBytes -= bytes;
    return piece;
  }
}

function tooLarge(bytesMax: number): Failure {
  return failure('job_result_too_large', `the result of a job may have ${bytesMax} bytes, with its fields`);
}
