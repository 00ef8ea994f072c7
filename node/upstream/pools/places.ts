/** What a pool keeps account of: connections, places on them, dials, and those who wait. Shapes without rules; those are in pool.ts. */
import type { Failure } from '@weir/proto/http/failures.js';
import { type Cancel, nothingToCancel } from '../../pipeline/dispatch.js';
import type { Timer } from '../../time/clock.js';
import type { PoolConnection } from './connection.js';

/** One place on one connection; given back exactly once. */
export interface Lease<C> {
  readonly connection: C;
  /** The connection has carried a request before this one, so the peer may have closed it in the meantime. */
  readonly reused: boolean;
}

export interface Waiter<C> {
  onPhase(phase: 'queue' | 'connect' | 'tls'): void;
  onLease(lease: Lease<C>): void;
  onRefused(failed: Failure): void;
}

/** A connection as its pool sees it; written by the pool alone. */
export class Entry<C> {
  readonly connection: C;
  running = 0;
  served = 0;
  idleSinceMs = 0;
  retired = false;
  /** It stands in the stack of those that have room. */
  listed = false;
  /** Place in the order of connections and tickets. */
  readonly bornAt: number;

  constructor(connection: C, bornAt: number) {
    this.connection = connection;
    this.bornAt = bornAt;
  }
}

export class Held<C> implements Lease<C> {
  readonly entry: Entry<C>;
  readonly reused: boolean;

  constructor(entry: Entry<C>) {
    this.entry = entry;
    this.reused = entry.served > 0;
  }

  get connection(): C {
    return this.entry.connection;
  }
}

/** A connection that does not stand yet, and those who wait for it. */
export class Dialling<C> {
  readonly owners = new Set<Ticket<C>>();
  inTls = false;
  cancel: Cancel = nothingToCancel;
  orphanTimer: Timer | null = null;
  orphaned = false;
  onEnd: () => void = () => {};
}

/** A place in the queue. */
export class Ticket<C> {
  readonly waiter: Waiter<C>;
  /** Only a connection that has carried nothing will do; one that carries many at once must only be younger than this. */
  readonly fresh: boolean;
  readonly bornAt: number;
  dialling: Dialling<C> | null = null;

  constructor(waiter: Waiter<C>, fresh: boolean, bornAt: number) {
    this.waiter = waiter;
    this.fresh = fresh;
    this.bornAt = bornAt;
  }
}

/** Whether a connection is new enough for one that has been failed by an old one. */
export function isFreshFor<C extends PoolConnection>(ticket: Ticket<C>, entry: Entry<C>): boolean {
  return entry.served === 0 || (entry.connection.streamsMax > 1 && entry.bornAt > ticket.bornAt);
}
