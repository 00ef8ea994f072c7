/** What the runner, the replicas and the client tell each other over their channels. */
import type { Fault, ReplicaIndex } from './faults.js';
import type { Asked } from './scenarios.js';

/** To a replica. Each is answered by a Counts message, so that the runner knows that it is in force. */
export type ReplicaOrder =
  | { readonly kind: 'fault'; readonly fault: Fault }
  /** Well again, counters at zero, connections closed; what follows draws by this seed. */
  | { readonly kind: 'renew'; readonly seed: number }
  /** Counters at zero, and nothing else: what is measured begins. */
  | { readonly kind: 'zero' }
  | { readonly kind: 'count' };

/** What a replica has received since its counters were at zero; probes of health checks are counted apart. */
export interface Counts {
  readonly kind: 'counts';
  readonly replica: ReplicaIndex;
  readonly requests: number;
  readonly probes: number;
  /** POSTs that were read and then not answered because of the fault: nobody may repeat them. */
  readonly swallowed: number;
  /** Paths of the POSTs that were read, once for each time. */
  readonly posts: readonly string[];
}

/** To the client: first what to warm up with, then, when the runner is ready, when to begin. */
export interface LoadPlan {
  readonly kind: 'plan';
  readonly port: number;
  readonly asked: Asked;
  readonly ratePerS: number;
  /** Requests one after the other over a few connections, for compilers and pools, before the open loop. */
  readonly warmupRequests: number;
  /** Length of the open loop that is not measured, and of the one that is. */
  readonly leadMs: number;
  readonly measureMs: number;
}

export interface Begin {
  readonly kind: 'begin';
  /** Wall time at which what is measured begins; the lead has to fit before it. */
  readonly atWallMs: number;
}

export const endings = ['good', 'later', 'error', 'timeout', 'broken'] as const;
/**
 * - `good`: the right bytes in time. `later`: by way of a job, collected whole.
 * - `error`: a whole answer that is none, such as a 503. `timeout`: the client gave up.
 * - `broken`: the connection failed, the body ended too soon, or the bytes belong to another request.
 */
export type Ending = (typeof endings)[number];

export interface Sample {
  /** Planned, since the beginning of what is measured. */
  readonly dueMs: number;
  /** From the planned start to the end, however it ended. */
  readonly tookMs: number;
  readonly ending: Ending;
  /** 0: there was no answer. */
  readonly status: number;
}

export type ClientReport =
  | { readonly kind: 'warm' }
  | {
      readonly kind: 'samples';
      readonly samples: readonly Sample[];
      /** 99th percentile of how late requests were sent; it is in the latencies, and not the proxy's doing. */
      readonly lateP99Ms: number;
    };

/** A channel carries what the other side sends, and both sides are built from this file; the kind tells which it is. */
export function isMessage<M extends { readonly kind: string }>(message: unknown, kind: M['kind']): message is M {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === kind;
}
