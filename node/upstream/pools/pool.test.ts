import { failure } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import { FakeConnection, setUpPool } from './testing/fake-pool.js';

describe('a pool', () => {
  it('dials for those who come first, lets the next wait, and refuses the rest', () => {
    const { want, dials } = setUpPool();
    const waiters = Array.from({ length: 5 }, () => want());
    expect(dials.length).toBe(2);
    expect(waiters.map((waiter) => waiter.phases)).toEqual([['connect'], ['connect'], ['queue'], ['queue'], []]);
    expect(waiters.map((waiter) => waiter.refusedWith)).toEqual([null, null, null, null, 'queue_full']);
  });

  it('says when the handshake begins, also to one who takes the dial over', () => {
    const { want, dials, connect, giveBack } = setUpPool({ connections: 2 });
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
    const { want, connect, giveBack, pool } = setUpPool({ connections: 2, queue: 5 });
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
    const { want, connect, giveBack, time, pool } = setUpPool();
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
    const { want, connect, giveBack, dials } = setUpPool();
    const a = want();
    const connection = connect(0);
    giveBack(a);
    connection.closed = true;
    const b = want();
    expect([b.lease, b.phases, dials.length]).toEqual([null, ['connect'], 2]);
  });

  it('goes around a connection that is in doubt where it can, and returns to it', () => {
    const { want, connect, giveBack, dials } = setUpPool({ connections: 2 });
    const a = want();
    const doubted = connect(0);
    giveBack(a);
    doubted.isDoubted = true;
    const b = want();
    expect([b.lease, dials.length]).toEqual([null, 2]);
    connect(1);
    // No other connection may be opened.
    const c = want();
    expect(c.lease?.connection).toBe(doubted);
    giveBack(c);
    doubted.isDoubted = false;
    expect(want().lease?.connection).toBe(doubted);
  });

  it('forgets a connection that the peer closed, and dials for those who wait', () => {
    const { want, connect, dials, pool } = setUpPool({ connections: 1 });
    want();
    const connection = connect(0);
    const waiting = want();
    connection.drop();
    expect([pool.stats().open, dials.length, waiting.phases]).toEqual([0, 2, ['queue', 'connect']]);
  });

  it('retires a connection after its number of requests', () => {
    const { want, connect, giveBack } = setUpPool({ requestsPerConnection: 2 });
    const a = want();
    const connection = connect(0);
    giveBack(a);
    expect(connection.closed).toBe(false);
    giveBack(want());
    expect(connection.closed).toBe(true);
  });

  it('passes the failure of a dial to the one it was for, and dials for the next', () => {
    const { want, dials } = setUpPool({ connections: 1 });
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
    const { want, dials, pool } = setUpPool({ connections: 1 });
    const [a, b] = [want(), want()];
    if (a.ticket !== null) pool.abandon(a.ticket);
    expect([dials[0]?.cancelled, dials.length, b.phases]).toEqual([true, 2, ['queue', 'connect']]);
  });

  it('keeps a dial that nobody needs any more for later, but not for long', () => {
    const { want, dials, connect, giveBack, time, pool } = setUpPool();
    const [a, b] = [want(), want()];
    connect(0);
    giveBack(a);
    expect([b.lease === null, dials[1]?.cancelled]).toEqual([false, false]);
    time.advance(3000);
    expect([dials[1]?.cancelled, pool.stats().connecting]).toEqual([true, 0]);
  });

  it('lets a dial without an owner be adopted, and then not be cut by its old timer', () => {
    const { want, dials, connect, giveBack, time } = setUpPool();
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
    const { want, connect, giveBack, dials } = setUpPool({ connections: 1 });
    const a = want();
    const used = connect(0);
    giveBack(a);
    const b = want(true);
    expect([b.lease, used.closed, dials.length]).toEqual([null, true, 2]);
    expect(connect(1)).toBe(b.lease?.connection);
    expect(b.lease?.reused).toBe(false);
  });

  it('closes a busy connection behind its request for one who waits for a fresh one', () => {
    const { want, connect, giveBack, dials } = setUpPool({ connections: 1 });
    const a = want();
    const used = connect(0);
    const b = want(true);
    expect(b.phases).toEqual(['queue']);
    giveBack(a);
    expect([used.closed, dials.length, b.phases]).toEqual([true, 2, ['queue', 'connect']]);
  });

  it('puts many requests on a connection that can carry them, and dials once for all of them', () => {
    const { want, connect, giveBack, dials, pool } = setUpPool({ connections: 3, queue: 0, streamsExpected: () => 4 });
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
    const { want, connect, dials } = setUpPool({ connections: 2, queue: 4, streamsExpected: () => 4 });
    const waiters = Array.from({ length: 3 }, () => want());
    connect(0, new FakeConnection(1));
    expect(waiters.map((waiter) => waiter.lease !== null)).toEqual([true, false, false]);
    expect(dials.length).toBe(2);
  });

  it('lets nobody overtake a waiter from within the call that serves another one', () => {
    const { pool, want, connect } = setUpPool({ connections: 1, queue: 4, streamsExpected: () => 1 });
    const [a, b] = [want(), want()];
    let overtook: unknown = 'not asked';
    a.onLeaseHook = () => {
      overtook = pool.take();
    };
    connect(0, new FakeConnection(2));
    expect([overtook, b.lease !== null]).toEqual([null, true]);
  });

  it('closes connections to addresses that are gone: idle ones now, busy ones when they are done', () => {
    const { want, connect, giveBack, pool } = setUpPool({ connections: 3 });
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
    const { want, connect, giveBack, pool } = setUpPool();
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
    const { pool, dials, connect, want } = setUpPool();
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
    const { pool, want, connect, dials } = setUpPool({ connections: 2 });
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
