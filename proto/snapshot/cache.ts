/**
 * What a snapshot says about caching the answers of a route. Everything is resolved: a node reads no default of its own.
 * Spans are whole seconds, as they are on the wire.
 */

export interface CacheSpec {
  readonly key: CacheKeySpec;
  /** Fields that take the place of Cache-Control, most particular first, lower-case (RFC 9213). */
  readonly targets: readonly string[];
  readonly freshness: FreshnessSpec;
  /** How long a stale copy may be used while it is revalidated, where the origin does not say (RFC 5861 §3). */
  readonly staleWhileRevalidateS: number;
  /** How long one may be used when the upstream fails or is too slow, where the origin does not say (RFC 5861 §4). */
  readonly staleIfErrorS: number;
  /** When a stale copy is used because the upstream is slow; null: never. */
  readonly staleIfSlow: StaleIfSlowSpec | null;
  /** What becomes of an answer that sets cookies: it is not stored, or stored without them. */
  readonly setCookie: 'refuse' | 'strip';
  /** Whether clients may ask for more or less than what is stored (RFC 9111 §5.2.1). */
  readonly obeysRequests: boolean;
  /** Longest body that is stored, in bytes. */
  readonly bodyBytesMax: number;
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
