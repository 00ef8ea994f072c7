/** The part of the snapshot that says which requests may become jobs, and what of jobs is kept. */

/** How requests of a route are handed over. */
export interface AsyncSpec {
  /** `Prefer: respond-async` is honoured. */
  readonly prefer: boolean;
  /** Every request that has no answer by then is handed over, asked or not; null: only on the client's wish. */
  readonly afterMs: number | null;
  /** How long an answer is waited for where the client wishes a hand-over and names no `wait`. */
  readonly waitMs: number;
  /** Deadline of the job, from the receipt of the request on; stands in place of the route's `total`. */
  readonly totalMs: number;
  /** What becomes of a request whose client leaves before it was handed over. */
  readonly onLeave: 'cancel' | 'finish';
  /** Stands in place of the route's `firstByte`, which is made for answers that somebody waits for. */
  readonly firstByteMs: number;
}

export interface JobsSpec {
  /** Where status resources are, without a slash at its end. */
  readonly prefix: string;
  /** How long a job is kept after its end. */
  readonly keepMs: number;
  /** A node that has not renewed a job for so long is taken for dead. */
  readonly leaseMs: number;
  /** Jobs that are kept in one store, the running ones among them. */
  readonly jobsMax: number;
  /** Jobs that run in one node. */
  readonly runningMax: number;
  /** Of both, what one consumer may have, or one address without a consumer. */
  readonly ownerShare: number;
  /** Largest result of one job, its head included. */
  readonly resultBytesMax: number;
  /** Results in the memory of one node, all together; Redis has bounds of its own. */
  readonly memoryBytesMax: number;
}
