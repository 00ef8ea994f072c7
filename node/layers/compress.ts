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
import { type Failure, failure } from '@weir/proto/http/failures.js';
import {
  combinedValue,
  type HeaderList,
  hasField,
  headerValue,
  listTokens,
  withField,
  withoutField,
} from '@weir/proto/http/headers.js';
import { type CompressSpec, type Encoding, encodings } from '@weir/proto/snapshot/optimize.js';
import { Compressor, canEncode } from '../optimize/compress/compressor.js';
import { formBytesMax, KeptForms } from '../optimize/compress/kept-forms.js';
import { encodingFor, isCompressible, withVary } from '../optimize/compress/negotiate.js';
import { conditionBelow, markedTag, tagOfUnchanged } from '../optimize/entity-tag.js';
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

export const compress: Place = (route) => {
  const spec = route.optimize?.compress ?? null;
  if (spec === null) return null;
  const offered = spec.encodings.filter(canEncode);
  const kept = new KeptForms(spec.keptBytes);
  return (next) => (request, handler) => {
    const isWhole = !hasField(request.headers, 'range');
    const encoding = isWhole ? encodingFor(combinedValue(request.headers, 'accept-encoding'), offered) : null;
    const compressing = new Compressing(request, handler, { spec, encoding, kept });
    compressing.cancelNext = next(encoding === null ? request : askedBelow(request, encoding), compressing);
    return compressing.cancel;
  };
};

const isCoding = (mark: string): boolean => encodings.some((encoding) => encoding === mark);

/** With the conditions that the answer's own tag may meet. */
function askedBelow(request: GatewayRequest, encoding: Encoding): GatewayRequest {
  const condition = combinedValue(request.headers, 'if-none-match');
  if (condition === undefined) return request;
  const below = conditionBelow(condition, encoding, isCoding);
  const others = withoutField(request.headers, 'if-none-match');
  return withHeaders(request, below === null ? others : [...others, 'if-none-match', below]);
}

interface Way {
  readonly spec: CompressSpec;
  /** Null: the client takes none, or wants a part. */
  readonly encoding: Encoding | null;
  readonly kept: KeptForms;
}

class Compressing implements ResponseHandler {
  cancelNext: Cancel = nothingToCancel;
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

  readonly cancel: Cancel = () => {
    this.#isOver = true;
    this.#compressor?.destroy();
    this.cancelNext();
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
    if (tag !== undefined && isForAll(this.#request, head)) this.#key = keyOf(this.#request, tag, encoding);
    const form = this.#key === '' ? undefined : kept.get(this.#key);
    if (form !== undefined) {
      this.#isSentAlready = true;
      this.#handler.onHeaders(new CodedHead(head, headers, form.length, () => {}));
      if (!this.#isOver && !isHead) this.#handler.onData(form);
      return;
    }
    if (isHead) {
      this.#handler.onHeaders(new CodedHead(head, headers, null, () => {}));
      return;
    }
    this.#head = head;
    this.#form = this.#key === '' || spec.keptBytes === 0 ? null : [];
    const compressor = this.#open(encoding);
    this.#compressor = compressor;
    this.#handler.onHeaders(new CodedHead(head, headers, null, () => compressor.resume()));
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#isSentAlready) return true;
    return this.#compressor === null ? this.#handler.onData(chunk) : this.#compressor.write(chunk);
  }

  onComplete(): void {
    if (this.#compressor === null) this.#handler.onComplete();
    else this.#compressor.end();
  }

  onError(failed: Failure): void {
    this.#isOver = true;
    this.#compressor?.destroy();
    this.#handler.onError(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(headers, peer);
  }

  #open(encoding: Encoding): Compressor {
    return new Compressor(encoding, {
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
        this.cancelNext();
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

/** Of the whole in its plain form, or of its length. */
const FIELDS_OF_THE_PLAIN_FORM = [
  'accept-ranges',
  'content-length',
  'content-md5',
  'digest',
  'repr-digest',
  'content-digest',
];

function codedFields(headers: HeaderList, encoding: Encoding): HeaderList {
  const told = FIELDS_OF_THE_PLAIN_FORM.reduce(withoutField, withVary(headers, 'accept-encoding'));
  const tag = headerValue(told, 'etag');
  const tagged = tag === undefined ? told : withField(told, 'etag', markedTag(tag, encoding));
  return withField(tagged, 'content-encoding', encoding);
}

/**
 * A form may be given to others only where the answer may: an origin that gives each of its users another answer under one tag is wrong,
 * and none of them may get another's by it.
 */
function isForAll({ headers: asked, exchange }: GatewayRequest, { status, headers }: ResponseHead): boolean {
  const isPersonal = exchange.consumerId !== null || hasField(asked, 'authorization') || hasField(asked, 'cookie');
  if (status !== 200 || hasField(headers, 'set-cookie')) return false;
  const directives = listTokens(combinedValue(headers, 'cache-control') ?? '');
  if (directives.includes('private') || directives.includes('no-store')) return false;
  const varies = listTokens(combinedValue(headers, 'vary') ?? '').some((name) => name !== 'accept-encoding');
  return !varies && (!isPersonal || directives.includes('public'));
}

function keyOf({ authority, path, query, exchange }: GatewayRequest, tag: string, encoding: Encoding): string {
  return `${encoding} ${exchange.scheme}://${authority}${path}?${query} ${tag}`;
}

class CodedHead implements ResponseHead {
  readonly status: number;
  readonly headers: HeaderList;
  readonly lengthBytes: number | null;
  readonly resume: () => void;

  constructor({ status }: ResponseHead, headers: HeaderList, lengthBytes: number | null, resume: () => void) {
    this.status = status;
    this.headers = headers;
    this.lengthBytes = lengthBytes;
    this.resume = resume;
  }
}
