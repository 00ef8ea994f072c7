import { failure } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import { StoreAway } from '../jobs/job-store.js';
import type { RunningJob } from '../jobs/running-job.js';
import { leavingHandler, type ScriptedCall } from '../pipeline/testing/harness.js';
import { makeGateway } from '../pipeline/testing/specs.js';
import { idOf, quietRun, settle, setUp } from './testing/handing-over.js';

describe('where no job can be made', () => {
  const away = () => Promise.reject(new StoreAway('away'));

  it('the request goes on, and what came meanwhile is passed', async () => {
    let refuse: () => void = () => {};
    const world = setUp({
      create: () =>
        new Promise((_resolve, reject) => {
          refuse = () => reject(new StoreAway('away'));
        }),
    });
    world.clock.advance(2_000);
    world.run.last().head(200);
    expect(world.run.last().data('first ')).toBe(false);
    refuse();
    await settle();
    expect(world.run.last().resumes).toBe(1);
    world.run.last().data('second');
    world.run.last().complete();
    expect([world.handler.status, world.handler.text(), world.handler.ended]).toEqual([200, 'first second', true]);
    expect(world.jobs.counts()).toMatchObject({ running: 0, refused: { store: 1 } });
    expect(world.decided).toEqual([]);
  });

  it('its client is made to wait as long as ever, and no longer', async () => {
    const world = setUp({ create: away });
    world.clock.advance(2_000);
    await settle();
    world.clock.advance(27_999);
    expect(world.handler.ended).toBe(false);
    world.clock.advance(1);
    expect(world.handler.failure?.code).toBe('total_timeout');
    expect(world.run.last().cancelled).toBe(true);
  });
});

describe('a job that is still being made', () => {
  function beingMade() {
    let made: () => void = () => {};
    const create = () =>
      new Promise<'created'>((resolve) => {
        made = () => resolve('created');
      });
    let isOther = false;
    const world = setUp({ create: () => (isOther ? Promise.resolve('created') : create()) });
    const another = async (): Promise<RunningJob | null> => {
      isOther = true;
      const job = await world.jobs.begin(quietRun, { ...makeGateway().jobs, leaseMs: 400 });
      isOther = false;
      return job;
    };
    return { ...world, another, made: () => made() };
  }

  it('is not renewed yet: a store that does not know of it has lost nothing', async () => {
    const world = beingMade();
    // Another one that runs keeps the renewals going.
    const other = await world.another();
    expect(other).not.toBeNull();
    world.clock.advance(2_000);
    for (let ticks = 0; ticks < 5; ticks += 1) {
      world.clock.advance(100);
      await settle();
    }
    expect([world.run.last().cancelled, world.ended]).toEqual([false, []]);
    world.made();
    await settle();
    expect([world.handler.status, world.handler.ended]).toEqual([202, true]);
    world.run.last().answer(200, [], 'there');
    await settle();
    expect((await world.jobs.look(idOf(world.handler.headers)))?.state).toBe('done');
  });

  it('is not made any more by a drain that does not wait for it: its client waits on, and is answered', async () => {
    const world = beingMade();
    world.clock.advance(2_000);
    await world.jobs.drain(0);
    expect(world.run.last().cancelled).toBe(false);
    world.made();
    await settle();
    expect(world.jobs.counts()).toMatchObject({ running: 0, stored: 0, refused: { draining: 1 } });
    world.run.last().answer(200, [], 'in person');
    expect([world.handler.status, world.handler.text(), world.handler.ended]).toEqual([200, 'in person', true]);
  });

  it('comes too late for a client whose limit is near: it waits on without one, and none is left', async () => {
    const world = beingMade();
    world.clock.advance(29_949);
    expect(world.run.last().request.exchange.noJob?.isCertain).toBe(false);
    world.clock.advance(1);
    // As without a job: a fallback may still have its word.
    expect(world.run.last().request.exchange.noJob?.isCertain).toBe(true);
    world.run.last().answer(203, [], 'a word');
    expect([world.handler.status, world.handler.text()]).toEqual([203, 'a word']);
    world.made();
    await settle();
    expect(world.jobs.counts()).toMatchObject({ running: 0, stored: 0, refused: { late: 1, store: 0 } });
    expect([world.decided, world.ended, world.bugs]).toEqual([[], [], []]);
  });

  it('is not waited for beyond the limit of its client', async () => {
    const world = beingMade();
    world.clock.advance(30_000);
    expect(world.handler.failure).toMatchObject({ code: 'total_timeout', limitMs: 30_000 });
    expect(world.run.last().cancelled).toBe(true);
    world.made();
    await settle();
    expect(world.jobs.counts()).toMatchObject({ running: 0, stored: 0 });
  });

  it('is forgotten later when the store took it and could not say so', async () => {
    let isAway = true;
    const world = setUp({
      store: (memory) => ({
        create: async (job) => {
          await memory.create(job);
          throw new StoreAway('its answer was lost');
        },
        forget: (id) => (isAway ? Promise.reject(new StoreAway('away')) : memory.forget(id)),
      }),
    });
    world.clock.advance(5_000);
    await settle();
    expect(world.jobs.counts()).toMatchObject({ running: 0, stored: 1, orphans: 1, refused: { store: 1 } });
    isAway = false;
    world.clock.advance(1_000);
    await settle();
    expect(world.jobs.counts()).toMatchObject({ stored: 0, orphans: 0 });
    expect(world.bugs).toEqual([]);
  });
});

describe('a client that leaves with a piece of the answer in its hands', () => {
  it.each(['onHeaders', 'onData'] as const)(
    'after %s of its 202 hears nothing more, and its job goes on',
    async (piece) => {
      const handler = leavingHandler(piece);
      const world = setUp({ handler });
      handler.leave = world.cancel;
      world.clock.advance(2_000);
      await settle();
      expect([handler.status, handler.events.at(-1)]).toEqual([202, piece]);
      expect(world.run.last().cancelled).toBe(false);
      world.run.last().answer(200, [], 'kept');
      await settle();
      expect((await world.jobs.look(idOf(handler.headers)))?.state).toBe('done');
    },
  );

  it.each([
    ['onHeaders', (call: ScriptedCall) => call.complete()],
    ['onData', (call: ScriptedCall) => call.complete()],
    ['onHeaders', (call: ScriptedCall) => call.fail(failure('response_incomplete', 'broken'))],
  ] as const)('after %s of what was kept while a job was asked for hears nothing more', async (piece, end) => {
    const handler = leavingHandler(piece);
    let refuse: () => void = () => {};
    const create = () =>
      new Promise<'full'>((resolve) => {
        refuse = () => resolve('full');
      });
    const world = setUp({ handler, store: () => ({ create }) });
    handler.leave = world.cancel;
    world.clock.advance(2_000);
    world.run.last().head(200);
    world.run.last().data('first ');
    world.run.last().data('second');
    end(world.run.last());
    refuse();
    await settle();
    expect([handler.status, handler.events.at(-1), world.bugs]).toEqual([200, piece, []]);
  });
});

describe('a job that is ended from elsewhere', () => {
  it('is cancelled below at once, and told as cancelled', async () => {
    const world = setUp();
    world.clock.advance(2_000);
    await settle();
    await world.jobs.cancel(idOf(world.handler.headers));
    expect(world.run.last().cancelled).toBe(true);
    expect(world.ended[0]?.exchange).toMatchObject({ status: 410, failure: { code: 'job_cancelled' } });
    expect(world.jobs.counts()).toMatchObject({ running: 0, ended: { cancelled: 1 } });
  });

  it('is renewed while it runs, and ends below when its record is gone', async () => {
    const world = setUp();
    world.clock.advance(2_000);
    await settle();
    const id = idOf(world.handler.headers);
    for (let minutes = 0; minutes < 20; minutes += 1) {
      world.clock.advance(3_000);
      await settle();
    }
    expect((await world.jobs.look(id))?.state).toBe('pending');
    await world.memory.forget(id);
    world.clock.advance(3_000);
    await settle();
    expect(world.run.last().cancelled).toBe(true);
    expect(world.ended[0]?.exchange.failure?.code).toBe('job_lost');
  });

  it('is failed by a drain that does not wait for it any longer, and none begins meanwhile', async () => {
    const world = setUp();
    world.clock.advance(2_000);
    await settle();
    const drained = world.jobs.drain(1_000);
    world.clock.advance(1_000);
    await settle();
    expect(await drained).toEqual({ cut: 1 });
    expect(world.run.last().cancelled).toBe(true);
    expect(await world.jobs.look(idOf(world.handler.headers))).toMatchObject({
      state: 'failed',
      failure: { code: 'draining' },
    });
  });

  it('outlives an absence of its store that is longer than its lease, and is lost when the store has let it go', async () => {
    let isAway = false;
    const world = setUp({
      store: (memory) => ({
        apply: (id, event) => (isAway ? Promise.reject(new StoreAway('away')) : memory.apply(id, event)),
      }),
    });
    const { leaseMs, keepMs } = makeGateway().jobs;
    world.clock.advance(2_000);
    await settle();
    isAway = true;
    world.run.last().answer(200, [], 'patience');
    for (let leases = 0; leases < 5; leases += 1) {
      world.clock.advance(leaseMs);
      await settle();
    }
    isAway = false;
    world.clock.advance(100);
    await settle();
    expect((await world.jobs.look(idOf(world.handler.headers)))?.state).toBe('done');

    const other = setUp({ store: () => ({ apply: () => Promise.reject(new StoreAway('away')) }) });
    other.clock.advance(2_000);
    await settle();
    other.clock.advance(leaseMs + keepMs - 5_000);
    await settle();
    expect(other.run.last().cancelled).toBe(false);
    for (let renewals = 0; renewals < 4; renewals += 1) {
      other.clock.advance(leaseMs / 4);
      await settle();
    }
    expect([other.run.last().cancelled, other.jobs.counts().ended.lost, other.bugs]).toEqual([true, 1, []]);
  });

  it('is told as its store has it, where that had no room for the head of its answer', async () => {
    const full = { code: 'job_store_full', detail: 'no room' } as const;
    const world = setUp({
      store: (memory) => ({
        apply: (id, event) => memory.apply(id, event.kind === 'done' ? { kind: 'failed', failure: full } : event),
      }),
    });
    world.clock.advance(2_000);
    await settle();
    world.run.last().answer(200);
    await settle();
    expect(world.ended[0]?.exchange).toMatchObject({ status: 503, failure: full });
    expect(world.jobs.counts().ended).toMatchObject({ done: 0, failed: 1 });
  });

  it.each(['write', 'apply'] as const)(
    'fails, and nothing else, by a bug of the store when it is to %s',
    async (what) => {
      const bug = new TypeError('a bug');
      const world = setUp({ store: () => ({ [what]: () => Promise.reject(bug) }) });
      world.clock.advance(2_000);
      await settle();
      world.run.last().answer(200, [], 'an answer');
      await settle();
      expect(world.bugs).toEqual([bug]);
      expect(world.ended[0]?.exchange.failure?.code).toBe('internal_error');
      expect(world.jobs.counts()).toMatchObject({ running: 0, ended: { failed: 1 } });
    },
  );
});
