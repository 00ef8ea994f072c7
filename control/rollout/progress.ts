/** Who must run what, who does, and who does not and why: one look at the nodes beside the latest record. Pure. */
import type { Release, RolloutRecord } from '@weir/proto/events/rollout.js';
import type { SnapshotReport } from '@weir/proto/events/snapshot-report.js';
import { forAll, triesOut } from './rollout.js';

/** A node as a control sees it. */
export interface NodeSight {
  readonly id: string;
  /** It may be serving: alive, or silent for a short time. A host without workers is not. */
  readonly isThere: boolean;
  /** Its process began anew without having said goodbye, since this stage began. */
  readonly hasCrashed: boolean;
  /** In force, by its heartbeats; 0: none. */
  readonly version: number;
  /** The latest of its reports. */
  readonly report: Pick<SnapshotReport, 'version' | 'hash' | 'state' | 'reason'> | null;
}

/**
 * `fetching`: it has told that it tries. `late`: it should have told by now what became of it. `gone`: it is not there, and is
 * waited for only where it was chosen to try a version out.
 */
export type NodeState = 'applied' | 'refused' | 'fetching' | 'waiting' | 'late' | 'gone';

export interface NodeProgress {
  readonly id: string;
  readonly version: number;
  readonly wanted: number;
  readonly isCanary: boolean;
  readonly state: NodeState;
  readonly why: string;
}

/** By then a node has fetched and applied ten thousand routes several times over. */
export const LATE_AFTER_MS = 30_000;

/** `waitedMs`: since the record was learnt of. Nodes that are not there are named only where they were chosen. */
export function progressOf(
  record: RolloutRecord,
  nodes: readonly NodeSight[],
  waitedMs: number,
): readonly NodeProgress[] {
  const known = new Set(nodes.map(({ id }) => id));
  const unseen = record.canary.filter((id) => triesOut(record, id) && !known.has(id)).map(unseenNode);
  return [...nodes, ...unseen]
    .filter((node) => node.isThere || triesOut(record, node.id) || isTrying(record, node))
    .map((node) => progressOfOne(record, node, waitedMs))
    .sort((one, other) => (one.id < other.id ? -1 : 1));
}

/** A host that is no member, since nothing runs on it, and that has told of this very release that it can't, or not yet. */
function isTrying(record: RolloutRecord, { id, report, version: inForce }: NodeSight): boolean {
  const { version, hash } = triesOut(record, id) ? record.target : forAll(record);
  return (
    inForce === 0 && report !== null && report.version === version && report.hash === hash && report.state !== 'applied'
  );
}

function unseenNode(id: string): NodeSight {
  return { id, isThere: false, hasCrashed: false, version: 0, report: null };
}

function progressOfOne(record: RolloutRecord, node: NodeSight, waitedMs: number): NodeProgress {
  const isCanary = triesOut(record, node.id);
  const release = isCanary ? record.target : forAll(record);
  const { state, why } = stateOf(node, release, waitedMs);
  return { id: node.id, version: node.version, wanted: release.version, isCanary, state, why };
}

function stateOf(
  node: NodeSight,
  release: Release,
  waitedMs: number,
): { readonly state: NodeState; readonly why: string } {
  const { report, isThere, version } = node;
  const isOfIt = report !== null && report.version === release.version && report.hash === release.hash;
  if (isOfIt && report.state === 'refused') return { state: 'refused', why: report.reason };
  if (!isThere && !(isOfIt && version === 0 && report.state === 'fetching'))
    return { state: 'gone', why: 'it is not there' };
  // Versions are never given twice, so the number on a heartbeat says as much as a report.
  if (version === release.version || (isOfIt && report.state === 'applied')) return { state: 'applied', why: '' };
  const reason = isOfIt ? report.reason : '';
  if (waitedMs > LATE_AFTER_MS) {
    const told = reason === '' ? 'nothing was heard of it' : reason;
    return { state: 'late', why: `not within ${LATE_AFTER_MS / 1_000} s: ${told}` };
  }
  return { state: isOfIt ? 'fetching' : 'waiting', why: reason };
}
