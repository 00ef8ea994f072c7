/**
 * Which clients are followed, call by call, to see what they ask for together. Owns their trails: 64 at once, each for a minute at most, so that
 * all have their turn. A client is a consumer or an address, and of an address the one with the same program and cookies.
 *
 * Whoever is not followed costs the look-up of a name. Of the others so many calls a second are read; a trail that misses one says nothing of the
 * burst it belonged to. Who calls without a pause is left after a burst's worth of calls, so that others at the same address have their turn.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';
import { hash32 } from '../../upstream/balance/hash.js';
import { patternsIn } from './burst-patterns.js';
import { shapeOf } from './path-shape.js';
import { PatternStore } from './pattern-store.js';
import { type Call, Trail } from './trail.js';

export const TRAILS_MAX = 64;
/** Between two that begin: of clients that never rest no more than a burst's worth of calls is read in so long. */
export const BEGIN_EVERY_MS = 250;
/** Some 2 µs each: half a percent of a core. */
export const CALLS_PER_S = 2_000;
const QUERY_LENGTH_MAX = 512;

/** Calls of one route, and those of them whose clients were followed. */
export interface RouteShare {
  all: number;
  seen: number;
}

export class Followed {
  readonly patterns = new PatternStore();
  readonly #trails = new Map<string, Trail>();
  #beginAtMs = Number.NEGATIVE_INFINITY;
  readonly #shares = new Map<string, RouteShare>();
  #callsLeft = CALLS_PER_S;
  #secondAtMs = Number.NEGATIVE_INFINITY;

  /** Resolved once for each route. */
  share(routeId: string): RouteShare {
    const share = this.#shares.get(routeId) ?? { all: 0, seen: 0 };
    this.#shares.set(routeId, share);
    return share;
  }

  /** An exchange is over; what is no question, went wrong, or is the gateway's own, is no call. */
  ended(routeId: string, share: RouteShare, request: GatewayRequest): void {
    const { exchange } = request;
    const { status } = exchange;
    if (request.method !== 'GET' || status < 200 || status >= 400 || exchange.outer !== null) return;
    share.all += 1;
    const client = exchange.consumerId ?? exchange.clientAddress;
    let trail: Trail | null | undefined = this.#trails.get(client);
    if (trail === undefined) {
      if (exchange.endedAtMs < this.#beginAtMs) return;
      trail = this.#begin(client, request);
    }
    if (trail !== null && this.#goOn(trail, routeId, request)) share.seen += 1;
    if (trail?.isOver(exchange.endedAtMs) === true) this.#leave(client, trail, exchange.endedAtMs);
  }

  /** Of how many calls of these routes each one that was followed stands for. */
  scaleOf(routeIds: readonly string[]): number {
    const scales = routeIds.flatMap((id) => {
      const { all, seen } = this.#shares.get(id) ?? { all: 0, seen: 0 };
      return seen > 0 ? [all / seen] : [];
    });
    return scales.length === 0 ? 0 : Math.min(...scales);
  }

  /** Bursts that are over by now are told, and whoever was followed for long enough is left. */
  rest(nowMs: number): void {
    for (const [client, trail] of this.#trails) {
      this.#tell(trail.rested(nowMs), trail);
      if (trail.isOver(nowMs)) this.#trails.delete(client);
    }
  }

  halve(): void {
    for (const share of this.#shares.values()) {
      share.all /= 2;
      share.seen /= 2;
    }
    this.patterns.halve();
  }

  retainRoutes(routeIds: ReadonlySet<string>): void {
    this.patterns.retainRoutes(routeIds);
    for (const id of this.#shares.keys()) if (!routeIds.has(id)) this.#shares.delete(id);
  }

  /** Null: there are enough. */
  #begin(client: string, { headers, exchange: { endedAtMs } }: GatewayRequest): Trail | null {
    this.#beginAtMs = endedAtMs + BEGIN_EVERY_MS;
    if (this.#trails.size >= TRAILS_MAX) {
      const [longest] = this.#trails;
      if (longest === undefined || !longest[1].isOver(endedAtMs)) return null;
      this.#leave(longest[0], longest[1], endedAtMs);
    }
    const trail = new Trail(sessionOf(headers), endedAtMs);
    this.#trails.set(client, trail);
    return trail;
  }

  /** False: it is somebody else behind the same address. */
  #goOn(trail: Trail, routeId: string, request: GatewayRequest): boolean {
    if (sessionOf(request.headers) !== trail.session) return false;
    const { endedAtMs } = request.exchange;
    const call = this.#mayRead(endedAtMs) ? callOf(routeId, request) : null;
    if (call === null) trail.miss(endedAtMs);
    else this.#tell(trail.add(call), trail);
    return true;
  }

  #leave(client: string, trail: Trail, nowMs: number): void {
    this.#tell(trail.rested(nowMs), trail);
    this.#trails.delete(client);
    this.#beginAtMs = nowMs + BEGIN_EVERY_MS;
  }

  #tell(burst: readonly Call[] | null, { session }: Trail): void {
    if (burst !== null) for (const pattern of patternsIn(burst)) this.patterns.add(pattern, session);
  }

  #mayRead(nowMs: number): boolean {
    if (nowMs >= this.#secondAtMs + 1_000) {
      this.#secondAtMs = nowMs;
      this.#callsLeft = CALLS_PER_S;
    }
    this.#callsLeft -= 1;
    return this.#callsLeft >= 0;
  }
}

/** Null: it is too long to be read. */
function callOf(routeId: string, { path, query, exchange }: GatewayRequest): Call | null {
  const shaped = query.length > QUERY_LENGTH_MAX ? null : shapeOf(path, exchange.params);
  if (shaped === null) return null;
  return {
    ...{ routeId, shape: shaped.shape, values: shaped.values, bytes: exchange.responseBytes },
    query: query === '' ? [] : [...new URLSearchParams(query)],
    ...{ startMs: exchange.receivedAtMs, endMs: exchange.endedAtMs },
    wasAsked: exchange.attempts.length > 0 || exchange.coalesced > 0,
  };
}

/** What tells clients of one address apart, as a number that says nothing of them. */
function sessionOf(headers: HeaderList): number {
  let session = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    if (name === 'user-agent' || name === 'cookie' || name === 'authorization' || name === 'x-api-key')
      session = hash32(headers[i + 1] ?? '', session + name.length);
  }
  return session;
}
