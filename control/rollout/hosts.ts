/**
 * Which host a member belongs to: its workers are members named ID-1, ID-2 where it has several, and what a snapshot does is
 * told by the host for all of them. A member whose name no host has reported is its own. Pure.
 */
import type { MemberView } from '@weir/proto/cluster/member.js';
import type { SnapshotReport } from '@weir/proto/events/snapshot-report.js';
import type { NodeSight } from './progress.js';

const WORKER = /^(.+)-\d+$/;

export function hostOf(member: string, isHost: (id: string) => boolean): string {
  if (isHost(member)) return member;
  const [, host = ''] = WORKER.exec(member) ?? [];
  return host !== '' && isHost(host) ? host : member;
}

/** A host runs a version when all of its workers do. */
export function sightsOf(
  members: readonly MemberView[],
  reports: ReadonlyMap<string, SnapshotReport>,
  crashed: ReadonlySet<string>,
): readonly NodeSight[] {
  const hosts = new Map<string, NodeSight>();
  for (const { life, standing, heartbeat } of members) {
    if (heartbeat.role !== 'node') continue;
    const id = hostOf(life.id, (name) => reports.has(name));
    const isThere = standing === 'alive' || standing === 'suspect';
    const [hasCrashed, version] = [crashed.has(life.id), heartbeat.snapshotVersion];
    const one: NodeSight = { id, isThere, hasCrashed, version, report: reports.get(id) ?? null };
    const other = hosts.get(id);
    hosts.set(id, other === undefined ? one : joined(other, one));
  }
  // A host without workers is no member yet: it has never run anything, or can't.
  for (const [id, report] of reports)
    if (!hosts.has(id)) hosts.set(id, { id, isThere: false, hasCrashed: false, version: 0, report });
  return [...hosts.values()];
}

function joined(host: NodeSight, worker: NodeSight): NodeSight {
  const hasCrashed = host.hasCrashed || worker.hasCrashed;
  // One that is gone for good has been replaced by another name, or is missed by its host.
  if (!worker.isThere) return { ...host, hasCrashed };
  if (!host.isThere) return { ...host, ...worker, hasCrashed };
  const version = host.version === worker.version ? host.version : 0;
  return { ...host, hasCrashed, version };
}
