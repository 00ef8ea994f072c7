/** What a node tells of itself: on the admin API's and the node's own `/status`, and in `weir status`. Plain data, no secrets. */
import type { ClusterStatus } from './cluster-status.js';
import type { HealthChange, OpinionKind, Standing } from './health.js';

export interface NodeStatus {
  readonly pid: number;
  readonly startedWallMs: number;
  /** `starting` until the first snapshot is in force, `draining` from the moment a stop was asked. */
  readonly state: 'starting' | 'serving' | 'draining';
  /** The address that traffic comes in at, null until the listener is up. */
  readonly listening: { readonly host: string; readonly port: number; readonly tls: boolean } | null;
  readonly snapshot: SnapshotStatus | null;
  readonly connections: number;
  readonly exchanges: number;
  readonly armedTimers: number;
  readonly jobs: JobStatus;
  readonly rssBytes: number;
  /** Where they are too many to be told each second, those that are not well, and then those in use (`targetCounts`). */
  readonly targets: readonly TargetStatus[];
  /** The same. */
  readonly upstreams: readonly UpstreamStatus[];
  /** Of all targets. Left out by an earlier release, which tells of all. */
  readonly targetCounts?: TargetCounts | undefined;
  /** What does not stop this node but should not last, in words for people. */
  readonly warnings: readonly string[];
  /** The latest changes of opinion about them, the newest last; a few, whatever has happened. */
  readonly healthChanges: readonly HealthChange[];
  /** Null: a node by itself. */
  readonly cluster: ClusterStatus | null;
  /** What other nodes call out; a few. Empty for a node by itself. */
  readonly peerOpinions: readonly PeerOpinion[];
}

/** Another node holds a target to be out, or an upstream as a whole. */
export interface PeerOpinion {
  readonly peer: string;
  readonly upstream: string;
  readonly target: string | null;
  readonly kind: OpinionKind;
  readonly reason: string;
  readonly evidence: HealthChange['evidence'];
  readonly heardWallMs: number;
  /** What the word of that node is worth here, 1 at most. */
  readonly weight: number;
  /** An attempt or a probe from here has succeeded since, so it is not counted. */
  readonly isRefuted: boolean;
}

export interface JobStatus {
  readonly store: 'memory' | 'redis';
  readonly isReachable: boolean;
  /** In this node. */
  readonly running: number;
  /** In the store, running ones among them. */
  readonly stored: number;
  /** Of results in memory; 0 where Redis keeps them. */
  readonly storedBytes: number;
}

export interface SnapshotStatus {
  readonly version: number;
  readonly hash: string;
  readonly appliedWallMs: number;
  readonly routes: number;
  readonly upstreams: number;
}

export interface TargetStatus {
  readonly upstream: string;
  readonly target: string;
  /** Connections of the pool: all, and those without a request. */
  readonly open: number;
  readonly idle: number;
  /** Requests that wait for a connection, and attempts in flight. */
  readonly waiting: number;
  readonly inFlight: number;
  readonly standing: Standing;
  /** Why it is not well, in words for people; empty when it is. */
  readonly reason: string;
}

export interface TargetCounts {
  readonly all: number;
  readonly trial: number;
  readonly out: number;
}

/** An upstream as a whole. */
export interface UpstreamStatus {
  readonly upstream: string;
  readonly standing: Standing;
  readonly reason: string;
}
