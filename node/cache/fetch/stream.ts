/**
 * An answer on its way into the store, read by several clients, each at its own pace:
 *
 *   upstream ──▶ pieces ──▶ store
 *                  ├──────▶ a client that reads as they come
 *                  ├──────▶ one that came later: from the first piece on
 *                  └──────▶ a slow one, some pieces behind
 *
 * The store keeps the pieces anyway, so a slow client holds nobody up, and takes no memory of its own while they are written.
 * When they are, all read on from the body that the store has made of them; when the store gives that up, or the writing
 * failed, what is still read counts in the bound of what is being written (`store/l1.ts`).
 *
 * An answer of unknown length may turn out to be longer than is stored; it is stored no more then, but whoever has begun to
 * read it must get the rest. From there the slowest sets the pace, and what all have read is let go.
 */
import type { ByteRange } from '@weir/proto/http/byte-range.js';
import type { Failure } from '@weir/proto/http/failures.js';
import type { ResponseHandler } from '../../pipeline/dispatch.js';
import type { StoredBody } from '../store/body.js';
import type { Writing } from '../store/l1.js';

export class Stream {
  /** It is being stored. */
  isStored = true;
  readonly #writing: Writing;
  readonly #resume: () => void;
  readonly #readers = new Set<Reader>();
  #pieces: readonly Uint8Array[];
  /** Pieces that were let go. */
  #gone = 0;
  #isClosed = false;
  #end: 'whole' | Failure | null = null;
  /** What is read from its end on. */
  #body: StoredBody | null = null;

  /** `resume` opens the upstream's valve again. */
  constructor(writing: Writing, resume: () => void) {
    this.#writing = writing;
    this.#resume = resume;
    this.#pieces = writing.pieces;
  }

  /** False closes the upstream's valve. */
  push(chunk: Uint8Array): boolean {
    if (this.isStored && this.#writing.push(chunk)) {
      this.#wake();
      return true;
    }
    this.isStored = false;
    this.#pieces = [...this.#pieces, chunk];
    this.#wake();
    this.#isClosed = !this.#letGo();
    return !this.#isClosed;
  }

  end(end: 'whole' | Failure): void {
    this.#end = end;
    if (this.#writing.body !== null) this.#readFrom(this.#writing.body);
    this.#wake();
  }

  get isRead(): boolean {
    return this.#readers.size > 0;
  }

  /** Whoever reads from its beginning. `isOver`: all that it wants of it has come, or it is gone. */
  read(handler: ResponseHandler, range: ByteRange | 'all', over: () => void): Reader {
    const reader = new Reader(this, handler, range, over);
    if (!this.isRead) this.#hold();
    this.#readers.add(reader);
    return reader;
  }

  leave(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    this.caughtUp();
    if (!this.isRead) this.#letAllGo();
  }

  #hold(): void {
    if (this.#body === null) this.#writing.hold();
    else this.#body.lent?.borrow();
  }

  #letAllGo(): void {
    if (this.#body === null) this.#writing.release();
    else this.#body.lent?.giveBack();
  }

  /** All of them share what the store has, instead of keeping the pieces that it came in. */
  #readFrom(body: StoredBody): void {
    if (this.isRead) this.#letAllGo();
    this.#body = body;
    if (this.isRead) this.#hold();
    this.#pieces = body.pieces;
    for (const reader of this.#readers) reader.readFrom(body.pieces);
  }

  pieceAt(index: number): Uint8Array | 'whole' | Failure | null {
    return this.#pieces[index - this.#gone] ?? this.#end;
  }

  /** A reader has moved on. */
  caughtUp(): void {
    if (!this.#isClosed || !this.#letGo()) return;
    this.#isClosed = false;
    this.#resume();
  }

  #wake(): void {
    for (const reader of this.#readers) reader.pump();
  }

  /** Lets go what all have read, where it is not kept anyway; true when that is everything. */
  #letGo(): boolean {
    let slowest = this.#gone + this.#pieces.length;
    for (const { next } of this.#readers) slowest = Math.min(slowest, next);
    const read = this.#pieces.slice(0, slowest - this.#gone);
    this.#writing.letGo(read.reduce((sum, piece) => sum + piece.byteLength, 0));
    this.#pieces = this.#pieces.slice(slowest - this.#gone);
    this.#gone = slowest;
    return this.#pieces.length === 0;
  }
}

export class Reader {
  /** Number of the piece that it gets next. */
  next = 0;
  readonly #stream: Stream;
  readonly #handler: ResponseHandler;
  readonly #first: number;
  readonly #last: number;
  readonly #over: () => void;
  #at = 0;
  /** Of the next piece, so much was given already. */
  #given = 0;
  #isOpen = true;
  #isOver = false;
  #isPumping = false;

  constructor(stream: Stream, handler: ResponseHandler, range: ByteRange | 'all', over: () => void) {
    this.#stream = stream;
    this.#handler = handler;
    this.#first = range === 'all' ? 0 : range.first;
    this.#last = range === 'all' ? Number.POSITIVE_INFINITY : range.last;
    this.#over = over;
  }

  /** Its client has room again. */
  readonly resume = (): void => {
    this.#isOpen = true;
    this.pump();
    if (!this.#isOver) this.#stream.caughtUp();
  };

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream.leave(this);
  }

  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#isOpen && !this.#isOver) {
      const piece = this.#stream.pieceAt(this.next);
      if (piece === null) break;
      if (piece === 'whole' || !(piece instanceof Uint8Array)) this.#finish(piece);
      else this.#give(piece);
    }
    this.#isPumping = false;
  }

  /** The same bytes in other pieces. */
  readFrom(pieces: readonly Uint8Array[]): void {
    let at = 0;
    this.next = 0;
    for (const piece of pieces) {
      if (at + piece.byteLength > this.#at) break;
      at += piece.byteLength;
      this.next += 1;
    }
    this.#given = this.#at - at;
  }

  #give(next: Uint8Array): void {
    const piece = this.#given === 0 ? next : next.subarray(this.#given);
    this.#given = 0;
    const from = Math.max(0, this.#first - this.#at);
    const to = Math.min(piece.byteLength, this.#last + 1 - this.#at);
    this.#at += piece.byteLength;
    this.next += 1;
    if (from < to) {
      this.#isOpen = false;
      const isWhole = from === 0 && to === piece.byteLength;
      if (this.#handler.onData(isWhole ? piece : piece.subarray(from, to))) this.#isOpen = true;
    }
    if (this.#at > this.#last && !this.#isOver) this.#finish('whole');
  }

  #finish(end: 'whole' | Failure): void {
    this.#isOver = true;
    this.#over();
    if (end === 'whole') this.#handler.onComplete();
    else this.#handler.onError(end);
    this.#stream.leave(this);
  }
}
