/** The part of the snapshot that says what is cached; see compile.ts for the rest. Pure. */
import type { Cache, CacheMemory } from '@weir/proto/config/cache.js';
import type { Gateway } from '@weir/proto/config/gateway.js';
import type { Route } from '@weir/proto/config/route.js';
import { SURROGATE_CONTROL } from '@weir/proto/http/surrogate-control.js';
import {
  type CacheKeySpec,
  type CacheL2Spec,
  type CacheMemorySpec,
  type CacheSpec,
  cacheL2Defaults,
} from '@weir/proto/snapshot/cache.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';

/** What a stale copy may be used for where `staleIfSlow` is asked for, and nobody says for how long. */
const STALE_IF_SLOW_S = 3_600;

export function compileCacheMemory(
  { memory, writing, maxBody, redis }: CacheMemory,
  routes: readonly Route[],
): CacheMemorySpec {
  const stated = routes.map(({ cache }) => cache?.maxBody ?? 0);
  return {
    memoryBytes: memory,
    writingBytes: writing,
    bodyBytesMax: stated.reduce((a, b) => Math.max(a, b), maxBody),
    l2: redis === undefined ? cacheL2Defaults : redis === null ? null : compileL2(redis),
  };
}

function compileL2(redis: NonNullable<CacheMemory['redis']>): CacheL2Spec {
  const { collapse } = redis;
  return {
    readTimeoutMs: redis.readTimeout,
    pieceTimeoutMs: redis.pieceTimeout,
    writeTimeoutMs: redis.writeTimeout,
    writeQueueBytes: redis.writeQueue,
    writeQueueEntries: redis.writeQueueEntries,
    bodyBytesMax: redis.maxBody,
    keepMaxS: redis.maxTtl / 1_000,
    collapse: collapse === null ? null : { leaseMs: collapse.lease, waitMs: collapse.wait },
  };
}

/** A route that lists its methods takes PURGE as well where somebody may purge by it. */
export function compileCached(
  route: Route,
  gateway: Pick<Gateway, 'cache' | 'names'>,
  known: ReadonlySet<string>,
): Pick<RouteSpec, 'match' | 'cache'> {
  const { match } = route;
  const cache = compileCache(route, gateway, known);
  if (cache === null || cache.purge === null || match.methods.length === 0) return { match, cache };
  return { match: { ...match, methods: [...new Set([...match.methods, 'PURGE'])] }, cache };
}

/** Null for a route that stores nothing, and for one that answers by itself. */
function compileCache(
  route: Route,
  { cache: memory, names }: Pick<Gateway, 'cache' | 'names'>,
  known: ReadonlySet<string>,
): CacheSpec | null {
  const { cache } = route;
  if (cache === null || route.redirect !== undefined || route.respond !== undefined) return null;
  if (route.contract?.mock === true) return null;
  const { negative, heuristic, collapse } = cache;
  return {
    key: compileKey(cache.key, route),
    targets: cache.targets,
    ...(cache.targets.includes(SURROGATE_CONTROL) ? { surrogate: names.via } : {}),
    freshness: {
      overrideS: toSeconds(cache.ttl),
      defaultS: toSeconds(cache.defaultTtl),
      heuristicShare: heuristic.share,
      heuristicMaxS: heuristic.max / 1_000,
      negativeDefaultS: negative.default / 1_000,
      negativeMaxS: negative.max / 1_000,
    },
    staleWhileRevalidateS: cache.staleWhileRevalidate / 1_000,
    staleIfErrorS: toSeconds(cache.staleIfError) ?? (cache.staleIfSlow === undefined ? 0 : STALE_IF_SLOW_S),
    staleIfSlow: cache.staleIfSlow ?? null,
    setCookie: cache.setCookie,
    storesAuthorized: cache.key.byConsumer === true || cache.key.headers.includes('authorization'),
    obeysRequests: cache.obeyRequests,
    bodyBytesMax: cache.maxBody ?? memory.maxBody,
    bypass: cache.bypass,
    passesTags: cache.tags.pass,
    collapse: collapse === null ? null : { waitersMax: collapse.waiters, waitMs: collapse.wait },
    purge: compilePurge(purgersOf(route, memory), known),
  };
}

/** `known`: ids of the gateway's consumers. */
function compilePurge(purge: CacheMemory['purge'], known: ReadonlySet<string>): CacheSpec['purge'] {
  if (purge === null) return null;
  const consumers = purge.consumers.filter((id) => known.has(id));
  return { consumers, tokenConsumers: purge.consumers.filter((id) => !known.has(id)) };
}

function toSeconds(ms: number | undefined): number | null {
  return ms === undefined ? null : ms / 1_000;
}

function compileKey(
  { query, sort, headers, cookies, device, body, byConsumer }: Cache['key'],
  route: Route,
): CacheKeySpec {
  return {
    query: query ?? { mode: 'all' },
    sortsQuery: sort,
    headers,
    cookies,
    // What one consumer may see another may not, as far as anybody here can know.
    byConsumer: byConsumer ?? route.auth.length > 0,
    byDevice: device,
    body: body === null ? null : { bytesMax: body.max, members: body.members },
  };
}

/** Nobody is known on a route that does not authenticate. */
export function purgersOf({ auth, cache }: Route, gateway: CacheMemory): CacheMemory['purge'] {
  if (auth.length === 0 || cache === null) return null;
  return cache.purge === undefined ? gateway.purge : cache.purge;
}
