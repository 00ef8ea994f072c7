/**
 * One gateway node, put together: clock, timers, upstreams, observer, listener, and the snapshot that is in force.
 * This is the composition root of the data plane; main.ts gives it a process and a link to control.
 */
import type { NodeStatus } from '@weir/proto/events/node-status.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';

export interface NodeOptions {
  /** Where metrics, health and status are served. */
  readonly metrics: { readonly host: string; readonly port: number };
  /** The environment that fills `${NAME}` in secret texts. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface GatewayNode {
  /**
   * Verifies, compiles, warms and swaps; the first call also opens the listener. Rejects with the reason when the
   * snapshot cannot be run; whatever was in force before stays in force.
   */
  apply(snapshot: Snapshot, hash: string): Promise<void>;
  /** Stops accepting, finishes what is in flight within the snapshot's `drain`, cuts the rest. Idempotent. */
  drain(): Promise<{ readonly cut: number }>;
  /** Drops everything at once. */
  close(): Promise<void>;
  status(): NodeStatus;
  /** Address of the metrics server, once started. */
  readonly metricsAddress: { readonly host: string; readonly port: number };
}

export async function createNode(_options: NodeOptions): Promise<GatewayNode> {
  throw new Error('the parts of the node are not joined yet');
}
