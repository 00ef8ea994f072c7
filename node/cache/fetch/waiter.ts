/** Between a fetch and those who wait for it: what was asked, what comes, and how each hears of it. */
import type { Failure } from '@weir/proto/http/failures.js';
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { GatewayRequest, ResponseHead } from '../../pipeline/dispatch.js';
import type { Lease } from '../l2/l2.js';
import type { PurgeSubject } from '../purge/marks.js';
import type { Pending } from '../receive.js';
import type { Refusal } from '../refusals.js';
import type { Entry } from '../store/l1.js';
import type { Stored } from '../stored.js';
import type { Fetch } from './fetch.js';
import type { Stream } from './stream.js';

/** What is asked, by whom, and what there is already. */
export interface Question {
  readonly request: GatewayRequest;
  /** A refresh for HEAD is a GET. */
  readonly method: string;
  readonly pending: Pending;
  readonly entry: Entry | null;
  readonly key: string;
  readonly subject: PurgeSubject;
  /** Under which others may wait for it; null: nobody may. */
  readonly flightKey: string | null;
  /** One that has not answered for so long that this one is sent: who waits for it is told when this one has. */
  readonly late: Fetch | null;
  /** This node fetches it for all; ends with this fetch, or with what it stored. */
  readonly lease: Lease | null;
}

/** An answer that is being stored. */
export interface Shared {
  readonly stored: Stored;
  readonly stream: Stream;
  readonly status: number;
  readonly lengthBytes: number | null;
  /** As they came, for the one who asked: what is not kept for others is among them. */
  readonly headers: HeaderList;
}

/**
 * How it asks now: `alone`, for what comes is for one client; `together`, with all who ask the same; `let-down`: likewise, for
 * the fetch came to nothing.
 */
export type Release = 'alone' | 'together' | 'let-down';

export interface Waiter {
  readonly headers: HeaderList;
  confirmed(entry: Entry): void;
  shared(answer: Shared): void;
  /** To the leader alone. */
  passed(head: ResponseHead, headers: HeaderList, why: Refusal | null): void;
  /** To the leader alone. */
  data(chunk: Uint8Array): boolean;
  complete(): void;
  failed(failure: Failure): void;
  /** The upstream is in trouble. True: the copy that it has is its answer. */
  standsIn(status: number | null): boolean;
  /** How often it has waited for a fetch that came to nothing. */
  readonly letDowns: number;
  released(how: Release): void;
}
