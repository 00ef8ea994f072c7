import { noProgress } from '@weir/node/jobs/job.js';
import type { JobStore } from '@weir/node/jobs/job-store.js';
import { createRedisStore } from '@weir/node/jobs/redis-store.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
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
  const store = createRedisStore({ url, bounds });
  stage.onEnd(() => store.close());
  await until(
    () => store.counts().isReachable,
    () => 'Redis is not reached',
  );
  return store;
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

const bounds = () => ({ jobsMax: 10, bytesMax: 0 });
const job = { id: 'x', routeId: 'r', owner: null, method: 'GET', leaseMs: 60_000, keepMs: 60_000 };

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
  const left = async (): Promise<number[]> => [
    await client.pttl('{weir:jobs}:x'),
    await client.pttl('{weir:jobs}:x:body'),
  ];
  expect((await left()).every((ms) => ms > 100_000 && ms <= 120_000)).toBe(true);
  await store.apply('x', { kind: 'done', head: { status: 200, headers: [] }, bytes: 1, pieces: 1 });
  expect((await left()).every((ms) => ms > 50_000 && ms <= 60_000)).toBe(true);
  // What is written for a job that Redis has forgotten would stay for ever.
  await client.del('{weir:jobs}:x');
  expect(await store.write('x', 7, Uint8Array.of(1))).toBe('over');
});

it('a Redis that hangs is told as away within a moment', async () => {
  const own = await startRedis(stage);
  const store = await open(own.url, bounds);
  own.signal('SIGSTOP');
  const startedAtMs = performance.now();
  await expect(store.create(job)).rejects.toThrow('timed out');
  // Six times the limit of a command, on a busy machine.
  expect(performance.now() - startedAtMs).toBeLessThan(1_800);
  own.signal('SIGCONT');
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
  await expect(store.create({ ...job, id: 'new' })).rejects.toThrow('OOM');
});
