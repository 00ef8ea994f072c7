/** Purges against a real Redis: what was asked for before one is found by nobody after it, however Redis fared meanwhile. */
import type { L2 } from '@weir/node/cache/l2/l2.js';
import type { PurgeTarget } from '@weir/node/cache/purge/marks.js';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { programPath } from '../../support/programs.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { freePort, type Program, Stage, until } from '../../support/stage.js';
import { find, keep, keyOf, l2Node, offerOf, reached, settled } from './l2-nodes.js';

const stage = new Stage();
let redis: RedisServer;
let client: Redis;
let [a, b] = [] as unknown as [L2, L2]; // Set before each.
beforeAll(async () => {
  redis = await startRedis(stage);
  client = new Redis(redis.url);
  client.on('error', () => {});
  stage.onEnd(() => client.disconnect());
});
afterAll(() => stage.clear());
beforeEach(async () => {
  await client.flushall();
  a = l2Node(stage, redis.url);
  b = l2Node(stage, redis.url);
  await reached(a);
  await reached(b);
});

const all: PurgeTarget = { kind: 'all' };
const tag = (name: string): PurgeTarget => ({ kind: 'tag', tag: name });
const prefix = (of: string): PurgeTarget => ({ kind: 'prefix', authority: 'a.example', prefix: of });
const MARKS = '{weir:cache}:marks';

describe('a purge', () => {
  const meant: readonly (readonly [string, PurgeTarget])[] = [
    ['everything', all],
    ['its host', { kind: 'host', authority: 'a.example' }],
    ['its URL', { kind: 'url', authority: 'a.example', path: '/x', query: '' }],
    ['one of its tags', tag('t2')],
    ['a prefix of its path', prefix('/x')],
  ];
  for (const [what, target] of meant) {
    it(`of ${what} means a response on all nodes, also one that is still on its way, and none that is asked for after it`, async () => {
      const tags = ['t1', 't2'];
      await keep(a, { tags });
      const before = a.generation();
      expect(await find(b)).toBe('hello');
      expect(await b.purge(target, false)).toBe(true);
      expect(await find(a)).toBeNull();
      await keep(a, { tags }, before);
      expect(await find(b)).toBeNull();
      expect(await find(a)).toBeNull();
      expect(b.counts().purged).toBeGreaterThan(0);
      await keep(a, { tags });
      expect(await find(b)).toBe('hello');
    });
  }

  it('of something else means it not', async () => {
    await keep(a, { path: '/x/1', tags: ['t1'] });
    const others: readonly PurgeTarget[] = [
      tag('t'),
      tag('t11'),
      prefix('/x/2'),
      prefix('/x/1/'),
      { kind: 'host', authority: 'b.example' },
      { kind: 'url', authority: 'a.example', path: '/x', query: '' },
    ];
    for (const other of others) expect(await b.purge(other, false)).toBe(true);
    expect(await find(b, '/x/1')).toBe('hello');
  });

  it('that is soft tells since when it is stale, once for all, and a hard one takes it away', async () => {
    await keep(a);
    const beforeMs = performance.now();
    await a.purge(all, true);
    const found = await b.find(keyOf('/x'), []);
    const sinceMs = found?.softPurgedAtMs ?? 0;
    expect(sinceMs).toBeGreaterThan(beforeMs - 20_000);
    expect(sinceMs).toBeLessThanOrEqual(performance.now());
    await a.purge(prefix('/x'), true);
    expect((await b.find(keyOf('/x'), []))?.softPurgedAtMs).toBeLessThanOrEqual(sinceMs + 20_000);
    await a.purge(prefix('/x'), false);
    expect(await find(b)).toBeNull();
  });

  it('of ever other prefixes becomes one of the host', async () => {
    await keep(a, { path: '/y' });
    for (let i = 0; i < 64; i += 1) await a.purge(prefix(`/x/${i}`), false);
    expect(await find(b, '/y')).toBe('hello');
    await a.purge(prefix('/x/64'), false);
    expect(await find(b, '/y')).toBeNull();
    expect(await client.hlen(MARKS)).toBe(4);
  });

  it('of a hundred at once leaves what they do not mean', async () => {
    await keep(a, { path: '/y', tags: ['other'] });
    await keep(a, { tags: ['t77'] });
    const told = await Promise.all(Array.from({ length: 100 }, (_, i) => a.purge(tag(`t${i}`), false)));
    expect(told.every((isTold) => isTold)).toBe(true);
    expect(await find(b)).toBeNull();
    expect(await find(b, '/y')).toBe('hello');
    expect(a.counts()).toMatchObject({ pendingPurges: 0, purgeCollapses: 0 });
  });

  it('is said once more, and nothing is read meanwhile, when Redis did not answer', async () => {
    await keep(a);
    redis.signal('SIGSTOP');
    expect(await a.purge(all, false)).toBe(false);
    expect(await find(a)).toBeNull();
    expect(a.counts().pendingPurges).toBe(1);
    redis.signal('SIGCONT');
    await reached(a);
    expect(a.counts().pendingPurges).toBe(0);
    expect(await find(a)).toBeNull();
    await reached(b);
    expect(await find(b)).toBeNull();
  });

  it('finds a place in a Redis whose memory is full', async () => {
    await keep(a);
    await client.config('SET', 'maxmemory', '1');
    try {
      a.keep(offerOf(a, { path: '/new' }));
      await settled(a, 2);
      expect(a.counts().offers['memory-full']).toBe(1);
      expect(await find(b)).toBe('hello');
      expect(await a.purge(all, false)).toBe(true);
      expect(await find(b)).toBeNull();
    } finally {
      await client.config('SET', 'maxmemory', '0');
    }
  });
});

describe('what a request has changed', () => {
  it('is forgotten, also what is still on its way, and what is asked for after it is kept', async () => {
    for (const headers of [[], ['vary', 'accept']]) {
      await keep(a, { headers });
      const before = a.generation();
      b.forget(keyOf('/x'));
      await until(
        () => b.counts().pendingPurges === 0,
        () => 'Redis was not told',
      );
      expect(await find(a)).toBeNull();
      await keep(a, { headers }, before);
      expect(await find(b)).toBeNull();
      await keep(a, { headers });
      expect(await find(b)).toBe('hello');
      await keep(a, { headers }, before);
      expect(await find(b)).toBe('hello');
    }
    expect(a.counts().offers.overtaken).toBe(4);
  });
});

describe('a Redis that has lost its memory', () => {
  it('is empty or has lost its marks alone: nothing of before is found', async () => {
    await keep(a);
    const before = a.generation();
    await client.del(MARKS);
    expect(await find(b)).toBeNull();
    await reached(b);
    expect(await find(b)).toBeNull();
    await reached(a);
    await keep(a, {}, before);
    expect(a.counts().offers.overtaken).toBe(1);
    expect(await find(b)).toBeNull();
    await find(a);
    await keep(a);
    expect(await find(b)).toBe('hello');
  });

  it('was restarted with what it had saved before a purge: nothing of before is found', async () => {
    const folder = stage.folder();
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    const first = persistent(folder, port);
    const node = l2Node(stage, url);
    await reached(node);
    await keep(node);
    const seen = node.generation();
    await onConnection(url, (own) => own.save());
    await node.purge(all, false);
    first.child.kill('SIGKILL');
    await first.exited;
    persistent(folder, port);
    await until(
      () => node.isReadable && node.generation()?.epoch !== seen?.epoch,
      () => 'Redis is not reached again',
    );
    expect(await onConnection(url, (own) => own.keys('*:k:*'))).toHaveLength(1);
    expect(await find(node)).toBeNull();
    const other = l2Node(stage, url);
    await reached(other);
    expect(await find(other)).toBeNull();
  });

  it('has gone back in time without a restart: whoever had seen more does not believe it', async () => {
    await keep(a);
    const saved = await saveAll(redis.url);
    await a.purge(all, false);
    await client.flushall();
    await restoreAll(redis.url, saved);
    expect(await find(a)).toBeNull();
    await reached(a);
    expect(await find(a)).toBeNull();
    expect(await find(b)).toBeNull();
  });
});

/** One that reads at its start what it has saved into this folder. */
function persistent(folder: string, port: number): Program {
  const options = ['--save', '', '--appendonly', 'no', '--dir', folder, '--bind', '127.0.0.1'];
  return stage.run(programPath('redis-server'), ['--port', String(port), ...options], folder);
}

type Saved = readonly (readonly [string, Buffer])[];

async function onConnection<T>(url: string, act: (redis: Redis) => Promise<T>): Promise<T> {
  const own = new Redis(url);
  try {
    return await act(own);
  } finally {
    own.disconnect();
  }
}

const saveAll = (url: string): Promise<Saved> =>
  onConnection(url, async (own) => {
    const keys = await own.keys('*');
    return Promise.all(keys.map(async (key) => [key, await own.dumpBuffer(key)] as const));
  });

const restoreAll = (url: string, saved: Saved): Promise<void> =>
  onConnection(url, async (own) => {
    for (const [key, bytes] of saved) await own.restore(key, key.endsWith(':marks') ? 0 : 60_000, bytes, 'REPLACE');
  });
