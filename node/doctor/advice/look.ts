/**
 * A look at one answer on its way to the client: what its head says, whether its bytes are those of the last time, and now and then the bytes
 * themselves, to try on them what compression or a selection of fields would leave. It changes nothing and holds nothing up.
 */
import { combinedValue, type HeaderList, hasField, headerValue } from '@weir/proto/http/headers.js';
import { mediaTypeOf } from '@weir/proto/http/media-type.js';
import {
  type CompressSpec,
  compressFromBytes,
  compressibleTypes,
  type Encoding,
} from '@weir/proto/snapshot/optimize.js';
import { encodingFor, isCompressible } from '../../optimize/compress/negotiate.js';
import { ProjectionFault } from '../../optimize/fields/json-bytes.js';
import { Projector } from '../../optimize/fields/projector.js';
import { readSelection } from '../../optimize/fields/selection.js';
import type { GatewayRequest, ResponseHead } from '../../pipeline/dispatch.js';
import { hash32, mix32 } from '../../upstream/balance/hash.js';
import type { Look, Trial } from './answer-stats.js';

/** Longer bodies are not compared; of one that is tried so much is kept. */
export const BODY_BYTES_MAX = 256 * 1024;
/** So much of one is read for a selection: half a millisecond in which nothing else happens. */
export const PROJECTED_BYTES_MAX = 64 * 1024;
const QUERY_LENGTH_MAX = 2_048;
const FNV_PRIME = 0x01000193;
const FNV_BASIS = 0x811c9dc5;

/** As `optimize.compress: true` has it. */
const byDefault: CompressSpec = {
  ...{ minBytes: compressFromBytes, types: compressibleTypes, encodings: ['br', 'gzip'], keptBytes: 0 },
};

/** Whom a look belongs to. */
export interface Looker {
  /** Parameter of the query by which clients name fields. */
  readonly parameter: string;
  /** Whether so many bytes more may be read now. */
  mayRead(bytes: number): boolean;
  /** Whether the body may be kept until its end, to try something on it. */
  mayKeep(nowMs: number): boolean;
  looked(look: Look, kept: KeptBody | null): void;
}

/** The beginning of a body, or all of it. */
export interface KeptBody {
  readonly pieces: readonly Uint8Array[];
  readonly bytes: number;
  /** How the client would take it; null: it came coded, or is nothing that is. */
  readonly encoding: Encoding | null;
  /** What the client has named; null: nothing, or this is no JSON. */
  readonly selection: string | null;
}

export class Looking {
  readonly #looker: Looker;
  readonly #request: GatewayRequest;
  readonly #weight: number;
  readonly #status: number;
  readonly #isSaid: boolean;
  readonly #isJson: boolean;
  readonly #encoding: Encoding | null;
  readonly #named: string | null;
  readonly #tag: string | undefined;
  #digest = FNV_BASIS;
  #isRead: boolean;
  #bytes = 0;
  #pieces: Uint8Array[] | null = null;
  #keptBytes = 0;

  /** `weight`: for how many requests it stands. */
  constructor(request: GatewayRequest, head: ResponseHead, looker: Looker, weight: number) {
    const { headers, status } = head;
    this.#weight = weight;
    this.#looker = looker;
    this.#request = request;
    this.#status = status;
    this.#isSaid = ['cache-control', 'expires', 'pragma', 'set-cookie'].some((name) => hasField(headers, name));
    this.#isJson = isJson(status, headers);
    this.#tag = headerValue(headers, 'etag');
    this.#named = namedIn(request.query, looker.parameter);
    const accepted = combinedValue(request.headers, 'accept-encoding');
    this.#encoding = isCompressible(head, byDefault) ? encodingFor(accepted, byDefault.encodings) : null;
    // What has an entity tag is compared by that.
    this.#isRead = this.#tag === undefined && (head.lengthBytes ?? 0) <= BODY_BYTES_MAX;
    const isWorthKeeping = this.#encoding !== null || (this.#isJson && this.#named !== null);
    if (isWorthKeeping && looker.mayKeep(request.exchange.headersAtMs)) this.#pieces = [];
  }

  data(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#isRead) this.#read(chunk);
    if (this.#pieces === null || this.#keptBytes >= BODY_BYTES_MAX) return;
    const piece = chunk.subarray(0, BODY_BYTES_MAX - this.#keptBytes);
    this.#pieces.push(piece);
    this.#keptBytes += piece.length;
  }

  #read(chunk: Uint8Array): void {
    if (this.#bytes > BODY_BYTES_MAX || !this.#looker.mayRead(chunk.length)) {
      this.#isRead = false;
      return;
    }
    let digest = this.#digest;
    for (let i = 0; i < chunk.length; i += 1) digest = Math.imul(digest ^ (chunk[i] ?? 0), FNV_PRIME);
    this.#digest = digest;
  }

  /** The answer is over; `isWhole`: it did not break off. */
  ended(isWhole: boolean): void {
    const request = this.#request;
    const { exchange, method, authority, path, query } = request;
    const kept =
      this.#pieces === null
        ? null
        : {
            ...{ pieces: this.#pieces, bytes: this.#keptBytes, encoding: this.#encoding },
            selection: this.#isJson ? this.#named : null,
          };
    const look: Look = {
      weight: this.#weight,
      atMs: exchange.endedAtMs,
      url: hash32(`${method} ${authority}${path}?${query}`),
      method,
      status: this.#status,
      isPersonal: isPersonal(request),
      isSaid: this.#isSaid,
      digest: isWhole ? this.#digestOfAll() : 0,
      bytes: this.#bytes,
      waitMs: exchange.headersAtMs - exchange.receivedAtMs,
      wasAsked: exchange.attempts.length > 0 || exchange.coalesced > 0,
      isCodable: this.#encoding !== null,
      isJson: this.#isJson,
      isSelected: this.#named !== null,
    };
    this.#looker.looked(look, kept);
  }

  #digestOfAll(): number {
    if (this.#tag !== undefined) return hash32(this.#tag, 1) || 1;
    return this.#isRead ? mix32(this.#digest ^ this.#bytes) || 1 : 0;
  }
}

/** What a selection leaves of a body, or of its beginning; null: it can't be read. */
export function tryFields({ pieces, selection }: KeptBody): Trial | null {
  const read = selection === null ? null : readSelection(selection);
  if (read === null || !read.ok) return null;
  const projector = new Projector(read.selection);
  let [wholeBytes, leftBytes] = [0, 0];
  try {
    for (const whole of pieces) {
      const piece = whole.subarray(0, PROJECTED_BYTES_MAX - wholeBytes);
      wholeBytes += piece.length;
      leftBytes += projector.push(piece).length;
    }
    return { wholeBytes, leftBytes };
  } catch (error) {
    if (error instanceof ProjectionFault) return null;
    throw error;
  }
}

function isPersonal({ headers, exchange }: GatewayRequest): boolean {
  return (
    exchange.consumerId !== null ||
    exchange.isAuthorized ||
    hasField(headers, 'authorization') ||
    hasField(headers, 'cookie')
  );
}

function isJson(status: number, headers: HeaderList): boolean {
  if (status < 200 || status >= 300 || status === 206 || hasField(headers, 'content-encoding')) return false;
  const type = mediaTypeOf(headerValue(headers, 'content-type'));
  return type === 'application/json' || type.endsWith('+json');
}

function namedIn(query: string, parameter: string): string | null {
  if (query === '' || query.length > QUERY_LENGTH_MAX || !query.includes(parameter)) return null;
  return new URLSearchParams(query).get(parameter);
}
