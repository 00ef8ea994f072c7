/**
 * Gives a stored response to a client: the pieces that are kept, as they are. A short one, which is what most bodies are,
 * goes out at once with the end; otherwise what follows a piece goes when the client has room for it.
 */
import { rangeBytes } from '@weir/proto/http/byte-range.js';
import { type CacheStatus, formatCacheStatus } from '@weir/proto/http/cache-status.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import { type Cancel, nothingToCancel, type ResponseHandler } from '../pipeline/dispatch.js';
import type { Ask } from './ask.js';
import { ageText, type Reply, replyTo } from './reply.js';
import { partOf, type StoredBody } from './store/body.js';
import type { Entry } from './store/l1.js';

const nothingToResume = (): void => {};

export function serveEntry(
  ask: Ask,
  handler: ResponseHandler,
  { stored, body }: Entry,
  told: CacheStatus,
  nowMs: number,
  wallMs: number,
): Cancel {
  const reply = replyTo(ask, stored, body.bytes, nowMs, wallMs);
  const headers = [...reply.headers, 'cache-status', formatCacheStatus(told)];
  const lengthBytes = replyBytes(reply, body.bytes, ask.method);
  return serve(handler, reply.status, headers, lengthBytes, { pieces: piecesOf(reply, body), lent: body.lent });
}

/** All of it, as it is stored: what most hits are. `cacheStatus` is a text, since of a route's hits only its end differs. */
export function serveWhole(
  handler: ResponseHandler,
  { stored, body }: Entry,
  cacheStatus: string,
  nowMs: number,
): Cancel {
  const headers = [...stored.headers, 'age', ageText(stored, nowMs), 'cache-status', cacheStatus];
  return serve(handler, stored.status, headers, body.bytes, { pieces: body.pieces, lent: body.lent });
}

/** A piece of this length is handed over with the end of the answer: what the client has not taken is soon done. */
const AT_ONCE_BYTES = 64 * 1024;

function serve(handler: ResponseHandler, status: number, headers: HeaderList, lengthBytes: number, sent: Sent): Cancel {
  const { pieces } = sent;
  const [first] = pieces;
  if (first === undefined || (pieces.length === 1 && first.byteLength <= AT_ONCE_BYTES)) {
    return serveAtOnce(handler, status, headers, lengthBytes, first);
  }
  const delivery = new Delivery(handler, sent);
  handler.onHeaders({ status, headers, lengthBytes, resume: () => delivery.pump() });
  delivery.pump();
  return delivery.cancel;
}

function serveAtOnce(
  handler: ResponseHandler,
  status: number,
  headers: HeaderList,
  lengthBytes: number,
  piece: Uint8Array | undefined,
): Cancel {
  handler.onHeaders({ status, headers, lengthBytes, resume: nothingToResume });
  if (piece !== undefined) handler.onData(piece);
  handler.onComplete();
  return nothingToCancel;
}

type Sent = Pick<StoredBody, 'pieces'> & { readonly lent: StoredBody['lent'] | undefined };

const NO_PIECES: readonly Uint8Array[] = [];

function piecesOf({ body: range }: Reply, body: StoredBody): readonly Uint8Array[] {
  if (range === null) return NO_PIECES;
  const isAll = range === 'all' || (range.first === 0 && range.last === body.bytes - 1);
  return isAll ? body.pieces : partOf(body, range);
}

/** Length of what is sent; to HEAD, of what would be (RFC 9110 §9.3.2). */
export function replyBytes<Length extends number | null>(
  { status, body }: Reply,
  bodyBytes: Length,
  method: string,
): Length | number {
  if (body === 'all') return bodyBytes;
  if (body !== null) return rangeBytes(body);
  return method === 'HEAD' && status !== 304 && status !== 416 ? bodyBytes : 0;
}

/** For as long as it lasts, the memory of what it sends is somebody's: the store's, or that of its readers. */
class Delivery {
  readonly #handler: ResponseHandler;
  readonly #sent: Sent;
  #next = 0;
  #isOver = false;
  #isPumping = false;
  #wasResumed = false;

  constructor(handler: ResponseHandler, sent: Sent) {
    this.#handler = handler;
    this.#sent = sent;
    sent.lent?.borrow();
  }

  readonly cancel: Cancel = () => this.#end();

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sent.lent?.giveBack();
  }

  pump(): void {
    this.#wasResumed = true;
    // A client that makes room at once says so while it is being given the piece.
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#wasResumed && !this.#isOver) this.#giveNext();
    this.#isPumping = false;
  }

  #giveNext(): void {
    const piece = this.#sent.pieces[this.#next];
    if (piece === undefined) {
      this.#end();
      this.#handler.onComplete();
      return;
    }
    this.#next += 1;
    this.#wasResumed = false;
    if (this.#handler.onData(piece)) this.#wasResumed = true;
  }
}
