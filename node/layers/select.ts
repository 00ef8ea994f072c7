/**
 * Sends of a JSON answer the fields that its client names (`?fields=id,items(sku)`), no white space, and of a list the page that is asked for. Stands
 * above the cache: what is stored is the whole, once, and each client takes its part of it.
 *
 *   request ──▶ fields ──▶ page (optimize/list) ──▶ below        what is named is of the answer as clients see it: a page, wrapped or not
 *
 * The parameter ends here: what is below has one URL for all selections. A selection is a representation of its own, so the answer's
 * entity tag is marked with it, and the weak kind of the mark's answer stays: see entity-tag.ts. Failures and what is no JSON pass as they are.
 */

import { type Failure, failure } from '@weir/proto/http/failures.js';
import { combinedValue, headerValue, withField, withoutField } from '@weir/proto/http/headers.js';
import { conditionsBelow, markedTag, meets, tagOfUnchanged } from '../optimize/entity-tag.js';
import { ProjectionFault } from '../optimize/fields/json-bytes.js';
import { isPlainJson } from '../optimize/fields/plain-json.js';
import { Projector } from '../optimize/fields/projector.js';
import { type Branch, readSelection } from '../optimize/fields/selection.js';
import { listRoute } from '../optimize/list/list-route.js';
import { type PageDispatch, pagesOf } from '../optimize/list/paging.js';
import { MachinedAnswer } from '../optimize/machined-answer.js';
import { MadeHead, refusePrecondition, withoutByteFields, withoutRange } from '../optimize/made-head.js';
import { fieldsMark, isOfAnswer, isOfFields } from '../optimize/marks.js';
import type { Place } from '../pipeline/chain.js';
import { withHeaders, withQuery } from '../pipeline/derived-request.js';
import { type GatewayRequest, nothingToCancel, type ResponseHandler, type ResponseHead } from '../pipeline/dispatch.js';
import { EditedHead } from '../pipeline/edited-response.js';

export const select: Place = (route, services) => {
  const { fields = null, minify = false, list } = route.optimize ?? {};
  if (fields === null && !minify && list === undefined) return null;
  return (next) => {
    const below: PageDispatch = list === undefined ? next : pagesOf(listRoute(route.id, list, services), next);
    return (request, handler) => {
      const named = fields === null ? null : parameterOf(request.query, fields.parameter);
      if (named === null && !minify) return below(asItIs(request), handler, request.query);
      const selection = named === null ? null : selectionIn(named.text);
      if (typeof selection === 'string') {
        const why = `\`${fields?.parameter}\` can't be read: ${selection}; write a,b(c,d)`;
        handler.onError(failure('bad_request', why));
        return nothingToCancel;
      }
      const mark = fieldsMark(selection);
      const selecting = new Selecting(request, handler, selection, mark);
      return selecting.begun(below(askedBelow(request, named?.rest ?? request.query, mark), selecting, request.query));
    };
  };
};

/** A text: why it can't be read. */
function selectionIn(text: string | null): Branch | string {
  if (text === null) return 'it comes more than once, at character 1';
  const read = readSelection(text);
  return read.ok ? read.selection : `${read.why}, at character ${read.at + 1}`;
}

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

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** Nothing is selected of this answer; what was shown of another one is that state of the resource all the same. */
function asItIs(request: GatewayRequest): GatewayRequest {
  const { method, headers } = request;
  const told = conditionsBelow(method, headers, { mark: null, isOurs: isOfAnswer });
  return told === headers ? request : withHeaders(request, told);
}

/** It has to be read here, whole: compressed, or as a part of the whole, it can't be. */
function askedBelow(request: GatewayRequest, query: string, mark: string): GatewayRequest {
  const { method, headers } = request;
  const readable = withoutField(withoutRange(headers), 'accept-encoding');
  const making = { mark, isOurs: isRead(method) ? isOfFields : isOfAnswer };
  return withHeaders(withQuery(request, query), conditionsBelow(method, readable, making));
}

class Selecting extends MachinedAnswer {
  readonly #request: GatewayRequest;
  readonly #selection: Branch | null;
  readonly #mark: string;

  constructor(request: GatewayRequest, handler: ResponseHandler, selection: Branch | null, mark: string) {
    super(handler);
    this.#request = request;
    this.#selection = selection;
    this.#mark = mark;
  }

  override onHeaders(head: ResponseHead): void {
    const { headers, status } = head;
    if (status === 304) {
      const tag = headerValue(headers, 'etag');
      const condition = combinedValue(this.#request.headers, 'if-none-match');
      const told = tag === undefined ? headers : withField(headers, 'etag', tagOfUnchanged(tag, this.#mark, condition));
      this.handler.onHeaders(new EditedHead(head, told));
      return;
    }
    if (!isPlainJson(head)) {
      this.handler.onHeaders(head);
      return;
    }
    const own = headerValue(headers, 'etag');
    const tag = own === undefined ? undefined : markedTag(own, this.#mark);
    if (!meets(this.#request.method, this.#request.headers, tag)) {
      this.cancel();
      refusePrecondition(this.handler, tag ?? '');
      return;
    }
    const bare = withoutByteFields(headers);
    if (this.#request.method !== 'HEAD') this.use(new Projector(this.#selection));
    this.handler.onHeaders(new MadeHead(status, tag === undefined ? bare : withField(bare, 'etag', tag), null, head));
  }

  protected override failureOf(error: unknown): Failure | null {
    if (!(error instanceof ProjectionFault)) return null;
    return failure('response_malformed', `the upstream's JSON can't be read: ${error.message}`);
  }
}
