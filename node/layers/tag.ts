/**
 * Gives answers an entity tag that have none, and answers 304 to whoever shows that he has the same: the upstream still makes its answer, but it need
 * not travel twice. Stands below the cache, so that what is stored has a tag, and a stored answer is confirmed without the upstream.
 *
 *   200 to GET without a tag, not longer than `upTo` ──▶ held until it is whole ──▶ tag of its bytes ──▶ shown by the client? ── yes ──▶ 304
 *                                                          │ longer, or no memory left                 └─ no ──▶ head with the tag, body
 *                                                          └──▶ what was held, and then as it comes, without a tag
 *
 * The tag is strong (RFC 9110 §8.8.3): the same tag, the same bytes. It says nothing of the fields beside them.
 */
import { createHash, type Hash } from 'node:crypto';
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { combinedValue, type HeaderList, hasField, withField } from '@weir/proto/http/headers.js';
import { matchesAny } from '../optimize/entity-tag.js';
import { isStream } from '../optimize/stream-type.js';
import type { Place } from '../pipeline/chain.js';
import {
  type Cancel,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import type { ChainServices } from '../pipeline/services.js';

export const tag: Place = (route, services) => {
  const bytesMax = route.optimize?.etagBytesMax ?? 0;
  if (bytesMax === 0) return null;
  return (next) => (request, handler) => {
    // Of an answer to HEAD there are no bytes to make one of.
    if (request.method !== 'GET' || hasField(request.headers, 'range')) return next(request, handler);
    const tagging = new Tagging(request, handler, bytesMax, services);
    tagging.cancelNext = next(request, tagging);
    return tagging.cancel;
  };
};

/** RFC 9110 §15.4.5: what a 304 says of its representation; the rest the client has. */
const FIELDS_OF_304: ReadonlySet<string> = new Set([
  ...['cache-control', 'content-location', 'date', 'etag', 'expires', 'vary', 'set-cookie', 'link'],
  ...['cdn-cache-control', 'weir-cache-control', 'surrogate-control', 'surrogate-key', 'cache-tag'],
]);
const TAG_LENGTH = 27;

class Tagging implements ResponseHandler {
  cancelNext: Cancel = nothingToCancel;
  readonly #request: GatewayRequest;
  readonly #handler: ResponseHandler;
  readonly #bytesMax: number;
  readonly #services: ChainServices;
  /** Not null: held. */
  #head: ResponseHead | null = null;
  #hash: Hash | null = null;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #setAside = 0;
  #isOver = false;

  constructor(request: GatewayRequest, handler: ResponseHandler, bytesMax: number, services: ChainServices) {
    this.#request = request;
    this.#handler = handler;
    this.#bytesMax = bytesMax;
    this.#services = services;
  }

  readonly cancel: Cancel = () => {
    this.#isOver = true;
    this.#letGo();
    this.cancelNext();
  };

  onHeaders(head: ResponseHead): void {
    const { status, headers, lengthBytes } = head;
    const isShort = lengthBytes === null || lengthBytes <= this.#bytesMax;
    const isTagged = hasField(headers, 'etag');
    if (status !== 200 || isTagged || isStream(headers, lengthBytes) || !isShort || !this.#take(lengthBytes ?? 0)) {
      this.#handler.onHeaders(head);
      return;
    }
    this.#head = head;
    this.#hash = createHash('sha256');
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#head === null) return this.#handler.onData(chunk);
    this.#bytes += chunk.length;
    this.#chunks.push(chunk);
    this.#hash?.update(chunk);
    const isMore = this.#bytes > this.#setAside;
    if (this.#bytes > this.#bytesMax || (isMore && !this.#take(this.#bytes - this.#setAside)))
      return this.#giveUp(this.#head);
    return true;
  }

  onComplete(): void {
    const head = this.#head;
    const digest = this.#hash?.digest('base64url').slice(0, TAG_LENGTH) ?? '';
    if (head === null) {
      this.#handler.onComplete();
      return;
    }
    const { lengthBytes, status } = head;
    if (lengthBytes !== null && lengthBytes !== this.#bytes) {
      this.onError(failure('response_incomplete', `${this.#bytes} bytes came of an answer of ${lengthBytes}`));
      return;
    }
    const [chunks, bytes] = [this.#chunks, this.#bytes];
    this.#letGo();
    const own = `"${digest}"`;
    const headers = withField(head.headers, 'etag', own);
    const condition = combinedValue(this.#request.headers, 'if-none-match');
    if (condition !== undefined && matchesAny(condition, own)) {
      const fields = fieldsOf304(headers);
      this.#handler.onHeaders({ status: 304, headers: fields, lengthBytes: 0, resume: nothingToResume });
    } else {
      this.#handler.onHeaders({ status, headers, lengthBytes: bytes, resume: nothingToResume });
      for (const chunk of chunks) if (!this.#isOver) this.#handler.onData(chunk);
    }
    if (!this.#isOver) this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    this.#letGo();
    this.#handler.onError(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(headers, peer);
  }

  /** It is longer than may be held: passed on as it comes from here on. */
  #giveUp(head: ResponseHead): boolean {
    const chunks = this.#chunks;
    this.#letGo();
    this.#handler.onHeaders(head);
    let isOpen = true;
    for (const chunk of chunks) if (!this.#isOver) isOpen = this.#handler.onData(chunk);
    return isOpen;
  }

  #take(bytes: number): boolean {
    if (!this.#services.heldBytes.take(bytes)) return false;
    this.#setAside += bytes;
    return true;
  }

  #letGo(): void {
    if (this.#setAside > 0) this.#services.heldBytes.giveBack(this.#setAside);
    this.#setAside = 0;
    this.#head = null;
    this.#hash = null;
    this.#chunks = [];
  }
}

const nothingToResume = (): void => {};

function fieldsOf304(headers: HeaderList): HeaderList {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (FIELDS_OF_304.has(name)) kept.push(name, headers[i + 1] ?? '');
  }
  return kept;
}
