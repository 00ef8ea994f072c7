/** Where streams are kept, so that whoever lost one may go on in it: in the memory of a node, or in the Redis that nodes share. */
import type { FailureCode } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { JobOwner } from '../../jobs/job.js';

/** What is known when it begins. */
export interface NewStream {
  readonly id: string;
  readonly routeId: string;
  /** Whoever asked, and he alone may read it; null on a route without authentication. */
  readonly owner: JobOwner | null;
  /** That was asked: it says whose words errors are in. */
  readonly path: string;
  /** Of the answer. */
  readonly headers: HeaderList;
  readonly keepMs: number;
  readonly streamsMax: number;
}

/** `lost`: its node has not been heard of for a lease. `tooLong`: it grew beyond what is kept, and its begin is gone. */
export type StreamState = 'running' | 'done' | 'failed' | 'tooLong' | 'lost';
export type StreamEnd = Exclude<StreamState, 'running' | 'lost'>;

export interface StreamReading {
  readonly stream: Pick<NewStream, 'routeId' | 'owner' | 'path' | 'headers'>;
  readonly state: StreamState;
  /** Of a stream that failed. */
  readonly failure: FailureCode | null;
  /** How many events there are. */
  readonly length: number;
  /** From the one that was asked for, at most so many as were asked for. */
  readonly events: readonly string[];
}

export interface StreamCounts {
  readonly stored: number;
  readonly bytes: number;
  readonly isReachable: boolean;
}

/** A node that has said nothing of a stream for so long is taken for dead. */
export const LEASE_MS = 10_000;
/** Somebody who reads at another node has asked within this. */
export const WATCHED_MS = 3_000;

export interface StreamStore {
  readonly kind: 'memory' | 'redis';
  /** A route wants it; until then it costs nothing. */
  open(): void;
  /** `full`: there are as many of its route already, or no memory is left. */
  begin(stream: NewStream): Promise<'begun' | 'full'>;
  /**
   * Adds what comes behind the first `at` events, and renews the lease; what is there already stays. Resolves to how long ago somebody
   * else has read it; Infinity: nobody has. `gone`: it is not there any more; `full`: there is no room.
   */
  append(id: string, at: number, events: readonly string[]): Promise<number | 'gone' | 'full'>;
  end(id: string, state: StreamEnd, failure: FailureCode | null): Promise<void>;
  /** Its node is done with it, whatever the store knows of its end: nothing is kept for it here any more. */
  forget(id: string): void;
  /**
   * Null: there is none. `isHis`: whoever reads may, and it is written down that somebody does. Who has not been seen to be its owner must
   * not keep a model at work by asking.
   */
  read(id: string, from: number, max: number, isHis: boolean): Promise<StreamReading | null>;
  counts(): StreamCounts;
  close(): void;
}

/** There is no answer from it now. */
export class StreamsAway extends Error {}
