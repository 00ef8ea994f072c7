/**
 * Changes bodies from one form into another: what clients send into what the upstream takes, and its answers into what clients want. Each is held
 * until it is whole, within `upTo` and what the node holds at all. Stands below the cache, so an answer is changed once for all who get it.
 *
 *   request:  of another known form ──▶ gathered ──▶ changed ──▶ next         no such form: 400; too long: 413
 *   answer:   of another known form ──▶ held     ──▶ changed ──▶ head, body   no such form, too long: 502
 *
 * A part of an answer in one form is no part of it in another: ranges go no further, and a part that comes all the same passes as it is. To HEAD
 * the head is that of what GET would get, without its length, which nobody knows before it is changed.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { type HeaderList, hasField, headerValue, withField, withoutField } from '@weir/proto/http/headers.js';
import type { BodyForm, ConvertSpec } from '@weir/proto/snapshot/convert.js';
import { WholeBody } from '../cache/whole-body.js';
import { MadeHead, withoutByteFields, withoutRange } from '../optimize/made-head.js';
import type { Place } from '../pipeline/chain.js';
import { withBody, withHeaders } from '../pipeline/derived-request.js';
import {
  type BodySink,
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
  type WebSocketPeer,
} from '../pipeline/dispatch.js';
import type { ChainServices, FormChanger } from '../pipeline/services.js';

export const convert: Place = (route, services) => {
  const spec = route.convert;
  const { forms = null } = services;
  if (spec === undefined || forms === null) return null;
  return (next) => (request, handler) => {
    const converting = new Converting(handler, { spec, forms, services });
    return converting.begin(request, next);
  };
};

interface Way {
  readonly spec: ConvertSpec;
  readonly forms: FormChanger;
  readonly services: Pick<ChainServices, 'bodies' | 'heldBytes'>;
}

class Converting implements ResponseHandler, BodySink {
  readonly #handler: ResponseHandler;
  readonly #way: Way;
  #cancelNext: Cancel = nothingToCancel;
  #isHead = false;
  #isOver = false;
  /** What is held: of the request at first, of the answer later. */
  #held: Uint8Array[] = [];
  #bytes = 0;
  #whole: (() => void) | null = null;
  #head: { readonly head: ResponseHead; readonly from: BodyForm; readonly to: BodyForm } | null = null;

  constructor(handler: ResponseHandler, way: Way) {
    this.#handler = handler;
    this.#way = way;
  }

  readonly cancel: Cancel = () => {
    this.#isOver = true;
    this.#letGo();
    this.#cancelNext();
  };

  begin(request: GatewayRequest, next: Dispatch): Cancel {
    const { forms, spec } = this.#way;
    const { body } = request;
    const from = forms.formOf(headerValue(request.headers, 'content-type'));
    const to = spec.request;
    this.#isHead = request.method === 'HEAD';
    const plain =
      spec.response === null
        ? request
        : withHeaders(request, withoutField(withoutRange(request.headers), 'accept-encoding'));
    if (body === null || to === null || from === null || from === to || hasField(request.headers, 'content-encoding')) {
      this.#cancelNext = next(plain, this);
      return this.cancel;
    }
    this.#whole = () => this.#pass(plain, from, to, next);
    body.read(this);
    return this.cancel;
  }

  onChunk(chunk: Uint8Array): void {
    if (this.#isOver) return;
    if (!this.#hold(chunk)) {
      const { bytesMax } = this.#way.spec;
      this.#fail(failure('body_too_large', `a body that has to be changed has ${bytesMax} bytes at most here`));
    }
  }

  onEnd(): void {
    if (!this.#isOver) this.#whole?.();
  }

  #pass(request: GatewayRequest, from: BodyForm, to: BodyForm, next: Dispatch): void {
    const { forms, spec } = this.#way;
    const changed = forms.change(this.#take(), from, to, spec.root);
    if (typeof changed === 'string') {
      this.#fail(failure('bad_request', `the body can't be read: ${changed}`));
      return;
    }
    const headers = withField(withoutField(request.headers, 'content-length'), 'content-type', forms.mediaTypes[to]);
    this.#cancelNext = next(withBody(withHeaders(request, headers), new WholeBody(changed)), this);
    if (this.#isOver) this.#cancelNext();
  }

  onHeaders(head: ResponseHead): void {
    const { forms, spec } = this.#way;
    const from = forms.formOf(headerValue(head.headers, 'content-type'));
    const to = spec.response;
    const hasBody = !NOTHING_TO_CHANGE.has(head.status) && head.lengthBytes !== 0;
    if (to === null || from === null || from === to || !hasBody || hasField(head.headers, 'content-encoding')) {
      this.#handler.onHeaders(head);
      return;
    }
    if (this.#isHead) {
      const headers = changedFields(head.headers, forms.mediaTypes[to]);
      this.#handler.onHeaders(new MadeHead(head.status, headers, null, head));
      return;
    }
    this.#head = { head, from, to };
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#head === null) return this.#handler.onData(chunk);
    if (this.#isOver || this.#hold(chunk)) return true;
    this.#cancelNext();
    this.#fail(
      failure(
        'response_malformed',
        `the answer has more than the ${this.#way.spec.bytesMax} bytes that are changed here`,
      ),
    );
    return true;
  }

  onComplete(): void {
    if (this.#isOver) return;
    if (this.#head === null) {
      this.#handler.onComplete();
      return;
    }
    const { head, from, to } = this.#head;
    const bytes = this.#take();
    const { forms, spec } = this.#way;
    const changed = forms.change(bytes, from, to, spec.root);
    if (typeof changed === 'string') {
      this.#fail(failure('response_malformed', `the answer can't be read: ${changed}`));
      return;
    }
    const headers = changedFields(head.headers, forms.mediaTypes[to]);
    this.#handler.onHeaders(new MadeHead(head.status, headers, changed.length, null));
    if (!this.#isOver) this.#handler.onData(changed);
    if (!this.#isOver) this.#handler.onComplete();
  }

  /** Of the request body, before it was whole, or of the answer. */
  onError(failed: Failure): void {
    if (!this.#isOver) this.#fail(failed);
  }

  onUpgrade(headers: HeaderList, peer: WebSocketPeer): void {
    this.#handler.onUpgrade?.(headers, peer);
  }

  #hold(chunk: Uint8Array): boolean {
    if (this.#bytes + chunk.length > this.#way.spec.bytesMax || !this.#way.services.bodies.take(chunk.length))
      return false;
    this.#bytes += chunk.length;
    this.#held.push(chunk);
    return true;
  }

  #take(): Uint8Array {
    const whole = Buffer.concat(this.#held);
    this.#letGo();
    return whole;
  }

  #letGo(): void {
    this.#way.services.bodies.giveBack(this.#bytes);
    this.#bytes = 0;
    this.#held = [];
  }

  #fail(failed: Failure): void {
    this.#isOver = true;
    this.#letGo();
    this.#handler.onError(failed);
  }
}

/** Without content, with a part of it, or with a part of what is not known here. */
const NOTHING_TO_CHANGE: ReadonlySet<number> = new Set([204, 205, 206, 304]);

function changedFields(headers: HeaderList, mediaType: string): HeaderList {
  return withField(withoutField(withoutByteFields(headers), 'etag'), 'content-type', mediaType);
}
