/**
 * The way of a request through the cache: past it, answered from it, or on to the upstream with what is at hand.
 *
 *   past it ◀── not to be looked up ── request ── look-up ─┬─ hit ──────────▶ the copy, and a refresh behind it where it is stale
 *                                                          ├─ nothing ──────▶ fetch/second-level.ts, and back, once
 *                                                          ├─ ask ──────────▶ fetch/asking.ts
 *                                                          └─ unavailable ──▶ 504
 */
import { type CacheDirectives, noDirectives } from '@weir/proto/http/cache-control.js';
import { type ForwardReason, formatCacheStatus } from '@weir/proto/http/cache-status.js';
import { failure } from '@weir/proto/http/failures.js';
import { hasField } from '@weir/proto/http/headers.js';
import { placeSaid } from '@weir/proto/http/origin-claims.js';
import { keyedConsumer } from '../auth/own-consumers.js';
import { withBody } from '../pipeline/derived-request.js';
import { type Cancel, type GatewayRequest, nothingToCancel, type ResponseHandler } from '../pipeline/dispatch.js';
import { type Ask, askedDirectives, isPlain, whyBypass } from './ask.js';
import { bodyKey } from './body-key.js';
import { cacheKey } from './cache-key.js';
import { type Asked, Asking, flightKeyOf, pendingOf } from './fetch/asking.js';
import { Fetch } from './fetch/fetch.js';
import type { SecondLevel } from './fetch/second-level.js';
import { subjectOfAsk } from './inspection.js';
import type { Lease } from './l2/l2.js';
import { lookUp, type Verdict } from './look-up.js';
import { passBy } from './pass-by.js';
import { isWholeReply, servesFromPart } from './reply.js';
import { reusableHit } from './reuse.js';
import { type RouteCache, sharedKey } from './route-cache.js';
import { serveEntry, serveWhole } from './serve.js';
import type { Entry, Found } from './store/l1.js';
import { remainingMs } from './stored.js';
import { Gathering } from './whole-body.js';

export function answerThrough(route: RouteCache, request: GatewayRequest, handler: ResponseHandler): Cancel {
  const ask = askOf(request);
  const plain = isPlain(ask.headers);
  const asked = plain ? noDirectives : askedDirectives(ask.headers, route.spec);
  const isPast = route.bypasses(ask);
  if (!isPast && isKeyedByBody(ask, asked, route)) return answerByBody(route, request, handler, ask, asked);
  const why = isPast ? 'bypass' : whyBypass(ask, asked, plain);
  if (why !== null) return passBy(route, request, handler, ask, why);
  const key = route.keyPrefix + cacheKey(ask, route.spec.key);
  return answerFromBoth(route, { request, handler, ask, asked, isPlain: plain, key });
}

/** From the memory of this node, or from what nodes share. */
function answerFromBoth(route: RouteCache, all: Asked): Cancel {
  const { handler, ask, key } = all;
  const found = find(route, all);
  const { second } = route.node;
  if (found.entry !== null || second === null || !mayHelp(route, second, all)) return answer(route, all, true, found);
  const { bodyBytesMax, collapse } = route.spec;
  const wanted = { key, sharedKey: sharedKey(route, key), headers: ask.headers, bodyBytesMax };
  return second.ask({ ...wanted, collapses: collapse !== null && ask.method === 'GET' }, handler, (level) =>
    answer(route, all, true, level.found ?? find(route, all), level.lease),
  );
}

/** Whoever insists on the upstream's word gets that, what this node fetches already is awaited, and what may not be stored is nowhere. */
function mayHelp(route: RouteCache, second: SecondLevel, all: Asked): boolean {
  const { ask, asked } = all;
  if (!route.node.gate.isOpen || asked.noCache !== false || hasField(ask.headers, 'range')) return false;
  if (!second.mayAsk) {
    second.l2.skip();
    return false;
  }
  const { flights } = route.node;
  const flightKey = flightKeyOf(route, all);
  if (flights.isNotStored(flightKey, route.clock.nowMs())) return false;
  return flights.joinable(flightKey, subjectOfAsk(ask, route.spec.key)) === null;
}

/** A POST whose body is part of the key; one with a condition or a range means what POST means by them. */
function isKeyedByBody({ method, headers, hasBody }: Ask, asked: CacheDirectives, { spec }: RouteCache): boolean {
  if (spec.key.body === null || method !== 'POST' || !hasBody || asked.noStore) return false;
  return ![...CONDITIONS, 'range', 'upgrade'].some((name) => hasField(headers, name));
}

const CONDITIONS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'] as const;

function answerByBody(
  route: RouteCache,
  request: GatewayRequest,
  handler: ResponseHandler,
  ask: Ask,
  asked: CacheDirectives,
): Cancel {
  const { spec, bodies } = route;
  const bytesMax = spec.key.body?.bytesMax ?? 0;
  const lengthBytes = request.body?.lengthBytes ?? null;
  // One of unknown length may turn out too long when it can't be given back any more.
  if (lengthBytes === null || lengthBytes > bytesMax || !bodies.take(lengthBytes)) {
    return passBy(route, request, handler, ask, 'request');
  }
  const gathering = new Gathering(handler, bodies, lengthBytes, (body, to) => {
    const whole = withBody(request, body);
    const text = Buffer.from(body.bytes).toString('latin1');
    const part = spec.key.body === null ? null : bodyKey(ask.headers, text, spec.key.body);
    if (part === null) return passBy(route, whole, to, ask, 'request');
    // For all that follows it is a question, and has no other effect than its answer.
    const question: Ask = { ...ask, method: 'GET', hasBody: false };
    const key = `${route.keyPrefix}${cacheKey(question, spec.key)}\nb${route.hash(part)}`;
    return answerFromBoth(route, { request: whole, handler: to, ask: question, asked, isPlain: false, key });
  });
  request.body?.read(gathering);
  return gathering.cancel;
}

function askOf({ method, path, query, authority, headers, body, exchange }: GatewayRequest): Ask {
  const { scheme } = exchange;
  const consumerId = keyedConsumer(exchange.consumerId, exchange.vouchedBy);
  const wasAuthorized = exchange.isAuthorized;
  const said = exchange.peerTrusted ? placeSaid(headers, authority, scheme) : '';
  const ask = { method, scheme, authority, path, query, headers, hasBody: body !== null, consumerId, wasAuthorized };
  return { ...ask, placeSaid: said };
}

function answer(
  route: RouteCache,
  asked: Asked,
  mayShare: boolean,
  found: Found = find(route, asked),
  lease: Lease | null = null,
): Cancel {
  const nowMs = route.clock.nowMs();
  const { gate } = route.node;
  const { isOpen } = gate;
  if (!isOpen && found.entry !== null) gate.withheld += 1;
  const verdict = verdictOn(found, asked.asked, nowMs, isOpen);
  if (verdict.kind !== 'ask') lease?.release(false);
  switch (verdict.kind) {
    case 'hit':
      return hit(route, asked, found, verdict, nowMs);
    case 'ask': {
      const { reason, standsInUntilMs } = verdict;
      if (isForOneAlone(route, asked, found.entry, nowMs)) {
        lease?.release(true);
        return passBy(route, asked.request, asked.handler, asked.ask, reason);
      }
      const toAsk = { reason, entry: found.entry, standsInUntilMs };
      return new Asking(route, asked, toAsk, (again, mayShare) => answer(route, again, mayShare), lease).begin(
        mayShare && isOpen,
      );
    }
    case 'unavailable': {
      asked.request.exchange.cache = 'unavailable';
      const told = formatCacheStatus({ name: route.name, forward: 'forbidden', detail: 'only-if-cached' });
      const failed = failure('not_cached', 'the client asked for a stored answer alone, and there is none');
      asked.handler.onError({ ...failed, headers: ['cache-status', told] });
      return nothingToCancel;
    }
  }
}

/** The whole, or a part that holds what is asked for. */
function find({ node, clock }: RouteCache, { key, ask }: Asked): Found {
  const found = node.l1.find(key, ask.headers);
  if (found.entry !== null || !hasField(ask.headers, 'range')) return found;
  const part = node.l1.find(key, ask.headers, true);
  if (part.entry === null) return found;
  return servesFromPart(ask, part.entry.stored, clock.wallMs()) ? part : { ...part, entry: null };
}

function verdictOn(found: Found, asked: CacheDirectives, nowMs: number, mayServe: boolean): Verdict {
  const { entry, softPurgedAtMs, isKnown } = found;
  const missReason: ForwardReason = isKnown ? 'vary-miss' : 'uri-miss';
  return lookUp(entry?.stored ?? null, asked, softPurgedAtMs, missReason, nowMs, mayServe);
}

/**
 * What comes of it was for one client alone lately, and nothing is at hand that could be validated: the client's own
 * conditions serve better than a whole answer that is not stored.
 */
function isForOneAlone(route: RouteCache, asked: Asked, entry: Entry | null, nowMs: number): boolean {
  const { ask } = asked;
  if (entry !== null) return false;
  if (!hasField(ask.headers, 'if-none-match') && !hasField(ask.headers, 'if-modified-since')) return false;
  return route.node.flights.isNotShared(flightKeyOf(route, asked), nowMs);
}

function hit(
  route: RouteCache,
  asked: Asked,
  { entry, softPurgedAtMs }: Found,
  { isStale, refreshes }: Extract<Verdict, { kind: 'hit' }>,
  nowMs: number,
): Cancel {
  if (entry === null) throw new Error('a hit is found');
  const ttlMs = Math.min(remainingMs(entry.stored, nowMs), softPurgedAtMs - nowMs);
  asked.request.exchange.cache = isStale ? 'stale' : 'hit';
  const cancel = serveHit(route, asked, entry, ttlMs, nowMs);
  if (refreshes) refresh(route, asked, entry, nowMs);
  return cancel;
}

function serveHit(route: RouteCache, asked: Asked, entry: Entry, ttlMs: number, nowMs: number): Cancel {
  const { ask, handler } = asked;
  const ttlS = Math.floor(ttlMs / 1000);
  if (asked.isPlain && isWholeReply(ask, entry.stored)) {
    // Of one that a proxy has made another by its fields, those that ask without them know nothing.
    if (!ask.placeSaid) asked.request.exchange.reusable = reusableHit(route, entry, asked.key, ttlMs, nowMs);
    return serveWhole(handler, entry, route.hitStatus(ttlS), nowMs);
  }
  const told = { name: route.name, forward: null, ttlS };
  return serveEntry(ask, handler, entry, told, nowMs, route.clock.wallMs());
}

/** Behind the answer, and for nobody: the next one finds a fresh copy. */
function refresh(route: RouteCache, asked: Asked, entry: Entry, nowMs: number): void {
  const { flights } = route.node;
  const { request, key } = asked;
  const ask: Ask = { ...asked.ask, method: 'GET' };
  const subject = subjectOfAsk(ask, route.spec.key);
  const flightKey = flightKeyOf(route, { ask, key });
  if (!flights.mayRefresh(flightKey, subject, nowMs)) return;
  const pending = pendingOf({ ...asked, ask }, { reason: 'stale', entry, standsInUntilMs: nowMs });
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const question = { request, method, pending, entry, key, subject, flightKey, late: null, lease: null };
  new Fetch(route, question, null).refresh();
}
