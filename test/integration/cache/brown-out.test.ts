/** An upstream that goes silent, or dies, while stale copies are at hand: nobody waits for long, and nobody is refused. */
import { afterEach, expect, it, vi } from 'vitest';
import { type CacheStage, openStage } from './stage.js';

const PATHS = Array.from({ length: 20 }, (_, i) => `/item/${i}`);

let stage: CacheStage | null = null;
afterEach(async () => {
  const { weir } = stage ?? {};
  await stage?.close();
  stage = null;
  expect(weir?.bugs).toEqual([]);
});

/** Everything is stored, and a soft purge would make it stale; here it has simply no freshness. */
async function openWarm(cache: string, more = ''): Promise<CacheStage> {
  const world = await openStage(cache, more);
  stage = world;
  world.answerBy((response, request) => {
    response.writeHead(200, { 'cache-control': 'max-age=0', etag: '"1"' }).end(`old ${request.url}`);
  });
  await Promise.all(PATHS.map((path) => world.ask(path)));
  expect(world.requests()).toBe(PATHS.length);
  return world;
}

it('an upstream that is silent for all: everybody gets the copy, and the fetches refill when it is back', async () => {
  const world = await openWarm('{ staleIfSlow: 200ms, staleIfError: 1h }', 'timeouts: { total: 20s, firstByte: 19s }');
  const held: (() => void)[] = [];
  world.answerBy((response, request) => {
    held.push(() => response.writeHead(200, { 'cache-control': 'max-age=60' }).end(`new ${request.url}`));
  });
  for (let round = 0; round < 3; round += 1) {
    const told = await Promise.all(PATHS.flatMap((path) => [world.ask(path), world.ask(path), world.ask(path)]));
    expect(told.filter(({ status, body }) => status === 200 && body.startsWith('old'))).toHaveLength(60);
    expect(told.every(({ cacheStatus }) => cacheStatus.includes('detail=stale-if-slow'))).toBe(true);
  }
  // However many have asked, and gone with a copy: one fetch of each goes on.
  expect(await world.weir.metric('weir_cache_fetches')).toBe(PATHS.length);
  expect(await world.weir.metric('weir_cache_refreshes')).toBe(PATHS.length);
  for (const answer of held.splice(0)) answer();
  await vi.waitUntil(async () => (await world.weir.metric('weir_cache_fetches')) === 0, { timeout: 10_000 });
  const after = await Promise.all(PATHS.map((path) => world.ask(path)));
  expect(after.every(({ body, cacheStatus }) => body.startsWith('new') && cacheStatus.startsWith('weir; hit'))).toBe(
    true,
  );
}, 60_000);

it('an upstream that drops every connection, or says 503: everybody gets the copy', async () => {
  const world = await openWarm('{ staleIfError: 1h }');
  world.answerBy((response, _request, count) => {
    if (count % 2 === 0) response.destroy();
    else response.writeHead(503).end();
  });
  const told = await Promise.all(PATHS.flatMap((path) => [world.ask(path), world.ask(path)]));
  expect(told.filter(({ status, body }) => status === 200 && body.startsWith('old'))).toHaveLength(40);
  expect(await world.result('stale_error')).toBe(40);
}, 60_000);

it('a deadline that is nearer than the answer: the copy comes before it, without any limit for slowness', async () => {
  const world = await openWarm('{ staleIfError: 1h }', 'timeouts: { total: 500ms }');
  world.answerBy(() => {});
  const told = await Promise.all(PATHS.map((path) => world.ask(path)));
  expect(told.filter(({ status }) => status === 200)).toHaveLength(20);
}, 60_000);
