/** Requests that differ by their item alone, from the first of them to the end of what was asked for all. */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { withoutField } from '@weir/proto/http/headers.js';
import type { CoalesceSpec } from '@weir/proto/snapshot/compose.js';
import { type CallEnd, InnerCall } from '../../calls/inner-call.js';
import type { RouteObserver } from '../../observe/observer.js';
import { madeRequest } from '../../pipeline/derived-request.js';
import { answerDirectly } from '../../pipeline/direct-answer.js';
import {
  type Cancel,
  type Dispatch,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
} from '../../pipeline/dispatch.js';
import { Ear } from '../../pipeline/ear.js';
import { type Exchange, forkExchange } from '../../pipeline/exchange.js';
import type { ChainServices } from '../../pipeline/services.js';
import type { Timer } from '../../time/clock.js';
import { divided } from './shared-answer.js';

export interface GroupRules {
  readonly routeId: string;
  readonly observer: RouteObserver;
  readonly spec: CoalesceSpec;
  readonly ignores: ReadonlySet<string>;
  readonly services: ChainServices;
  readonly next: Dispatch;
  /** Shared by all groups of a route. */
  readonly standing: { restsUntilMs: number };
}

/** How long nothing is put together after an answer that could not be divided. */
const REST_MS = 10_000;
/** Those who ask for the same item count too. */
const MEMBERS_MAX = 1_000;
/** Of the query that names the items: servers take no URL of any length. */
const QUERY_LENGTH_MAX = 4_000;

interface Member {
  readonly id: string;
  readonly request: GatewayRequest;
  readonly handler: Ear;
  isOver: boolean;
  cancelAlone: Cancel;
}

export class Group {
  readonly #rules: GroupRules;
  readonly #left: () => void;
  readonly #members: Member[] = [];
  readonly #ids = new Set<string>();
  readonly #timer: Timer;
  #queryLength = 0;
  #isWaiting = true;
  #call: InnerCall | null = null;
  #exchange: Exchange | null = null;

  /** `left`: it waits for nobody more. */
  constructor(rules: GroupRules, left: () => void) {
    this.#rules = rules;
    this.#left = left;
    this.#timer = rules.services.timers.create(() => this.go());
    this.#timer.arm(rules.spec.windowMs);
  }

  takes(id: string): boolean {
    if (!this.#isWaiting || this.#members.length >= MEMBERS_MAX) return false;
    if (this.#ids.has(id)) return true;
    return this.#ids.size < this.#rules.spec.itemsMax && this.#queryLength + this.#lengthOf(id) <= QUERY_LENGTH_MAX;
  }

  #lengthOf(id: string): number {
    const { query, separator } = this.#rules.spec;
    return encodeURIComponent(id).length + (separator === '' ? query.length + 2 : 3);
  }

  join(id: string, request: GatewayRequest, handler: ResponseHandler): Cancel {
    const member: Member = { id, request, handler: new Ear(handler), isOver: false, cancelAlone: nothingToCancel };
    if (!this.#ids.has(id)) this.#queryLength += this.#lengthOf(id);
    this.#ids.add(id);
    this.#members.push(member);
    return () => this.#leave(member);
  }

  #leave(member: Member): void {
    member.handler.close();
    if (member.isOver) return;
    member.isOver = true;
    member.cancelAlone();
    if (this.#members.some(({ isOver }) => !isOver)) return;
    // Nobody is left who would take the answer.
    this.#timer.cancel();
    if (this.#isWaiting) this.#left();
    this.#isWaiting = false;
    this.#call?.cancel(member.request.exchange.failure ?? failure('client_gone', 'all who asked have left'));
    if (this.#call !== null) this.#tellEnd();
  }

  /** The window is over, or there is no more room. */
  go(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#timer.cancel();
    this.#left();
    const there = this.#members.filter(({ isOver }) => !isOver);
    const ids = [...new Set(there.map(({ id }) => id))];
    const [first] = there;
    if (first === undefined) return;
    if (ids.length === 1) this.#eachAlone();
    else this.#askForAll(first, ids, Math.max(...there.map(({ request }) => request.exchange.deadlineAtMs)));
  }

  #askForAll({ request }: Member, ids: readonly string[], deadlineAtMs: number): void {
    const { services, spec, next, routeId } = this.#rules;
    const nowMs = services.clock.nowMs();
    // Of its own: each of those who wait may leave, and the last of them has the time that it has.
    const exchange = {
      ...forkExchange(request.exchange),
      attempts: [],
      receivedAtMs: nowMs,
      deadlineAtMs,
      noJob: null,
    };
    this.#exchange = exchange;
    const { heldBytes, observer } = services;
    observer.joined('coalesce_request', routeId);
    const call = new InnerCall({ answerBytesMax: spec.answerBytesMax, heldBytes }, (end) => this.#answered(end));
    this.#call = call;
    const asked = { method: 'GET', path: spec.path, query: queryOf(request.query, ids, spec), body: null };
    const headers = withoutField(request.headers, 'accept-encoding');
    call.begin(next, madeRequest(request.authority, { ...asked, headers }, exchange));
  }

  #answered(end: CallEnd): void {
    this.#tellEnd();
    const { spec, ignores, standing, services } = this.#rules;
    const verdict = end.kind === 'answer' ? divided(end, { items: spec.items, key: spec.key, ignores }) : null;
    if (verdict?.kind === 'items') this.#divide(verdict.items, verdict.headers);
    else if (end.kind === 'answer' && verdict?.kind === 'same')
      this.#each(
        ({ request, handler }) => answerDirectly(request, handler, end.status, end.headers, end.bytes),
        'coalesced_failed',
      );
    else if (end.kind === 'failed' && end.failure !== null) {
      const failed: Failure = end.failure;
      this.#each(({ handler }) => handler.onError(failed), 'coalesced_failed');
    } else {
      standing.restsUntilMs = services.clock.nowMs() + REST_MS;
      for (const { isOver } of this.#members)
        if (!isOver) services.observer.joined('coalesced_again', this.#rules.routeId);
      this.#eachAlone();
    }
    this.#call?.release();
  }

  #divide(items: ReadonlyMap<string, string>, headers: readonly string[]): void {
    const { services, routeId } = this.#rules;
    for (const member of this.#members) {
      if (member.isOver) continue;
      member.isOver = true;
      const item = items.get(member.id);
      services.observer.joined(item === undefined ? 'coalesced_missing' : 'coalesced', routeId);
      member.request.exchange.coalesced = this.#ids.size;
      if (item !== undefined)
        answerDirectly(member.request, member.handler, 200, headers, new TextEncoder().encode(item));
      else
        member.handler.onError(
          failure('item_missing', 'the upstream was asked for several items, and this one was not among its answers'),
        );
    }
  }

  #each(tell: (member: Member) => void, joining: 'coalesced_failed'): void {
    const { services, routeId } = this.#rules;
    for (const member of this.#members) {
      if (member.isOver) continue;
      member.isOver = true;
      services.observer.joined(joining, routeId);
      member.request.exchange.coalesced = this.#ids.size;
      tell(member);
    }
  }

  /** As if nothing had been put together; once, for what comes of it is their own. */
  #eachAlone(): void {
    for (const member of this.#members) {
      if (member.isOver) continue;
      const cancel = this.#rules.next(member.request, member.handler);
      // It may have left while it was asked for.
      if (member.isOver) cancel();
      else member.cancelAlone = cancel;
    }
  }

  /** Its attempts are told once, and by no exchange of a client. */
  #tellEnd(): void {
    const { services, observer } = this.#rules;
    const exchange = this.#exchange;
    if (exchange === null) return;
    this.#exchange = null;
    exchange.endedAtMs = services.clock.nowMs();
    observer.fetchEnded(exchange);
    for (const { request } of this.#members) request.exchange.upstreamId = exchange.upstreamId;
  }
}

function queryOf(own: string, ids: readonly string[], { query, separator }: CoalesceSpec): string {
  const name = encodeURIComponent(query);
  const named =
    separator === ''
      ? ids.map((id) => `${name}=${encodeURIComponent(id)}`).join('&')
      : `${name}=${ids.map(encodeURIComponent).join(separator === ' ' ? '%20' : separator)}`;
  return own === '' ? named : `${own}&${named}`;
}
