import type { InspectedRequest } from '@weir/proto/events/cache.js';
import type { CacheSpec } from '@weir/proto/snapshot/cache.js';
import { describe, expect, it } from 'vitest';
import { keyedConsumer } from '../auth/own-consumers.js';
import { fakeClock, fakeTimers } from '../pipeline/testing/harness.js';
import { makeRoute } from '../pipeline/testing/specs.js';
import { compileMatcher } from '../route/router.js';
import { cacheKey } from './cache-key.js';
import { foretell } from './foretell.js';
import { subjectOfAsk } from './inspection.js';
import { createNodeCache } from './node-cache.js';
import { storedOf } from './stored.js';
import { makeCacheSpec } from './testing/specs.js';

const asked: InspectedRequest = {
  ...{ method: 'GET', scheme: 'http', authority: 'a.example', path: '/x', query: 'p=1&utm=a' },
  headers: [],
  consumer: null,
};

const withoutUtm = makeCacheSpec({
  key: { ...makeCacheSpec().key, query: { mode: 'except', names: ['utm'] } },
  staleWhileRevalidateS: 30,
  bypass: { headers: [{ name: 'x-preview', op: 'present', values: [] }], cookies: [], query: [] },
});

function setUp(spec: CacheSpec | null = withoutUtm) {
  const clock = fakeClock();
  const cache = createNodeCache({ clock, timers: fakeTimers(clock) });
  const route = makeRoute({ id: 'r', cache: spec, match: { ...makeRoute().match, hosts: ['a.example'] } });
  const memory = { memoryBytes: 1_000_000, writingBytes: 1_000_000, bodyBytesMax: 1_000_000, l2: null };
  cache.use(memory, [route]);
  /** Stores an answer to this request, as the layer does. */
  const store = (request: InspectedRequest, headers: readonly string[] = ['cache-control', 'max-age=60']): void => {
    if (spec === null) throw new Error('this route stores nothing');
    const ask = { ...request, hasBody: false, consumerId: request.consumer };
    const nowMs = clock.nowMs();
    const moments = { askedAtMs: nowMs, receivedAtMs: nowMs, receivedWallMs: clock.wallMs() };
    const writing = cache.l1.write(0, 1_000);
    if (writing === null) throw new Error('there is place');
    const key = `${cache.scopes.prefix({ id: 'r', key: spec.key })}${cacheKey(ask, spec.key)}`;
    const stored = storedOf(200, headers, moments, spec);
    cache.l1.keep(key, ask.headers, stored, writing, subjectOfAsk(ask, spec.key), cache.marks.seq);
  };
  const now = (more: Partial<InspectedRequest> = {}) =>
    foretell({ ...asked, ...more }, compileMatcher([{ route, target: null }]), cache, clock.nowMs());
  return { clock, cache, store, now };
}

describe('what would be done with a request', () => {
  it('is told by what is stored: nothing, a fresh copy, one that is stale with leave, one that is too old', () => {
    const { clock, store, now } = setUp();
    expect(now()).toEqual({ kind: 'ask', route: 'r', reason: 'uri-miss' });
    store(asked);
    expect(now({ query: 'p=1&utm=other' })).toEqual({ kind: 'hit', route: 'r', isStale: false, refreshes: false });
    clock.advance(61_000);
    expect(now()).toEqual({ kind: 'hit', route: 'r', isStale: true, refreshes: true });
    clock.advance(60_000);
    expect(now()).toEqual({ kind: 'ask', route: 'r', reason: 'stale' });
  });

  it('is told for the consumer that it would come from, who of a token is told with who vouches for it', () => {
    const { store, now } = setUp(makeCacheSpec({ key: { ...makeCacheSpec().key, byConsumer: true } }));
    const consumer = keyedConsumer('alice', 'issuer https://id.example');
    store({ ...asked, consumer });
    expect(now({ consumer })).toMatchObject({ kind: 'hit' });
    expect(now({ consumer: 'alice' })).toMatchObject({ kind: 'ask', reason: 'uri-miss' });
  });

  it('is told by what the request says', () => {
    const { store, now } = setUp();
    store(asked, ['cache-control', 'max-age=60', 'vary', 'accept-language']);
    expect(now({ method: 'POST' })).toEqual({ kind: 'bypass', route: 'r', reason: 'method' });
    expect(now({ headers: ['x-preview', '1'] })).toEqual({ kind: 'bypass', route: 'r', reason: 'bypass' });
    expect(now({ headers: ['cache-control', 'no-cache'] })).toEqual({ kind: 'ask', route: 'r', reason: 'request' });
    expect(now({ headers: ['accept-language', 'de'] })).toEqual({ kind: 'ask', route: 'r', reason: 'vary-miss' });
    expect(now({ query: 'q', headers: ['cache-control', 'only-if-cached'] })).toEqual({
      kind: 'unavailable',
      route: 'r',
    });
  });

  it('is told by the route that takes it, if there is one, and if that has a cache', () => {
    expect(setUp().now({ authority: 'b.example' })).toEqual({ kind: 'no-route' });
    expect(setUp().now({ path: '/a/../b' })).toEqual({ kind: 'no-route' });
    expect(setUp(null).now()).toEqual({ kind: 'no-cache', route: 'r' });
  });

  it('is not told of a POST whose body makes the key', () => {
    const body = { bytesMax: 100, members: [] };
    const { now } = setUp(makeCacheSpec({ key: { ...makeCacheSpec().key, body } }));
    expect(now({ method: 'POST' })).toEqual({ kind: 'ask', route: 'r', reason: 'body' });
    expect(now({ method: 'PUT' })).toEqual({ kind: 'bypass', route: 'r', reason: 'method' });
  });

  it('is told for each consumer, where each has a cache of its own', () => {
    const { store, now } = setUp(makeCacheSpec({ key: { ...makeCacheSpec().key, byConsumer: true } }));
    store({ ...asked, consumer: 'mobile' });
    expect(now({ consumer: 'mobile' }).kind).toBe('hit');
    expect(now({ consumer: 'other' }).kind).toBe('ask');
  });
});

describe('a purge of a URL', () => {
  it('means what is stored without the parameters that its route leaves out', () => {
    for (const query of ['p=1&utm=a', 'utm=other&p=1', 'p=1']) {
      const { cache, store, now } = setUp();
      store(asked);
      expect(cache.inspect({ ...asked, query }).variants).toHaveLength(1);
      cache.purge({ kind: 'url', authority: 'a.example:80', path: '/x', query }, false);
      expect(cache.inspect(asked).variants).toMatchObject([{ purged: 'hard' }]);
      expect(now()).toEqual({ kind: 'ask', route: 'r', reason: 'uri-miss' });
    }
  });

  it('means nothing else', () => {
    const { cache, store, now } = setUp();
    store(asked);
    cache.purge({ kind: 'url', authority: 'a.example', path: '/x', query: 'p=2&utm=a' }, false);
    cache.purge({ kind: 'url', authority: 'a.example', path: '/x', query: 'utm=a' }, false);
    expect(now().kind).toBe('hit');
  });
});
