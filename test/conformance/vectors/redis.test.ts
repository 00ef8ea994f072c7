import { createRedisVectors, type RedisVectors } from '@weir/node/ai/cache/redis-vectors.js';
import { packVector } from '@weir/node/ai/cache/vector-codec.js';
import { BYTES_KEY, scopeKey, USED_KEY, vectorScripts } from '@weir/node/ai/cache/vector-scripts.js';
import { Vectors } from '@weir/node/ai/cache/vectors.js';
import { driveWheel, systemClock } from '@weir/node/time/system-clock.js';
import { TimerWheel } from '@weir/node/time/wheel.js';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { Stage, until } from '../../support/stage.js';
import { along, LONG_MS, limits, nearest, vectorSuite } from './store-suite.js';

const stage = new Stage();
const own = new Stage();
let redis: RedisServer;
let client: Redis;
beforeAll(async () => {
  redis = await startRedis(stage);
  client = await clientOf(redis.url);
});
afterEach(async () => {
  await own.clear();
  await client.flushall();
});
afterAll(() => stage.clear());

async function clientOf(url: string): Promise<Redis> {
  const made = new Redis(url, { lazyConnect: true });
  stage.onEnd(() => made.disconnect());
  await made.connect();
  return made;
}

async function node(url = redis.url): Promise<RedisVectors> {
  const timers = new TimerWheel(systemClock, (error) => {
    throw error;
  });
  own.onEnd(driveWheel(timers));
  const vectors = createRedisVectors(new Vectors(), { url, clock: systemClock, timers, random: Math.random });
  own.onEnd(() => vectors.close());
  vectors.open(limits);
  await used(vectors);
  return vectors;
}

const used = (vectors: RedisVectors): Promise<void> =>
  until(
    () => vectors.counts().link === 'closed',
    () => `Redis is not used: ${JSON.stringify(vectors.counts())}`,
  );

const toldAll = (vectors: RedisVectors, given: () => number): Promise<void> =>
  until(
    () => Object.values(vectors.counts().tells).reduce((sum, count) => sum + count) >= given(),
    () => JSON.stringify(vectors.counts()),
  );

async function tell(vectors: RedisVectors, key: string, vector = along(1, 0), scope = 's'): Promise<void> {
  const before = vectors.counts().tells.told;
  vectors.add(scope, { key, vector }, LONG_MS, limits);
  await until(
    () => vectors.counts().tells.told > before,
    () => JSON.stringify(vectors.counts()),
  );
}

vectorSuite('Redis, found by another node', async () => {
  const [store, asked] = [await node(), await node()];
  let given = 0;
  const counted = {
    ...{ open: () => store.open(limits), look: store.look.bind(store), close: () => store.close() },
    withoutAnswer: store.withoutAnswer.bind(store),
    add(...added: Parameters<RedisVectors['add']>) {
      given += 1;
      store.add(...added);
    },
  };
  const settled = async (): Promise<void> => {
    await toldAll(store, () => given);
    expect(store.counts().tells.told).toBe(given);
  };
  return { store: counted, asked, settled };
});

describe('vectors in Redis', () => {
  it('are read by each node once, and those that came since', async () => {
    const [a, b] = [await node(), await node()];
    for (let i = 0; i < 70; i += 1) await tell(a, `k${i}`);
    expect(await nearest(b, 's', along(1, 0))).toEqual(['k69', 'k68', 'k67']);
    await tell(a, 'new');
    expect((await nearest(b, 's', along(1, 0)))[0]).toBe('new');
    expect((await nearest(b, 's', along(1, 0)))[0]).toBe('new');
    expect(b.counts()).toMatchObject({ taken: 71, refused: 0, looks: { current: 3 } });
  });

  it('are found by a node that was started later, and by one that was started again', async () => {
    await tell(await node(), 'k');
    for (let start = 0; start < 2; start += 1) expect(await nearest(await node(), 's', along(1, 0))).toEqual(['k']);
  });

  it('end with the last of them, with all that was written about them', async () => {
    const a = await node();
    a.add('s', { key: 'k', vector: along(1, 0) }, 2_000, limits);
    await toldAll(a, () => 1);
    for (const key of [scopeKey('s'), USED_KEY, BYTES_KEY]) {
      const leftMs = await client.pttl(key);
      expect(leftMs).toBeGreaterThan(0);
      expect(leftMs).toBeLessThanOrEqual(2_000);
    }
    await until(
      async () => (await client.dbsize()) === 0,
      () => 'something is left',
    );
  });

  it('written by others are taken as far as they make sense', async () => {
    const a = await node();
    await tell(a, 'good');
    const until = String(Date.now() + LONG_MS);
    const packed = Buffer.from(packVector(along(1, 0)));
    for (const fields of [
      ...[
        ['x', 'y'],
        ['k', 'strange', 'u', until, 'v', 'nonsense'],
        ['k', 'x'.repeat(300), 'u', until, 'v', packed],
      ],
      ...[
        ['k', 'endless', 'u', 'inf', 'v', packed],
        ['k', 'newer', 'u', until, 'v', Buffer.from([2, ...packed.subarray(1)])],
      ],
    ])
      await client.xadd(scopeKey('s'), '*', ...fields);
    await tell(a, 'last');
    const b = await node();
    expect(await nearest(b, 's', along(1, 0))).toEqual(['last', 'good']);
    expect(b.counts()).toMatchObject({ taken: 2, refused: 4, looks: { current: 1 } });
  });

  it('under a key that is something else are not read, and the node goes by what it knows', async () => {
    const a = await node();
    await client.set(scopeKey('s'), 'not ours');
    a.add('s', { key: 'mine', vector: along(1, 0) }, LONG_MS, limits);
    await toldAll(a, () => 1);
    expect(await nearest(a, 's', along(1, 0))).toEqual(['mine']);
    expect(a.counts()).toMatchObject({ link: 'closed', tells: { unusable: 1 }, looks: { unusable: 1 } });
  });

  it('that are gone there, or have begun anew, are read from the beginning', async () => {
    const [a, b] = [await node(), await node()];
    await tell(a, 'first');
    expect(await nearest(b, 's', along(1, 0))).toEqual(['first']);
    await client.flushall();
    expect(await nearest(b, 's', along(1, 0))).toEqual(['first']);
    // As by a Redis whose clock was set back: its numbers are smaller than those that were read.
    const packed = Buffer.from(packVector(along(1, 0)));
    await client.xadd(scopeKey('s'), '1-1', 'k', 'second', 'u', String(Date.now() + LONG_MS), 'v', packed);
    expect(await nearest(b, 's', along(1, 0))).toEqual(['second', 'first']);
  });

  it('are not kept where its memory is full, and it is said', async () => {
    const a = await node();
    await client.config('SET', 'maxmemory', '1');
    try {
      a.add('s', { key: 'k', vector: along(1, 0) }, LONG_MS, limits);
      await toldAll(a, () => 1);
      expect(a.counts().tells).toMatchObject({ full: 1, told: 0 });
      expect(await nearest(a, 's', along(1, 0))).toEqual(['k']);
    } finally {
      await client.config('SET', 'maxmemory', '0');
    }
  });
});

describe('scopes in Redis', () => {
  const add = async (scope: string, { entries = 10, bytes = 1e9, scopes = 1e9 }, vector = along(1, 0)) => {
    const numbers = [LONG_MS, entries, 200, bytes, scopes].map(String);
    const args = [scope, 'k', Buffer.from(packVector(vector)), ...numbers];
    const given = await client.eval(vectorScripts.add, 3, scopeKey(scope), USED_KEY, BYTES_KEY, ...args);
    const all = await client.hgetall(BYTES_KEY);
    const { '': total, ...each } = Object.fromEntries(Object.entries(all).map(([name, text]) => [name, Number(text)]));
    expect(total).toBe(Object.values(each).reduce((sum, of) => sum + of, 0));
    const names = (await client.zrange(USED_KEY, '0', '-1')).toSorted();
    expect(Object.keys(each).toSorted()).toEqual(names);
    return { given, total, names };
  };

  it('are so many, and have so many bytes together; the one not used for the longest time goes first', async () => {
    for (const scope of ['a', 'b', 'c']) await add(scope, {});
    // One of them is asked for.
    await passedMs(3);
    await client.eval(vectorScripts.read, 2, scopeKey('a'), USED_KEY, 'a', '', '32');
    await passedMs(3);
    expect(await add('d', { scopes: 3 })).toMatchObject({ given: 1, names: ['a', 'c', 'd'] });
    // An entry has 209 bytes.
    expect(await add('d', { bytes: 3 * 209 })).toMatchObject({ given: 1, names: ['a', 'd'], total: 3 * 209 });
    expect(await client.exists(scopeKey('b'), scopeKey('c'))).toBe(0);
    expect(await client.exists(scopeKey('a'), scopeKey('d'))).toBe(2);
  });

  it('count what is there: no more than their entries, and nothing of those that have ended', async () => {
    for (let i = 0; i < 5; i += 1) await add('a', { entries: 3 });
    expect(await add('a', { entries: 3 })).toMatchObject({ total: 3 * 209 });
    await client.del(scopeKey('a'));
    expect(await add('b', {})).toMatchObject({ given: 0, names: ['b'], total: 209 });
    await client.del(USED_KEY);
    expect(await add('c', {})).toMatchObject({ names: ['c'], total: 209 });
  });
});

const passedMs = (ms: number): Promise<void> => {
  const endMs = performance.now() + ms;
  return until(
    () => performance.now() >= endMs,
    () => 'time stands still',
  );
};

describe('a Redis that', () => {
  const quick = { ...limits, withinMs: 20, answerWithinMs: 50 };

  it('stops costs the first few questions their limit and the others nothing, and is read again when it goes on', async () => {
    const server = await startRedis(own);
    const [a, b] = [await node(server.url), await node(server.url)];
    await tell(a, 'k');
    expect(await nearest(b, 's', along(1, 0))).toEqual(['k']);
    server.signal('SIGSTOP');
    await until(
      async () => {
        await nearest(b, 's', along(1, 0), 0.9, quick);
        return b.counts().link === 'open';
      },
      () => `it is still used: ${JSON.stringify(b.counts())}`,
    );
    const { late } = b.counts().looks;
    const startedAtMs = performance.now();
    for (let i = 0; i < 1_000; i += 1) expect(await nearest(b, 's', along(1, 0), 0.9, quick)).toEqual(['k']);
    // A thousand, each of which would have waited for 20 ms.
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
    expect(b.counts().looks.late - late).toBeLessThan(20);
    b.add('s', { key: 'untold', vector: along(1, 0) }, LONG_MS, quick);
    expect((await nearest(b, 's', along(1, 0), 0.9, quick))[0]).toBe('untold');
    server.signal('SIGCONT');
    await used(a);
    await used(b);
    await tell(b, 'told');
    expect((await nearest(a, 's', along(1, 0)))[0]).toBe('told');
  });

  it('is killed takes nothing from a node but what others knew, and is filled again', async () => {
    const server = await startRedis(own);
    const [a, b] = [await node(server.url), await node(server.url)];
    await tell(a, 'old');
    expect(await nearest(b, 's', along(1, 0))).toEqual(['old']);
    await server.kill();
    await until(
      () => b.counts().link !== 'closed',
      () => 'it is still used',
    );
    expect(await nearest(b, 's', along(1, 0), 0.9, quick)).toEqual(['old']);
    await startRedis(own, server.port);
    await used(a);
    await used(b);
    await tell(a, 'new');
    expect(await nearest(b, 's', along(1, 0))).toEqual(['new', 'old']);
  });
});
