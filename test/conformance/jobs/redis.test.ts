import { noProgress } from '@weir/node/jobs/job.js';
import { type JobStore, StoreAway } from '@weir/node/jobs/job-store.js';
import { createRedisStore } from '@weir/node/jobs/redis-store.js';
import { systemClock } from '@weir/node/time/system-clock.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countedWay } from '../../support/counted-way.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { Stage, until } from '../../support/stage.js';
import { storeSuite } from './store-suite.js';

const stage = new Stage();
let redis: RedisServer;
let database = 0;
beforeAll(async () => {
  redis = await startRedis(stage);
});
afterAll(() => stage.clear());

async function open(url: string, bounds: Parameters<typeof createRedisStore>[0]['bounds']): Promise<JobStore> {
  const store = createRedisStore({ url, clock: systemClock, bounds });
  stage.onEnd(() => store.close());
  await reaches(store);
  return store;
}

async function reaches(store: JobStore): Promise<void> {
  await until(
    () => store.counts().isReachable,
    () => 'Redis is not reached',
  );
}

storeSuite('Redis', async () => {
  const stores: JobStore[] = [];
  // Each test has a database of its own; there are sixteen.
  const url = `${redis.url}/${database}`;
  database += 1;
  return {
    async open(bounds) {
      const store = await open(url, bounds);
      stores.push(store);
      return store;
    },
    async close() {
      for (const store of stores) await store.close();
    },
  };
});

const bounds = () => ({ jobsMax: 10, ofOneMax: 10, bytesMax: 0 });
const job = { id: 'x', routeId: 'r', owner: null, sharer: 's', method: 'GET', leaseMs: 60_000, keepMs: 60_000 };

it('a record that no node of ours has written is no job', async () => {
  const store = await open(`${redis.url}/14`, bounds);
  const { Redis } = await import('ioredis');
  const client = new Redis(`${redis.url}/14`);
  stage.onEnd(() => client.disconnect());
  for (const text of [
    '',
    'nonsense',
    'null',
    '[]',
    '{}',
    '{"id":"x","routeId":"r","owner":3,"state":"done"}',
    '{"id":"x","routeId":"r","owner":{"id":"a"},"state":"done"}',
    '{"id":"x","routeId":"r","owner":null,"state":"odd"}',
  ]) {
    await client.hset('{weir:jobs}:x', 'record', text, 'version', '1');
    expect(await store.apply('x', { kind: 'look' })).toBeNull();
  }
});

it('leaves nothing behind without a time to live', async () => {
  const store = await open(`${redis.url}/15`, bounds);
  await store.create(job);
  await store.write('x', 0, Uint8Array.of(1));
  const { Redis } = await import('ioredis');
  const client = new Redis(`${redis.url}/15`);
  stage.onEnd(() => client.disconnect());
  const [ofSharer = ''] = await client.keys('{weir:jobs}:of:*');
  const left = async (): Promise<number[]> => [
    await client.pttl('{weir:jobs}:x'),
    await client.pttl('{weir:jobs}:x:body'),
  ];
  expect(await client.pttl(ofSharer)).toBeGreaterThan(100_000);
  expect((await left()).every((ms) => ms > 100_000 && ms <= 120_000)).toBe(true);
  await store.apply('x', { kind: 'done', head: { status: 200, headers: [] }, bytes: 1, pieces: 1 });
  expect((await left()).every((ms) => ms > 50_000 && ms <= 60_000)).toBe(true);
  // What is written for a job that Redis has forgotten would stay for ever.
  await client.del('{weir:jobs}:x');
  expect(await store.write('x', 7, Uint8Array.of(1))).toBe('over');
});

describe('a Redis that hangs', () => {
  it('is told as away within a moment, and is there again when it goes on', async () => {
    const own = await startRedis(stage);
    const store = await open(own.url, bounds);
    own.signal('SIGSTOP');
    const startedAtMs = performance.now();
    await expect(store.create(job)).rejects.toThrow(StoreAway);
    // Six times the limit of a command, on a busy machine.
    expect(performance.now() - startedAtMs).toBeLessThan(1_800);
    expect(store.counts().isReachable).toBe(false);
    own.signal('SIGCONT');
    await reaches(store);
    expect(await store.create({ ...job, id: 'other' })).toBe('created');
  });

  it('is found out also by a node that only counts', async () => {
    const own = await startRedis(stage);
    const store = await open(own.url, bounds);
    own.signal('SIGSTOP');
    await expect(store.sweep()).rejects.toThrow(StoreAway);
    expect(store.counts().isReachable).toBe(false);
    own.signal('SIGCONT');
  });

  it('is not sent a piece again before it may have read the first one', async () => {
    const own = await startRedis(stage);
    const way = await countedWay(stage, own.port);
    const store = await open(`redis://127.0.0.1:${way.port}`, bounds);
    await store.create(job);
    const piece = new Uint8Array(64 * 1024);
    own.signal('SIGSTOP');
    const before = way.sentBytes();
    let refusals = 0;
    await until(
      async () => {
        await store.write('x', 0, piece).catch((error: unknown) => {
          expect(error).toBeInstanceOf(StoreAway);
          refusals += 1;
        });
        return refusals >= 8;
      },
      () => 'pieces are written to a Redis that hangs',
    );
    expect(way.sentBytes() - before).toBeLessThan(2 * piece.byteLength);
    own.signal('SIGCONT');
    await reaches(store);
    expect(await store.write('x', 0, piece)).toBe('written');
  });

  it('is sent few pieces at once, and those that wait for their turn are told within the same moment', async () => {
    const own = await startRedis(stage);
    const way = await countedWay(stage, own.port);
    const store = await open(`redis://127.0.0.1:${way.port}`, bounds);
    await store.create(job);
    const piece = new Uint8Array(64 * 1024);
    own.signal('SIGSTOP');
    const before = way.sentBytes();
    const pieces = Array.from({ length: 100 }, (_, index) => store.write('x', index, piece));
    const outcomes = await Promise.allSettled(pieces);
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    expect(way.sentBytes() - before).toBeLessThan(17 * piece.byteLength);
    own.signal('SIGCONT');
    await reaches(store);
    const written = await Promise.all(pieces.map((_, index) => store.write('x', index, piece)));
    expect(new Set(written)).toEqual(new Set(['written']));
  });

  it('for longer than a lease lets nobody be called dead before he could be back', async () => {
    const own = await startRedis(stage);
    const [runs, looks] = [await open(own.url, bounds), await open(own.url, bounds)];
    await runs.create({ ...job, leaseMs: 1_000 });
    own.signal('SIGSTOP');
    await expect(looks.sweep()).rejects.toThrow(StoreAway);
    await expect(runs.sweep()).rejects.toThrow(StoreAway);
    const sinceMs = performance.now();
    await until(
      () => performance.now() - sinceMs > 1_500,
      () => 'the lease has not passed',
    );
    own.signal('SIGCONT');
    await Promise.all([reaches(looks), reaches(runs)]);
    expect(await looks.apply('x', { kind: 'look' })).toMatchObject({ state: 'pending' });
    expect(await runs.apply('x', { kind: 'renew', progress: noProgress })).toMatchObject({ state: 'pending' });
    await until(
      async () => (await looks.apply('x', { kind: 'look' }))?.state === 'lost',
      () => 'the one that says nothing any more is not lost',
    );
  });
});

it('makes a job by one command, so that there is one wait for it and one limit', async () => {
  const own = await startRedis(stage);
  const store = await open(own.url, bounds);
  const { Redis } = await import('ioredis');
  const client = new Redis(own.url);
  stage.onEnd(() => client.disconnect());
  await client.config('RESETSTAT');
  await store.create(job);
  expect(await client.info('commandstats')).toContain('cmdstat_eval:calls=1,');
});

it('calls away what does not serve now; what is wrong with a key is a bug, and stays one', async () => {
  const own = await startRedis(stage);
  const store = await open(own.url, bounds);
  const { Redis } = await import('ioredis');
  const client = new Redis(own.url);
  stage.onEnd(() => client.disconnect());
  await client.set('{weir:jobs}:odd', 'text');
  const bug = await store.apply('odd', { kind: 'look' }).catch((error: unknown) => error);
  expect(bug).toBeInstanceOf(Error);
  expect(bug).not.toBeInstanceOf(StoreAway);
  expect(store.counts().isReachable).toBe(true);
  await client.replicaof('127.0.0.1', 1);
  await expect(store.create(job)).rejects.toThrow(StoreAway);
  await client.replicaof('NO', 'ONE');
  await reaches(store);
  expect(await store.create(job)).toBe('created');
});

it('a Redis whose memory is full has no room for a result, and says so', async () => {
  const own = await startRedis(stage);
  const store = await open(own.url, bounds);
  await store.create(job);
  await store.create({ ...job, id: 'other' });
  const { Redis } = await import('ioredis');
  const client = new Redis(own.url);
  stage.onEnd(() => client.disconnect());
  await client.config('SET', 'maxmemory', '1');
  expect(await store.write('x', 0, Uint8Array.of(1))).toBe('full');
  // Jobs that run are still told of: this one's end, and that another one lives. None is begun.
  expect(await store.apply('other', { kind: 'renew', progress: noProgress })).toMatchObject({ state: 'pending' });
  const failure = { code: 'job_store_full', detail: 'no room' } as const;
  expect(await store.apply('x', { kind: 'failed', failure })).toMatchObject({ state: 'failed', failure });
  expect(await store.create({ ...job, id: 'new' })).toBe('full');
});
