/**
 * Sends of a JSON answer the fields that its client names (`?fields=id,items(sku)`), and no white space. Stands above the cache: what is stored is
 * the whole, once, and each client takes its part of it.
 *
 * The parameter ends here: what is below has one URL for all selections. A selection is a representation of its own, so the answer's
 * entity tag is marked with it, and the weak kind of the mark's answer stays: see entity-tag.ts. Failures and what is no JSON pass as they are.
 */

import { type Failure, failure } from '@weir/proto/http/failures.js';
import {
  combinedValue,
  type HeaderList,
  hasField,
  headerValue,
  withField,
  withoutField,
} from '@weir/proto/http/headers.js';
import { mediaTypeOf } from '@weir/proto/http/media-type.js';
import { conditionBelow, markedTag, tagOfUnchanged } from '../optimize/entity-tag.js';
import { ProjectionFault, Projector } from '../optimize/fields/projector.js';
import { type Branch, readSelection, selectionText } from '../optimize/fields/selection.js';
import type { Place } from '../pipeline/chain.js';
import { withHeaders, withQuery } from '../pipeline/derived-request.js';
import {
  type Cancel,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import { EditedHead } from '../pipeline/edited-response.js';
import { hash32 } from '../upstream/balance/hash.js';

export const select: Place = (route) => {
  const { fields = null, minify = false } = route.optimize ?? {};
  if (fields === null && !minify) return null;
  return (next) => (request, handler) => {
    const named = fields === null ? null : parameterOf(request.query, fields.parameter);
    if (named === null && !minify) return next(request, handler);
    let selection: Branch | null = null;
    if (named !== null) {
      const read =
        named.text === null ? { ok: false as const, at: 0, why: 'it comes more than once' } : readSelection(named.text);
      if (!read.ok) {
        handler.onError(
          failure(
            'bad_request',
            `\`${fields?.parameter}\` can't be read: ${read.why}, at character ${read.at + 1}; write a,b(c,d)`,
          ),
        );
        return nothingToCancel;
      }
      selection = read.selection;
    }
    const mark = markOf(selection);
    const below = named === null ? request : withQuery(request, named.rest);
    const selecting = new Selecting(request, handler, selection, mark);
    selecting.cancelNext = next(askedBelow(below, mark), selecting);
    return selecting.cancel;
  };
};

/** Null: it is not there. `text` null: it comes more than once, or can't be decoded. */
function parameterOf(query: string, parameter: string): { readonly text: string | null; readonly rest: string } | null {
  if (query === '' || !query.includes(parameter)) return null;
  const rest: string[] = [];
  let text: string | null = null;
  let count = 0;
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    if ((equals < 0 ? pair : pair.slice(0, equals)) !== parameter) {
      rest.push(pair);
      continue;
    }
    count += 1;
    text = equals < 0 ? '' : decoded(pair.slice(equals + 1));
  }
  return count === 0 ? null : { text: count === 1 ? text : null, rest: rest.join('&') };
}

function decoded(value: string): string | null {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

const MARK_PREFIX = 'f-';

/** Two hashes of its one spelling: 64 bits. */
function markOf(selection: Branch | null): string {
  if (selection === null) return `${MARK_PREFIX}all`;
  const text = selectionText(selection);
  return `${MARK_PREFIX}${hash32(text, 1).toString(36)}${hash32(text, 2).toString(36)}`;
}

function askedBelow(request: GatewayRequest, mark: string): GatewayRequest {
  // A part of the whole is not what a range of a selection would be; the whole is selected from.
  const whole = hasField(request.headers, 'range') ? withHeaders(request, withoutRange(request.headers)) : request;
  const condition = combinedValue(whole.headers, 'if-none-match');
  if (condition === undefined) return whole;
  const below = conditionBelow(condition, mark, (other) => other.startsWith(MARK_PREFIX));
  const others = withoutField(whole.headers, 'if-none-match');
  return withHeaders(whole, below === null ? others : [...others, 'if-none-match', below]);
}

function withoutRange(headers: HeaderList): HeaderList {
  return withoutField(withoutField(headers, 'range'), 'if-range');
}

class Selecting implements ResponseHandler {
  cancelNext: Cancel = nothingToCancel;
  readonly #request: GatewayRequest;
  readonly #handler: ResponseHandler;
  readonly #selection: Branch | null;
  readonly #mark: string;
  /** Null: what comes is passed as it is. */
  #projector: Projector | null = null;
  #isOver = false;

  constructor(request: GatewayRequest, handler: ResponseHandler, selection: Branch | null, mark: string) {
    this.#request = request;
    this.#handler = handler;
    this.#selection = selection;
    this.#mark = mark;
  }

  readonly cancel: Cancel = () => {
    this.#isOver = true;
    this.cancelNext();
  };

  onHeaders(head: ResponseHead): void {
    const { headers, status } = head;
    if (status === 304) {
      const tag = headerValue(headers, 'etag');
      const condition = combinedValue(this.#request.headers, 'if-none-match');
      const told = tag === undefined ? headers : withField(headers, 'etag', tagOfUnchanged(tag, this.#mark, condition));
      this.#handler.onHeaders(new EditedHead(head, told));
      return;
    }
    if (!isPlainJson(head)) {
      this.#handler.onHeaders(head);
      return;
    }
    const tag = headerValue(headers, 'etag');
    const bare = FIELDS_OF_THE_WHOLE.reduce(withoutField, headers);
    const told = tag === undefined ? bare : withField(bare, 'etag', markedTag(tag, this.#mark));
    this.#projector = new Projector(this.#selection);
    this.#handler.onHeaders(new SelectedHead(head, told));
  }

  onData(chunk: Uint8Array): boolean {
    const out = this.#projected((projector) => projector.push(chunk), chunk);
    return this.#isOver || out === null || out.length === 0 || this.#handler.onData(out);
  }

  onComplete(): void {
    if (this.#projector !== null && this.#request.method !== 'HEAD') {
      const out = this.#projected((projector) => projector.end(), NOTHING);
      if (this.#isOver || out === null) return;
      if (out.length > 0) this.#handler.onData(out);
    }
    if (!this.#isOver) this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    if (!this.#isOver) this.#handler.onError(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(headers, peer);
  }

  /** Null: it was no JSON, and the answer broke off. */
  #projected(what: (projector: Projector) => Uint8Array, plain: Uint8Array): Uint8Array | null {
    if (this.#isOver) return null;
    if (this.#projector === null) return plain;
    try {
      return what(this.#projector);
    } catch (error) {
      if (!(error instanceof ProjectionFault)) throw error;
      this.#isOver = true;
      this.cancelNext();
      this.#handler.onError(failure('response_malformed', `the upstream's JSON can't be read: ${error.message}`));
      return null;
    }
  }
}

const NOTHING = new Uint8Array(0);

/** Of all of it, byte by byte. */
const FIELDS_OF_THE_WHOLE = [
  'content-length',
  'accept-ranges',
  'content-md5',
  'digest',
  'repr-digest',
  'content-digest',
];

function isPlainJson({ status, headers }: ResponseHead): boolean {
  if (status < 200 || status >= 300 || status === 204 || status === 205 || status === 206) return false;
  if (hasField(headers, 'content-encoding')) return false;
  const type = mediaTypeOf(headerValue(headers, 'content-type'));
  return type === 'application/json' || type.endsWith('+json');
}

class SelectedHead implements ResponseHead {
  readonly status: number;
  readonly headers: HeaderList;
  readonly lengthBytes = null;
  readonly #below: ResponseHead;

  constructor(below: ResponseHead, headers: HeaderList) {
    this.status = below.status;
    this.headers = headers;
    this.#below = below;
  }

  resume(): void {
    this.#below.resume();
  }
}
