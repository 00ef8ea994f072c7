/** One place that requests can be sent to: an address of an upstream with its pool of connections behind a Dispatch. */
import type { TargetSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Dispatch } from '../pipeline/dispatch.js';
import type { Load } from './balance/load.js';
import type { Health } from './health/standing.js';

export interface Target {
  readonly spec: TargetSpec;
  readonly upstreamId: string;
  /** `host:port` as in a Host field: brackets around IPv6, no default port. */
  readonly authority: string;
  /** Attempts that have begun and not ended. Written by the balance layer. */
  inFlight: number;
  /** What its attempts have cost of late; written by the balance layer through its methods. */
  readonly load: Load;
  /** Whether it may be asked; written by probes, and by the balance layer's `begin` and `end`. */
  readonly health: Health;
  /** The pool and its transport. */
  readonly dispatch: Dispatch;
}
