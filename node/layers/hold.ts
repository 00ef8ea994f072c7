/**
 * Holds back short answers until they are whole (`protect`). A failure in the middle of one is then a failure before any
 * byte has passed, so whoever stands above (hedge, retry, fallback) can still do something about it. It costs the client
 * the time between the first byte and the last, which is little for a short answer.
 *
 *   head ──▶ known length, 1 … protectBytes, memory left? ──no──▶ passes as it comes
 *              │ yes
 *              ▼
 *            held ── complete ──▶ head, one chunk, end
 *              └──── broken ────▶ a failure, nothing else
 *
 * The whole length is set aside before the first byte is kept, out of one sum for the node; when that is spent, answers
 * pass unheld. While it holds, the valve stays open: what comes has its place already.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { Place } from '../pipeline/chain.js';
import {
  type Cancel,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import type { ChainServices } from '../pipeline/services.js';

export const hold: Place = (route, services) => {
  const { protectBytes } = route;
  if (protectBytes === 0 || route.action.kind !== 'proxy') return null;
  return (next) => (request, handler) => {
    // To HEAD there comes no body, whatever length its answer states.
    if (request.method === 'HEAD') return next(request, handler);
    const holding = new Holding(handler, protectBytes, services, route.id);
    holding.cancelNext = next(request, holding);
    return holding.cancel;
  };
};

/** RFC 9110 §15.3.5, §15.4.5: without content, whatever length they state. */
const hasNoContent = (status: number): boolean => status === 204 || status === 304;

const nothingToResume = (): void => {};

class Holding implements ResponseHandler {
  cancelNext: Cancel = nothingToCancel;
  readonly #handler: ResponseHandler;
  readonly #protectBytes: number;
  readonly #services: ChainServices;
  readonly #routeId: string;
  /** Not null: held back. */
  #head: ResponseHead | null = null;
  #setAside = 0;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  /** A receiver may cancel in the middle of what it is given. */
  #isPassing = false;

  constructor(handler: ResponseHandler, protectBytes: number, services: ChainServices, routeId: string) {
    this.#handler = handler;
    this.#protectBytes = protectBytes;
    this.#services = services;
    this.#routeId = routeId;
  }

  readonly cancel: Cancel = () => {
    this.#drop();
    this.cancelNext();
  };

  onHeaders(head: ResponseHead): void {
    const { lengthBytes } = head;
    const isShort = lengthBytes !== null && lengthBytes > 0 && lengthBytes <= this.#protectBytes;
    if (!isShort || hasNoContent(head.status) || !this.#services.heldBytes.take(lengthBytes)) {
      this.#handler.onHeaders(head);
      return;
    }
    this.#setAside = lengthBytes;
    this.#head = head;
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#head === null) return this.#handler.onData(chunk);
    this.#bytes += chunk.byteLength;
    // More than was announced is nonsense, and has no place; what the end makes of it is seen there.
    if (this.#bytes <= this.#setAside) this.#chunks.push(chunk);
    return true;
  }

  onComplete(): void {
    const head = this.#head;
    if (head === null) {
      this.#handler.onComplete();
      return;
    }
    const { status, headers, lengthBytes } = head;
    const chunks = this.#chunks;
    const bytes = this.#bytes;
    this.#drop();
    if (bytes !== lengthBytes) {
      this.#handler.onError(failure('response_incomplete', `${bytes} bytes came of an answer of ${lengthBytes}`));
      return;
    }
    this.#services.observer.decided('held_back', this.#routeId);
    this.#pass({ status, headers, lengthBytes, resume: nothingToResume }, chunks, bytes);
  }

  /** The body is in memory as a whole, so the valve of its receiver has nothing to hold back. */
  #pass(head: ResponseHead, chunks: readonly Uint8Array[], bytes: number): void {
    this.#isPassing = true;
    this.#handler.onHeaders(head);
    if (this.#isPassing) this.#handler.onData(joined(chunks, bytes));
    if (this.#isPassing) this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    this.#drop();
    this.#handler.onError(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(headers, peer);
  }

  /** Keeps nothing any more, and passes nothing on of what it is about to pass. */
  #drop(): void {
    if (this.#setAside > 0) this.#services.heldBytes.giveBack(this.#setAside);
    this.#setAside = 0;
    this.#head = null;
    this.#chunks = [];
    this.#isPassing = false;
  }
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first; // The usual case; the chunk is the receiver's to keep.
  const whole = new Uint8Array(bytes);
  let filled = 0;
  for (const chunk of chunks) {
    whole.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return whole;
}
