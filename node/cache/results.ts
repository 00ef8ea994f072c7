/** What the cache did for a request: the words are public, they stand in the access log and label a metric. Pure. */

export const cacheResults = [
  /** A fresh copy. */
  'hit',
  /** A copy that is stale, with leave: the client takes it so, or it is refreshed behind it. */
  'stale',
  /** A stale copy, because the upstream failed. */
  'stale_error',
  /** A stale copy, because the upstream took too long. */
  'stale_slow',
  /** A copy that the upstream confirmed. */
  'revalidated',
  /** The answer to another request that came before it. */
  'collapsed',
  /** The upstream's answer, or its failure. */
  'miss',
  /** Not looked up. */
  'bypass',
  /** Nothing is stored, and the client wanted nothing else (504). */
  'unavailable',
] as const;
export type CacheResult = (typeof cacheResults)[number];

/** What a purge named, by the kinds of PurgeTarget, and `change`: what a request by an unsafe method made invalid. */
export const purgeKinds = ['url', 'prefix', 'host', 'tag', 'all', 'change'] as const;
export type PurgeKind = (typeof purgeKinds)[number];
