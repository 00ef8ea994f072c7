/** One place that requests can be sent to: an address of an upstream with its pool of connections behind a Dispatch. */
import type { TargetSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Dispatch } from '../pipeline/dispatch.js';

export interface Target {
  readonly spec: TargetSpec;
  readonly upstreamId: string;
  /** `host:port` as in a Host field: brackets around IPv6, no default port. */
  readonly authority: string;
  /** Attempts that have begun and not ended. Written by the balance layer. */
  inFlight: number;
  /** The pool and its transport. */
  readonly dispatch: Dispatch;
}
