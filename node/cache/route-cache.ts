/** What all requests of a route have in common for the cache: made once, when its chain is compiled. */
import { hitStatusOf } from '@weir/proto/http/cache-status.js';
import { withField } from '@weir/proto/http/headers.js';
import { surrogateCapability } from '@weir/proto/http/surrogate-control.js';
import type { BypassSpec, CacheSpec } from '@weir/proto/snapshot/cache.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { LearntLimit } from '../latency/learnt-limit.js';
import type { RouteObserver } from '../observe/observer.js';
import { withHeaders } from '../pipeline/derived-request.js';
import type { Dispatch } from '../pipeline/dispatch.js';
import type { ChainServices } from '../pipeline/services.js';
import { compileConditions, cookiePairs, queryPairs } from '../route/conditions.js';
import { requestPatternWork } from '../route/patterns.js';
import type { Clock, Timers } from '../time/clock.js';
import type { HeldBytes } from '../upstream/retry/held-bytes.js';
import type { Ask } from './ask.js';
import type { NodeCache } from './node-cache.js';
import { isAlikeForAll } from './reuse.js';
import { scopedRoute, sharedPrefix } from './scopes.js';

export interface RouteCache {
  readonly routeId: string;
  readonly spec: CacheSpec;
  readonly keyPrefix: string;
  /** What keys begin with instead where nodes share them. */
  readonly sharedPrefix: string;
  /** Name in Cache-Status. */
  readonly name: string;
  /** Cache-Status of a hit. */
  readonly hitStatus: (ttlS: number) => string;
  /** Whole hits are the same for all plain requests, and may be offered to the next ones. */
  readonly isAlikeForAll: boolean;
  /** Limit of a fetch, whoever waits for it. */
  readonly totalMs: number;
  readonly node: NodeCache;
  readonly next: Dispatch;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly observer: RouteObserver;
  /** A fetch's own `total` timer fired. */
  readonly timerFired: () => void;
  /** When an answer is slow, where that is learnt. */
  readonly slow: LearntLimit | null;
  readonly bypasses: (ask: Ask) => boolean;
  /** Memory for request bodies that are gathered. */
  readonly bodies: HeldBytes;
  /** So that a key does not grow with the body that is part of it. */
  readonly hash: (text: string) => string;
}

/** A key as all nodes know it. */
export const sharedKey = ({ keyPrefix, sharedPrefix }: RouteCache, key: string): string =>
  sharedPrefix + key.slice(keyPrefix.length);

/** Slower than nineteen of twenty. */
const SLOW_QUANTILE = 0.95;

export function routeCache(route: RouteSpec, spec: CacheSpec, services: ChainServices, next: Dispatch): RouteCache {
  const { cache, clock, timers, gateway, observer } = services;
  const scoped = scopedRoute(route, spec);
  return {
    routeId: route.id,
    spec,
    keyPrefix: cache.scopes.prefix(scoped),
    sharedPrefix: sharedPrefix(scoped),
    name: gateway.names.via,
    hitStatus: hitStatusOf(gateway.names.via),
    isAlikeForAll: services.offersReuse === true && isAlikeForAll(route, spec),
    totalMs: route.timeouts.totalMs,
    node: cache,
    next: spec.surrogate === undefined ? next : namingItself(spec.surrogate, next),
    clock,
    timers,
    observer: observer.route(route.id),
    timerFired: () => observer.timerFired('total', route.id),
    slow: slowLimit(route, spec, services),
    bypasses: compileBypass(spec.bypass),
    bodies: services.bodies,
    hash: (text) => services.sign('cache', text),
  };
}

/** A client's own word for it would bring it what others can't read, and that would be stored for them. */
function namingItself(surrogate: string, next: Dispatch): Dispatch {
  const capability = surrogateCapability(surrogate);
  return (request, handler) =>
    next(withHeaders(request, withField(request.headers, 'surrogate-capability', capability)), handler);
}

function slowLimit(route: RouteSpec, { staleIfSlow }: CacheSpec, services: ChainServices): LearntLimit | null {
  if (staleIfSlow?.kind !== 'learnt' || route.action.kind !== 'proxy') return null;
  const { minMs, maxMs } = staleIfSlow;
  const spec = { kind: 'adaptive', quantile: SLOW_QUANTILE, factor: 1, minMs, maxMs, coldMs: maxMs } as const;
  // Prompt, as for a hedge: what is too early costs the client freshness within what it was allowed, and nothing more.
  return new LearntLimit(spec, services.latencies.window(route.id, route.action.upstream, 'fetch'), 'prompt');
}

const never = (): boolean => false;

/** Whether one of the conditions holds for a request that is to go past the cache. */
export function compileBypass({ headers, cookies, query }: BypassSpec): (ask: Ask) => boolean {
  const ofHeaders = headers.map((spec) => compileConditions([spec]));
  const ofCookies = cookies.map((spec) => compileConditions([spec]));
  const ofQuery = query.map((spec) => compileConditions([spec]));
  if (ofHeaders.length + ofCookies.length + ofQuery.length === 0) return never;
  return (ask) => {
    const work = requestPatternWork();
    if (ofHeaders.some((holds) => holds?.(ask.headers, work))) return true;
    if (ofQuery.length > 0) {
      const pairs = queryPairs(ask.query);
      if (ofQuery.some((holds) => holds?.(pairs, work))) return true;
    }
    const pairs = ofCookies.length === 0 ? [] : cookiePairs(ask.headers);
    // Where the work is used up nobody knows: past the cache nothing of another is given.
    return ofCookies.some((holds) => holds?.(pairs, work)) || work.isExhausted;
  };
}
