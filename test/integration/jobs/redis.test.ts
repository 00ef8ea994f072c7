/** Jobs that two nodes share by a Redis, and what becomes of them when it, or a node, is killed. All are processes. */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from '../../support/built.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { freePort, Stage, until } from '../../support/stage.js';
import { type WeirUp, weirUp } from '../../support/weir-up.js';
import { type HeldUpstream, holdingUpstream } from './held-upstream.js';
import { ended, handOver, preferring, statusOf } from './job-client.js';

const LONG_MS = 120_000;
/** Of one test. */
const stage = new Stage();
/** Of all: a Redis, and two nodes that have met it, each test's with a config of its own. What a test has ended is started again. */
const shared = new Stage();
let redis: RedisServer;
const nodes: WeirUp[] = [];
const listens: string[] = [];

beforeAll(async () => {
  await ensureBuilt();
  redis = await startRedis(shared);
}, LONG_MS);
afterEach(() => stage.clear(), LONG_MS);
afterAll(() => shared.clear(), LONG_MS);

interface World {
  readonly redis: RedisServer;
  readonly upstream: HeldUpstream;
  readonly nodes: readonly WeirUp[];
  readonly urls: readonly string[];
}

const configFor = (upstream: HeldUpstream, lease: string, keep = '1h', listen = '127.0.0.1:0'): string => `version: 1
gateway:
  listen: "${listen}"
  accessLog: false
  timeouts: { drain: 500ms }
  jobs: { lease: ${lease}, keep: ${keep}, result: 64MiB }
upstreams: [{ id: app, targets: ["${upstream.url}"] }]
routes: [{ id: app, match: /*, async: true }]
`;

/** Nothing is in the Redis, and both nodes, or the first alone, are there and reach it. */
async function world(count = 2, lease = '1s', keep = '1h'): Promise<World> {
  const upstream = await holdingUpstream();
  stage.onEnd(() => upstream.close());
  if (redis.program.isOver()) redis = await startRedis(shared, redis.port);
  // A test that failed may have left it stopped.
  redis.signal('SIGCONT');
  await emptied(redis);
  const wanted = Array.from({ length: count }, (_, index) => index);
  const used = await Promise.all(
    wanted.map((index) => nodeOf(index, (listen) => configFor(upstream, lease, keep, listen))),
  );
  await Promise.all(used.map((node) => reaches(node, true)));
  return { redis, upstream, nodes: used, urls: used.map((node) => `http://127.0.0.1:${node.port}`) };
}

async function emptied({ url }: RedisServer): Promise<void> {
  const client = new Redis(url);
  await client.flushall();
  client.disconnect();
}

async function nodeOf(index: number, configAt: (listen: string) => string): Promise<WeirUp> {
  // A port of its own: one that the system chose would be another one after each kill.
  const listen = listens[index] ?? `127.0.0.1:${await freePort()}`;
  listens[index] = listen;
  const known = nodes[index];
  if (known !== undefined && !known.isOver()) {
    expect(await known.save(configAt(listen))).toBe('accepted');
    return known;
  }
  const node = await weirUp(shared, configAt(listen), known?.folder ?? shared.folder(), ['--redis', redis.url]);
  nodes[index] = node;
  return node;
}

async function reaches(node: WeirUp, isSo: boolean): Promise<void> {
  await until(
    async () => (await node.status()).nodes[0]?.status?.jobs.isReachable === isSo,
    () => `the node ${isSo ? 'does not reach' : 'still reaches'} its store`,
  );
}

/** Kills the node, and waits until its supervisor has started another; the URL of that, which has a port of its own. */
async function killedAndBack(weir: WeirUp): Promise<string> {
  const pid = await weir.nodePid();
  process.kill(pid, 'SIGKILL');
  let port = 0;
  await until(
    async () => {
      const [node] = (await weir.status()).nodes;
      port = node?.status?.listening?.port ?? 0;
      return node?.pid !== pid && port !== 0 && node?.status?.state === 'serving' && node.status.jobs.isReachable;
    },
    () => 'the node was not started again',
  );
  return `http://127.0.0.1:${port}`;
}

/** Requests that were not handed over because the store was away. */
async function refusedByStore(weir: WeirUp): Promise<number> {
  const text = await (await fetch((await weir.status()).nodes[0]?.metrics ?? '')).text();
  return Number(/^weir_jobs_refused_total\{reason="store"\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

const first = <T>(list: readonly T[]): T => nth(list, 0);
function nth<T>(list: readonly T[], index: number): T {
  const one = list[index];
  if (one === undefined) throw new Error('there are fewer');
  return one;
}

describe('a job that is kept in Redis', () => {
  it(
    'is told of and handed out by any node, and by its own after a restart, with all its bytes',
    async () => {
      const { upstream, nodes, urls } = await world();
      const [a, b] = [first(urls), nth(urls, 1)];
      const location = await handOver(a, '/report');
      const { response } = await upstream.asked(1);
      expect(await statusOf(`${b}${location}`)).toMatchObject({ code: 202, state: 'pending' });
      await until(
        async () => (await nth(nodes, 1).status()).nodes[0]?.status?.jobs.stored === 1,
        () => 'a node that makes no jobs does not count those of others',
      );
      const large = Buffer.alloc(20 * 1024 * 1024, 'a line of the report\n');
      response.writeHead(201, { 'x-own': 'yes' });
      response.write(large.subarray(0, 1_000_000));
      await until(
        async () => ((await statusOf(`${b}${location}`)).progress?.bytes ?? 0) > 0,
        () => 'no progress is told',
      );
      expect(await statusOf(`${b}${location}`)).toMatchObject({ progress: { phase: 'body', attempts: 1 } });
      response.end(large.subarray(1_000_000));
      expect(await ended(`${b}${location}`)).toMatchObject({ code: 303, state: 'done' });
      const collect = async (url: string): Promise<void> => {
        const result = await fetch(`${url}${location}`);
        expect([result.status, result.headers.get('x-own')]).toEqual([201, 'yes']);
        expect(Buffer.from(await result.arrayBuffer()).equals(large)).toBe(true);
      };
      await collect(b);
      await collect(a);
      await collect(await killedAndBack(first(nodes)));
    },
    LONG_MS,
  );

  it(
    'is lost, and not pending for ever, when its node is killed in the middle',
    async () => {
      const { nodes, urls, upstream } = await world();
      const location = await handOver(first(urls), '/report');
      await upstream.asked(1);
      const back = killedAndBack(first(nodes));
      expect(await ended(`${nth(urls, 1)}${location}`)).toMatchObject({ code: 200, state: 'lost' });
      const result = await fetch(`${nth(urls, 1)}${location}/result`);
      expect([result.status, ((await result.json()) as { code: string }).code]).toEqual([500, 'job_lost']);
      await back;
    },
    LONG_MS,
  );

  it(
    'is cancelled at once by a DELETE at another node',
    async () => {
      // A lease so long that only the message between the nodes can be what ends the attempt.
      const { urls, upstream } = await world(2, '10m');
      const location = await handOver(first(urls), '/report');
      const { isGone } = await upstream.asked(1);
      expect((await fetch(`${nth(urls, 1)}${location}`, { method: 'DELETE' })).status).toBe(204);
      await until(isGone, () => 'the attempt goes on');
      expect(await statusOf(`${first(urls)}${location}`)).toMatchObject({ state: 'cancelled' });
    },
    LONG_MS,
  );

  it(
    'fails, and says why, when its node is stopped before it is done',
    async () => {
      const { nodes, urls, upstream } = await world();
      const location = await handOver(first(urls), '/report');
      await upstream.asked(1);
      first(nodes).child.kill('SIGTERM');
      await first(nodes).exited;
      expect(first(nodes).said()).toContain('1 exchange had to be cut');
      expect(await statusOf(`${nth(urls, 1)}${location}`)).toMatchObject({
        state: 'failed',
        failure: { code: 'draining' },
      });
    },
    LONG_MS,
  );
});

describe('a Redis that is away', () => {
  it(
    'when a request should be handed over, lets it go on with its client waiting',
    async () => {
      const { redis, nodes, urls, upstream } = await world(1);
      const before = await refusedByStore(first(nodes));
      await redis.kill();
      await reaches(first(nodes), false);
      const answer = fetch(`${first(urls)}/report`, { headers: preferring });
      const { response } = await upstream.asked(1);
      await until(
        async () => (await refusedByStore(first(nodes))) === before + 1,
        () => 'it has not tried to hand over',
      );
      response.end('in person');
      expect([(await answer).status, await (await answer).text()]).toEqual([200, 'in person']);
    },
    LONG_MS,
  );

  it(
    'when it hangs just then, costs no more than a moment',
    async () => {
      const { redis, nodes, urls, upstream } = await world(1);
      const before = await refusedByStore(first(nodes));
      redis.signal('SIGSTOP');
      const answer = fetch(`${first(urls)}/report`, { headers: preferring });
      const { response } = await upstream.asked(1);
      await until(
        async () => (await refusedByStore(first(nodes))) === before + 1,
        () => 'it still waits for the store',
      );
      response.end('in person');
      expect([(await answer).status, await (await answer).text()]).toEqual([200, 'in person']);
      await reaches(first(nodes), false);
      redis.signal('SIGCONT');
      await reaches(first(nodes), true);
      const location = await handOver(first(urls), '/report');
      (await upstream.asked(2)).response.end('by way of a job');
      await ended(`${first(urls)}${location}`);
    },
    LONG_MS,
  );

  it.each([
    ['less', '1m', 0],
    ['longer', '500ms', 2_000],
  ])(
    'for %s than a lease costs nothing: the result is written when it is back',
    async (_what, lease, forMs) => {
      const { redis, nodes, urls, upstream } = await world(1, lease);
      const location = await handOver(first(urls), '/report');
      const { response } = await upstream.asked(1);
      redis.signal('SIGSTOP');
      const sinceMs = performance.now();
      response.end('patience');
      const away = await fetch(`${first(urls)}${location}`, { redirect: 'manual' });
      expect([away.status, ((await away.json()) as { code: string }).code]).toEqual([503, 'job_store_away']);
      expect(away.headers.get('retry-after')).toBe('1');
      await until(
        () => performance.now() - sinceMs > forMs,
        () => 'it has not been away for so long',
      );
      redis.signal('SIGCONT');
      await reaches(first(nodes), true);
      await ended(`${first(urls)}${location}`);
      expect(await (await fetch(`${first(urls)}${location}`)).text()).toBe('patience');
    },
    LONG_MS,
  );

  it(
    'and comes back empty has forgotten the job: it is unknown, and its attempt is let go',
    async () => {
      const { redis, nodes, urls, upstream } = await world(1);
      const location = await handOver(first(urls), '/report');
      const { response, isGone } = await upstream.asked(1);
      response.write(Buffer.alloc(100_000));
      await redis.kill();
      await reaches(first(nodes), false);
      const again = await startRedis(stage, redis.port);
      await reaches(first(nodes), true);
      expect(again.port).toBe(redis.port);
      expect((await fetch(`${first(urls)}${location}`)).status).toBe(404);
      await until(isGone, () => 'the attempt goes on');
      // And the next one is a job again.
      const next = await handOver(first(urls), '/report');
      (await upstream.asked(2)).response.end('as ever');
      await ended(`${first(urls)}${next}`);
      expect(await (await fetch(`${first(urls)}${next}`)).text()).toBe('as ever');
    },
    LONG_MS,
  );

  it(
    'for good, in the middle of a result, ends the attempt when the job would have expired',
    async () => {
      const { redis, urls, upstream } = await world(1, '500ms', '500ms');
      await handOver(first(urls), '/report');
      const { response, isGone } = await upstream.asked(1);
      await redis.kill();
      response.write(Buffer.alloc(1_000_000));
      await until(isGone, () => 'the attempt goes on');
    },
    LONG_MS,
  );
});

it(
  'a job of a node on its own ends with its process: who asks is told so',
  async () => {
    const upstream = await holdingUpstream();
    stage.onEnd(() => upstream.close());
    const node = await weirUp(stage, configFor(upstream, '1s'));
    const url = `http://127.0.0.1:${node.port}`;
    const location = await handOver(url, '/report');
    (await upstream.asked(1)).response.end('gone');
    await ended(`${url}${location}`);
    const answer = await fetch(`${await killedAndBack(node)}${location}`);
    expect(answer.status).toBe(404);
    expect(((await answer.json()) as { detail: string }).detail).toContain('lost');
  },
  LONG_MS,
);

it(
  'the password of a Redis is neither shown nor told',
  async () => {
    const upstream = await holdingUpstream();
    stage.onEnd(() => upstream.close());
    const more = ['--redis', 'redis://:not-to-be-shown@127.0.0.1:1'];
    const node = await weirUp(stage, configFor(upstream, '1s'), stage.folder(), more);
    const answer = fetch(`http://127.0.0.1:${node.port}/`, { headers: preferring });
    (await upstream.asked(1)).response.end('in person');
    expect(await (await answer).text()).toBe('in person');
    expect(node.said()).toContain('redis://127.0.0.1:1');
    expect(node.said() + JSON.stringify(await node.status())).not.toContain('not-to-be-shown');
  },
  LONG_MS,
);
