/** What the admin API's `/status` tells and `weir status` shows. Plain data, public, without secrets. */
import type { Fault } from '@weir/proto/config/faults.js';
import type { ClusterStatus } from '@weir/proto/events/cluster-status.js';
import type { NodeStatus } from '@weir/proto/events/node-status.js';
import type { FleetMembers } from '../cluster/fleet.js';
import type { Compilation } from '../cluster/publisher.js';
import type { RolloutView } from '../cluster/rollout-view.js';

export interface ControlStatus {
  readonly version: string;
  readonly pid: number;
  readonly startedWallMs: number;
  readonly uptimeMs: number;
  /** Absolute path of the config file, null where no file is followed. */
  readonly configFile: string | null;
  /** The one that the config is, or was recorded as; left out by earlier releases. */
  readonly revision?: { readonly number: number; readonly author: string; readonly atWallMs: number } | null;
  /** The snapshot that nodes are meant to run: the last one that was accepted, in this run or in an earlier one. */
  readonly snapshot: {
    readonly version: number;
    readonly hash: string;
    readonly acceptedWallMs: number;
    /** Number of the last entry of the registry that is in it; left out: it was made without one. */
    readonly registry?: number;
  } | null;
  /** Ids of the routes of that snapshot: the first of them, where there are more than are told. */
  readonly routes: readonly string[];
  /** How many it has; left out by earlier releases, which tell of all. */
  readonly routeCount?: number;
  /** What became of the latest attempt to publish the config. */
  readonly publish: PublishOutcome | null;
  /** What control itself lacks now, with the reason, as operators are told it: a log, a folder, a permission. Left out by earlier releases, and where nothing is. */
  readonly troubles?: readonly string[];
  readonly nodes: readonly SupervisedNode[];
  /** Control's own sight of the cluster; null where it is in none. */
  readonly cluster: ClusterStatus | null;
  /** What a control of a cluster knows of all of it; left out where control has nodes of its own. */
  readonly fleet?: FleetStatus;
}

/** What is asked for every two seconds by each open overview is no list of ten thousand names. */
const ROUTES_TOLD = 500;

export function toldRoutes(ids: readonly string[]): Required<Pick<ControlStatus, 'routes' | 'routeCount'>> {
  return { routes: ids.slice(0, ROUTES_TOLD), routeCount: ids.length };
}

/** Each once, of those that there are; empty texts are none. */
export function troublesOf(...texts: readonly string[]): Pick<ControlStatus, 'troubles'> {
  const troubles = [...new Set(texts.filter((text) => text !== ''))];
  return troubles.length === 0 ? {} : { troubles };
}

export interface FleetStatus extends FleetMembers {
  readonly rollout: RolloutView | null;
  /** What became of the latest revision that this control has compiled. */
  readonly compilation: Compilation | null;
}

/**
 * - `accepted`: compiled, and in force on the node.
 * - `rejected`: the file has faults; no node has seen it.
 * - `refused`: it compiled, but the node could not run it.
 */
export type PublishOutcome = {
  readonly atWallMs: number;
  readonly cause: PublishCause;
  /** Warnings of an accepted config, errors and warnings of a rejected one. */
  readonly faults: readonly Fault[];
  /** Settings that were changed but take effect only after a restart. */
  readonly restartNeeded: readonly string[];
} & (
  | { readonly state: 'accepted' }
  | { readonly state: 'rejected' }
  | { readonly state: 'refused'; readonly reason: string }
);

export type PublishCause = 'start' | 'file-change' | 'certificate-change' | 'signal' | 'revision' | 'registry';

export interface SupervisedNode {
  readonly state: 'starting' | 'running' | 'restarting' | 'stopping' | 'stopped';
  readonly pid: number | null;
  readonly restarts: number;
  /** How the process before this one ended, null when none did. */
  readonly lastExit: { readonly atWallMs: number; readonly reason: string } | null;
  readonly metrics: string | null;
  readonly status: NodeStatus | null;
  /** Why it does not do its work although its process lives, null when it does. */
  readonly trouble: string | null;
}
