/** What the second level of the cache shows to Prometheus. Left out as a whole by a node that shares nothing with others. */
import { keepOutcomes, type L2Counts, skipReasons } from '../cache/l2/l2.js';
import type { CacheCounts } from '../cache/node-cache.js';
import { type Family, family } from './exposition.js';

export interface L2Sources {
  cache(): CacheCounts;
}

const ways = ['leads', 'follows', 'alone'] as const;

/** Families of which a node without a second level shows nothing. */
function makersFor(sources: L2Sources) {
  const one = (type: 'counter' | 'gauge', name: string, help: string, read: (counts: L2Counts) => number): Family =>
    family(type, name, help, function* () {
      const { l2 } = sources.cache();
      if (l2 !== null) yield [[], read(l2)];
    });
  const by = <Name extends string>(
    name: string,
    help: string,
    label: string,
    names: readonly Name[],
    read: (counts: L2Counts) => Readonly<Record<Name, number>>,
  ): Family =>
    family('counter', name, help, function* () {
      const { l2 } = sources.cache();
      if (l2 !== null) for (const each of names) yield [[[label, each]], read(l2)[each]];
    });
  return { one, by };
}

export function l2Families(sources: L2Sources): Family[] {
  const { one, by } = makersFor(sources);
  return [
    one('counter', 'weir_cache_l2_hits_total', 'Look-ups in Redis that found a stored answer.', ({ hits }) => hits),
    one('counter', 'weir_cache_l2_misses_total', 'Look-ups in Redis that found none.', ({ misses }) => misses),
    one('counter', 'weir_cache_l2_purged_total', 'Those of them that found one that was purged.', (l2) => l2.purged),
    by(
      'weir_cache_l2_skipped_total',
      'Look-ups in Redis that were not made or came to nothing, by reason.',
      'reason',
      skipReasons,
      ({ skipped }) => skipped,
    ),
    by(
      'weir_cache_l2_offers_total',
      'Stored answers that were offered to Redis, by what became of them.',
      'outcome',
      keepOutcomes,
      ({ offers }) => offers,
    ),
    one('gauge', 'weir_cache_l2_queued_bytes', 'Bytes that wait to be written to Redis.', (l2) => l2.queuedBytes),
    one('gauge', 'weir_cache_l2_queued', 'Answers that wait to be written to Redis.', (l2) => l2.queuedEntries),
    one('counter', 'weir_cache_l2_broken_total', 'Bodies of which Redis lost a piece.', ({ broken }) => broken),
    one('counter', 'weir_cache_l2_late_total', 'Commands that Redis did not answer in time.', ({ lates }) => lates),
    one('counter', 'weir_cache_l2_drops_total', 'Connections to Redis that were given up.', ({ drops }) => drops),
    one('gauge', 'weir_cache_l2_readable', '1 while Redis is asked for stored answers.', ({ isOn, reads }) =>
      isOn && reads === 'closed' ? 1 : 0,
    ),
    one('gauge', 'weir_cache_l2_writable', '1 while stored answers are written to Redis.', ({ isOn, writes }) =>
      isOn && writes === 'closed' ? 1 : 0,
    ),
    one('gauge', 'weir_cache_l2_pending_purges', 'Purges that Redis has not confirmed.', (l2) => l2.pendingPurges),
    one(
      'counter',
      'weir_cache_l2_purges_widened_total',
      'How often so many purges were pending that they became one of everything.',
      ({ purgeCollapses }) => purgeCollapses,
    ),
    one(
      'counter',
      'weir_cache_l2_purges_heard_total',
      'Purges of other nodes that were obeyed.',
      (l2) => l2.heardPurges,
    ),
    one(
      'counter',
      'weir_cache_l2_purges_lost_total',
      'How often all in memory was purged, for a purge of another node may have been missed.',
      ({ lostPurges }) => lostPurges,
    ),
    by('weir_cache_l2_leases_total', 'Fetches, by who of all nodes makes them.', 'way', ways, ({ leases }) => leases),
    one('counter', 'weir_cache_l2_follows_total', 'Waits for what another node fetches.', ({ follows }) => follows),
    one('counter', 'weir_cache_l2_followed_total', 'Those of them that ended with it.', ({ followed }) => followed),
  ];
}
