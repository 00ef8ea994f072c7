/** How many targets the nodes of this control have, and how many are left alone: a status tells of the foremost alone where they are many. Pure. */
import type { ControlStatus } from '../../../api/control-status.js';

export function countTargets({ nodes }: Pick<ControlStatus, 'nodes'>): { readonly all: number; readonly out: number } {
  let [all, out] = [0, 0];
  for (const { status } of nodes) {
    const targets = status?.targets ?? [];
    all += status?.targetCounts?.all ?? targets.length;
    out += status?.targetCounts?.out ?? targets.filter(({ standing }) => standing === 'out').length;
  }
  return { all, out };
}
