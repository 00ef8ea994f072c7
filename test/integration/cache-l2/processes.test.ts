/** Two real `weir up` over one real Redis, each with a control of its own: what they share, and how far a purge reaches. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it } from 'vitest';
import { askAdmin } from '../../support/admin.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { Stage, until } from '../../support/stage.js';
import { type WeirUp, weirUp } from '../../support/weir-up.js';

const stage = new Stage();
afterEach(() => stage.clear());

const LONG_MS = 300_000;
const KEY = 'ops-key-1';

interface Origin {
  readonly url: string;
  /** Paths, in the order in which they were asked for. */
  readonly asked: string[];
  /** What it answers from now on. */
  version: number;
}

async function startOrigin(): Promise<Origin> {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    response.writeHead(200, { 'cache-control': 'public, max-age=3600', 'cache-tag': 'item' });
    response.end(`version ${origin.version}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stage.onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  const origin: Origin = { url: `http://127.0.0.1:${address.port}`, asked, version: 1 };
  return origin;
}

/** Patient with Redis, for a busy machine: what is tested here is not the limit. */
const SHARED = '{ readTimeout: 1s, pieceTimeout: 250ms, writeTimeout: 5s }';

const configFor = (origin: Origin, redis = SHARED): string => `version: 1
gateway:
  listen: "127.0.0.1:0"
  accessLog: false
  cache: { redis: ${redis}, purge: { consumers: ops } }
upstreams: [{ id: app, targets: ["${origin.url}"] }]
consumers: [{ id: ops, keys: [{ sha256: ${createHash('sha256').update(KEY).digest('hex')} }] }]
routes:
  - { id: open, match: /*, cache: true, retry: false }
  - { id: locked, match: /locked/*, cache: { key: { byConsumer: false } }, auth: apiKey, retry: false }
`;

const place = (weir: WeirUp, name: string): string =>
  new RegExp(`^ {2}${name} +(\\S+)`, 'm').exec(weir.said())?.[1] ?? '';

/** The value of a series, 0 where there is none. */
async function metric(weir: WeirUp, series: string): Promise<number> {
  const page = await (await fetch(place(weir, 'metrics'))).text();
  const line = page.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

async function reaches(weir: WeirUp, series: string, wanted = 1): Promise<void> {
  await until(
    async () => (await metric(weir, series)) === wanted,
    () => `${series} is not ${wanted}`,
  );
}

/** Both nodes are asked for the same host, as behind one name; a port of one's own would be another URL. */
async function ask(weir: WeirUp, path: string, method = 'GET'): Promise<{ status: number; body: string }> {
  const headers = { host: 'shop.example', 'x-api-key': KEY };
  const asking = request({ host: '127.0.0.1', port: weir.port, path, method, headers, agent: false }).end();
  const [answer] = (await once(asking, 'response')) as [IncomingMessage]; // What the event gives.
  return { status: answer.statusCode ?? 0, body: await text(answer) };
}

async function purge(weir: WeirUp, body: object): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const at = `${new URL(place(weir, 'admin')).origin}/cache/purge`;
  return (await askAdmin(at, { method: 'POST', headers, body: JSON.stringify(body) })).status;
}

async function startNode(origin: Origin, redis: RedisServer): Promise<WeirUp> {
  const weir = await weirUp(stage, configFor(origin), stage.folder(), ['--redis', redis.url]);
  await reaches(weir, 'weir_cache_l2_readable');
  await reaches(weir, 'weir_cache_l2_writable');
  return weir;
}

/** What A has fetched is where B can find it. */
const KEPT = 'weir_cache_l2_offers_total{outcome="kept"}';

it(
  'what one node has fetched the other one answers, and a purge reaches what they share, and soon the memory of the other',
  async () => {
    const [origin, redis] = [await startOrigin(), await startRedis(stage)];
    const [a, b] = await Promise.all([startNode(origin, redis), startNode(origin, redis)]);

    for (const path of ['/x', '/y']) expect(await ask(a, path)).toEqual({ status: 200, body: 'version 1' });
    await reaches(a, KEPT, 2);
    expect(await ask(b, '/x')).toEqual({ status: 200, body: 'version 1' });
    expect(origin.asked).toEqual(['/x', '/y']);
    expect(await metric(b, 'weir_cache_l2_hits_total')).toBe(1);

    origin.version = 2;
    expect(await purge(a, { tags: ['item'] })).toBe(200);
    expect(await metric(a, 'weir_cache_purge_duration_seconds_count{kind="tag"}')).toBe(1);
    // Of /y B has nothing in its memory, and finds nothing of before the purge in Redis.
    expect((await ask(b, '/y')).body).toBe('version 2');
    expect((await ask(a, '/x')).body).toBe('version 2');
    // Of /x B has a copy of its own. A control tells its own node alone; B hears of it through Redis (docs/cache.md).
    await until(
      async () => (await ask(b, '/x')).body === 'version 2',
      () => 'B still answers /x from its own memory',
    );
  },
  LONG_MS,
);

it(
  'PURGE says what was not done while Redis does not answer, and Redis is told of it afterwards',
  async () => {
    const [origin, redis] = [await startOrigin(), await startRedis(stage)];
    const [a, b] = await Promise.all([startNode(origin, redis), startNode(origin, redis)]);
    expect((await ask(a, '/locked/1')).body).toBe('version 1');
    await reaches(a, KEPT);
    expect((await ask(b, '/locked/2')).body).toBe('version 1');
    await reaches(b, KEPT);
    expect((await ask(a, '/locked/2')).body).toBe('version 1');
    expect(origin.asked).toEqual(['/locked/1', '/locked/2']);
    expect(await ask(a, '/locked/other', 'PURGE')).toEqual({
      status: 200,
      body: '{"purged":"hard","nodes":["node-1"]}',
    });

    origin.version = 2;
    redis.signal('SIGSTOP');
    const untold = await ask(a, '/locked/1', 'PURGE');
    expect([untold.status, untold.body]).toEqual([503, expect.stringContaining('purge_unconfirmed')]);
    expect(untold.body).toMatch(/this node has purged it/);
    expect(await metric(a, 'weir_cache_purges_unconfirmed_total')).toBe(1);
    expect((await ask(a, '/locked/1')).body).toBe('version 2');

    redis.signal('SIGCONT');
    await reaches(a, 'weir_cache_l2_pending_purges', 0);
    await reaches(b, 'weir_cache_l2_readable');
    expect((await ask(b, '/locked/1')).body).toBe('version 2');
  },
  LONG_MS,
);

it(
  'a reload turns sharing off and on again, and whoever asks for it without a Redis is told',
  async () => {
    const [origin, redis] = [await startOrigin(), await startRedis(stage)];
    const [a, b] = await Promise.all([startNode(origin, redis), startNode(origin, redis)]);
    expect(await b.save(configFor(origin, 'false'))).toBe('accepted');
    expect(await metric(b, 'weir_cache_l2_readable')).toBe(0);
    await ask(a, '/x');
    await reaches(a, KEPT);
    await ask(b, '/x');
    expect(origin.asked).toEqual(['/x', '/x']);

    expect(await b.save(configFor(origin, 'true'))).toBe('accepted');
    await reaches(b, 'weir_cache_l2_readable');
    expect(await b.save(configFor(origin))).toBe('accepted');
    await ask(a, '/y');
    await reaches(a, KEPT, 2);
    await ask(b, '/y');
    expect(origin.asked).toEqual(['/x', '/x', '/y']);
    expect(a.said() + b.said()).not.toContain('without --redis');

    const alone = await weirUp(stage, configFor(origin));
    expect(alone.said()).toMatch(/gateway\.cache\.redis: nodes share nothing: they were started without --redis/);
    expect(await alone.save(configFor(origin, 'false'))).toBe('accepted');
    expect(alone.said().match(/without --redis/g)).toHaveLength(1);
  },
  LONG_MS,
);
