/** Of a control's status what a page shows of nodes and of the rollout while it looks on. Pure. */
import type { ControlStatus } from '../api/control-status.js';

export interface LiveNodes {
  readonly snapshot: ControlStatus['snapshot'];
  readonly nodes: readonly {
    readonly id: string;
    readonly state: string;
    readonly snapshotVersion: number;
    readonly connections: number;
    readonly exchanges: number;
    /** The fullest of what it has, in thousandths; null where it does not tell. */
    readonly loadPermille: number | null;
  }[];
  readonly rollout: { readonly stage: string; readonly revision: number; readonly waitsFor: string } | null;
}

export function liveNodes({ snapshot, nodes, fleet }: ControlStatus): LiveNodes {
  const own = nodes.map(({ state, status }, index) => ({
    ...{ id: `node-${index + 1}`, state: status?.state ?? state, snapshotVersion: status?.snapshot?.version ?? 0 },
    ...{ connections: status?.connections ?? 0, exchanges: status?.exchanges ?? 0, loadPermille: null },
  }));
  const members = (fleet?.members ?? [])
    .filter(({ role }) => role === 'node')
    .map(({ id, state, snapshotVersion, connections, exchanges, loadPermille }) => {
      return { id, state, snapshotVersion, connections, exchanges, loadPermille };
    });
  const silent = (fleet?.silent ?? []).map((id) => ({
    ...{ id, state: 'silent', snapshotVersion: 0, connections: 0, exchanges: 0, loadPermille: null },
  }));
  const rollout = fleet?.rollout ?? null;
  return {
    snapshot,
    nodes: [...own, ...members, ...silent],
    rollout:
      rollout === null
        ? null
        : {
            ...{ stage: rollout.record.stage, revision: rollout.record.target.revision },
            waitsFor: rollout.waitsFor,
          },
  };
}
