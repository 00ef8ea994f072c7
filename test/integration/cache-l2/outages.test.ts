/** A Redis that is killed, stopped, slow, full, or written to by others: what it costs, and that nothing comes of it. */
import { createServer, type Server, type Socket } from 'node:net';
import type { L2 } from '@weir/node/cache/l2/l2.js';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { Stage, until } from '../../support/stage.js';
import { find, keep, keyOf, l2Node, offerOf, reached } from './l2-nodes.js';

let stage = new Stage();
afterEach(async () => {
  await stage.clear();
  stage = new Stage();
});

const limits = { readTimeoutMs: 50, pieceTimeoutMs: 200, writeTimeoutMs: 500 };
const isOpen = async (l2: L2): Promise<void> =>
  until(
    async () => {
      await find(l2);
      return !l2.isReadable;
    },
    () => 'Redis is still used',
  );

/** What look-ups cost while nothing answers them. */
async function costMs(l2: L2, lookUps: number): Promise<number> {
  const startedAtMs = performance.now();
  for (let i = 0; i < lookUps; i += 1) expect(await find(l2)).toBeNull();
  return performance.now() - startedAtMs;
}

describe('a Redis that', () => {
  it('is away is told with the reason while it lasts, and each look-up that it is spared is counted', async () => {
    const redis = await startRedis(stage);
    const l2 = l2Node(stage, redis.url, limits);
    await reached(l2);
    expect(l2.warnings()).toEqual([]);
    await redis.kill();
    await until(
      () => /^Redis is away \(connect ECONNREFUSED .*\); .* tried until it is back$/.test(l2.warnings().join()),
      () => l2.warnings().join(),
    );
    const { away } = l2.counts().skipped;
    l2.skip();
    expect(l2.counts().skipped.away).toBe(away + 1);
    await startRedis(stage, redis.port);
    await reached(l2);
    expect(l2.warnings()).toEqual([]);
  });

  it('does not take the password is told with where that stands', async () => {
    const redis = await startRedis(stage);
    const operator = new Redis(redis.url);
    await operator.config('SET', 'requirepass', 'right');
    operator.disconnect();
    const l2 = l2Node(stage, redis.url.replace('redis://', 'redis://:mistaken@'), limits);
    await until(
      () => /^Redis is away \(.*\); .* look at user and password in --redis$/.test(l2.warnings().join()),
      () => l2.warnings().join(),
    );
    expect(l2.warnings().join()).not.toContain('mistaken');
  });

  it('stops costs the first few look-ups their limit, and those behind them nothing, and is used again', async () => {
    const redis = await startRedis(stage);
    const l2 = l2Node(stage, redis.url, limits);
    await reached(l2);
    await keep(l2);
    redis.signal('SIGSTOP');
    await isOpen(l2);
    expect(l2.counts().lates).toBeLessThanOrEqual(3);
    // A thousand, each of which would have waited for 50 ms.
    expect(await costMs(l2, 1_000)).toBeLessThan(5_000);
    expect((await l2.lease(keyOf('/x'))).kind).toBe('alone');
    expect(await l2.follow(keyOf('/x'), []).found).toBeNull();
    redis.signal('SIGCONT');
    await reached(l2);
    expect(await find(l2)).toBe('hello');
  });

  it('is killed and comes back empty is used again, and knows nothing', async () => {
    const redis = await startRedis(stage);
    const l2 = l2Node(stage, redis.url, limits);
    await reached(l2);
    await keep(l2);
    await redis.kill();
    await isOpen(l2);
    expect(await costMs(l2, 1_000)).toBeLessThan(5_000);
    await startRedis(stage, redis.port);
    await reached(l2);
    expect(await find(l2)).toBeNull();
    await keep(l2);
    expect(await find(l2)).toBe('hello');
  });

  it('is slow is not used, though it answers, and is when it is quick again', async () => {
    const redis = await startRedis(stage);
    const way = await slowWay(redis);
    const l2 = l2Node(stage, way.url, limits);
    await reached(l2);
    await keep(l2);
    way.delayMs = 150;
    await isOpen(l2);
    // A connection that is slow from its beginning is not taken for well: the probe has the limit of a look-up.
    const lates = l2.counts().lates;
    await until(
      () => l2.counts().lates >= lates + 2,
      () => 'it is not tried again',
    );
    expect(l2.counts().skipped.late).toBeLessThanOrEqual(3);
    way.delayMs = 0;
    await reached(l2);
    expect(await find(l2)).toBe('hello');
  });

  it('evicts what it likes serves whole responses or none', async () => {
    const redis = await startRedis(stage);
    const client = await connectedTo(redis);
    await client.config('SET', 'maxmemory', '4mb');
    await client.config('SET', 'maxmemory-policy', 'allkeys-random');
    const l2 = l2Node(stage, redis.url);
    await reached(l2);
    const body = (i: number): string => String(i).repeat(100_000).slice(0, 100_000);
    let found = 0;
    for (let i = 0; i < 150; i += 1) {
      l2.keep(offerOf(l2, { path: `/${i}`, body: Buffer.from(body(i)) }));
      const at = Math.max(0, i - 5);
      const text = await find(l2, `/${at}`);
      expect(text === null || text === 'broken' || text === body(at)).toBe(true);
      if (text === body(at)) found += 1;
    }
    expect(found).toBeGreaterThan(0);
  });
});

describe('a lease whose answer comes too late', () => {
  it('is given back, so that nobody follows a node that does not know that it leads', async () => {
    const redis = await startRedis(stage);
    const way = await slowWay(redis);
    const collapse = { leaseMs: 60_000, waitMs: 1_000 };
    const [a, b] = [l2Node(stage, way.url, { ...limits, collapse }), l2Node(stage, redis.url, { collapse })];
    await reached(a);
    await reached(b);
    way.delayMs = 150;
    expect((await a.lease(keyOf('/x'))).kind).toBe('alone');
    await until(
      async () => (await b.lease(keyOf('/x'))).kind === 'leads',
      () => 'it is held by nobody, for a minute',
      5_000,
    );
  });
});

describe('a node that can read and not write', () => {
  it('leads nobody, and lets those go whom it led', async () => {
    const redis = await startRedis(stage);
    const way = await slowWay(redis);
    const patient = { leaseMs: 60_000, waitMs: 60_000 };
    const [a, b] = [l2Node(stage, way.url, { collapse: patient }), l2Node(stage, redis.url, { collapse: patient })];
    await reached(a);
    await reached(b);
    const led = await a.lease(keyOf('/x'));
    if (led.kind !== 'leads') throw new Error('it does not lead');
    const following = b.follow(keyOf('/x'), []);
    way.narrow();
    await until(
      () => a.isReadable && a.counts().writes !== 'closed',
      () => JSON.stringify(a.counts()),
    );
    expect((await a.lease(keyOf('/y'))).kind).toBe('alone');
    expect(a.keep({ ...offerOf(a), lease: led.lease })).toBe(true);
    // Long before its patience ends, and before there is anything to find.
    expect(await following.found).toBeNull();
    expect(a.counts().queuedEntries).toBe(1);
  });
});

describe('what waits to be written', () => {
  it('is bounded while Redis is stopped, and refused beyond it', async () => {
    const redis = await startRedis(stage);
    const writeQueueBytes = 1_000_000;
    const l2 = l2Node(stage, redis.url, { ...limits, writeQueueBytes });
    await reached(l2);
    redis.signal('SIGSTOP');
    await isOpen(l2);
    const before = memoryBytes();
    let taken = 0;
    for (let i = 0; i < 5_000; i += 1) {
      if (l2.keep(offerOf(l2, { path: `/${i}`, body: Buffer.alloc(100_000) }))) taken += 1;
      expect(l2.counts().queuedBytes).toBeLessThanOrEqual(writeQueueBytes);
      if (i % 100 === 0) await find(l2);
    }
    expect(l2.counts().offers['queue-full']).toBe(5_000 - taken);
    // Half a gigabyte was offered.
    expect(memoryBytes() - before).toBeLessThan(100_000_000);
    redis.signal('SIGCONT');
    await reached(l2);
    await until(
      () => l2.counts().queuedBytes === 0 && l2.counts().queuedEntries === 0,
      () => JSON.stringify(l2.counts()),
    );
  });
});

describe('what others have written there', () => {
  it('is no response, and harms nobody', async () => {
    const redis = await startRedis(stage);
    const client = await connectedTo(redis);
    const l2 = l2Node(stage, redis.url);
    await reached(l2);
    await keep(l2);
    const [place = ''] = await client.keys('*:k:*');
    const whole = await client.hgetallBuffer(place);
    const spoilt: readonly (readonly [string, string | Buffer])[] = [
      ['h', ''],
      ['h', 'nonsense'],
      ['h', Buffer.concat([Buffer.of(2), (whole['h'] ?? Buffer.of()).subarray(1)])],
      ['h', Buffer.concat([whole['h'] ?? Buffer.of(), Buffer.of(0)])],
      // A list of four billion members, and an extension.
      ['h', Buffer.from('01ddffffffff', 'hex')],
      ['h', Buffer.from('01d47265', 'hex')],
      ['f', ''],
      ['f', 'all '.repeat(5_000)],
      ['f', 'all'],
      ['s', 'x'],
      ['s', '99999'],
      ['p', 'longer than it says'],
      ['b', 'elsewhere'],
      ['n', '7'],
      ['e', 'another'],
      ['g', 'x'],
      ['v', 'x\n'],
    ];
    for (const [field, value] of spoilt) {
      await client.del(place);
      await client.hset(place, { ...whole, [field]: value });
      const text = await find(l2);
      // What is not read, or stands for nothing here, does no harm.
      if (text !== null) expect([field, text]).toEqual([field === 'v' || field === 'n' ? field : '-', 'hello']);
    }
    await client.set(place, 'a text');
    expect(await find(l2)).toBeNull();
    await client.set('{weir:cache}:marks', 'a text');
    expect(await find(l2)).toBeNull();
    await reached(l2);
    await keep(l2, { path: '/y' });
    expect(await find(l2, '/y')).toBe('hello');
  });

  it('breaks a body off rather than ending it early', async () => {
    const redis = await startRedis(stage);
    const client = await connectedTo(redis);
    const l2 = l2Node(stage, redis.url);
    await reached(l2);
    await keep(l2, { body: Buffer.alloc(300_000, 'x') });
    const found = await l2.find(keyOf('/x'), []);
    const [body = ''] = await client.keys('*:b:*');
    await client.hset(body, '2', 'short');
    expect((await found?.body.read(1))?.byteLength).toBe(64 * 1024);
    expect(await found?.body.read(2)).toBeNull();
    await client.hdel(body, '3');
    expect(await found?.body.read(3)).toBeNull();
    expect(l2.counts().broken).toBe(2);
    // Known to be incomplete before anything is sent of it.
    expect(await l2.find(keyOf('/x'), [])).toBeNull();
    expect(l2.counts().skipped.unusable).toBe(1);
  });
});

async function connectedTo({ url }: RedisServer): Promise<Redis> {
  const client = new Redis(url);
  stage.onEnd(() => client.disconnect());
  return client;
}

/** All of the process; of bodies, most is outside of the heap. */
function memoryBytes(): number {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + Math.max(external, arrayBuffers);
}

interface SlowWay {
  readonly url: string;
  /** How much later answers come. */
  delayMs: number;
  /** From now on there is room for the oldest connection alone: of a node, that for reading. */
  narrow(): void;
}

async function slowWay(redis: RedisServer): Promise<SlowWay> {
  const { connect } = await import('node:net');
  const sockets = new Set<Socket>();
  const ways: Socket[] = [];
  let isNarrow = false;
  const server: Server = createServer((downstream) => {
    if (isNarrow) {
      downstream.on('error', () => {}).destroy();
      return;
    }
    ways.push(downstream);
    const upstream = connect(redis.port, '127.0.0.1');
    for (const socket of [downstream, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        downstream.destroy();
        upstream.destroy();
        sockets.delete(socket);
      });
    }
    downstream.on('data', (bytes) => upstream.write(bytes));
    upstream.on('data', (bytes) => {
      if (way.delayMs === 0) downstream.write(bytes);
      else setTimeout(() => downstream.writable && downstream.write(bytes), way.delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stage.onEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  const way: SlowWay = {
    url: `redis://127.0.0.1:${address.port}`,
    delayMs: 0,
    narrow() {
      isNarrow = true;
      for (const socket of ways.slice(1)) socket.destroy();
    },
  };
  return way;
}
