import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DialEvents, PoolConnection } from './connection.js';
import { type Lease, Pool, type PoolOptions, type Ticket, type Waiter } from './pool.js';

/** A connection that is nothing but its flags. */
class FakeConnection implements PoolConnection {
  onClosed: (() => void) | null = null;
  closed = false;
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
function manualTime() {
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

class FakeDial {
  readonly events: DialEvents<FakeConnection>;
  cancelled = false;

  constructor(events: DialEvents<FakeConnection>) {
    this.events = events;
  }
}

class FakeWaiter implements Waiter<FakeConnection> {
  readonly phases: string[] = [];
  lease: Lease<FakeConnection> | null = null;
  refusedWith: string | null = null;
  served = 0;

  onPhase(phase: string): void {
    this.phases.push(phase);
  }

  onLease(lease: Lease<FakeConnection>): void {
    this.lease = lease;
    this.served += 1;
  }

  onRefused(failed: { code: string }): void {
    this.refusedWith = failed.code;
    this.served += 1;
  }
}

function setUp(options: Partial<PoolOptions<FakeConnection>> = {}) {
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

describe('a pool', () => {
  it('dials for those who come first, lets the next wait, and refuses the rest', () => {
    const { want, dials } = setUp();
    const waiters = Array.from({ length: 5 }, () => want());
    expect(dials.length).toBe(2);
    expect(waiters.map((waiter) => waiter.phases)).toEqual([['connect'], ['connect'], ['queue'], ['queue'], []]);
    expect(waiters.map((waiter) => waiter.refusedWith)).toEqual([null, null, null, null, 'queue_full']);
  });

  it('says when the handshake begins, also to one who takes the dial over', () => {
    const { want, dials, connect, giveBack } = setUp({ connections: 2 });
    const first = want();
    const second = want();
    const third = want();
    dials[1]?.events.onTls();
    expect(second.phases).toEqual(['connect', 'tls']);
    connect(0);
    giveBack(first);
    expect(second.lease).not.toBeNull();
    expect(third.phases).toEqual(['queue', 'connect', 'tls']);
  });

  it('gives a freed connection to the longest waiter, and what was dialled for that one to the next', () => {
    const { want, connect, giveBack, pool } = setUp({ connections: 2, queue: 5 });
    const [a, b, c, d] = [want(), want(), want(), want()];
    const first = connect(0);
    giveBack(a);
    expect(b.lease?.connection).toBe(first);
    expect(c.phases).toEqual(['queue', 'connect']);
    const second = connect(1);
    expect(c.lease?.connection).toBe(second);
    giveBack(b);
    expect(d.lease?.connection).toBe(first);
    expect(pool.stats()).toEqual({ open: 2, idle: 0, connecting: 0, waiting: 0 });
  });

  it('uses the connection again that was used last, and closes the others when they have idled', () => {
    const { want, connect, giveBack, time, pool } = setUp();
    const [a, b] = [want(), want()];
    const [first, second] = [connect(0), connect(1)];
    giveBack(a);
    giveBack(b);
    for (let i = 0; i < 5; i += 1) {
      time.advance(300);
      const waiter = want();
      expect(waiter.lease?.connection).toBe(second);
      expect(waiter.lease?.reused).toBe(true);
      giveBack(waiter);
    }
    expect([first.closed, second.closed]).toEqual([true, false]);
    time.advance(999);
    expect(second.closed).toBe(false);
    time.advance(1);
    expect([second.closed, pool.stats().open]).toEqual([true, 0]);
  });

  it('does not hand out a connection that is known to be closed', () => {
    const { want, connect, giveBack, dials } = setUp();
    const a = want();
    const connection = connect(0);
    giveBack(a);
    connection.closed = true;
    const b = want();
    expect([b.lease, b.phases, dials.length]).toEqual([null, ['connect'], 2]);
  });

  it('forgets a connection that the peer closed, and dials for those who wait', () => {
    const { want, connect, dials, pool } = setUp({ connections: 1 });
    want();
    const connection = connect(0);
    const waiting = want();
    connection.drop();
    expect([pool.stats().open, dials.length, waiting.phases]).toEqual([0, 2, ['queue', 'connect']]);
  });

  it('retires a connection after its number of requests', () => {
    const { want, connect, giveBack } = setUp({ requestsPerConnection: 2 });
    const a = want();
    const connection = connect(0);
    giveBack(a);
    expect(connection.closed).toBe(false);
    giveBack(want());
    expect(connection.closed).toBe(true);
  });

  it('passes the failure of a dial to the one it was for, and dials for the next', () => {
    const { want, dials } = setUp({ connections: 1 });
    const [a, b] = [want(), want()];
    dials[0]?.events.onFailed(failure('connection_refused', 'no'));
    expect([a.refusedWith, b.refusedWith, b.phases, dials.length]).toEqual([
      'connection_refused',
      null,
      ['queue', 'connect'],
      2,
    ]);
  });

  it('destroys a dial at once when the one it was for leaves, and begins another for the next', () => {
    const { want, dials, pool } = setUp({ connections: 1 });
    const [a, b] = [want(), want()];
    if (a.ticket !== null) pool.abandon(a.ticket);
    expect([dials[0]?.cancelled, dials.length, b.phases]).toEqual([true, 2, ['queue', 'connect']]);
  });

  it('keeps a dial that nobody needs any more for later, but not for long', () => {
    const { want, dials, connect, giveBack, time, pool } = setUp();
    const [a, b] = [want(), want()];
    connect(0);
    giveBack(a);
    expect([b.lease === null, dials[1]?.cancelled]).toEqual([false, false]);
    time.advance(3000);
    expect([dials[1]?.cancelled, pool.stats().connecting]).toEqual([true, 0]);
  });

  it('lets a dial without an owner be adopted, and then not be cut by its old timer', () => {
    const { want, dials, connect, giveBack, time } = setUp();
    const [a] = [want(), want()];
    connect(0);
    giveBack(a);
    time.advance(2000);
    const adopter = want();
    expect([adopter.phases, dials.length]).toEqual([['connect'], 2]);
    time.advance(2000);
    expect(dials[1]?.cancelled).toBe(false);
  });

  it('gives one who wants a fresh connection none that was used, and makes room for it', () => {
    const { want, connect, giveBack, dials } = setUp({ connections: 1 });
    const a = want();
    const used = connect(0);
    giveBack(a);
    const b = want(true);
    expect([b.lease, used.closed, dials.length]).toEqual([null, true, 2]);
    expect(connect(1)).toBe(b.lease?.connection);
    expect(b.lease?.reused).toBe(false);
  });

  it('closes a busy connection behind its request for one who waits for a fresh one', () => {
    const { want, connect, giveBack, dials } = setUp({ connections: 1 });
    const a = want();
    const used = connect(0);
    const b = want(true);
    expect(b.phases).toEqual(['queue']);
    giveBack(a);
    expect([used.closed, dials.length, b.phases]).toEqual([true, 2, ['queue', 'connect']]);
  });

  it('puts many requests on a connection that can carry them, and dials once for all of them', () => {
    const { want, connect, giveBack, dials, pool } = setUp({ connections: 3, queue: 0, streamsExpected: () => 4 });
    const waiters = Array.from({ length: 4 }, () => want());
    expect(dials.length).toBe(1);
    const connection = connect(0, new FakeConnection(4));
    expect(waiters.every((waiter) => waiter.lease?.connection === connection)).toBe(true);
    const fifth = want();
    expect([fifth.phases, dials.length]).toEqual([['connect'], 2]);
    const [first] = waiters;
    if (first !== undefined) giveBack(first);
    expect(fifth.lease?.connection).toBe(connection);
    for (const waiter of waiters.slice(1)) giveBack(waiter);
    expect(pool.stats().idle).toBe(0);
    giveBack(fifth);
    expect(pool.stats().idle).toBe(1);
  });

  it('finds others for those whom a connection cannot carry after all', () => {
    const { want, connect, dials } = setUp({ connections: 2, queue: 4, streamsExpected: () => 4 });
    const waiters = Array.from({ length: 3 }, () => want());
    connect(0, new FakeConnection(1));
    expect(waiters.map((waiter) => waiter.lease !== null)).toEqual([true, false, false]);
    expect(dials.length).toBe(2);
  });

  it('closes connections to addresses that are gone: idle ones now, busy ones when they are done', () => {
    const { want, connect, giveBack, pool } = setUp({ connections: 3 });
    const [a, b] = [want(), want()];
    const idle = connect(0, new FakeConnection(1, 'old'));
    const busy = connect(1, new FakeConnection(1, 'old'));
    giveBack(a);
    pool.retireWhere((connection) => connection.address === 'old');
    expect([idle.closed, busy.closed]).toEqual([true, false]);
    giveBack(b);
    expect([busy.closed, pool.stats().open]).toEqual([true, 0]);
  });

  it('serves those who come after it was retired, and keeps nothing', () => {
    const { want, connect, giveBack, pool } = setUp();
    const a = want();
    const first = connect(0);
    pool.retire();
    expect(first.closed).toBe(false);
    giveBack(a);
    expect(first.closed).toBe(true);
    const late = want();
    const second = connect(1);
    expect(late.lease?.connection).toBe(second);
    giveBack(late);
    expect(second.closed).toBe(true);
  });

  it('warms up with one connection, once', () => {
    const { pool, dials, connect, want } = setUp();
    let ended = 0;
    const onEnd = (): void => {
      ended += 1;
    };
    pool.warm(onEnd);
    expect([dials.length, ended]).toEqual([1, 0]);
    const connection = connect(0);
    pool.warm(onEnd);
    expect([dials.length, ended, want().lease?.connection]).toEqual([1, 2, connection]);
  });

  it('ends everyone and everything when it is destroyed', () => {
    const { pool, want, connect, dials } = setUp({ connections: 2 });
    want();
    const connection = connect(0);
    const [b, c] = [want(), want()];
    pool.destroy(failure('draining', 'bye'));
    expect([b.refusedWith, c.refusedWith, connection.closed, dials[1]?.cancelled]).toEqual([
      'draining',
      'draining',
      true,
      true,
    ]);
    expect(pool.stats()).toEqual({ open: 0, idle: 0, connecting: 0, waiting: 0 });
  });
});

/** What a run is made of; numbers pick among what there is at that moment. */
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom(
      'want',
      'want',
      'fresh',
      'abandon',
      'giveBack',
      'giveBack',
      'connect',
      'connect',
      'fail',
      'drop',
      'advance',
      'retireOld',
    ),
    pick: fc.nat(),
  }),
  { size: 'max', maxLength: 150 },
);

describe('a pool, whatever happens', () => {
  it('keeps its bounds, serves in order, loses nobody, and gives every place back', () => {
    const limits = fc.record({
      connections: fc.integer({ min: 1, max: 4 }),
      queue: fc.integer({ min: 0, max: 6 }),
      streams: fc.constantFrom(1, 1, 3),
      requestsPerConnection: fc.constantFrom(0, 2),
    });
    fc.assert(
      fc.property(limits, steps, ({ streams, ...options }, run) => {
        const { pool, time, dials, want, connect, giveBack } = setUp({ ...options, streamsExpected: () => streams });
        const waiters: ReturnType<typeof want>[] = [];
        const connections: FakeConnection[] = [];
        const settled = new Set<FakeDial>();
        const live = (): FakeDial[] => dials.filter((dial) => !dial.cancelled && !settled.has(dial));
        const at = <T>(list: readonly T[], pick: number): T | undefined => list[pick % Math.max(1, list.length)];
        const check = (): void => {
          const stats = pool.stats();
          expect(stats.open + stats.connecting).toBeLessThanOrEqual(options.connections);
          expect(stats.connecting).toBe(live().length);
          const waiting = waiters.filter((waiter) => waiter.ticket !== null && waiter.served === 0);
          expect(stats.waiting).toBe(waiting.length);
          // Those who shared a dial that could not carry them all come back to the queue, above its bound.
          const returned = streams === 1 ? 0 : options.connections * streams;
          const queued = waiting.filter((waiter) => waiter.ticket?.dialling === null).length;
          expect(queued).toBeLessThanOrEqual(options.queue + returned);
          for (const connection of connections) {
            const running = waiters.filter((waiter) => waiter.lease?.connection === connection).length;
            expect(running).toBeLessThanOrEqual(connection.streamsMax);
          }
          expect(waiters.every((waiter) => waiter.served <= 1)).toBe(true);
          // Nobody waits in vain: whoever is queued could not have been given a place, nor a dial.
          if (waiting.some((waiter) => waiter.ticket?.dialling === null)) {
            expect(stats.open + stats.connecting).toBe(options.connections);
            if (waiting.every((waiter) => waiter.ticket?.fresh === false)) expect(stats.idle).toBe(0);
          }
          // In order: among those who take any connection, one without a dial never overtook one who came before.
          const plain = waiters.filter((waiter) => waiter.ticket?.fresh === false && waiter.refusedWith === null);
          const firstWaiting = plain.findIndex((waiter) => waiter.served === 0 && waiting.includes(waiter));
          if (firstWaiting !== -1) expect(plain.slice(firstWaiting).filter((waiter) => waiter.served > 0)).toEqual([]);
        };
        for (const { kind, pick } of run) {
          if (kind === 'want' || kind === 'fresh') waiters.push(want(kind === 'fresh'));
          if (kind === 'abandon') {
            const waiter = at(
              waiters.filter((each) => each.ticket !== null && each.served === 0),
              pick,
            );
            if (waiter?.ticket) pool.abandon(waiter.ticket);
            if (waiter !== undefined) waiter.ticket = null;
          }
          if (kind === 'giveBack') {
            const waiter = at(
              waiters.filter((each) => each.lease !== null),
              pick,
            );
            if (waiter !== undefined) giveBack(waiter);
          }
          const dial = at(live(), pick);
          if (kind === 'connect' && dial !== undefined) {
            settled.add(dial);
            const connection = new FakeConnection(streams, pick % 2 === 0 ? 'old' : 'new');
            connections.push(connection);
            connect(dials.indexOf(dial), connection);
          }
          if (kind === 'fail' && dial !== undefined) {
            settled.add(dial);
            dial.events.onFailed(failure('connection_refused', 'no'));
          }
          if (kind === 'drop')
            at(
              connections.filter((each) => !each.closed),
              pick,
            )?.drop();
          if (kind === 'advance') time.advance(pick % 1500);
          if (kind === 'retireOld') pool.retireWhere((connection) => connection.address === 'old');
          check();
        }
        // Everyone is served or refused in the end, and every place comes back.
        for (
          let round = 0;
          round < 2000 && (pool.stats().waiting > 0 || waiters.some((each) => each.lease));
          round += 1
        ) {
          for (const dial of live()) {
            settled.add(dial);
            connect(dials.indexOf(dial), new FakeConnection(streams, 'new'));
          }
          for (const waiter of waiters) if (waiter.lease !== null) giveBack(waiter);
        }
        expect(pool.stats().waiting).toBe(0);
        time.advance(10_000);
        expect(pool.stats()).toEqual({ open: 0, idle: 0, connecting: 0, waiting: 0 });
      }),
      { numRuns: 80 },
    );
  });
});
