/** What a node shows to Prometheus of its cluster: who is there as this node sees it, and how its bus does. */
import type { BusCounts } from '@weir/proto/bus/bus.js';
import { memberStandings } from '@weir/proto/events/cluster-status.js';
import type { NodeStatus } from '@weir/proto/events/node-status.js';
import { type Family, family, type Sample } from './exposition.js';

export interface ClusterSources {
  status(): NodeStatus;
  /** Null: a node by itself. */
  bus(): { readonly counts: Readonly<BusCounts>; readonly pendingBytes: number } | null;
  loadPermille(): number;
}

export function clusterFamilies(sources: ClusterSources): Family[] {
  const load =
    'The fullest of what this node has: event loop, connections of clients, memory for request bodies. At 1 it refuses some.';
  const members = 'Other members of the cluster as this node sees them, by standing.';
  return [
    family('gauge', 'weir_load_ratio', load, () => [[[], sources.loadPermille() / 1_000]]),
    family('gauge', 'weir_cluster_members', members, () => {
      const { cluster } = sources.status();
      return cluster === null
        ? []
        : memberStandings.map((standing): Sample => [[['standing', standing]], cluster.standings[standing]]);
    }),
    ...busFamilies(sources),
    family('counter', 'weir_cluster_messages_skipped_total', 'Messages of members that were not understood.', () => {
      const { cluster } = sources.status();
      if (cluster === null) return [];
      return [
        [[['reason', 'malformed']], cluster.malformed],
        [[['reason', 'unknown']], cluster.unknown],
      ];
    }),
  ];
}

function busFamilies(sources: ClusterSources): Family[] {
  const ofBus = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    read: (bus: NonNullable<ReturnType<ClusterSources['bus']>>) => Sample[],
  ): Family =>
    family(type, name, help, () => {
      const bus = sources.bus();
      return bus === null ? [] : read(bus);
    });
  const connected = '1 while the bus of the cluster carries messages; traffic does not need it.';
  const dropped =
    'Messages that were not sent: nobody would have heard them (away), too many were under way (full), or they may not be (refused).';
  return [
    family('gauge', 'weir_bus_connected', connected, () => {
      const { cluster } = sources.status();
      return cluster === null ? [] : [[[], cluster.bus.isConnected ? 1 : 0]];
    }),
    ofBus('counter', 'weir_bus_messages_total', 'Messages sent to the bus, and received from it.', ({ counts }) => [
      [[['direction', 'out']], counts.published],
      [[['direction', 'in']], counts.received],
    ]),
    ofBus('counter', 'weir_bus_dropped_total', dropped, ({ counts }) => [
      [[['reason', 'away']], counts.droppedAway],
      [[['reason', 'full']], counts.droppedFull],
      [[['reason', 'refused']], counts.refused],
    ]),
    ofBus(
      'counter',
      'weir_bus_uncertain_total',
      'Messages under way when the connection broke: they arrived, or did not.',
      ({ counts }) => [[[], counts.uncertain]],
    ),
    ofBus('counter', 'weir_bus_malformed_total', 'Messages larger than may be, or of no subject.', ({ counts }) => [
      [[], counts.malformed],
    ]),
    ofBus('counter', 'weir_bus_disconnects_total', 'How often the connection to the bus was lost.', ({ counts }) => [
      [[], counts.disconnects],
    ]),
    ofBus('gauge', 'weir_bus_pending_bytes', 'Sent to the bus and not known to be taken.', ({ pendingBytes }) => [
      [[], pendingBytes],
    ]),
  ];
}
