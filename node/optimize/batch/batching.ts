/**
 * One batch: its requests go through the whole chains of their routes, some at once, with the client's credentials and under its deadline;
 * they are answered together when the last of them is over. One that fails or is late is a problem in its place, and the others stay good.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { BodyText, jsonOf } from '../../ai/gateway/body-text.js';
import { InnerCall } from '../../calls/inner-call.js';
import { innerRequest, timeLeftMs } from '../../calls/inner-request.js';
import { answerDirectly } from '../../pipeline/direct-answer.js';
import { type Cancel, type GatewayRequest, nothingToCancel, type ResponseHandler } from '../../pipeline/dispatch.js';
import { Ear } from '../../pipeline/ear.js';
import type { RouteChain } from '../../pipeline/services.js';
import { answeredItem, batchAnswer, problemItem } from './batch-answer.js';
import type { BatchRules } from './batch-route.js';
import { type BatchItem, readBatch } from './read-batch.js';

const FIELDS = ['content-type', 'application/json', 'cache-control', 'no-store'];

export class Batching {
  readonly #request: GatewayRequest;
  readonly #handler: Ear;
  readonly #rules: BatchRules;
  readonly #calls = new Set<InnerCall>();
  #body: BodyText | null = null;
  #items: readonly BatchItem[] = [];
  #answers: (string | null)[] = [];
  #next = 0;
  #running = 0;
  #left = 0;
  #isStarting = false;
  #isOver = false;

  constructor(request: GatewayRequest, handler: ResponseHandler, rules: BatchRules) {
    this.#request = request;
    this.#handler = new Ear(handler);
    this.#rules = rules;
  }

  begin(): Cancel {
    const { method, body, exchange } = this.#request;
    if (exchange.outer !== null) this.#refuse('a batch can not be a part of another request');
    else if (method !== 'POST')
      this.#fail({ ...failure('method_not_allowed', 'send a batch by POST'), headers: ['allow', 'POST'] });
    else if (body === null) this.#refuse('the batch has no body');
    if (this.#isOver || body === null) return nothingToCancel;
    this.#body = new BodyText(body, this.#rules.services.bodies, (got) => {
      if (got instanceof Uint8Array) this.#read(jsonOf(got));
      else this.#fail(got);
    });
    this.#body.read();
    return this.#cancel;
  }

  /** The client has left, or its deadline has passed. */
  readonly #cancel: Cancel = () => {
    this.#handler.close();
    if (this.#isOver) return;
    const gone = this.#request.exchange.failure ?? failure('client_gone', 'who sent the batch has left');
    for (const call of this.#calls) call.cancel(gone);
    this.#end();
  };

  #read(value: unknown): void {
    if (this.#isOver) return;
    this.#body?.release();
    const { spec, services } = this.#rules;
    const { limits, names } = services.gateway;
    const bounds = { requestsMax: spec.requestsMax, urlBytesMax: limits.urlBytes, deadlineField: names.deadlineHeader };
    const items = value === undefined ? 'the body is no JSON in UTF-8, or nested too deep' : readBatch(value, bounds);
    if (typeof items === 'string') {
      this.#refuse(items);
      return;
    }
    const nested = items.find((item) => this.#routeOf(item)?.route.action.kind === 'batch');
    if (nested !== undefined) {
      this.#refuse(`a batch can not hold batches, and ${nested.path} is one`);
      return;
    }
    this.#items = items;
    this.#answers = items.map(() => null);
    this.#left = items.length;
    this.#goOn();
  }

  /** Requests may be answered while they are being asked, so this calls nothing that calls it back before it is done. */
  #goOn(): void {
    if (this.#isStarting || this.#isOver) return;
    this.#isStarting = true;
    while (!this.#isOver && this.#running < this.#rules.spec.concurrency && this.#next < this.#items.length) {
      const index = this.#next;
      this.#next += 1;
      const item = this.#items[index];
      if (item !== undefined) this.#ask(item, index);
    }
    this.#isStarting = false;
    if (!this.#isOver && this.#left === 0) this.#answer();
  }

  /** Where a client's request would go. */
  #routeOf({ method, path, query, headers }: BatchItem): RouteChain | null {
    const { authority } = this.#request;
    const found = this.#rules.match({ method, path, query, headers, authority });
    return typeof found !== 'string' && 'target' in found ? found.target : null;
  }

  #ask(item: BatchItem, index: number): void {
    this.#running += 1;
    const { services, spec } = this.#rules;
    const chain = this.#routeOf(item);
    const timeMs = this.#leftMs();
    if (timeMs < 1) {
      this.#told(index, problemItem(item.id, 'total_timeout', 'there is no time left for this request'), false);
      return;
    }
    const { method, path, query, headers, body } = item;
    const asked = { method, host: '', path, query, headers, body, timeMs, vouches: false };
    const below = innerRequest(this.#request, { ...asked, auth: chain?.route.auth ?? [] }, services);
    // Once more with all its fields, for routes may have conditions on those.
    const found = this.#rules.match(below);
    const isMeant = typeof found !== 'string' && 'target' in found && this.#mayAsk(found.target, path);
    if (!isMeant) {
      this.#told(index, problemItem(item.id, 'not_found', 'no route that this batch may ask takes the request'), false);
      return;
    }
    below.exchange.routeId = found.route.id;
    below.exchange.params = found.params;
    const bounds = { answerBytesMax: spec.answerBytesMax, heldBytes: services.heldBytes };
    const call = new InnerCall(bounds, (end) => {
      this.#told(index, answeredItem(item.id, end), end.kind === 'answer' && end.status < 500);
    });
    this.#calls.add(call);
    call.begin(found.target.dispatch, below);
  }

  #mayAsk({ route }: RouteChain, path: string): boolean {
    const { routes, prefix } = this.#rules.spec;
    if (route.action.kind === 'batch') return false;
    if (routes !== null) return routes.includes(route.id);
    return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`);
  }

  #leftMs(): number {
    const nowMs = this.#rules.services.clock.nowMs();
    const { timeoutMs } = this.#rules.spec;
    const ownMs = timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs;
    return Math.min(ownMs, timeLeftMs(this.#request.exchange, nowMs));
  }

  #told(index: number, answer: string, isOk: boolean): void {
    if (this.#isOver) return;
    const { services, routeId } = this.#rules;
    services.observer.joined(isOk ? 'item_ok' : 'item_failed', routeId);
    this.#answers[index] = answer;
    this.#running -= 1;
    this.#left -= 1;
    this.#goOn();
  }

  #answer(): void {
    const bytes = batchAnswer(this.#answers.map((answer) => answer ?? 'null'));
    this.#end();
    answerDirectly(this.#request, this.#handler, 200, FIELDS, bytes);
  }

  #refuse(why: string): void {
    this.#fail(failure('bad_request', why));
  }

  #fail(failed: Failure): void {
    if (this.#isOver) return;
    this.#end();
    this.#handler.onError(failed);
  }

  #end(): void {
    this.#isOver = true;
    this.#body?.release();
    for (const call of this.#calls) call.release();
  }
}
