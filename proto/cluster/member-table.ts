/** The members of a cluster as one member tells of them: on status pages, in metrics, in `weir status`. Pure. */
import type { ClusterStatus, MemberRow } from '../events/cluster-status.js';
import type { MemberView } from './member.js';
import type { Presence } from './presence.js';

/** In a status, which is sent each second; all of them are counted. */
export const membersShownMax = 100;

export function clusterStatus(
  presence: Presence,
  own: Pick<ClusterStatus, 'loadPermille' | 'purgeEpoch'>,
): ClusterStatus {
  const nowMs = presence.clock.nowMs();
  const { isConnected, sinceMs, trouble } = presence.bus.state();
  const members = presence.members().toSorted((one, other) => (one.life.id < other.life.id ? -1 : 1));
  const standings = { alive: 0, suspect: 0, dead: 0, left: 0 };
  for (const { standing } of members) standings[standing] += 1;
  return {
    cluster: presence.subjects.cluster,
    id: presence.life.id,
    bus: { isConnected, forMs: Math.round(nowMs - sinceMs), trouble },
    ...own,
    members: members.slice(0, membersShownMax).map((member) => rowOf(member, nowMs)),
    standings,
    ...presence.counts,
  };
}

function rowOf({ life, standing, sinceMs, heartbeat }: MemberView, nowMs: number): MemberRow {
  const { role, snapshotVersion, loadPermille, purgeEpoch } = heartbeat;
  const forMs = Math.round(nowMs - sinceMs);
  return { id: life.id, role, standing, forMs, snapshotVersion, loadPermille, purgeEpoch };
}
