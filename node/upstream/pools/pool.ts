/**
 * The connections to one target: how many, who gets one next, how long an idle one is kept. No sockets here; a pool is
 * given a Dial and holds whatever that makes. It is the only writer of which connection belongs to whom.
 *
 *   take ──▶ lease ──▶ giveBack ─┬─▶ longest waiter
 *     │ none open                ├─▶ top of the idle stack (the last one used is the first one used again,
 *     ▼                          │   so the others fall idle and close)
 *   wait ──▶ ticket ─┐           └─▶ closed: spent, retired, or not open any more
 *     ▲              │ settle: 1. connections that have room go to the longest waiters
 *     └── abandon    ▼         2. dials without a waiter are adopted, then new ones begin, up to `connections`
 *
 * A dial belongs to the tickets it is made for (one for HTTP/1.1, many for HTTP/2) and is destroyed when the last of
 * them is abandoned: a socket that has used up a connect limit is not worth keeping. When they were served by a freed
 * connection instead, the dial is left to finish for later, within ORPHAN_DIAL_MS. Waits have no timers here; the
 * attempt above owns them all.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { Clock, Timer, Timers } from '../../time/clock.js';
import type { Dial, PoolConnection } from './connection.js';
import { Dialling, Entry, Held, isFreshFor, type Lease, Ticket, type Waiter } from './places.js';

/** How long a dial that nobody waits for may take; generous, since it costs a socket and nothing else. */
const ORPHAN_DIAL_MS = 3000;
/** Told to clients of a full queue: the queue is short against a second, so trying again soon makes sense. */
const QUEUE_FULL_RETRY_AFTER_S = 1;

export interface PoolOptions<C> {
  readonly connections: number;
  readonly queue: number;
  readonly idleMs: number;
  readonly requestsPerConnection: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly dial: Dial<C>;
  /** Requests that a connection which is still being dialled will probably carry at once. */
  readonly streamsExpected: () => number;
}

export interface PoolStats {
  readonly open: number;
  readonly idle: number;
  readonly connecting: number;
  readonly waiting: number;
}

export class Pool<C extends PoolConnection> {
  readonly #options: PoolOptions<C>;
  readonly #open = new Set<Entry<C>>();
  /** Connections with room for a request, the last one used on top. */
  readonly #roomy: Entry<C>[] = [];
  readonly #dialling = new Set<Dialling<C>>();
  /** Everyone who waits, longest first (a Set keeps the order of insertion and forgets in O(1)). */
  readonly #tickets = new Set<Ticket<C>>();
  /** Tickets without a dial of their own. `queue` bounds how many may join them; those whose dial fell short come back. */
  #queued = 0;
  #births = 0;
  readonly #idleTimer: Timer;
  #idleArmed = false;
  #retired = false;
  #settling = false;
  #unsettled = false;

  constructor(options: PoolOptions<C>) {
    this.#options = options;
    this.#idleTimer = options.timers.create(() => this.#closeIdle());
  }

  /** Connections. */
  get open(): number {
    return this.#open.size;
  }

  stats(): PoolStats {
    let idle = 0;
    for (const entry of this.#roomy) if (entry.running === 0) idle += 1;
    return { open: this.#open.size, idle, connecting: this.#dialling.size, waiting: this.#tickets.size };
  }

  /** A place on an open connection, at once, or null: then wait for one. */
  take(): Lease<C> | null {
    // Whoever waits already is first, except those who can't use what is open.
    if (this.#queued > 0) return null;
    const entry = this.#roomiest(null);
    return entry === null ? null : this.#lend(entry);
  }

  /** Waits for a place. Null when the waiter was refused or served within this call. */
  wait(waiter: Waiter<C>, fresh: boolean): Ticket<C> | null {
    this.#births += 1;
    const ticket = new Ticket(waiter, fresh, this.#births);
    this.#tickets.add(ticket);
    this.#queued += 1;
    this.#settle();
    if (!this.#tickets.has(ticket)) return null;
    if (ticket.dialling !== null) return ticket;
    if (this.#queued > this.#options.queue) {
      this.#forget(ticket);
      const detail = `${this.#options.queue} requests wait for one of ${this.#options.connections} connections`;
      waiter.onRefused(failure('queue_full', detail, { retryAfterS: QUEUE_FULL_RETRY_AFTER_S }));
      return null;
    }
    waiter.onPhase('queue');
    return ticket;
  }

  /** The waiter does not want a place any more. */
  abandon(ticket: Ticket<C>): void {
    if (!this.#tickets.has(ticket)) return;
    const { dialling } = ticket;
    this.#forget(ticket);
    if (dialling !== null && dialling.owners.size === 0) this.#cancelDial(dialling);
    this.#settle();
  }

  giveBack(lease: Lease<C>): void {
    const { entry } = lease as Held<C>; // Leases are made by #lend alone.
    entry.running -= 1;
    if (!this.#open.has(entry)) return;
    if (this.#isSpent(entry)) {
      if (entry.running === 0) this.#close(entry);
    } else if (!entry.listed) {
      entry.listed = true;
      this.#roomy.push(entry);
    }
    if (this.#tickets.size > 0) this.#settle();
    if (entry.running === 0 && entry.listed) this.#rest(entry);
  }

  /** Dials one connection that nobody waits for yet, unless there is one; `onEnd` runs once, whatever became of it. */
  warm(onEnd: () => void): void {
    if (this.#retired || this.#open.size + this.#dialling.size > 0) {
      onEnd();
      return;
    }
    this.#dial().onEnd = onEnd;
    this.#watchOrphans();
  }

  /** Connections for which this holds carry no further request: idle ones close now, busy ones when they are done. */
  retireWhere(applies: (connection: C) => boolean): void {
    for (const entry of [...this.#open]) {
      if (!applies(entry.connection)) continue;
      entry.retired = true;
      this.#unlist(entry);
      if (entry.running === 0) this.#close(entry);
    }
    this.#settle();
  }

  /** From now on nothing is kept idle. What is under way goes on, and late requests are still served. */
  retire(): void {
    this.#retired = true;
    for (const dialling of [...this.#dialling]) if (dialling.owners.size === 0) this.#cancelDial(dialling);
    for (const entry of [...this.#open]) if (entry.running === 0) this.#close(entry);
  }

  /** Ends everything now. */
  destroy(failed: Failure): void {
    this.#retired = true;
    const tickets = [...this.#tickets];
    for (const ticket of tickets) this.#forget(ticket);
    for (const dialling of [...this.#dialling]) this.#cancelDial(dialling);
    for (const entry of [...this.#open]) this.#close(entry);
    for (const ticket of tickets) ticket.waiter.onRefused(failed);
  }

  #isSpent(entry: Entry<C>): boolean {
    const limit = this.#options.requestsPerConnection;
    return entry.retired || (limit > 0 && entry.served >= limit) || !entry.connection.isOpen();
  }

  /**
   * The connection used last that has room; those that turn out to be closed are dropped on the way. One that is in
   * doubt is taken where no other may be opened: nobody tells a waiter when the doubt is over.
   */
  #roomiest(ticket: Ticket<C> | null): Entry<C> | null {
    let doubted: Entry<C> | null = null;
    for (let i = this.#roomy.length - 1; i >= 0; i -= 1) {
      const entry = this.#roomy[i];
      if (entry === undefined || (ticket?.fresh === true && !isFreshFor(ticket, entry))) continue;
      if (!this.#isSpent(entry)) {
        if (entry.connection.isDoubted !== true) return entry;
        doubted ??= entry;
        continue;
      }
      this.#unlist(entry);
      if (entry.running === 0) this.#close(entry);
    }
    return doubted !== null && this.#isFull() ? doubted : null;
  }

  #lend(entry: Entry<C>): Held<C> {
    const held = new Held(entry);
    entry.running += 1;
    entry.served += 1;
    const limit = this.#options.requestsPerConnection;
    if (entry.running >= entry.connection.streamsMax || (limit > 0 && entry.served >= limit)) this.#unlist(entry);
    return held;
  }

  /** Brings waiters, connections and dials together. Waiters run code of their own, so it starts over while they change things. */
  #settle(): void {
    this.#unsettled = true;
    if (this.#settling) return;
    this.#settling = true;
    try {
      while (this.#unsettled) {
        this.#unsettled = false;
        this.#serveWaiters();
        this.#dialForWaiters();
      }
    } finally {
      this.#settling = false;
    }
    this.#watchOrphans();
  }

  #serveWaiters(): void {
    for (const ticket of this.#tickets) {
      const entry = this.#roomiest(ticket);
      if (entry === null) {
        if (!ticket.fresh) return;
        // A used connection is no use to this one: it makes room for a dial, if there is no room otherwise.
        if (ticket.dialling === null && this.#isFull()) this.#closeLongestIdle();
        continue;
      }
      this.#forget(ticket);
      ticket.waiter.onLease(this.#lend(entry));
    }
  }

  #dialForWaiters(): void {
    if (this.#queued === 0) return;
    for (const ticket of this.#tickets) {
      if (ticket.dialling !== null) continue;
      const dialling = this.#diallingWithRoom() ?? (this.#isFull() ? null : this.#dial());
      if (dialling === null) return;
      dialling.owners.add(ticket);
      dialling.orphaned = false;
      ticket.dialling = dialling;
      this.#queued -= 1;
      ticket.waiter.onPhase('connect');
      if (dialling.inTls) ticket.waiter.onPhase('tls');
    }
  }

  #isFull(): boolean {
    return this.#open.size + this.#dialling.size >= this.#options.connections;
  }

  #diallingWithRoom(): Dialling<C> | null {
    const room = this.#options.streamsExpected();
    for (const dialling of this.#dialling) if (dialling.owners.size < room) return dialling;
    return null;
  }

  #dial(): Dialling<C> {
    const dialling = new Dialling<C>();
    this.#dialling.add(dialling);
    dialling.cancel = this.#options.dial({
      onTls: () => {
        dialling.inTls = true;
        for (const ticket of dialling.owners) ticket.waiter.onPhase('tls');
      },
      onConnected: (connection) => {
        this.#endDial(dialling);
        this.#admit(connection);
        this.#settle();
      },
      onFailed: (failed) => {
        const owners = [...dialling.owners];
        for (const ticket of owners) this.#forget(ticket);
        this.#endDial(dialling);
        for (const ticket of owners) ticket.waiter.onRefused(failed);
        this.#settle();
      },
    });
    return dialling;
  }

  /** Tickets that still wait for this dial go back to the queue; settle finds them another. */
  #endDial(dialling: Dialling<C>): void {
    this.#dialling.delete(dialling);
    dialling.orphanTimer?.cancel();
    for (const ticket of dialling.owners) {
      ticket.dialling = null;
      this.#queued += 1;
    }
    dialling.owners.clear();
    dialling.onEnd();
  }

  #cancelDial(dialling: Dialling<C>): void {
    this.#endDial(dialling);
    dialling.cancel();
  }

  #watchOrphans(): void {
    for (const dialling of this.#dialling) {
      if (dialling.owners.size > 0) continue;
      if (this.#retired) {
        this.#cancelDial(dialling);
      } else if (!dialling.orphaned) {
        dialling.orphaned = true;
        dialling.orphanTimer ??= this.#options.timers.create(() => {
          if (dialling.orphaned) this.#cancelDial(dialling);
        });
        dialling.orphanTimer.arm(ORPHAN_DIAL_MS);
      }
    }
  }

  #admit(connection: C): void {
    this.#births += 1;
    const entry = new Entry(connection, this.#births);
    this.#open.add(entry);
    entry.listed = true;
    this.#roomy.push(entry);
    connection.onClosed = () => {
      if (!this.#open.delete(entry)) return;
      this.#unlist(entry);
      this.#settle();
    };
    if (this.#tickets.size === 0) this.#rest(entry);
  }

  /** Nothing runs on it: it closes after `idleMs`, at once when the pool keeps nothing. */
  #rest(entry: Entry<C>): void {
    if (this.#retired) {
      this.#close(entry);
      return;
    }
    entry.idleSinceMs = this.#options.clock.nowMs();
    if (this.#idleArmed) return;
    this.#idleArmed = true;
    this.#idleTimer.arm(this.#options.idleMs);
  }

  #closeIdle(): void {
    this.#idleArmed = false;
    const nowMs = this.#options.clock.nowMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const entry of [...this.#roomy]) {
      if (entry.running > 0) continue;
      const leftMs = entry.idleSinceMs + this.#options.idleMs - nowMs;
      if (leftMs <= 0) this.#close(entry);
      else nextMs = Math.min(nextMs, leftMs);
    }
    if (nextMs === Number.POSITIVE_INFINITY) return;
    this.#idleArmed = true;
    this.#idleTimer.arm(nextMs);
  }

  #closeLongestIdle(): void {
    const entry = this.#roomy.find((candidate) => candidate.running === 0);
    if (entry !== undefined) this.#close(entry);
  }

  #close(entry: Entry<C>): void {
    this.#open.delete(entry);
    this.#unlist(entry);
    entry.connection.onClosed = null;
    entry.connection.close();
  }

  #unlist(entry: Entry<C>): void {
    if (!entry.listed) return;
    entry.listed = false;
    // Nearly always the top: the one used last.
    const top = this.#roomy.length - 1;
    if (this.#roomy[top] === entry) this.#roomy.pop();
    else this.#roomy.splice(this.#roomy.indexOf(entry), 1);
  }

  #forget(ticket: Ticket<C>): void {
    this.#tickets.delete(ticket);
    if (ticket.dialling === null) this.#queued -= 1;
    else ticket.dialling.owners.delete(ticket);
    ticket.dialling = null;
  }
}
