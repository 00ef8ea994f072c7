/** What a node of a cluster shows Prometheus of the purge log: nothing where it is by itself. */
import type { NodePurgesReading } from '../cluster/follow-purges.js';
import { type Family, family } from './exposition.js';

export interface PurgeSources {
  /** Null for a node by itself. */
  purges(): NodePurgesReading | null;
}

const MS_PER_S = 1_000;

export function purgeFamilies(sources: PurgeSources): Family[] {
  const one = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    read: (one: NodePurgesReading) => number,
  ): Family =>
    family(type, name, help, function* () {
      const following = sources.purges();
      if (following !== null) yield [[], read(following)];
    });
  return [
    one('gauge', 'weir_purge_epoch', 'Number of the latest entry of the purge log that is in force.', (it) => it.epoch),
    one(
      'gauge',
      'weir_purge_behind',
      'Entries of the purge log that are known of and not in force.',
      (it) => it.behind,
    ),
    one(
      'gauge',
      'weir_purge_lease_seconds',
      'How long stored answers may be served without another word of the purge log; 0: they may not.',
      ({ leaseLeftMs, isServing }) => (isServing ? leaseLeftMs / MS_PER_S : 0),
    ),
    one(
      'counter',
      'weir_purge_log_refused_total',
      'Entries of the purge log that were not rightly signed, or not understood.',
      ({ refused }) => refused,
    ),
    one(
      'counter',
      'weir_purge_log_begun_anew_total',
      'How often the purge log turned out to be another one, so that all that was stored was purged.',
      ({ begunAnew }) => begunAnew,
    ),
    one(
      'gauge',
      'weir_purge_changes_pending',
      'URLs that clients have changed by this node, and that other nodes have yet to be told of.',
      ({ changes }) => changes.pending,
    ),
    one(
      'gauge',
      'weir_purge_changes_waiting_seconds',
      'How long the oldest of them has waited.',
      ({ changes }) => changes.waitedMs / MS_PER_S,
    ),
    one(
      'counter',
      'weir_purge_changes_told_total',
      'URLs that clients have changed by this node, and that are in the purge log for all others.',
      ({ changes }) => changes.told,
    ),
    one(
      'counter',
      'weir_purge_changes_dropped_total',
      'URLs that clients have changed by this node, and that other nodes are not told of, since too many were pending.',
      ({ changes }) => changes.dropped,
    ),
  ];
}
