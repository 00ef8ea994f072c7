/**
 * What a snapshot says about caching the answers of a route. Everything is resolved: a node reads no default of its own.
 * Spans are whole seconds, as they are on the wire.
 */
import type { ValueMatchSpec } from './snapshot.js';

/** What one node keeps, all routes together. */
export interface CacheMemorySpec {
  /** Stored responses with their heads and keys; what spares the upstreams least goes first. */
  readonly memoryBytes: number;
  /** Bodies that are being written, all together; what finds no place passes by unstored. */
  readonly writingBytes: number;
  /** Longest body of any route. */
  readonly bodyBytesMax: number;
  /** What is shared with other nodes where there is a Redis; null: nothing. */
  readonly l2: CacheL2Spec | null;
}

export interface CacheSpec {
  readonly key: CacheKeySpec;
  /** Fields that take the place of Cache-Control, most particular first, lower-case (RFC 9213). */
  readonly targets: readonly string[];
  /** How origins address this gateway in Surrogate-Control, where that is one of the targets; it is told them with each request. */
  readonly surrogate?: string;
  readonly freshness: FreshnessSpec;
  /** How long a stale copy may be used while it is revalidated, where the origin does not say (RFC 5861 §3). */
  readonly staleWhileRevalidateS: number;
  /** How long one may be used when the upstream fails or is too slow, where the origin does not say (RFC 5861 §4). */
  readonly staleIfErrorS: number;
  /** When a stale copy is used because the upstream is slow; null: never. */
  readonly staleIfSlow: StaleIfSlowSpec | null;
  /** What becomes of an answer that sets cookies: it is not stored, stored without them, or stored with them for all who ask. */
  readonly setCookie: 'refuse' | 'strip' | 'keep';
  /**
   * Answers to requests with Authorization are stored where the origin does not allow it (RFC 9111 §3.5), since the operator
   * has made who asks a part of the key.
   */
  readonly storesAuthorized: boolean;
  /** Whether clients may ask for more or less than what is stored (RFC 9111 §5.2.1). */
  readonly obeysRequests: boolean;
  /** Longest body that is stored, in bytes. */
  readonly bodyBytesMax: number;
  /** Requests of which any of these holds are neither answered from the cache nor stored. */
  readonly bypass: BypassSpec;
  /** Whether Surrogate-Key and Cache-Tag go on to the client. */
  readonly passesTags: boolean;
  /** Identical requests that come while the first is being answered wait for its answer; null: each asks by itself. */
  readonly collapse: CollapseSpec | null;
  /** Who may purge by the method PURGE; null: it is answered 405. */
  readonly purge: PurgeMethodSpec | null;
  /** Of a team's service its base path: what its answers name elsewhere is not theirs to make invalid. Left out: all of the origin. */
  readonly invalidatesBelow?: string;
}

/** Conditions of which one is enough. Names of fields are lower-case. */
export interface BypassSpec {
  readonly headers: readonly ValueMatchSpec[];
  readonly cookies: readonly ValueMatchSpec[];
  readonly query: readonly ValueMatchSpec[];
}

export interface CollapseSpec {
  /** Requests that wait for one answer, at most; those beyond ask by themselves. */
  readonly waitersMax: number;
  /** How long one waits for the head of that answer before it asks by itself. */
  readonly waitMs: number;
}

/** The route authenticates, and purges are for these of its consumers alone. */
export interface PurgeMethodSpec {
  /** Those of the gateway's list, whom it knows by their credentials. */
  readonly consumers: readonly string[];
  /** Those that tokens name. One that has the name of a consumer of the list is another. */
  readonly tokenConsumers: readonly string[];
}

/** What tells two requests apart. Without any of it: scheme, host, path and query, as they were sent. */
export interface CacheKeySpec {
  readonly query: QueryKeySpec;
  /** Parameters in another order are the same request. */
  readonly sortsQuery: boolean;
  /** Request fields, lower-case, that are part of the key whatever Vary says. */
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
  /** Each consumer has a cache of its own. */
  readonly byConsumer: boolean;
  /** Phones, tablets and everything else each have a cache of their own (User-Agent, Sec-CH-UA-Mobile). */
  readonly byDevice: boolean;
  /** Answers to POST are stored, by a hash of the request's body; null: they are not. */
  readonly body: BodyKeySpec | null;
}

export interface BodyKeySpec {
  /** A request with a longer body goes past the cache. */
  readonly bytesMax: number;
  /** Members of a JSON object that count; empty: every byte of the body counts. */
  readonly members: readonly string[];
}

export type QueryKeySpec =
  | { readonly mode: 'all' }
  | { readonly mode: 'only' | 'except'; readonly names: readonly string[] };

export interface FreshnessSpec {
  /** Fresh for this long whatever the origin says, as long as it may be stored; null: as the origin says. */
  readonly overrideS: number | null;
  /** Where the origin does not say; null: by the share of its age. */
  readonly defaultS: number | null;
  /** Heuristic freshness (RFC 9111 §4.2.2): this share of the time since it was last modified, up to a bound. 0: none. */
  readonly heuristicShare: number;
  readonly heuristicMaxS: number;
  /** Answers of 400 and above: how long where the origin does not say, and the longest whatever it says. */
  readonly negativeDefaultS: number;
  readonly negativeMaxS: number;
}

export type StaleIfSlowSpec =
  | { readonly kind: 'after'; readonly afterMs: number }
  /** Later than most answers of the route, within bounds. */
  | { readonly kind: 'learnt'; readonly minMs: number; readonly maxMs: number };

/** What nodes share of their caches in Redis: the second level. */
export interface CacheL2Spec {
  /** A look-up that takes longer is skipped. */
  readonly readTimeoutMs: number;
  /** One piece of a body whose first piece is there: an answer has begun, and breaks off behind this. */
  readonly pieceTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** What waits to be written; more is not taken. Bodies count as a whole, though they are shared with the first level. */
  readonly writeQueueBytes: number;
  readonly writeQueueEntries: number;
  /** Longer bodies are neither written nor read. */
  readonly bodyBytesMax: number;
  /** Nothing is kept longer, whatever its origin says. */
  readonly keepMaxS: number;
  /** One node fetches for all; null: each for itself. */
  readonly collapse: CollapseAcrossNodesSpec | null;
}

export interface CollapseAcrossNodesSpec {
  /** A node that was not heard of for this long fetches for nobody any more. */
  readonly leaseMs: number;
  /** How long the others wait before they ask by themselves. */
  readonly waitMs: number;
}

export const cacheL2Defaults: CacheL2Spec = {
  readTimeoutMs: 10,
  pieceTimeoutMs: 100,
  writeTimeoutMs: 250,
  writeQueueBytes: 16 * 1024 * 1024,
  writeQueueEntries: 10_000,
  bodyBytesMax: 8 * 1024 * 1024,
  keepMaxS: 86_400,
  collapse: { leaseMs: 2_000, waitMs: 1_000 },
};
