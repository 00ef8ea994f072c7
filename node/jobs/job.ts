/**
 * The life of a job, as a machine without I/O: `step(record, event, nowMs)`. Both stores keep what it returns.
 *
 *             ┌── renew ──┐
 *             ▼           │
 *   create ▶ pending ─────┘
 *             ├── finish ─────────────▶ done | failed      the result is stored by then
 *             ├── cancel ─────────────▶ cancelled
 *             └── look, lease passed ─▶ lost               the node that ran it is dead, or cut off
 *
 * An end is final: a node that was taken for dead and comes back with a result finds its job lost, since somebody may
 * have been told so and asked again. As long as nobody has looked, nobody was told: then a lease that has passed does no
 * harm, and a renewal that comes late still counts. After an absence of the store all nodes are late, so whoever looks must
 * have been in touch with it for as long as a lease before he calls anybody dead.
 *
 * Times are those of the store, so that nodes need not agree on a clock.
 */
import type { FailureCode, TimerName } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';

export const jobStates = ['pending', 'done', 'failed', 'cancelled', 'lost'] as const;
export type JobState = (typeof jobStates)[number];

/** What is known of a job while it runs. */
export interface JobProgress {
  /** Phase of its latest attempt; empty before there is one. */
  readonly phase: string;
  readonly attempts: number;
  /** Of the result, so far. */
  readonly bytes: number;
  /** Its whole length, where the upstream has stated it. */
  readonly ofBytes: number | null;
}

export const noProgress: JobProgress = { phase: '', attempts: 0, bytes: 0, ofBytes: null };

export interface ResultHead {
  readonly status: number;
  readonly headers: HeaderList;
}

/** A failure as the client would have been told it; no address is in its text. */
export interface JobFailure {
  readonly code: FailureCode;
  readonly detail: string;
  readonly timer?: TimerName;
  readonly limitMs?: number;
}

/** A name is somebody's only together with who vouches for it: two issuers may both know an alice. */
export interface JobOwner {
  readonly id: string;
  readonly vouchedBy: string;
}

/** What is known of a job when it begins. */
export interface NewJob {
  readonly id: string;
  readonly routeId: string;
  /** The consumer that made it, and that alone may ask; null on a route without authentication. */
  readonly owner: JobOwner | null;
  /** Among whom places for jobs are shared out: the owner, or the address of a client that is nobody. */
  readonly sharer: string;
  readonly method: string;
  readonly leaseMs: number;
  /** How long it is kept after its end. */
  readonly keepMs: number;
}

export interface JobRecord extends NewJob {
  readonly state: JobState;
  readonly createdMs: number;
  /** Until then its node is believed to live. */
  readonly leaseUntilMs: number;
  readonly endedMs: number | null;
  readonly progress: JobProgress;
  readonly head: ResultHead | null;
  /** Of the result: its length, and the number of pieces that it is stored in. */
  readonly bytes: number;
  readonly pieces: number;
  readonly failure: JobFailure | null;
}

export type JobEvent =
  | { readonly kind: 'renew'; readonly progress: JobProgress }
  | { readonly kind: 'done'; readonly head: ResultHead; readonly bytes: number; readonly pieces: number }
  | { readonly kind: 'failed'; readonly failure: JobFailure }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'look' };

export function beginJob(job: NewJob, nowMs: number): JobRecord {
  return {
    ...job,
    state: 'pending',
    createdMs: nowMs,
    leaseUntilMs: nowMs + job.leaseMs,
    endedMs: null,
    progress: noProgress,
    head: null,
    bytes: 0,
    pieces: 0,
    failure: null,
  };
}

/**
 * The same object when nothing has changed. `reachableForMs`: how long the store has been there, without a break, for the
 * one who asks.
 */
export function step(
  record: JobRecord,
  event: JobEvent,
  nowMs: number,
  reachableForMs = Number.POSITIVE_INFINITY,
): JobRecord {
  if (record.state !== 'pending') return record;
  const end = (state: JobState): JobRecord => ({ ...record, state, endedMs: nowMs });
  switch (event.kind) {
    case 'renew':
      // A clock that was set back must not shorten a lease that was given.
      return {
        ...record,
        progress: event.progress,
        leaseUntilMs: Math.max(record.leaseUntilMs, nowMs + record.leaseMs),
      };
    case 'done': {
      const { head, bytes, pieces } = event;
      return { ...end('done'), head, bytes, pieces, progress: { ...record.progress, bytes, ofBytes: bytes } };
    }
    case 'failed':
      return { ...end('failed'), failure: event.failure };
    case 'cancel':
      return end('cancelled');
    case 'look':
      return nowMs > record.leaseUntilMs && reachableForMs >= record.leaseMs ? end('lost') : record;
  }
}

/** From then on nobody will find it. A pending one is found for as long after its lease as an ended one after its end. */
export function expiresAtMs({ endedMs, leaseUntilMs, keepMs }: JobRecord): number {
  return (endedMs ?? leaseUntilMs) + keepMs;
}

/** Whoever asks must be who made it; where nobody was asked who he is, knowing the id is enough. */
export function mayAsk({ owner }: Pick<JobRecord, 'owner'>, asking: JobOwner | null): boolean {
  if (owner === null || asking === null) return owner === asking;
  return owner.id === asking.id && owner.vouchedBy === asking.vouchedBy;
}

/** No name of a consumer can be taken for an address. */
export function sharerOf(owner: JobOwner | null, address: string): string {
  return owner === null ? `address ${address}` : `consumer ${JSON.stringify([owner.vouchedBy, owner.id])}`;
}

export function ownerOf(consumerId: string | null, vouchedBy: string): JobOwner | null {
  return consumerId === null ? null : { id: consumerId, vouchedBy };
}

const RETRY_AFTER_MAX_S = 10;
const AGE_SHARE_S = 10_000;

/** Seconds until it makes sense to look again: a tenth of the time that it has taken so far. */
export function retryAfterS(ageMs: number): number {
  return Math.min(RETRY_AFTER_MAX_S, Math.max(1, Math.floor(ageMs / AGE_SHARE_S)));
}
