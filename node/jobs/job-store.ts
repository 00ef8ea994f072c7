/**
 * Where jobs and their results are kept, as the rest of the node sees it. Two stores keep to this, in the memory of the
 * node and in Redis, and pass one suite (test/conformance/jobs). What a job may become is decided by job.ts; a store
 * only keeps it, and lets no two nodes overwrite each other.
 *
 * Every call ends within a bounded time. One that can't be carried out rejects with StoreAway, and may or may not have
 * happened; all of them may be repeated. Any other rejection is a bug.
 */
import type { JobEvent, JobRecord, NewJob } from './job.js';

export interface JobStore {
  readonly kind: 'memory' | 'redis';
  /** `full`: as many jobs are kept as may be; `share`: as many of that one sharer. */
  create(job: NewJob): Promise<Creation>;
  /** What became of the job by this event; null when there is none. An event that changes nothing changes nothing. */
  apply(id: string, event: JobEvent): Promise<JobRecord | null>;
  /**
   * Keeps a piece of the result of a pending job under its number; once more is the same. `full`: there is no room left;
   * `over`: the job is not pending any more.
   */
  write(id: string, index: number, piece: Uint8Array): Promise<'written' | 'full' | 'over'>;
  /** A piece of the result of a job that is done; null when it has expired meanwhile. */
  read(id: string, index: number): Promise<Uint8Array | null>;
  /** There is no such job from now on. */
  forget(id: string): Promise<void>;
  /** Calls `hear` with the id of each job that is cancelled or forgotten from elsewhere, soon after it was. */
  onCancelled(hear: (id: string) => void): void;
  /** Lets go of what has expired, and counts what is kept; called now and then. */
  sweep(): Promise<void>;
  counts(): StoreCounts;
  close(): Promise<void>;
}

export type Creation = 'created' | 'full' | 'share';

export interface StoreCounts {
  /** Jobs that are kept, as far as it is known. */
  readonly stored: number;
  /** Bytes of their results; of those in Redis, Redis knows. */
  readonly bytes: number;
  readonly isReachable: boolean;
}

export class StoreAway extends Error {}

/** How much a store may keep; from the snapshot in force. */
export interface StoreBounds {
  readonly jobsMax: number;
  /** Jobs of one sharer. */
  readonly ofOneMax: number;
  /** Bytes of all results together; only the memory of a node asks for it. */
  readonly bytesMax: number;
}
