/** A cache spec with the defaults of a route that asks for a cache and says no more, for tests that care about one field. */
import type { CacheSpec, FreshnessSpec } from '@weir/proto/snapshot/cache.js';

export const freshnessSpec: FreshnessSpec = {
  overrideS: null,
  defaultS: null,
  heuristicShare: 0.1,
  heuristicMaxS: 86_400,
  negativeDefaultS: 0,
  negativeMaxS: 300,
};

export function makeCacheSpec(overrides: Partial<CacheSpec> = {}): CacheSpec {
  return {
    key: {
      query: { mode: 'all' },
      sortsQuery: false,
      headers: [],
      cookies: [],
      byConsumer: false,
      byDevice: false,
      body: null,
    },
    targets: ['weir-cache-control', 'cdn-cache-control'],
    freshness: freshnessSpec,
    staleWhileRevalidateS: 0,
    staleIfErrorS: 0,
    staleIfSlow: null,
    setCookie: 'refuse',
    storesAuthorized: false,
    obeysRequests: true,
    bodyBytesMax: 1024 * 1024,
    bypass: { headers: [], cookies: [], query: [] },
    passesTags: false,
    collapse: { waitersMax: 10_000, waitMs: 5_000 },
    purge: null,
    ...overrides,
  };
}
