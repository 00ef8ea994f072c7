/** What nodes hear of each other, as a table. Pure. */
import { markdownTable } from '../table.js';
import type { Kind } from './settings.js';

export interface Measured {
  readonly nodes: number;
  /** The last of what was told; all kinds before it were as well. */
  readonly kind: Kind;
  readonly perS: number;
  readonly bytesPerS: number;
  /** Of one core, what the process takes in silence taken off. */
  readonly cpuShare: number;
}

export function tableOf(measured: readonly Measured[]): string {
  const rows = measured.map(({ nodes, kind, perS, bytesPerS, cpuShare }) => [
    kind === 'heartbeats' ? kind : `… and ${kind}`,
    String(nodes),
    perS.toFixed(1),
    (bytesPerS / 1_000).toFixed(1),
    (100 * cpuShare).toFixed(2),
    perS < 1 ? '' : ((1e6 * cpuShare) / perS).toFixed(0),
  ]);
  const head = ['heard by one node', 'nodes', 'messages/s', 'kB/s', '% of a core', 'µs of CPU a message'];
  return markdownTable(head, rows, 1);
}
