/** What a node of a cluster shows Prometheus of what it shares with the others: nothing where it is by itself. */
import type { SharedSightCounts } from '../cluster/shared-sight.js';
import { type Family, family } from './exposition.js';

export interface SightSources {
  /** Null for a node by itself. */
  sight(): SharedSightCounts | null;
}

type Read = (counts: SharedSightCounts) => number;

type One = (type: 'counter' | 'gauge', name: string, help: string, read: Read) => Family;

export function sightFamilies(sources: SightSources): Family[] {
  const one: One = (type, name, help, read) =>
    family(type, name, help, function* () {
      const counts = sources.sight();
      if (counts !== null) yield [[], read(counts)];
    });
  return [...opinionFamilies(sources), ...sparedFamilies(one), ...latencyFamilies(one)];
}

function opinionFamilies(sources: SightSources): Family[] {
  return [
    family(
      'counter',
      'weir_cluster_opinions_total',
      'Changes of opinion about targets: told to other nodes, heard from them, missed and so asked for, not told for there were too many, dropped for want of room.',
      function* () {
        const counts = sources.sight();
        if (counts === null) return;
        const { told, heard, missed, untold } = counts.health;
        const all = { told, heard, missed, untold, dropped: counts.droppedReports };
        for (const [what, count] of Object.entries(all)) yield [[['what', what]], count];
      },
    ),
    family(
      'counter',
      'weir_cluster_doubts_total',
      'Targets that this node looked into because another calls them out, by what it saw.',
      function* () {
        const counts = sources.sight();
        if (counts === null) return;
        const { confirmed, refuted, lapsed } = counts.health;
        for (const [result, count] of Object.entries({ confirmed, refuted, lapsed }))
          yield [[['result', result]], count];
      },
    ),
  ];
}

function sparedFamilies(one: One): Family[] {
  return [
    one(
      'counter',
      'weir_cluster_majority_ejections_total',
      'Targets that were put out because most nodes call them out.',
      ({ health }) => health.majorities,
    ),
    one(
      'counter',
      'weir_cluster_failures_spared_total',
      'Failed attempts more that it would have taken to find out alone.',
      ({ health }) => health.failuresSpared,
    ),
    one(
      'gauge',
      'weir_cluster_probes_spared',
      'Targets that other nodes probe in place of this one.',
      ({ probesLeft }) => probesLeft,
    ),
  ];
}

function latencyFamilies(one: One): Family[] {
  return [
    one(
      'counter',
      'weir_cluster_latency_told_total',
      'Messages with what this node has learnt of latency.',
      ({ latency }) => latency.told,
    ),
    one(
      'counter',
      'weir_cluster_latency_heard_total',
      'Messages with what other nodes have learnt of latency.',
      ({ latency }) => latency.heard,
    ),
    one(
      'counter',
      'weir_cluster_latency_malformed_total',
      'Sketches of latency that could not be read.',
      ({ latency }) => latency.malformed,
    ),
    one(
      'gauge',
      'weir_cluster_latency_bytes',
      'Memory that sketches of other nodes take.',
      ({ sketchBytes }) => sketchBytes,
    ),
  ];
}
