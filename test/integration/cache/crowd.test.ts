/** Many clients on one key that is not stored, over real sockets: what the upstream sees of them, and what they get. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { rawClient } from '../../support/raw-peer.js';
import { type CacheStage, openStage } from './stage.js';

const CROWD = 1_000;
const FRESH = { 'cache-control': 'max-age=60' };

let stage: CacheStage | null = null;
afterEach(async () => {
  const { weir } = stage ?? {};
  await stage?.close();
  stage = null;
  expect(weir?.bugs).toEqual([]);
});

async function open(cache: string, more = ''): Promise<CacheStage> {
  stage = await openStage(cache, more);
  return stage;
}

const askMany = ({ ask }: CacheStage, count: number) => Promise.all(Array.from({ length: count }, () => ask('/cold')));

/** Someone whose request is the first of all. */
async function leader({ weir, requests }: CacheStage) {
  const client = await rawClient(weir.port);
  client.socket.write(`GET /cold HTTP/1.1\r\nHost: 127.0.0.1:${weir.port}\r\n\r\n`);
  await vi.waitUntil(() => requests() === 1, { timeout: 10_000 });
  return client;
}

/** Until so many wait beside the leader. */
const untilWaiting = ({ weir }: CacheStage, count: number) =>
  vi.waitUntil(async () => (await weir.metric('weir_requests_in_flight{route="all"}')) >= count, { timeout: 20_000 });

describe('a crowd on a cold key', () => {
  it('of a thousand is one request to an upstream that takes half a second, and all are served', async () => {
    const world = await open('true');
    const body = 'x'.repeat(20_000);
    world.answerBy((response) => {
      setTimeout(() => response.writeHead(200, FRESH).end(body), 500);
    });
    const told = await askMany(world, CROWD);
    expect(told.every((one) => one.status === 200 && one.body === body)).toBe(true);
    expect(world.requests()).toBe(1);
    const served = [await world.result('miss'), await world.result('collapsed'), await world.result('hit')];
    expect(served[0]).toBe(1);
    expect(served.reduce((sum, count) => sum + count)).toBe(CROWD);
    expect(await world.weir.metric('weir_cache_stored_total{route="all"}')).toBe(1);
  }, 60_000);

  it('is served all the same when the one who came first is gone', async () => {
    const world = await open('true');
    const held: (() => void)[] = [];
    world.answerBy((response) => held.push(() => response.writeHead(200, FRESH).end('body')));
    const first = await leader(world);
    const others = askMany(world, 50);
    await untilWaiting(world, 51);
    first.socket.destroy();
    await vi.waitUntil(async () => (await world.weir.metric('weir_client_aborts_total{route="all"}')) === 1);
    for (const answer of held.splice(0)) answer();
    expect(new Set((await others).map(({ body }) => body))).toEqual(new Set(['body']));
    expect([world.requests(), await world.result('collapsed')]).toEqual([1, 50]);
  }, 60_000);

  it('does not wait longer for another than the route says, and then asks by itself', async () => {
    const world = await open('{ collapse: { wait: 200ms } }');
    world.answerBy((response, _request, count) => {
      // The first one is never answered.
      if (count > 1) response.writeHead(200, FRESH).end('body');
    });
    const first = await leader(world);
    const told = await askMany(world, 20);
    expect(new Set(told.map(({ body }) => body))).toEqual(new Set(['body']));
    expect(world.requests()).toBeGreaterThan(1);
    first.socket.destroy();
  }, 60_000);

  it('each gets its own answer where it is for one client alone, side by side', async () => {
    const world = await open('true');
    const held: (() => void)[] = [];
    world.answerBy((response, _request, count) => {
      held.push(() => response.writeHead(200, { 'cache-control': 'private' }).end(`for ${count}`));
      if (count === 1) return;
      // All of the others are at the upstream together before any of them is answered.
      if (held.length === 20) for (const answer of held.splice(0)) answer();
    });
    const first = await leader(world);
    const others = askMany(world, 20);
    await untilWaiting(world, 21);
    for (const answer of held.splice(0)) answer();
    await first.until(/for 1$/);
    const bodies = (await others).map(({ body }) => body);
    expect([new Set(bodies).size, world.requests()]).toEqual([20, 21]);
    first.socket.destroy();
  }, 60_000);

  it('asks side by side when the first answer is an error, and stores the good one', async () => {
    const world = await open('true');
    const held: (() => void)[] = [];
    world.answerBy((response, _request, count) => {
      if (count === 1) held.push(() => response.writeHead(503).end('sorry'));
      else response.writeHead(200, FRESH).end('good');
    });
    const first = await leader(world);
    const others = askMany(world, 20);
    await untilWaiting(world, 21);
    for (const answer of held.splice(0)) answer();
    await first.until(/sorry$/);
    expect(new Set((await others).map(({ body }) => body))).toEqual(new Set(['good']));
    expect((await world.ask('/cold')).cacheStatus).toMatch(/^weir; hit; ttl=\d+$/);
    first.socket.destroy();
  }, 60_000);
});

describe('a client that reads slowly', () => {
  it('holds up nobody who waits for the same answer, and gets all of it', async () => {
    const world = await open('true');
    const body = 'y'.repeat(8 * 1024 * 1024);
    const held: (() => void)[] = [];
    world.answerBy((response) => held.push(() => response.writeHead(200, FRESH).end(body)));
    const slow = await leader(world);
    slow.socket.pause();
    const others = askMany(world, 5);
    await untilWaiting(world, 6);
    for (const answer of held.splice(0)) answer();
    expect((await others).every((one) => one.body === body)).toBe(true);
    slow.socket.resume();
    await vi.waitUntil(() => slow.text().length > body.length, { timeout: 20_000 });
    expect(world.requests()).toBe(1);
    slow.socket.destroy();
  }, 60_000);
});
