/** The cache layer of two nodes over one real Redis: what one has fetched, the other one need not. */
import type { L2 } from '@weir/node/cache/l2/l2.js';
import { createNodeCache } from '@weir/node/cache/node-cache.js';
import { makeCacheSpec } from '@weir/node/cache/testing/specs.js';
import { cache } from '@weir/node/layers/cache.js';
import {
  makeExchange,
  makeRequest,
  type RecordingHandler,
  recordingHandler,
  type ScriptedCall,
  scriptedDispatch,
} from '@weir/node/pipeline/testing/harness.js';
import { makeRoute, makeServices } from '@weir/node/pipeline/testing/specs.js';
import { driveWheel, systemClock } from '@weir/node/time/system-clock.js';
import { TimerWheel } from '@weir/node/time/wheel.js';
import type { CacheSpec } from '@weir/proto/snapshot/cache.js';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { Stage, until } from '../../support/stage.js';
import { l2Node, patient, reached, settled } from './l2-nodes.js';

const outer = new Stage();
let stage = new Stage();
let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis(outer);
});
afterAll(() => outer.clear());
afterEach(() => stage.clear());
beforeEach(() => {
  stage = new Stage();
});

const FRESH = ['cache-control', 'max-age=60', 'etag', '"1"'];

interface LayerNode {
  readonly l2: L2;
  readonly node: ReturnType<typeof createNodeCache>;
  readonly calls: readonly ScriptedCall[];
  send(path: string, headers?: readonly string[]): { readonly handler: RecordingHandler; cancel(): void };
  /** The request to the upstream of that number. */
  call(index: number): Promise<ScriptedCall>;
}

async function layerNode(spec: Partial<CacheSpec> = {}): Promise<LayerNode> {
  const l2 = l2Node(stage, redis.url);
  await reached(l2);
  const timers = new TimerWheel(systemClock, (error) => {
    throw error;
  });
  stage.onEnd(driveWheel(timers));
  const node = createNodeCache({ clock: systemClock, timers, l2 });
  const route = makeRoute({ cache: makeCacheSpec(spec) });
  const layer = cache(route, { ...makeServices(), clock: systemClock, timers, cache: node });
  if (layer === null) throw new Error('a route with a cache has the layer');
  node.use({ memoryBytes: 10_000_000, writingBytes: 1_000_000, bodyBytesMax: 1_000_000, l2: patient }, [route]);
  const upstream = scriptedDispatch();
  const dispatch = layer(upstream.dispatch);
  return {
    ...{ l2, node, calls: upstream.calls },
    send(path, headers = []) {
      const handler = recordingHandler();
      const exchange = makeExchange();
      exchange.deadlineAtMs = systemClock.nowMs() + 60_000;
      return { handler, cancel: dispatch(makeRequest({ path, headers, exchange }), handler) };
    },
    async call(index) {
      await until(
        () => upstream.calls.length > index,
        () => 'the upstream was not asked',
      );
      const made = upstream.calls[index];
      if (made === undefined) throw new Error('there are fewer');
      return made;
    },
  };
}

async function ended(handler: RecordingHandler): Promise<string> {
  await until(
    () => handler.ended,
    () => 'there was no answer',
  );
  return handler.text();
}

/** Each test has URLs of its own. */
let urls = 0;
function newPath(): string {
  urls += 1;
  return `/${urls}`;
}

/** Asked of this node, answered by its upstream, and written to Redis. */
async function fetched(node: LayerNode, path: string, body = 'hello', headers: readonly string[] = FRESH) {
  const before = Object.values(node.l2.counts().offers).reduce((sum, count) => sum + count);
  const index = node.calls.length;
  const { handler } = node.send(path);
  (await node.call(index)).answer(200, [...headers], body);
  expect(await ended(handler)).toBe(body);
  await settled(node.l2, before + 1);
}

describe('what one node has purged', () => {
  const cases = [
    ['everything', (_path: string) => ({ kind: 'all' }) as const],
    ['its tag', (path: string) => ({ kind: 'tag', tag: path }) as const],
    ['a prefix', (path: string) => ({ kind: 'prefix', authority: 'api.example.com', prefix: path }) as const],
  ] as const;
  it.each(cases)('the other one gives up in its own memory: %s', async (_what, targetOf) => {
    const [a, b] = [await layerNode(), await layerNode()];
    const path = newPath();
    const other = newPath();
    const tagged = (tag: string) => [...FRESH, 'surrogate-key', tag];
    await fetched(b, path, 'old', tagged(path));
    await fetched(b, other, 'other', tagged(other));
    const target = targetOf(path);
    expect(await a.node.purgeEverywhere(target, false)).toBe(true);
    await until(
      () => b.l2.counts().heardPurges === 1,
      () => 'it did not hear of the purge',
    );
    const asked = b.send(path).handler;
    (await b.call(2)).answer(200, FRESH, 'new');
    expect(await ended(asked)).toBe('new');
    if (target.kind !== 'all') expect(await ended(b.send(other).handler)).toBe('other');
    expect([b.calls.length, b.l2.counts().lostPurges, a.l2.counts().heardPurges]).toEqual([3, 0, 0]);
  });

  it('the other one gives up when it reaches Redis again', async () => {
    const [a, b] = [await layerNode(), await layerNode()];
    const path = newPath();
    await fetched(b, path, 'old');
    const client = new Redis(redis.url);
    stage.onEnd(() => client.disconnect());
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await a.node.purgeEverywhere({ kind: 'all' }, false);
    await until(
      () => b.l2.counts().heardPurges === 1,
      () => 'it did not hear of the purge',
    );
    const asked = b.send(path).handler;
    (await b.call(1)).answer(200, FRESH, 'new');
    expect(await ended(asked)).toBe('new');
  });

  it('that the log has lost, costs the other one everything in its memory', async () => {
    const b = await layerNode();
    const path = newPath();
    await fetched(b, path, 'old');
    const client = new Redis(redis.url);
    stage.onEnd(() => client.disconnect());
    await client.hincrby('{weir:cache}:marks', 'seq', 1);
    await until(
      () => b.l2.counts().lostPurges === 1,
      () => 'it did not notice',
    );
    // Redis has it still, where nothing means it.
    expect([await ended(b.send(path).handler), b.l2.counts().hits, b.calls.length]).toEqual(['old', 1, 1]);
  });
});

describe('what one node has fetched', () => {
  it('the other one answers with, and from its own memory after that', async () => {
    const [a, b] = [await layerNode(), await layerNode()];
    const path = newPath();
    await fetched(a, path);
    const first = b.send(path).handler;
    expect(await ended(first)).toBe('hello');
    expect(first.headers.join()).toMatch(/cache-status,[^,]*; hit/);
    const second = b.send(path).handler;
    expect([second.ended, second.text()]).toEqual([true, 'hello']);
    expect([b.calls.length, b.l2.counts().hits]).toEqual([0, 1]);
  });

  it('is not found by either after a purge, nor what was on its way when it came', async () => {
    const [a, b] = [await layerNode(), await layerNode()];
    const path = newPath();
    const onItsWay = a.send(path).handler;
    const call = await a.call(0);
    expect(await b.node.purgeEverywhere({ kind: 'url', authority: 'example.test', path, query: '' }, false)).toBe(true);
    expect(await b.node.purgeEverywhere({ kind: 'all' }, false)).toBe(true);
    call.answer(200, FRESH, 'old');
    expect(await ended(onItsWay)).toBe('old');
    await settled(a.l2, 1);
    const asked = b.send(path).handler;
    (await b.call(0)).answer(200, FRESH, 'new');
    expect(await ended(asked)).toBe('new');
    expect(b.l2.counts().purged).toBe(1);
  });

  it('is fetched once for both when they ask together, and its purge is not waited for', async () => {
    const [a, b] = [await layerNode(), await layerNode()];
    const path = newPath();
    const first = a.send(path).handler;
    const call = await a.call(0);
    const others = Array.from({ length: 20 }, () => b.send(path).handler);
    await until(
      () => b.l2.counts().follows === 1,
      () => 'it does not wait for the other node',
    );
    call.answer(200, FRESH, 'once');
    for (const handler of [first, ...others]) expect(await ended(handler)).toBe('once');
    expect([a.calls.length, b.calls.length]).toEqual([1, 0]);
  });

  it("and can't be stored is asked for by each, at once", async () => {
    const [a, b] = [await layerNode(), await layerNode()];
    const path = newPath();
    const first = a.send(path).handler;
    const call = await a.call(0);
    const second = b.send(path).handler;
    await until(
      () => b.l2.counts().follows === 1,
      () => 'it does not wait for the other node',
    );
    call.answer(200, ['cache-control', 'no-store'], 'mine');
    (await b.call(0)).answer(200, ['cache-control', 'no-store'], 'yours');
    expect([await ended(first), await ended(second)]).toEqual(['mine', 'yours']);
    // Nobody waits for such an answer for a while.
    const third = await layerNode();
    third.send(path);
    await third.call(0);
    expect(third.l2.counts()).toMatchObject({ follows: 0, leases: { alone: 1 } });
  });

  it('and failed, or was given up by its client, is asked for by the other one', async () => {
    for (const end of ['fail', 'cancel'] as const) {
      const [a, b] = [await layerNode(), await layerNode()];
      const path = newPath();
      const first = a.send(path);
      const call = await a.call(0);
      const second = b.send(path).handler;
      await until(
        () => b.l2.counts().follows === 1,
        () => 'it does not wait for the other node',
      );
      if (end === 'cancel') first.cancel();
      else call.answer(502, [], 'no');
      (await b.call(0)).answer(200, FRESH, 'yes');
      expect(await ended(second)).toBe('yes');
    }
  });

  it('and was confirmed is as new for all', async () => {
    const [a, b] = [await layerNode(), await layerNode()];
    const path = newPath();
    await fetched(a, path);
    await b.node.purgeEverywhere({ kind: 'all' }, true);
    const asked = b.send(path).handler;
    const call = await b.call(0);
    expect(call.request.headers.join()).toContain('if-none-match,"1"');
    call.answer(304, FRESH, '');
    expect(await ended(asked)).toBe('hello');
    await settled(b.l2, 1);
    const third = await layerNode();
    expect(await ended(third.send(path).handler)).toBe('hello');
    expect(third.calls.length).toBe(0);
  });

  it('is not there for whoever left meanwhile, and long bodies come whole', async () => {
    const [a, b] = [await layerNode(), await layerNode()];
    const path = newPath();
    const long = 'x'.repeat(300_000);
    await fetched(a, path, long);
    const gone = b.send(path);
    const there = b.send(path);
    gone.cancel();
    expect(await ended(there.handler)).toBe(long);
    expect([gone.handler.events, b.calls.length]).toEqual([[], 0]);
  });
});

describe('without Redis', () => {
  it('each node asks for itself, at once', async () => {
    const own = redis;
    const [a] = [await layerNode()];
    const path = newPath();
    own.signal('SIGSTOP');
    try {
      const asked = a.send(path).handler;
      // At most the limit of a look-up, which is patient here.
      (await a.call(0)).answer(200, FRESH, 'own');
      expect(await ended(asked)).toBe('own');
    } finally {
      own.signal('SIGCONT');
    }
  });
});
