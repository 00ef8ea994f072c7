/** What a node tells of its jobs and targets, in the words of its status. Pure. */
import type { JobStatus, TargetStatus } from '@weir/proto/events/node-status.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { ofOne } from './jobs/job-limits.js';
import type { StoreBounds } from './jobs/job-store.js';
import type { JobCounts } from './jobs/jobs.js';
import type { TargetStats } from './upstream/registry.js';

/**
 * Targets, and upstreams, in a status, which is sent each second: what an operator can look at, those first that are not well. Telling of ten thousand
 * took each second from traffic, and from control; and what is made for it in one turn is paid for while V8 marks, 5 to 10 ms for each 64 KiB. Metrics have
 * all of them.
 */
export const targetsTold = 200;

/** Before the first snapshot there are no requests, and so no jobs. */
export function jobBounds(snapshot: Snapshot | undefined): StoreBounds {
  const { jobsMax = 0, ownerShare = 0, memoryBytesMax = 0 } = snapshot?.gateway.jobs ?? {};
  return { jobsMax, ofOneMax: ofOne(jobsMax, ownerShare), bytesMax: memoryBytesMax };
}

export function jobStatus({ store, isReachable, running, stored, storedBytes }: JobCounts): JobStatus {
  return { store, isReachable, running, stored, storedBytes };
}

export function targetStatus(stats: TargetStats): TargetStatus {
  const { upstreamId, targetId, open, idle, waiting, inFlight, standing, reason } = stats;
  return { upstream: upstreamId, target: targetId, open, idle, waiting, inFlight, standing, reason };
}
