/**
 * One page of a list: asks below for what holds it, cuts it out of the answer, and says where the next one is, in the head (RFC 8288) and, where
 * the route wraps its lists, beside the elements.
 *
 *   request ──▶ limit, cursor ── can't be read, of another list ──▶ 400
 *      └──▶ below, without them ──▶ held until the page is known ──▶ head with Link, page ──▶ the rest: let go, or as it comes
 *
 * The whole answer is read even where its page was sent long ago: what is below may be storing it. A failure by then is none of the client's,
 * who has all of a page that is wrapped. Errors, and what is no JSON, pass as they are.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { combinedValue, type HeaderList, headerValue, withField, withoutField } from '@weir/proto/http/headers.js';
import { withoutLinks } from '@weir/proto/http/link.js';
import { withHeaders, withQuery } from '../../pipeline/derived-request.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../../pipeline/dispatch.js';
import { EditedHead } from '../../pipeline/edited-response.js';
import { conditionsBelow, type Making, markedTag, meets, tagOfUnchanged } from '../entity-tag.js';
import { ProjectionFault } from '../fields/json-bytes.js';
import { isPlainJson } from '../fields/plain-json.js';
import { MadeHead, refusePrecondition, withoutByteFields, withoutRange } from '../made-head.js';
import { isOfPage, pageMark } from '../marks.js';
import { cursorOf, type Position } from './cursor.js';
import { type AskedPage, askedPage, type ListRoute } from './list-route.js';
import { type Page, PageCutter } from './page-cutter.js';
import { nextLink, nextQuery } from './page-query.js';
import { nextPosition } from './upstream-page.js';

/** `shownQuery`: as the client wrote it, with what layers between have taken out. */
export type PageDispatch = (request: GatewayRequest, handler: ResponseHandler, shownQuery: string) => Cancel;

export function pagesOf(route: ListRoute, next: Dispatch): PageDispatch {
  return (request, handler, shownQuery) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next(request, handler);
    const asked = askedPage(route, request);
    if (typeof asked === 'string') {
      route.services.observer.madeSmaller?.('page_refused', route.id);
      handler.onError(failure('bad_request', asked));
      return nothingToCancel;
    }
    const paging = new Paging(request, handler, { route, asked, shownQuery });
    return paging.begun(next(askedBelow(request, asked, paging.making), paging));
  };
}

function askedBelow(request: GatewayRequest, { query }: AskedPage, making: Making): GatewayRequest {
  const { method, headers } = request;
  // It has to be read here.
  const readable = withoutField(withoutRange(headers), 'accept-encoding');
  return withHeaders(withQuery(request, query), conditionsBelow(method, readable, making));
}

/** Links to other pages as the upstream has them. */
const PAGE_LINKS: ReadonlySet<string> = new Set(['next', 'prev', 'previous', 'first', 'last']);

interface Way {
  readonly route: ListRoute;
  readonly asked: AskedPage;
  readonly shownQuery: string;
}

const encoder = new TextEncoder();

class Paging implements ResponseHandler {
  #cancelNext: Cancel = nothingToCancel;
  readonly making: Making;
  readonly #request: GatewayRequest;
  readonly #handler: ResponseHandler;
  readonly #way: Way;
  readonly #mark: string;
  /** Null: what comes is passed as it is. */
  #cutter: PageCutter | null = null;
  /** Not null: the page is held. */
  #head: ResponseHead | null = null;
  #setAside = 0;
  #isPageSent = false;
  #isOver = false;

  constructor(request: GatewayRequest, handler: ResponseHandler, way: Way) {
    this.#request = request;
    this.#handler = handler;
    this.#way = way;
    this.#mark = pageMark(way.asked.identity);
    this.making = { mark: this.#mark, isOurs: isOfPage };
  }

  /** It may have ended before there was anything to cancel. */
  begun(cancelNext: Cancel): Cancel {
    this.#cancelNext = cancelNext;
    if (this.#isOver) cancelNext();
    return this.#cancel;
  }

  /** The client has all that it gets: its page was sent, and nothing is around it. */
  get #hasAll(): boolean {
    return this.#isPageSent && this.#way.route.spec.wrap !== null;
  }

  readonly #cancel: Cancel = () => {
    this.#end();
    this.#cancelNext();
  };

  onHeaders(head: ResponseHead): void {
    if (head.status === 304) {
      this.#passUnchanged(head);
      return;
    }
    if (!isPlainJson(head)) {
      this.#handler.onHeaders(head);
      return;
    }
    const { method, headers } = this.#request;
    const tag = this.#tagOf(head);
    if (!meets(method, headers, tag)) this.#refuse(tag ?? '');
    else if (method === 'HEAD')
      this.#handler.onHeaders(new MadeHead(head.status, this.#fields(head, null), null, head));
    else {
      const { spec } = this.#way.route;
      const { from, to } = this.#way.asked.page;
      const cursorPath = spec.upstream.kind === 'cursor' ? spec.upstream.next : null;
      const bounds = { path: spec.path, from, to, bytesMax: spec.pageBytesMax, cursorPath };
      this.#head = head;
      this.#cutter = new PageCutter({ ...bounds, isBare: spec.wrap !== null });
    }
  }

  #passUnchanged(head: ResponseHead): void {
    const tag = headerValue(head.headers, 'etag');
    const condition = combinedValue(this.#request.headers, 'if-none-match');
    const plain = withoutLinks(head.headers, PAGE_LINKS);
    const told = tag === undefined ? plain : withField(plain, 'etag', tagOfUnchanged(tag, this.#mark, condition));
    this.#handler.onHeaders(new EditedHead(head, told));
  }

  #tagOf({ headers }: ResponseHead): string | undefined {
    const tag = headerValue(headers, 'etag');
    return tag === undefined ? undefined : markedTag(tag, this.#mark);
  }

  #refuse(tag: string): void {
    this.#end();
    this.#cancelNext();
    refusePrecondition(this.#handler, tag);
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#isOver) return false;
    const cutter = this.#cutter;
    if (cutter === null) return this.#handler.onData(chunk);
    // Read on for whoever stores it, and not looked at: that is as much work for each page as the whole list is long.
    if (this.#hasAll) return true;
    return this.#held(() => {
      if (this.#head === null) return this.#pass(cutter.push(chunk));
      const page = cutter.take(chunk);
      if (page !== null) return this.#send(this.#head, page);
      this.#account(cutter.heldBytes);
      return true;
    });
  }

  onComplete(): void {
    const cutter = this.#cutter;
    if (cutter !== null && !this.#hasAll)
      this.#held(() => (this.#head === null ? this.#pass(cutter.end()) : this.#send(this.#head, cutter.takeLast())));
    if (this.#isOver) return;
    this.#end();
    this.#handler.onComplete();
  }

  onError(failed: Failure): void {
    if (this.#isOver) return;
    const { services, id } = this.#way.route;
    const hasAll = this.#hasAll;
    this.#end();
    if (!hasAll) this.#handler.onError(failed);
    else {
      services.observer.madeSmaller?.('outlived', id);
      this.#handler.onComplete();
    }
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(headers, peer);
  }

  /** What comes may be no JSON, or have no such list: then nothing of it may pass for one. */
  #held(what: () => boolean): boolean {
    try {
      return what();
    } catch (error) {
      if (!(error instanceof ProjectionFault)) throw error;
      this.#fail(failure('response_malformed', `no page can be made of the upstream's answer: ${error.message}`));
      return false;
    }
  }

  #fail(failed: Failure): void {
    if (this.#isOver) return;
    this.#end();
    this.#cancelNext();
    this.#handler.onError(failed);
  }

  #account(bytes: number): void {
    const { heldBytes } = this.#way.route.services;
    const more = bytes - this.#setAside;
    if (more <= 0) return;
    if (heldBytes.take(more)) this.#setAside += more;
    else this.#fail(failure('overloaded', 'this node holds as many answers as it may', { retryAfterS: 1 }));
  }

  #send(head: ResponseHead, page: Page): boolean {
    const { asked, route } = this.#way;
    const { wrap } = route.spec;
    const position = nextPosition(asked.position, asked.page, page);
    const cursor = position === null ? null : this.#cursorOf(position);
    const { to, from } = asked.page;
    const isCut = page.hasMore && page.sent < to - from;
    route.services.observer.madeSmaller?.(isCut ? 'page_cut' : 'paged', route.id);
    this.#head = null;
    this.#letGo();
    this.#isPageSent = true;
    const bytes = wrap === null ? page.bytes : wrapped(page.bytes, wrap, cursor);
    const lengthBytes = wrap === null ? null : bytes.length;
    this.#handler.onHeaders(new MadeHead(head.status, this.#fields(head, cursor), lengthBytes, head));
    if (this.#isOver || bytes.length === 0) return !this.#isOver;
    const isOpen = this.#handler.onData(bytes);
    // What comes behind a wrapped page goes nowhere, so nobody has to wait for the client.
    return isOpen || wrap !== null;
  }

  #cursorOf(position: Position): string {
    return cursorOf(position, this.#way.asked.sign);
  }

  #pass(bytes: Uint8Array): boolean {
    return bytes.length === 0 || this.#handler.onData(bytes);
  }

  #fields(head: ResponseHead, cursor: string | null): HeaderList {
    const { route, shownQuery } = this.#way;
    const tag = this.#tagOf(head);
    const plain = withoutByteFields(withoutLinks(head.headers, PAGE_LINKS));
    const typed = route.spec.wrap === null ? plain : withField(plain, 'content-type', 'application/json');
    const tagged = tag === undefined ? typed : withField(typed, 'etag', tag);
    if (cursor === null) return tagged;
    return [...tagged, 'link', nextLink(nextQuery(shownQuery, route.parameters.cursor, cursor))];
  }

  #end(): void {
    this.#isOver = true;
    this.#head = null;
    this.#letGo();
  }

  #letGo(): void {
    if (this.#setAside > 0) this.#way.route.services.heldBytes.giveBack(this.#setAside);
    this.#setAside = 0;
  }
}

function wrapped(elements: Uint8Array, wrap: { items: string; next: string }, cursor: string | null): Uint8Array {
  const before = encoder.encode(`{${JSON.stringify(wrap.items)}:[`);
  const after = encoder.encode(`],${JSON.stringify(wrap.next)}:${JSON.stringify(cursor)}}`);
  return Buffer.concat([before, elements, after]);
}
