import { describe, expect, it } from 'vitest';
import { fakeClock, fakeTimers } from '../pipeline/testing/harness.js';
import { subjectOf } from './inspection.js';
import { createNodeCache, type NodeCache } from './node-cache.js';
import { scopedRoute, sharedPrefix } from './scopes.js';
import { storedOf } from './stored.js';
import { makeCacheSpec } from './testing/specs.js';

const URL = { authority: 'a.example', path: '/x', query: 'b=1&a=2' };
const memory = { memoryBytes: 1_000_000, writingBytes: 1_000_000, bodyBytesMax: 1_000_000, l2: null };
const spec = makeCacheSpec({ staleWhileRevalidateS: 5 });

function setUp() {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const cache = createNodeCache({ clock, timers });
  cache.use(memory, [{ id: 'r', cache: spec }]);
  return { clock, timers, cache };
}

function put(cache: NodeCache, nowMs: number, key: string, tags: readonly string[] = ['t']): void {
  const moments = { askedAtMs: nowMs, receivedAtMs: nowMs, receivedWallMs: 0 };
  const stored = storedOf(200, ['cache-control', 'max-age=60', 'etag', '"1"', 'content-type', 'a/b'], moments, spec);
  const writing = cache.l1.write(4, 100);
  if (writing === null) throw new Error('there is place');
  writing.push(new TextEncoder().encode('body'));
  cache.l1.keep(key, [], stored, writing, subjectOf(URL, tags), cache.marks.seq);
}

describe('an inspection', () => {
  it('tells what is stored for a URL, in whatever order its parameters are asked for', () => {
    const { clock, cache } = setUp();
    put(cache, clock.nowMs(), `${cache.scopes.prefix({ id: 'r', key: spec.key })}https://a.example/x?b=1&a=2`);
    clock.advance(10_000);
    const { variants, isComplete, notStored } = cache.inspect({ ...URL, query: 'a=2&b=1' });
    expect([isComplete, notStored, variants.length]).toEqual([true, null, 1]);
    expect(variants[0]).toMatchObject({ route: 'r', status: 200, ageS: 10, freshS: 50, freshBy: 'max-age' });
    expect(variants[0]).toMatchObject({
      staleWhileRevalidateS: 5,
      bodyBytes: 4,
      etag: '"1"',
      tags: ['t'],
      purged: 'no',
    });
    expect(cache.inspect({ ...URL, path: '/y' }).variants).toEqual([]);
  });

  it('tells what was purged and how, and why something was not stored until it is', () => {
    const { clock, cache } = setUp();
    put(cache, clock.nowMs(), `${cache.scopes.prefix({ id: 'r', key: spec.key })}k`);
    cache.purge({ kind: 'tag', tag: 't' }, true);
    clock.advance(2_000);
    expect(cache.inspect(URL).variants[0]).toMatchObject({ purged: 'soft', freshS: -2 });
    cache.purge({ kind: 'all' }, false);
    expect(cache.inspect(URL).variants[0]).toMatchObject({ purged: 'hard' });
    const { url } = subjectOf(URL, []);
    cache.refusals.note(url, 'set-cookie', 200, 7);
    expect(cache.inspect(URL).notStored).toEqual({ why: 'set-cookie', status: 200, atWallMs: 7 });
    cache.refusals.stored(url);
    expect(cache.inspect(URL).notStored).toBeNull();
  });

  it('shows nothing of a route that is not in force, whose keys are never used again', () => {
    const { clock, cache } = setUp();
    const prefix = cache.scopes.prefix({ id: 'r', key: spec.key });
    put(cache, clock.nowMs(), `${prefix}k`);
    cache.use(memory, []);
    expect(cache.inspect(URL).variants).toEqual([]);
    expect(cache.scopes.prefix({ id: 'r', key: spec.key })).not.toBe(prefix);
  });
});

describe('the keys of two routes', () => {
  it('differ, and so do those of one whose key is made otherwise', () => {
    const { cache } = setUp();
    const { scopes } = cache;
    const other = { ...spec.key, headers: ['x-tenant'] };
    const prefixes = [
      scopes.prefix({ id: 'r', key: spec.key }),
      scopes.prefix({ id: 's', key: spec.key }),
      scopes.prefix({ id: 'r', key: other }),
    ];
    expect(new Set(prefixes).size).toBe(3);
    expect(scopes.prefix({ id: 'r', key: { ...spec.key } })).toBe(prefixes[0]);
  });
});

describe('what is made of answers before they are stored', () => {
  it('is a part of their keys, in memory and in what nodes share', () => {
    const { scopes } = setUp().cache;
    const mask = { fields: [['email']], pii: [], patterns: [], instead: '***', keep: 0, others: 'refuse' } as const;
    const plain = { id: 'r', key: spec.key };
    const made = [plain, { ...plain, mask }, { ...plain, mask: { ...mask, keep: 4 } }];
    expect(new Set(made.map((route) => scopes.prefix(route))).size).toBe(3);
    expect(new Set(made.map(sharedPrefix)).size).toBe(3);
    expect(scopes.prefix({ ...plain, mask: { ...mask } })).toBe(scopes.prefix({ ...plain, mask }));
  });

  it('and so are cookies that are for all, which no other setting gives away', () => {
    const { scopes } = setUp().cache;
    const prefixOf = (setCookie: 'refuse' | 'strip' | 'keep') =>
      scopes.prefix(scopedRoute({ id: 'r' }, { ...spec, setCookie }));
    expect(prefixOf('keep')).not.toBe(prefixOf('refuse'));
    expect(prefixOf('strip')).toBe(prefixOf('refuse'));
  });
});

describe('a reload that lowers the limit', () => {
  it('is made good little by little, by itself', () => {
    const { clock, timers, cache } = setUp();
    for (let i = 0; i < 500; i += 1) put(cache, clock.nowMs(), `1 k${i}`);
    cache.use({ ...memory, memoryBytes: 50_000 }, [{ id: 'r', cache: spec }]);
    clock.advance(1_000);
    expect([cache.counts().bytes <= 50_000, cache.counts().entries > 10, timers.armed]).toEqual([true, true, 0]);
  });
});

describe('the memory of refusals', () => {
  it('forgets the oldest', () => {
    const { cache } = setUp();
    for (let i = 0; i < 10_001; i += 1) cache.refusals.note(`u${i}`, 'private', 200, i);
    expect([cache.refusals.latest('u0'), cache.refusals.latest('u1')?.atWallMs]).toEqual([null, 1]);
  });
});
