/** What the cache shows to Prometheus: what it did by route, from the cells, and what it holds, from its owner. */
import type { CacheCounts } from '../cache/node-cache.js';
import { refusalReasons } from '../cache/refusals.js';
import { cacheResults, purgeKinds } from '../cache/results.js';
import { happened, label, routesOf } from './cell-samples.js';
import type { Cells } from './cells.js';
import { type Family, family, histogramFamily } from './exposition.js';

export interface CacheSources {
  readonly cells: Cells;
  cache(): CacheCounts;
}

export function cacheFamilies(sources: CacheSources): Family[] {
  const { cells } = sources;
  const one = (type: 'counter' | 'gauge', name: string, help: string, read: (counts: CacheCounts) => number): Family =>
    family(type, name, help, () => [[[], read(sources.cache())]]);
  return [
    family('counter', 'weir_cache_requests_total', 'Requests of routes with a cache, by what it did.', function* () {
      for (const [route, { cache: counts }] of routesOf(cells))
        yield* happened([route], 'result', cacheResults, counts);
    }),
    family('counter', 'weir_cache_reused_total', 'Hits that were given without their chain.', function* () {
      for (const [route, { reuses }] of routesOf(cells)) yield reuses > 0 ? [[route], reuses] : undefined;
    }),
    family('counter', 'weir_cache_stored_total', 'Answers that were stored.', function* () {
      for (const [route, { stored }] of routesOf(cells)) yield stored > 0 ? [[route], stored] : undefined;
    }),
    family('counter', 'weir_cache_not_stored_total', 'Answers that were not stored, by reason.', function* () {
      for (const [route, { notStored }] of routesOf(cells))
        yield* happened([route], 'reason', refusalReasons, notStored);
    }),
    one('gauge', 'weir_cache_bytes', 'Memory that stored answers take.', ({ bytes }) => bytes),
    one('gauge', 'weir_cache_entries', 'Answers that are stored, each variant for itself.', ({ entries }) => entries),
    one('gauge', 'weir_cache_writing_bytes', 'Bytes of bodies that are being stored.', (counts) => counts.writingBytes),
    one('gauge', 'weir_cache_held_bytes', 'Bytes given up that clients still read.', ({ heldBytes }) => heldBytes),
    one('counter', 'weir_cache_evictions_total', 'Answers that gave way to others.', ({ evictions }) => evictions),
    one('gauge', 'weir_cache_fetches', 'Requests to upstreams on behalf of the cache.', ({ fetches }) => fetches),
    one('gauge', 'weir_cache_flights', 'Those of them that others may wait for.', ({ flights }) => flights),
    one('gauge', 'weir_cache_refreshes', 'Those of them that no client waits for.', ({ refreshes }) => refreshes),
    one(
      'counter',
      'weir_cache_refreshes_refused_total',
      'Refreshes that were not begun, because as many were under way as may be.',
      (counts) => counts.refreshRefusals,
    ),
    one('counter', 'weir_cache_purges_total', 'Purges that this node has obeyed.', ({ purges }) => purges),
    histogramFamily(
      'weir_cache_purge_duration_seconds',
      'Time until a purge was in force, in Redis as well where nodes share one, by what it named.',
      function* () {
        for (const kind of purgeKinds) {
          const durations = cells.purges.durations[kind];
          if (durations.count > 0) yield [[label('kind', kind)], durations];
        }
      },
    ),
    family(
      'counter',
      'weir_cache_purges_unconfirmed_total',
      'Purges of which Redis had not confirmed that it knows after half a second.',
      () => [[[], cells.purges.unconfirmed]],
    ),
    one(
      'counter',
      'weir_cache_withheld_total',
      'Requests for which a stored answer was validated first, since it was not known what was purged.',
      ({ withheld }) => withheld,
    ),
    one('gauge', 'weir_cache_purge_marks', 'Marks of purges that look-ups compare with.', ({ marks }) => marks),
    one(
      'counter',
      'weir_cache_purge_marks_widened_total',
      'How often there were too many marks, so that older ones were made to mean more.',
      ({ markCollapses }) => markCollapses,
    ),
  ];
}
