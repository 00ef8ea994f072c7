/** A pool over connections that are nothing but flags, with dials and time moved by hand. */
import type { DialEvents, PoolConnection } from '../connection.js';
import type { Lease, Ticket, Waiter } from '../places.js';
import { Pool, type PoolOptions } from '../pool.js';

/** A connection that is nothing but its flags. */
export class FakeConnection implements PoolConnection {
  onClosed: (() => void) | null = null;
  closed = false;
  isDoubted = false;
  running = 0;
  streamsMax: number;
  readonly address: string;

  constructor(streamsMax = 1, address = 'a') {
    this.streamsMax = streamsMax;
    this.address = address;
  }

  isOpen(): boolean {
    return !this.closed;
  }

  close(): void {
    this.closed = true;
  }

  /** The peer hangs up. */
  drop(): void {
    this.closed = true;
    this.onClosed?.();
  }
}

/** Time and timers by hand. */
export function manualTime() {
  let nowMs = 0;
  const timers = new Set<{ dueMs: number; fire: () => void }>();
  return {
    clock: { nowMs: () => nowMs, wallMs: () => nowMs },
    timers: {
      create: (fire: () => void) => {
        const timer = { dueMs: Number.POSITIVE_INFINITY, fire };
        timers.add(timer);
        return {
          arm: (delayMs: number) => {
            timer.dueMs = nowMs + delayMs;
          },
          cancel: () => {
            timer.dueMs = Number.POSITIVE_INFINITY;
          },
        };
      },
    },
    advance(byMs: number) {
      nowMs += byMs;
      for (const timer of timers) {
        if (timer.dueMs > nowMs) continue;
        timer.dueMs = Number.POSITIVE_INFINITY;
        timer.fire();
      }
    },
  };
}

export class FakeDial {
  readonly events: DialEvents<FakeConnection>;
  cancelled = false;

  constructor(events: DialEvents<FakeConnection>) {
    this.events = events;
  }
}

export class FakeWaiter implements Waiter<FakeConnection> {
  readonly phases: string[] = [];
  lease: Lease<FakeConnection> | null = null;
  refusedWith: string | null = null;
  served = 0;
  onLeaseHook: () => void = () => {};

  onPhase(phase: string): void {
    this.phases.push(phase);
  }

  onLease(lease: Lease<FakeConnection>): void {
    this.lease = lease;
    this.served += 1;
    this.onLeaseHook();
  }

  onRefused(failed: { code: string }): void {
    this.refusedWith = failed.code;
    this.served += 1;
  }
}

export function setUpPool(options: Partial<PoolOptions<FakeConnection>> = {}) {
  const time = manualTime();
  const dials: FakeDial[] = [];
  const pool = new Pool<FakeConnection>({
    connections: 2,
    queue: 2,
    idleMs: 1000,
    requestsPerConnection: 0,
    streamsExpected: () => 1,
    clock: time.clock,
    timers: time.timers,
    dial: (events) => {
      const dial = new FakeDial(events);
      dials.push(dial);
      return () => {
        dial.cancelled = true;
      };
    },
    ...options,
  });
  const want = (fresh = false): FakeWaiter & { ticket: Ticket<FakeConnection> | null } => {
    const waiter = Object.assign(new FakeWaiter(), { ticket: null as Ticket<FakeConnection> | null });
    const lease = fresh ? null : pool.take();
    if (lease !== null) waiter.onLease(lease);
    else waiter.ticket = pool.wait(waiter, fresh);
    return waiter;
  };
  const connect = (at: number, connection = new FakeConnection()): FakeConnection => {
    dials[at]?.events.onConnected(connection);
    return connection;
  };
  const giveBack = (waiter: FakeWaiter): void => {
    if (waiter.lease === null) throw new Error('there is nothing to give back');
    pool.giveBack(waiter.lease);
    waiter.lease = null;
  };
  return { pool, time, dials, want, connect, giveBack };
}
