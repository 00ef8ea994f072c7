/** What one node keeps in a real Redis, and another finds there. */
import { sha256 } from '@weir/node/cache/l2/digest.js';
import { entryKey } from '@weir/node/cache/l2/scripts.js';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { Stage } from '../../support/stage.js';
import { find, keep, keyOf, l2Node, offerOf, patient, reached, settled, textOf } from './l2-nodes.js';

const stage = new Stage();
let redis: RedisServer;
let client: Redis;
let [a, b] = [] as unknown as [ReturnType<typeof l2Node>, ReturnType<typeof l2Node>]; // Set before each.
beforeAll(async () => {
  redis = await startRedis(stage);
  client = new Redis(redis.url);
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

describe('what one node keeps', () => {
  it('is found by another, with its head, its age and its body', async () => {
    await keep(a, { tags: ['t1'], headers: ['age', '7', 'x-own', 'yes'] });
    const found = await b.find(keyOf('/x'), []);
    expect(await textOf(found)).toBe('hello');
    expect(found?.stored).toMatchObject({ status: 200, etag: '"1"', part: null, vary: [] });
    expect(found?.stored.headers).toContain('x-own');
    expect(found?.subject.tags).toEqual(['t1']);
    const ageMs = performance.now() - (found?.stored.bornAtMs ?? 0);
    expect(ageMs).toBeGreaterThanOrEqual(7_000);
    expect(ageMs).toBeLessThan(37_000);
    expect(b.counts()).toMatchObject({ hits: 1, misses: 0 });
    expect(a.counts().offers.kept).toBe(1);
  });

  it('is found with a long body, in pieces that no command exceeds, and with an empty one', async () => {
    const long = Buffer.alloc(1_000_001, 'a line of the report\n');
    await keep(a, { path: '/long', body: long });
    await keep(a, { path: '/empty', body: Buffer.alloc(0) });
    const found = await b.find(keyOf('/long'), []);
    expect(found?.body).toMatchObject({ bytes: 1_000_001, pieces: 16 });
    expect((await textOf(found)) === long.toString()).toBe(true);
    expect(await find(b, '/empty')).toBe('');
    for (const key of await client.keys('*:b:*')) {
      for (const piece of await client.hvalsBuffer(key)) expect(piece.byteLength).toBeLessThanOrEqual(64 * 1024);
    }
  });

  it('is found by the fields that it varies by, and not by others', async () => {
    const headers = ['vary', 'accept-language'];
    await keep(a, { headers, asked: ['accept-language', 'de'], body: Buffer.from('hallo') });
    await keep(a, { headers, asked: ['accept-language', 'fr'], body: Buffer.from('salut') });
    expect(await find(b, '/x', ['accept-language', 'de'])).toBe('hallo');
    expect(await find(b, '/x', ['accept-language', 'fr'])).toBe('salut');
    expect(await find(b, '/x', ['accept-language', 'it'])).toBeNull();
    // One that does not vary any more is for all, beside those that do.
    await keep(a);
    expect(await find(b, '/x', ['accept-language', 'it'])).toBe('hello');
  });

  it('goes when it would be of no use to anyone, and nothing stays behind but the marks', async () => {
    await keep(a, { maxAgeS: 30 });
    await keep(a, { path: '/v', maxAgeS: 30, headers: ['vary', 'accept'], body: Buffer.alloc(100_000) });
    expect(a.keep(offerOf(a, { path: '/brief', maxAgeS: 0 }))).toBe(false);
    const keys = await client.keys('*');
    expect(keys).toHaveLength(5);
    for (const key of keys) {
      const leftMs = await client.pttl(key);
      if (key.endsWith(':marks')) expect(leftMs).toBe(-1);
      else expect(leftMs > 0 && leftMs <= 30_000).toBe(true);
      expect(key).not.toMatch(/example|\/v/);
    }
  });

  it('gives way to what is newer, and not to what is older', async () => {
    const older = offerOf(a);
    await keep(b, { body: Buffer.from('newer') });
    expect(a.keep({ ...older, stored: { ...older.stored, askedAtMs: older.stored.askedAtMs - 5_000 } })).toBe(true);
    await settled(a, 1);
    expect(a.counts().offers.older).toBe(1);
    expect(await find(b)).toBe('newer');
    await keep(a, { body: Buffer.from('newest') });
    expect(await find(b)).toBe('newest');
  });

  it('is read to its end by who had begun when it was replaced', async () => {
    await keep(a, { body: Buffer.alloc(200_000, 'old') });
    const found = await b.find(keyOf('/x'), []);
    await keep(a, { body: Buffer.alloc(200_000, 'new') });
    expect((await textOf(found))?.slice(-3)).toBe(Buffer.alloc(200_000, 'old').toString().slice(-3));
    expect((await find(b))?.slice(0, 3)).toBe('new');
  });

  it('is not taken when it is too long, a part, or was asked for before Redis was known', async () => {
    const small = l2Node(stage, redis.url, { bodyBytesMax: 10, writeQueueBytes: 5_000 });
    await reached(small);
    expect(small.keep(offerOf(small, { body: Buffer.alloc(11) }))).toBe(false);
    const offer = offerOf(small);
    const range = { range: { first: 0, last: 4 }, totalBytes: null };
    expect(small.keep({ ...offer, stored: { ...offer.stored, part: range } })).toBe(false);
    expect(small.keep({ ...offer, generation: null })).toBe(false);
    expect(small.counts().offers).toMatchObject({ unfit: 2, unknown: 1, kept: 0 });
  });
});

describe('limits that a reload changes', () => {
  it('hold from then on, for what is read, what is written, and who waits for whom', async () => {
    await keep(a, { body: Buffer.alloc(100) });
    b.use({ ...patient, bodyBytesMax: 99 });
    expect(await find(b)).toBeNull();
    expect(b.counts().skipped.unusable).toBe(1);
    expect(b.keep(offerOf(b, { body: Buffer.alloc(100) }))).toBe(false);
    b.use({ ...patient, keepMaxS: 7 });
    expect(await find(b)).toBe('\0'.repeat(100));
    await keep(b, { path: '/brief' });
    const leftMs = await client.pttl(entryKey(sha256(keyOf('/brief'))));
    expect(leftMs > 0 && leftMs <= 7_000).toBe(true);
    b.use({ ...patient, collapse: null });
    expect((await b.lease(keyOf('/x'))).kind).toBe('alone');
    b.use({ ...patient, writeQueueBytes: 1 });
    expect(b.keep(offerOf(b))).toBe(false);
    expect(b.counts().offers['queue-full']).toBe(1);
  });

  it('give up what waits to be written when it is turned off, but not what is being written', async () => {
    redis.signal('SIGSTOP');
    for (let i = 0; i < 12; i += 1) expect(b.keep(offerOf(b, { path: `/${i}` }))).toBe(true);
    b.use(null);
    const { offers, queuedEntries } = b.counts();
    redis.signal('SIGCONT');
    expect([offers.off, queuedEntries]).toEqual([4, 8]);
    await settled(b, 12);
    expect(b.counts()).toMatchObject({ queuedEntries: 0, queuedBytes: 0, offers: { kept: 8 } });
  });

  it('are none while it is off: nothing is read or written, and purges are told all the same', async () => {
    await keep(a);
    await keep(a, { path: '/y' });
    b.use(null);
    expect([b.isReadable, await find(b), b.keep(offerOf(b)), (await b.lease(keyOf('/x'))).kind]).toEqual([
      false,
      null,
      false,
      'alone',
    ]);
    expect(b.counts()).toMatchObject({ isOn: false, skipped: { off: 1, away: 0 }, offers: { off: 1 } });
    expect(await b.purge({ kind: 'url', authority: 'a.example', path: '/x', query: '' }, false)).toBe(true);
    expect(await find(a)).toBeNull();
    b.use(patient);
    expect([await find(b), await find(b, '/y')]).toEqual([null, 'hello']);
  });
});

describe('a lease', () => {
  it('lets one node fetch, and gives the others what it fetched', async () => {
    const [first, second] = [await a.lease(keyOf('/x')), await b.lease(keyOf('/x'))];
    expect([first.kind, second.kind]).toEqual(['leads', 'follows']);
    const following = b.follow(keyOf('/x'), []);
    if (first.kind !== 'leads') throw new Error('it does not lead');
    a.keep({ ...offerOf(a), lease: first.lease });
    expect(await textOf(await following.found)).toBe('hello');
    expect(b.counts()).toMatchObject({ followed: 1, follows: 1 });
    expect((await b.lease(keyOf('/x'))).kind).toBe('leads');
  });

  it('lets the others go when there is nothing to wait for, and lets nobody wait for what is not stored', async () => {
    const first = await a.lease(keyOf('/x'));
    const following = b.follow(keyOf('/x'), []);
    if (first.kind === 'leads') first.lease.release(false);
    expect(await following.found).toBeNull();
    const again = await b.lease(keyOf('/x'));
    expect(again.kind).toBe('leads');
    const waiting = a.follow(keyOf('/x'), []);
    if (again.kind === 'leads') again.lease.release(true);
    expect(await waiting.found).toBeNull();
    expect((await a.lease(keyOf('/x'))).kind).toBe('alone');
  });

  it('is not waited for longer than the limit, nor by who has left, and ends when its node is gone', async () => {
    const brief = l2Node(stage, redis.url, { collapse: { leaseMs: 300, waitMs: 100 } });
    await reached(brief);
    expect((await brief.lease(keyOf('/x'))).kind).toBe('leads');
    expect(await brief.follow(keyOf('/x'), []).found).toBeNull();
    // Held on by its node for as long as that lives.
    expect(await client.pttl((await client.keys('*:l:*'))[0] ?? '')).toBeGreaterThan(0);
    const following = b.follow(keyOf('/x'), []);
    following.cancel();
    expect(await following.found).toBeNull();
    const orphaned = b.follow(keyOf('/x'), []);
    brief.close();
    expect(await orphaned.found).toBeNull();
    expect((await b.lease(keyOf('/x'))).kind).toBe('leads');
  });
});
