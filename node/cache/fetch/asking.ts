/**
 * A client's request that needs the upstream: it begins a fetch or waits for one, and gives its client what comes of it, or
 * the copy in its stead when that is better than a failure or than waiting any longer.
 *
 *   begin ──▶ waiting ─┬─ shared ────▶ reads the answer as it comes
 *              ▲       ├─ passed ────▶ gets the answer that is for it alone
 *              │       ├─ confirmed, stands in, slow ──▶ gets the copy
 *              │       └─ failed
 *              └ released: asks anew, alone or with the others; waited too long for another's answer: the first of them does
 */

import type { CacheDirectives } from '@weir/proto/http/cache-control.js';
import {
  type CacheStatus,
  type ForwardReason,
  formatCacheStatus,
  withCacheStatus,
} from '@weir/proto/http/cache-status.js';
import type { Failure } from '@weir/proto/http/failures.js';
import { type HeaderList, hasField, withoutField } from '@weir/proto/http/headers.js';
import {
  type Cancel,
  type GatewayRequest,
  nothingToCancel,
  type ResponseHandler,
  type ResponseHead,
} from '../../pipeline/dispatch.js';
import type { Timer } from '../../time/clock.js';
import { type Ask, isAuthorized } from '../ask.js';
import { subjectOfAsk } from '../inspection.js';
import type { Lease } from '../l2/l2.js';
import type { PurgeSubject } from '../purge/marks.js';
import { type Pending, standsIn } from '../receive.js';
import type { Refusal } from '../refusals.js';
import { replyTo } from '../reply.js';
import type { CacheResult } from '../results.js';
import { hasValidator } from '../revalidate.js';
import type { RouteCache } from '../route-cache.js';
import { replyBytes, serveEntry } from '../serve.js';
import { standInAfterMs } from '../stale-if-slow.js';
import type { Entry } from '../store/l1.js';
import { remainingMs, storedOf } from '../stored.js';
import { Fetch } from './fetch.js';
import type { Reader } from './stream.js';
import type { Release, Shared, Waiter } from './waiter.js';

export interface Asked {
  readonly request: GatewayRequest;
  readonly handler: ResponseHandler;
  readonly ask: Ask;
  readonly asked: CacheDirectives;
  /** No field of it is about caching, preconditions or ranges. */
  readonly isPlain: boolean;
  readonly key: string;
  /** Since when it waits, where it was released; what is slow is so since then. */
  readonly sinceMs?: number;
  /** How often it has waited for a fetch that came to nothing. */
  readonly letDowns?: number;
  /** The one that it has waited for too long. */
  readonly late?: Fetch | null;
}

/** What the look-up has said. */
export interface ToAsk {
  readonly reason: ForwardReason;
  readonly entry: Entry | null;
  readonly standsInUntilMs: number;
}

/** Looks up anew, and answers; used where a request that has waited is to ask again. */
export type AskAgain = (asked: Asked, mayShare: boolean) => Cancel;

/**
 * Requests with one such key may wait for one answer. Those with Authorization are told by themselves that what came was
 * not for them: it says nothing of what others get, who would go without collapse and refresh for it.
 */
export function flightKeyOf({ node, spec }: RouteCache, { ask, key }: Pick<Asked, 'ask' | 'key'>): string {
  const flightKey = node.l1.flightKey(key, ask.headers);
  return isAuthorized(ask, spec) && !spec.storesAuthorized ? `${flightKey}\0authorized` : flightKey;
}

/** A request that is made of the question: what is asked of the upstream, with the copy at hand. */
export function pendingOf({ ask, asked, request }: Asked, { entry, standsInUntilMs }: ToAsk): Pending {
  const stored = entry?.stored ?? null;
  // A condition on a POST is about whether it may have its effect (RFC 9110 §13.1.2).
  const mayValidate = stored !== null && hasValidator(stored) && request.method !== 'POST';
  return {
    ask,
    asked,
    validated: mayValidate ? stored : null,
    standIn: stored,
    standsInUntilMs,
  };
}

export class Asking implements Waiter {
  readonly headers: HeaderList;
  readonly letDowns: number;
  readonly #route: RouteCache;
  readonly #asked: Asked;
  readonly #toAsk: ToAsk;
  readonly #pending: Pending;
  readonly #subject: PurgeSubject;
  readonly #again: AskAgain;
  readonly #lease: Lease | null;
  readonly #handler: ResponseHandler;
  #fetch: Fetch | null = null;
  #isLeader = true;
  #timer: Timer | null = null;
  #standInAtMs = Number.POSITIVE_INFINITY;
  #waitUntilMs = Number.POSITIVE_INFINITY;
  #reader: Reader | null = null;
  /** Of what has taken the place of the fetch: a copy that is being served, or the request asking by itself. */
  #cancelOther: Cancel = nothingToCancel;
  readonly #sinceMs: number;
  #hasBegun = false;
  #isOver = false;

  /** `lease`: this node fetches for all. */
  constructor(route: RouteCache, asked: Asked, toAsk: ToAsk, again: AskAgain, lease: Lease | null) {
    this.headers = asked.ask.headers;
    this.letDowns = asked.letDowns ?? 0;
    this.#route = route;
    this.#asked = asked;
    this.#handler = asked.handler;
    this.#toAsk = toAsk;
    this.#pending = pendingOf(asked, toAsk);
    this.#subject = subjectOfAsk(asked.ask, route.spec.key);
    this.#again = again;
    this.#lease = lease;
    this.#sinceMs = asked.sinceMs ?? route.clock.nowMs();
  }

  begin(mayShare: boolean): Cancel {
    const { node, clock } = this.#route;
    // Until something better is known; a client that leaves before was one.
    this.#asked.request.exchange.cache = 'miss';
    const flightKey = mayShare ? this.#flightKey() : null;
    if (flightKey === null || !this.#join(flightKey)) {
      const nowMs = clock.nowMs();
      const isShared = flightKey !== null && node.flights.mayBegin(flightKey, nowMs);
      this.#lead(isShared ? flightKey : null);
    }
    this.#awaitLimits();
    return this.cancel;
  }

  /** Null: it asks by itself. Whoever insists on the upstream's word gets one that was given for it. */
  #flightKey(): string | null {
    const { ask, asked } = this.#asked;
    // Of a cold key the reason does not tell.
    const insists = this.#toAsk.reason === 'request' || asked.noCache !== false || asked.maxAgeS === 0;
    const isAlike = ask.method === 'GET' && !insists && !hasField(ask.headers, 'range');
    return this.#route.spec.collapse !== null && isAlike ? flightKeyOf(this.#route, this.#asked) : null;
  }

  #join(flightKey: string): boolean {
    const { spec, node, clock } = this.#route;
    const fetch = node.flights.joinable(flightKey, this.#subject);
    if (fetch === null || spec.collapse === null || fetch.waiters >= spec.collapse.waitersMax) return false;
    this.#fetch = fetch;
    this.#isLeader = false;
    this.#waitUntilMs = clock.nowMs() + spec.collapse.waitMs;
    if (fetch.join(this)) {
      this.#lease?.release(false);
      return true;
    }
    this.#isLeader = true;
    this.#waitUntilMs = Number.POSITIVE_INFINITY;
    return false;
  }

  #lead(flightKey: string | null): void {
    const { request, key } = this.#asked;
    const pending = this.#pending;
    const { entry } = this.#toAsk;
    const question = { request, method: request.method, pending, entry, key, flightKey };
    const more = { subject: this.#subject, late: this.#asked.late ?? null, lease: this.#lease };
    this.#fetch = new Fetch(this.#route, { ...question, ...more }, this);
    this.#fetch.begin();
  }

  readonly cancel: Cancel = () => {
    if (this.#isOver) return;
    this.#end();
    this.#reader?.cancel();
    this.#leave(false);
    this.#cancelOther();
  };

  #leave(refills: boolean): void {
    this.#fetch?.leave(this, refills);
    if (this.#isLeader && !refills) this.#fetch?.tell(this.#asked.request.exchange, true);
  }

  #end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  // How long it waits.

  #awaitLimits(): void {
    if (this.#hasBegun || this.#isOver) return;
    const { spec, clock, slow } = this.#route;
    const { exchange } = this.#asked.request;
    const nowMs = clock.nowMs();
    const learntMs = slow?.at(nowMs) ?? null;
    const afterMs = standInAfterMs(this.#pending, spec.staleIfSlow, learntMs, exchange.deadlineAtMs, this.#sinceMs);
    if (afterMs !== null) this.#standInAtMs = this.#sinceMs + afterMs;
    this.#arm(nowMs);
  }

  #arm(nowMs: number): void {
    const dueMs = Math.min(this.#standInAtMs, this.#waitUntilMs);
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#timer ??= this.#route.timers.create(() => this.#due());
    this.#timer.arm(Math.max(0, dueMs - nowMs));
  }

  #due(): void {
    const nowMs = this.#route.clock.nowMs();
    if (nowMs >= this.#standInAtMs) {
      this.#standInAtMs = Number.POSITIVE_INFINITY;
      if (this.#serveStandIn('stale_slow', { detail: 'stale-if-slow' }, true)) return;
    }
    if (nowMs >= this.#waitUntilMs) {
      this.#waitUntilMs = nowMs + (this.#route.spec.collapse?.waitMs ?? 0);
      if (this.#fetch?.letsGo(nowMs, this.#waitUntilMs) === true) {
        const late = this.#fetch;
        this.#leave(false);
        this.#askAgain({ ...this.#asked, late }, true);
        return;
      }
    }
    this.#arm(nowMs);
  }

  // What comes of the fetch.

  confirmed(entry: Entry): void {
    if (this.#isOver) return;
    this.#serve(entry, 'revalidated', { forward: 'stale', forwardStatus: 304, collapsed: !this.#isLeader });
  }

  standsIn(status: number | null): boolean {
    if (this.#isOver) return true;
    const told = { forwardStatus: status ?? undefined, detail: 'stale-if-error' };
    return this.#serveStandIn('stale_error', told, false);
  }

  /** The copy, unless it was purged since it was looked up, or may have been. */
  #serveStandIn(result: CacheResult, more: Partial<CacheStatus>, refills: boolean): boolean {
    const { node, clock } = this.#route;
    const { entry } = this.#toAsk;
    if (entry === null || !standsIn(this.#pending, clock.nowMs())) return false;
    if (!node.gate.isOpen) return false;
    if (node.marks.purgedAtMs(entry.subject, entry.began) === Number.NEGATIVE_INFINITY) return false;
    if (refills) this.#leave(true);
    this.#serve(entry, result, { forward: this.#toAsk.reason, ...more });
    return true;
  }

  #serve(entry: Entry, result: CacheResult, told: Omit<CacheStatus, 'name'>): void {
    const { clock, name } = this.#route;
    const { ask, request } = this.#asked;
    const nowMs = clock.nowMs();
    if (result !== 'stale_slow' && this.#isLeader) this.#fetch?.tell(request.exchange, true);
    this.#begun(result);
    const ttlS = Math.floor(remainingMs(entry.stored, nowMs) / 1000);
    this.#cancelOther = serveEntry(ask, this.#handler, entry, { name, ttlS, ...told }, nowMs, clock.wallMs());
  }

  shared({ stored, stream, status, lengthBytes, headers }: Shared): void {
    if (this.#isOver) return;
    const { clock, name } = this.#route;
    const { ask } = this.#asked;
    const { reason } = this.#toAsk;
    const nowMs = clock.nowMs();
    const reply = replyTo(ask, stored, lengthBytes, nowMs, clock.wallMs());
    this.#begun(this.#isLeader ? 'miss' : 'collapsed');
    const ttlS = Math.floor(remainingMs(stored, nowMs) / 1000);
    const told = { name, forward: reason, stored: true, collapsed: !this.#isLeader, ttlS };
    const isAsItCame = this.#isLeader && reply.status === status;
    const sent = isAsItCame
      ? withCacheStatus(headers, told)
      : [...reply.headers, 'cache-status', formatCacheStatus(told)];
    const bytes = replyBytes(reply, lengthBytes, ask.method);
    if (reply.body === null) {
      this.#handler.onHeaders({ status: reply.status, headers: sent, lengthBytes: bytes, resume: () => {} });
      if (this.#isOver) return;
      this.#complete();
      this.#fetch?.leave(this, true);
      return;
    }
    const reader = stream.read(this.#handler, reply.body, () => this.#readerEnded());
    this.#reader = reader;
    this.#handler.onHeaders({ status: reply.status, headers: sent, lengthBytes: bytes, resume: reader.resume });
    reader.pump();
  }

  /** Right before its client hears of the end. */
  #readerEnded(): void {
    this.#end();
    if (this.#isLeader) this.#fetch?.tell(this.#asked.request.exchange, true);
    this.#fetch?.leave(this, true);
  }

  passed(head: ResponseHead, headers: HeaderList, why: Refusal | null): void {
    if (this.#isOver) return;
    const { name, spec, clock } = this.#route;
    const { ask } = this.#asked;
    this.#begun('miss');
    const told: CacheStatus = { name, forward: this.#toAsk.reason, detail: why ?? undefined };
    const sent = withCacheStatus(headers, told);
    if (head.status === 200 && ask.method === 'GET' && hasConditions(headers, ask.headers)) {
      // The conditions were kept from the upstream, so they are judged here.
      const nowMs = clock.nowMs();
      const moments = { askedAtMs: nowMs, receivedAtMs: nowMs, receivedWallMs: clock.wallMs() };
      const reply = replyTo(ask, storedOf(200, sent, moments, spec), null, nowMs, moments.receivedWallMs);
      if (reply.status === 304) {
        this.#notModified([...withoutField(reply.headers, 'age'), 'cache-status', formatCacheStatus(told)]);
        return;
      }
    }
    const { status, lengthBytes } = head;
    this.#handler.onHeaders({ status, headers: sent, lengthBytes, resume: () => head.resume() });
  }

  #notModified(headers: HeaderList): void {
    this.#handler.onHeaders({ status: 304, headers, lengthBytes: 0, resume: () => {} });
    if (this.#isOver) return;
    this.#complete();
    this.#fetch?.leave(this, false);
  }

  data(chunk: Uint8Array): boolean {
    return !this.#isOver && this.#handler.onData(chunk);
  }

  complete(): void {
    if (!this.#isOver) this.#complete();
  }

  #complete(): void {
    this.#end();
    if (this.#isLeader) this.#fetch?.tell(this.#asked.request.exchange, true);
    this.#handler.onComplete();
  }

  failed(failed: Failure): void {
    if (this.#isOver) return;
    const { name } = this.#route;
    const { exchange } = this.#asked.request;
    this.#begun('miss');
    this.#end();
    this.#fetch?.tell(exchange, true);
    const told = formatCacheStatus({ name, forward: this.#toAsk.reason, detail: failed.code });
    this.#handler.onError({ ...failed, headers: [...(failed.headers ?? []), 'cache-status', told] });
  }

  released(how: Release): void {
    if (this.#isOver) return;
    const letDowns = this.letDowns + (how === 'let-down' ? 1 : 0);
    this.#askAgain({ ...this.#asked, letDowns }, how !== 'alone');
  }

  #askAgain(asked: Asked, mayShare: boolean): void {
    this.#timer?.cancel();
    this.#fetch = null;
    this.#hasBegun = true;
    this.#cancelOther = this.#again({ ...asked, sinceMs: this.#sinceMs }, mayShare);
  }

  #begun(result: CacheResult): void {
    this.#hasBegun = true;
    this.#timer?.cancel();
    this.#asked.request.exchange.cache = result;
  }
}

function hasConditions(answer: HeaderList, asked: HeaderList): boolean {
  const isAsked = hasField(asked, 'if-none-match') || hasField(asked, 'if-modified-since');
  return isAsked && (hasField(answer, 'etag') || hasField(answer, 'last-modified'));
}
