/**
 * Sends answers compressed to whoever takes them so, where they come uncompressed and it pays: by type, by length, by Accept-Encoding.
 *
 *   head ──▶ compressible? ──no──▶ as it is
 *              │ yes: it varies by Accept-Encoding, also for whoever gets it plain
 *              ├─ client takes none ──▶ as it is
 *              ├─ kept under its entity tag ──▶ the kept form, at once; what comes from below is let go
 *              └─ else ──▶ compressed piece by piece in another thread, with its own entity tag; kept when it is whole
 *
 * A compressed form is a representation of its own (RFC 9110 §8.8.3): its tag is marked with the coding, and a client that shows it
 * asks below for the answer's own. Range requests get the plain form, of which they are parts.
 */
import { cacheControl } from '@weir/proto/http/cache-control.js';
import { type Failure, failure } from '@weir/proto/http/failures.js';
import {
  combinedValue,
  type HeaderList,
  hasField,
  headerValue,
  listTokens,
  withField,
} from '@weir/proto/http/headers.js';
import { type CompressSpec, type Encoding, encodings } from '@weir/proto/snapshot/optimize.js';
import { Compressor, canEncode } from '../optimize/compress/compressor.js';
import { formBytesMax, type RouteForms } from '../optimize/compress/kept-forms.js';
import { encodingFor, isCompressible, withVary } from '../optimize/compress/negotiate.js';
import { conditionsBelow, markedTag, meets, tagOfUnchanged } from '../optimize/entity-tag.js';
import { MadeHead, refusePrecondition, withoutByteFields } from '../optimize/made-head.js';
import type { Place } from '../pipeline/chain.js';
import { withHeaders } from '../pipeline/derived-request.js';
import {
  type Cancel,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import { EditedHead } from '../pipeline/edited-response.js';
import type { Timers } from '../time/clock.js';

export const compress: Place = (route, services) => {
  const spec = route.optimize?.compress ?? null;
  if (spec === null) return null;
  const { timers } = services;
  const offered = spec.encodings.filter(canEncode);
  const kept = services.keptForms.open(spec.keptBytes);
  const outlived = (): void => services.observer.madeSmaller?.('outlived', route.id);
  return (next) => (request, handler) => {
    const isWhole = !hasField(request.headers, 'range');
    const encoding = isWhole ? encodingFor(combinedValue(request.headers, 'accept-encoding'), offered) : null;
    const compressing = new Compressing(request, handler, { spec, encoding, kept, outlived, timers });
    return compressing.begun(next(askedBelow(request, encoding), compressing));
  };
};

const isCoding = (mark: string): boolean => encodings.some((encoding) => encoding === mark);

/** With the conditions that the answer's own tag may meet. */
function askedBelow(request: GatewayRequest, encoding: Encoding | null): GatewayRequest {
  const { method, headers } = request;
  const told = conditionsBelow(method, headers, { mark: encoding, isOurs: isCoding });
  return told === headers ? request : withHeaders(request, told);
}

interface Way {
  readonly spec: CompressSpec;
  /** Null: the client takes none, or wants a part. */
  readonly encoding: Encoding | null;
  readonly kept: RouteForms;
  /** Tells that an answer was complete though what it was made of has failed. */
  readonly outlived: () => void;
  readonly timers: Timers;
}

class Compressing implements ResponseHandler {
  #cancelNext: Cancel = nothingToCancel;
  readonly #request: GatewayRequest;
  readonly #handler: ResponseHandler;
  readonly #way: Way;
  /** Null: what comes is passed as it is, or is dropped because a kept form was sent. */
  #compressor: Compressor | null = null;
  #isSentAlready = false;
  #head: ResponseHead | null = null;
  /** What was sent so far, as long as it may be kept. */
  #form: Uint8Array[] | null = null;
  #formBytes = 0;
  #key = '';
  #isOver = false;

  constructor(request: GatewayRequest, handler: ResponseHandler, way: Way) {
    this.#request = request;
    this.#handler = handler;
    this.#way = way;
  }

  /** It may have ended before there was anything to cancel. */
  begun(cancelNext: Cancel): Cancel {
    this.#cancelNext = cancelNext;
    if (this.#isOver) cancelNext();
    return this.#cancel;
  }

  readonly #cancel: Cancel = () => {
    this.#isOver = true;
    this.#compressor?.destroy();
    this.#cancelNext();
  };

  onHeaders(head: ResponseHead): void {
    const { encoding, spec } = this.#way;
    if (head.status === 304 && encoding !== null) this.#passUnchanged(head, encoding);
    else if (!isCompressible(head, spec)) this.#handler.onHeaders(head);
    else if (encoding !== null) this.#code(head, encoding);
    else this.#handler.onHeaders(new EditedHead(head, withVary(head.headers, 'accept-encoding')));
  }

  #passUnchanged(head: ResponseHead, encoding: Encoding): void {
    const tag = headerValue(head.headers, 'etag');
    const condition = combinedValue(this.#request.headers, 'if-none-match');
    const headers =
      tag === undefined ? head.headers : withField(head.headers, 'etag', tagOfUnchanged(tag, encoding, condition));
    this.#handler.onHeaders(new EditedHead(head, withVary(headers, 'accept-encoding')));
  }

  #code(head: ResponseHead, encoding: Encoding): void {
    const { spec, kept } = this.#way;
    const tag = headerValue(head.headers, 'etag');
    const isHead = this.#request.method === 'HEAD';
    const headers = codedFields(head.headers, encoding);
    const coded = headerValue(headers, 'etag');
    if (!meets(this.#request.method, this.#request.headers, coded)) {
      this.#cancel();
      refusePrecondition(this.#handler, coded ?? '');
      return;
    }
    if (tag !== undefined && isForAll(this.#request, head)) this.#key = keyOf(this.#request, tag, encoding);
    const form = this.#key === '' ? undefined : kept.get(this.#key);
    if (form !== undefined) {
      this.#isSentAlready = true;
      this.#handler.onHeaders(new MadeHead(head.status, headers, form.length, null));
      if (!this.#isOver && !isHead) this.#handler.onData(form);
      return;
    }
    if (isHead) {
      this.#handler.onHeaders(new MadeHead(head.status, headers, null, null));
      return;
    }
    this.#head = head;
    this.#form = this.#key === '' || spec.keptBytes === 0 ? null : [];
    const compressor = this.#open(encoding);
    this.#compressor = compressor;
    this.#handler.onHeaders(new MadeHead(head.status, headers, null, compressor));
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#isOver || this.#isSentAlready) return true;
    return this.#compressor === null ? this.#handler.onData(chunk) : this.#compressor.write(chunk);
  }

  onComplete(): void {
    if (this.#isOver) return;
    if (this.#compressor === null) this.#handler.onComplete();
    else this.#compressor.end();
  }

  onError(failed: Failure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#compressor?.destroy();
    if (!this.#isSentAlready) {
      this.#handler.onError(failed);
      return;
    }
    // Its client has all of it.
    this.#way.outlived();
    this.#handler.onComplete();
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(headers, peer);
  }

  #open(encoding: Encoding): Compressor {
    return new Compressor(encoding, this.#way.timers, {
      onData: (chunk) => {
        this.#remember(chunk);
        return this.#handler.onData(chunk);
      },
      onEnd: () => {
        if (this.#form !== null) this.#way.kept.put(this.#key, Buffer.concat(this.#form));
        this.#handler.onComplete();
      },
      onDrain: () => this.#head?.resume(),
      onError: (cause) => {
        // Nothing in what it was given can bring it about.
        this.#cancelNext();
        this.#handler.onError(failure('internal_error', 'the answer could not be compressed', { cause }));
      },
    });
  }

  #remember(chunk: Uint8Array): void {
    if (this.#form === null) return;
    this.#formBytes += chunk.length;
    if (this.#formBytes > formBytesMax) this.#form = null;
    else this.#form.push(chunk);
  }
}

function codedFields(headers: HeaderList, encoding: Encoding): HeaderList {
  const told = withoutByteFields(withVary(headers, 'accept-encoding'));
  const tag = headerValue(told, 'etag');
  const tagged = tag === undefined ? told : withField(told, 'etag', markedTag(tag, encoding));
  return withField(tagged, 'content-encoding', encoding);
}

/**
 * A form may be given to others only where the answer may: an origin that gives each of its users another answer under one tag is wrong,
 * and none of them may get another's by it.
 */
function isForAll({ method, headers: asked, exchange }: GatewayRequest, { status, headers }: ResponseHead): boolean {
  // An answer to any other method is about what that has done, and its tag is that of another thing.
  if (method !== 'GET' && method !== 'HEAD') return false;
  const isPersonal = exchange.consumerId !== null || hasField(asked, 'authorization') || hasField(asked, 'cookie');
  if (status !== 200 || hasField(headers, 'set-cookie')) return false;
  const { isPrivate, noStore, isPublic, isBroken } = cacheControl(headers);
  if (isPrivate !== false || noStore || isBroken) return false;
  const varies = listTokens(combinedValue(headers, 'vary') ?? '').some((name) => name !== 'accept-encoding');
  return !varies && (!isPersonal || isPublic);
}

function keyOf({ authority, path, query, exchange }: GatewayRequest, tag: string, encoding: Encoding): string {
  return `${encoding} ${exchange.scheme}://${authority}${path}?${query} ${tag}`;
}
