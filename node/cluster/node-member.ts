/**
 * A node as a member of its cluster: what it reports with each heartbeat, answers when it is asked for its status or its traffic, and shows
 * of the others. Everything is read from its owners when it is asked for; null presence: a node by itself.
 */
import { formatAddress } from '@weir/proto/bus/address.js';
import { clusterStatus } from '@weir/proto/cluster/member-table.js';
import type { OwnReport } from '@weir/proto/cluster/membership.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { ClusterStatus } from '@weir/proto/events/cluster-status.js';
import { type MemberStatus, warningLengthMax, warningsMax } from '@weir/proto/events/member-status.js';
import type { NodeStatus } from '@weir/proto/events/node-status.js';
import type { TrafficCounts } from '@weir/proto/events/traffic.js';
import { encodeMessage } from '@weir/proto/events/wire.js';
import { type LoadReading, loadPermille } from './load.js';

export interface MemberSources {
  /** Name of this machine. */
  readonly host: string;
  status(): NodeStatus;
  metricsAddress(): { readonly host: string; readonly port: number };
  load(): LoadReading;
  /** See EventLoopWindow. */
  loopDelayMs(): number;
  snapshotVersion(): number;
  /** Since this process began. */
  traffic(): TrafficCounts;
  readonly labels: readonly string[];
  /** Number of the last entry of the purge log that is applied here. */
  purgeEpoch(): number;
}

export interface NodeMember {
  report(): Omit<OwnReport, 'told'>;
  status(): ClusterStatus | null;
  loadPermille(): number;
  /** Says goodbye: others take over its shares. */
  leave(): void;
}

export function nodeMember(presence: Presence | null, sources: MemberSources): NodeMember {
  const load = (): number => loadPermille(sources.load());
  presence?.answer('status', () => encodeMessage(memberStatus(presence.life.id, sources, load())));
  presence?.answer('traffic', () => {
    const { id, session } = presence.life;
    const version = sources.snapshotVersion();
    return encodeMessage({ kind: 'traffic', id, session, version, labels: sources.labels, counts: sources.traffic() });
  });
  return {
    report: () => ({
      snapshotVersion: sources.snapshotVersion(),
      loadPermille: load(),
      purgeEpoch: sources.purgeEpoch(),
    }),
    status: () =>
      presence === null ? null : clusterStatus(presence, { loadPermille: load(), purgeEpoch: sources.purgeEpoch() }),
    loadPermille: load,
    leave: () => presence?.leave(),
  };
}

function memberStatus(id: string, sources: MemberSources, load: number): MemberStatus {
  const { pid, startedWallMs, state, listening, snapshot, connections, exchanges, rssBytes, warnings } =
    sources.status();
  return {
    ...{ kind: 'member.status', id, role: 'node', host: sources.host, pid, state },
    startedWallMs: Math.round(startedWallMs),
    traffic: listening === null ? '' : formatAddress(listening),
    ...(listening?.tls === true ? { isTls: true } : {}),
    metrics: formatAddress(sources.metricsAddress()),
    snapshotVersion: snapshot?.version ?? 0,
    snapshotHash: snapshot?.hash ?? '',
    ...{ connections, exchanges, rssBytes, loadPermille: load, loopDelayMs: Math.round(sources.loopDelayMs()) },
    warnings: warnings.slice(0, warningsMax).map((warning) => warning.slice(0, warningLengthMax)),
  };
}
