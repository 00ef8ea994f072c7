import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeConnection, type FakeDial, setUpPool } from './testing/fake-pool.js';

/** What a run is made of; numbers pick among what there is at that moment. */
const kinds = [
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
] as const;
const steps = fc.array(fc.record({ kind: fc.constantFrom(...kinds), pick: fc.nat() }), { size: 'max', maxLength: 150 });

const limits = fc.record({
  connections: fc.integer({ min: 1, max: 4 }),
  queue: fc.integer({ min: 0, max: 6 }),
  streams: fc.constantFrom(1, 1, 3),
  requestsPerConnection: fc.constantFrom(0, 2),
});

interface Limits {
  readonly connections: number;
  readonly queue: number;
  readonly streams: number;
  readonly requestsPerConnection: number;
}

type WaiterOf = ReturnType<ReturnType<typeof setUpPool>['want']>;

/** A pool with everything that was ever done to it. */
class Run {
  readonly #limits: Limits;
  readonly #pool: ReturnType<typeof setUpPool>;
  readonly #waiters: WaiterOf[] = [];
  readonly #connections: FakeConnection[] = [];
  readonly #settled = new Set<FakeDial>();

  constructor({ streams, ...options }: Limits) {
    this.#limits = { streams, ...options };
    this.#pool = setUpPool({ ...options, streamsExpected: () => streams });
  }

  step(kind: (typeof kinds)[number], pick: number): void {
    const { pool, want, giveBack, time } = this.#pool;
    const at = <T>(list: readonly T[]): T | undefined => list[pick % Math.max(1, list.length)];
    if (kind === 'want' || kind === 'fresh') this.#waiters.push(want(kind === 'fresh'));
    if (kind === 'abandon') this.#abandon(at(this.#waiting()));
    if (kind === 'giveBack') {
      const waiter = at(this.#waiters.filter((each) => each.lease !== null));
      if (waiter !== undefined) giveBack(waiter);
    }
    const dial = at(this.#live());
    if (kind === 'connect' && dial !== undefined) this.#connect(dial, pick % 2 === 0 ? 'old' : 'new');
    if (kind === 'fail' && dial !== undefined) {
      this.#settled.add(dial);
      dial.events.onFailed(failure('connection_refused', 'no'));
    }
    if (kind === 'drop') at(this.#connections.filter((each) => !each.closed))?.drop();
    if (kind === 'advance') time.advance(pick % 1500);
    if (kind === 'retireOld') pool.retireWhere((connection) => connection.address === 'old');
  }

  check(): void {
    const { connections, queue, streams } = this.#limits;
    const stats = this.#pool.pool.stats();
    const waiting = this.#waiting();
    expect(stats.open + stats.connecting).toBeLessThanOrEqual(connections);
    expect(stats.connecting).toBe(this.#live().length);
    expect(stats.waiting).toBe(waiting.length);
    expect(this.#waiters.every((waiter) => waiter.served <= 1)).toBe(true);
    // Those who shared a dial that could not carry them all come back to the queue, above its bound.
    const returned = streams === 1 ? 0 : connections * streams;
    const queued = waiting.filter((waiter) => waiter.ticket?.dialling === null);
    expect(queued.length).toBeLessThanOrEqual(queue + returned);
    for (const connection of this.#connections) {
      const running = this.#waiters.filter((waiter) => waiter.lease?.connection === connection).length;
      expect(running).toBeLessThanOrEqual(connection.streamsMax);
    }
    // Nobody waits in vain: whoever is queued could not have been given a place, nor a dial.
    if (queued.length > 0) {
      expect(stats.open + stats.connecting).toBe(connections);
      if (waiting.every((waiter) => waiter.ticket?.fresh === false)) expect(stats.idle).toBe(0);
    }
    // In order: among those who take any connection, nobody overtook one who came before and waits still.
    const plain = this.#waiters.filter((waiter) => waiter.ticket?.fresh === false && waiter.refusedWith === null);
    const first = plain.findIndex((waiter) => waiter.served === 0);
    if (first !== -1) expect(plain.slice(first).filter((waiter) => waiter.served > 0)).toEqual([]);
  }

  /** Lets every dial succeed and every request end, until nobody is left. */
  finish(): void {
    const { pool, giveBack, time } = this.#pool;
    for (let round = 0; round < 2000 && (pool.stats().waiting > 0 || this.#isBusy()); round += 1) {
      for (const dial of this.#live()) this.#connect(dial, 'new');
      for (const waiter of this.#waiters) if (waiter.lease !== null) giveBack(waiter);
    }
    expect(pool.stats().waiting).toBe(0);
    time.advance(10_000);
    expect(pool.stats()).toEqual({ open: 0, idle: 0, connecting: 0, waiting: 0 });
    expect(this.#connections.every((connection) => connection.closed)).toBe(true);
  }

  #isBusy(): boolean {
    return this.#waiters.some((waiter) => waiter.lease !== null);
  }

  #waiting(): WaiterOf[] {
    return this.#waiters.filter((waiter) => waiter.ticket !== null && waiter.served === 0);
  }

  #live(): FakeDial[] {
    return this.#pool.dials.filter((dial) => !dial.cancelled && !this.#settled.has(dial));
  }

  #connect(dial: FakeDial, address: string): void {
    this.#settled.add(dial);
    const connection = new FakeConnection(this.#limits.streams, address);
    this.#connections.push(connection);
    this.#pool.connect(this.#pool.dials.indexOf(dial), connection);
  }

  #abandon(waiter: WaiterOf | undefined): void {
    if (waiter === undefined || waiter.ticket === null) return;
    this.#pool.pool.abandon(waiter.ticket);
    waiter.ticket = null;
  }
}

describe('a pool, whatever happens', () => {
  it('keeps its bounds, serves in order, loses nobody, and gives every place back', () => {
    fc.assert(
      fc.property(limits, steps, (limit, todo) => {
        const run = new Run(limit);
        for (const { kind, pick } of todo) {
          run.step(kind, pick);
          run.check();
        }
        run.finish();
      }),
      { numRuns: 80 },
    );
  });
});
