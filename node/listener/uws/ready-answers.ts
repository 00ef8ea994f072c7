/**
 * Answers that were given once and are good for the next who asks for the same (pipeline/reusable.ts): head, in which only the
 * request id is anew each time, and body. Sole owner of them; at most so many and so many bytes, the oldest given up first. Each is good for a
 * second at most, so what is popular comes by the chain once a second, which keeps its age, its place in the cache and its
 * verdicts true.
 */
import type { GatewayRequest, ResponseHead } from '../../pipeline/dispatch.js';
import { asksPlainly, type OwnNames, type Reusable } from '../../pipeline/reusable.js';
import { headStart } from './response-head.js';

export interface ReadyAnswer {
  /**
   * Status and fields, at the end the id of the request that it answered. Bytes, which the library copies as they are: a text it
   * counts and encodes anew, and one that was joined with an id it makes flat before, which took 400 ns of a hit.
   */
  readonly head: Uint8Array;
  readonly idAt: number;
  readonly reusable: Reusable;
}

const ANSWERS_MAX = 1_024;
const BYTES_MAX = 4 * 1024 * 1024;

interface Kept extends ReadyAnswer {
  readonly authority: string;
  /** Path and query. */
  readonly url: string;
}

export class ReadyAnswers {
  /** By authority first: nearly all requests name the same few, so that is no new text to be hashed. */
  readonly #byAuthority = new Map<string, Map<string, Kept>>();
  readonly #inOrder = new Set<Kept>();
  #bytes = 0;

  get size(): number {
    return this.#inOrder.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Null: there is none that may still be given. */
  find(authority: string, path: string, query: string, nowMs: number): ReadyAnswer | null {
    const ready = this.#byAuthority.get(authority)?.get(urlOf(path, query));
    if (ready === undefined) return null;
    if (nowMs < ready.reusable.untilMs && ready.reusable.isGood()) return ready;
    this.#drop(ready);
    return null;
  }

  keep(authority: string, path: string, query: string, { head, idAt, reusable }: ReadyAnswer): void {
    let ofAuthority = this.#byAuthority.get(authority);
    if (ofAuthority === undefined) {
      ofAuthority = new Map();
      this.#byAuthority.set(authority, ofAuthority);
    }
    const ready: Kept = { head, idAt, reusable, authority, url: urlOf(path, query) };
    const before = ofAuthority.get(ready.url);
    if (before !== undefined) this.#forget(before);
    ofAuthority.set(ready.url, ready);
    this.#inOrder.add(ready);
    this.#bytes += bytesOf(ready);
    for (const oldest of this.#inOrder) {
      if (this.#inOrder.size <= ANSWERS_MAX && this.#bytes <= BYTES_MAX) return;
      this.#drop(oldest);
    }
  }

  clear(): void {
    this.#byAuthority.clear();
    this.#inOrder.clear();
    this.#bytes = 0;
  }

  #drop(ready: Kept): void {
    this.#forget(ready);
    const ofAuthority = this.#byAuthority.get(ready.authority);
    ofAuthority?.delete(ready.url);
    if (ofAuthority?.size === 0) this.#byAuthority.delete(ready.authority);
  }

  #forget(ready: Kept): void {
    this.#inOrder.delete(ready);
    this.#bytes -= bytesOf(ready);
  }
}

/** No path holds a question mark. */
const urlOf = (path: string, query: string): string => (query === '' ? path : `${path}?${query}`);

const bytesOf = ({ head, reusable }: ReadyAnswer): number => head.length + reusable.body.length;

/** Of a request that was just answered by this head; null: others may not have the answer so. */
export function readyAnswerOf(request: GatewayRequest, answered: ResponseHead, own: OwnNames): ReadyAnswer | null {
  const { exchange, method, body, headers } = request;
  const { reusable } = exchange;
  const { requestIdHeader } = own;
  const isWhole = exchange.failure === null && answered.status === 200;
  if (reusable === null || !isWhole || method !== 'GET' || body !== null || !asksPlainly(headers, own)) return null;
  // The id comes last, for nothing outside of the layer that sets it writes into such an answer.
  const [name, id] = answered.headers.slice(-2);
  if (name !== requestIdHeader || id !== exchange.id) return null;
  const start = headStart(answered.status, answered.headers.slice(0, -2));
  if (start === null) return null;
  const text = Buffer.from(`${start}\r\n${requestIdHeader}: ${id}`);
  // Memory of its own: a piece of a pool would keep all of it.
  const head = Buffer.allocUnsafeSlow(text.length);
  head.set(text);
  return { head, idAt: text.length - id.length, reusable };
}
