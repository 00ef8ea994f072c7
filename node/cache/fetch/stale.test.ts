import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import { describe, expect, it } from 'vitest';
import { credentialFunctions, sha256Hex } from '../../auth/credential-functions.js';
import { compileCredentials } from '../../auth/credentials.js';
import { authenticate } from '../../layers/authenticate.js';
import { fakeClock, makeRequest, recordingHandler } from '../../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../../pipeline/testing/specs.js';
import type { L2 } from '../l2/l2.js';
import { BEFORE_DEADLINE_MS } from '../stale-if-slow.js';
import { setUpLayer, TOTAL_MS } from '../testing/layer-cache.js';
import { makeCacheSpec } from '../testing/specs.js';
import { FAILED_MS, REFRESHES_MAX } from './flights.js';

const refused = failure('connection_refused', 'nobody listens');
const URL = { authority: 'api.example.com', path: '/a', query: '' };

/** A copy that is stale by a second. */
function setUpStale(cacheControl: string, spec: Parameters<typeof setUpLayer>[0] = {}, clientMs?: number) {
  const world = setUpLayer(spec, clientMs);
  world.send();
  world.call(0).answer(200, ['cache-control', `max-age=1${cacheControl}`, 'etag', '"1"'], 'old');
  world.clock.advance(2_000);
  return world;
}

const cacheStatus = ({ handler }: { handler: { headers: readonly string[] } }) =>
  headerValue(handler.headers, 'cache-status');

describe('a stale copy', () => {
  it('is confirmed for all who wait, by one request', () => {
    const { send, call, upstream } = setUpStale('');
    const [first, second] = [send(), send()];
    expect(headerValue(call(1).request.headers, 'if-none-match')).toBe('"1"');
    call(1).answer(304, ['etag', '"1"', 'cache-control', 'max-age=9']);
    expect([first.result(), second.result(), second.handler.text()]).toEqual(['revalidated', 'revalidated', 'old']);
    expect(cacheStatus(second)).toBe('weir; fwd=stale; fwd-status=304; collapsed; ttl=9');
    expect([send().result(), upstream.calls.length]).toEqual(['hit', 2]);
  });

  it('stands in for an upstream that fails or is in trouble, for each who waits', () => {
    const { send, call, upstream, timers } = setUpStale('', { staleIfErrorS: 60 });
    const [first, second] = [send(), send()];
    call(1).fail(refused);
    for (const one of [first, second]) expect([one.result(), one.handler.text()]).toEqual(['stale_error', 'old']);
    const third = send();
    call(2).head(503);
    expect([call(2).cancelled, third.handler.text(), cacheStatus(third)]).toEqual([
      true,
      'old',
      'weir; fwd=stale; fwd-status=503; ttl=-1; detail=stale-if-error',
    ]);
    expect([upstream.calls.length, timers.armed]).toEqual([3, 0]);
  });

  it('stands in for a slow answer as long after the request as the route says, also when it was released meanwhile', () => {
    const { send, call, clock, upstream } = setUpStale('', {
      staleIfErrorS: 60,
      staleIfSlow: { kind: 'after', afterMs: 300 },
    });
    send();
    clock.advance(200);
    const second = send();
    clock.advance(90);
    call(1).answer(200, ['cache-control', 'max-age=1', 'age', '5'], 'too old already');
    expect([upstream.calls.length, second.handler.text()]).toEqual([3, '']);
    clock.advance(210);
    expect([second.result(), second.handler.text()]).toEqual(['stale_slow', 'old']);
  });

  it('is better than an answer that the route gives in place of its upstream', () => {
    const { send, call } = setUpStale('', { staleIfErrorS: 60 });
    const one = send();
    call(1).request.exchange.hasFallenBack = true;
    call(1).answer(200, [], 'sorry');
    expect([one.result(), one.handler.text()]).toEqual(['stale_error', 'old']);
  });

  it('is not used when it was purged while the upstream was asked', () => {
    const { send, call, node, upstream } = setUpStale('', { staleIfErrorS: 60 });
    const one = send();
    node.purge({ kind: 'all' }, false);
    call(1).fail(refused);
    expect([one.handler.failure?.code, upstream.calls.length]).toEqual(['connection_refused', 2]);
  });
});

describe('an answer to a client whose Authorization the gateway has taken off', () => {
  it.each([
    ['is not for the next one, where consumers are not kept apart', false, [], 2],
    ['is for all when the origin says so', false, ['cache-control', 'public'], 1],
    ['is for that consumer where they are', true, [], 1],
  ])('%s', (_claim, byConsumer, said, asked) => {
    const { dispatch, call, upstream } = setUpLayer({ key: { ...makeCacheSpec().key, byConsumer } });
    const credentials = compileCredentials(
      [{ id: 'shop', keyHashes: [sha256Hex('k1')], basic: [] }],
      credentialFunctions(fakeClock(), (text) => text),
    );
    const auth = [{ kind: 'apiKey', in: ['bearer'], consumers: [], hide: true }] as const;
    const checked = authenticate(makeRoute({ auth }), makeServices({ credentials }))?.(dispatch);
    const ask = () => checked?.(makeRequest({ headers: ['authorization', 'Bearer k1'] }), recordingHandler());
    ask();
    expect(headerValue(call(0).request.headers, 'authorization')).toBeUndefined();
    call(0).answer(200, [...said, 'cache-control', 'max-age=60'], 'for one');
    ask();
    expect(upstream.calls.length).toBe(asked);
  });
});

describe('a copy that the origin has replaced by what is not stored', () => {
  /** A second level that nothing is read from, and that says what it is told. */
  const silentL2 = (told: string[]): L2 => ({
    isReadable: false,
    use: () => {},
    skip: () => {},
    warnings: () => [],
    generation: () => null,
    find: async () => null,
    keep: ({ stored }) => told.push(`keep ${stored.status}`) > 0,
    forget: (key) => void told.push(`forget ${key}`),
    purge: async () => true,
    hear: () => {},
    lease: async () => ({ kind: 'alone' }),
    follow: () => {
      throw new Error('nobody leads');
    },
    counts: () => {
      throw new Error('not asked for');
    },
    close: () => {},
  });

  it.each([
    ['a private 200', 200, ['cache-control', 'private']],
    ['a 410', 410, ['cache-control', 'no-store']],
    ['a private 304', 304, ['cache-control', 'private', 'etag', '"1"']],
    ['a 304 that varies by more', 304, ['cache-control', 'max-age=0', 'vary', 'accept', 'etag', '"1"']],
  ])('is gone from both levels: by %s', (_name, status, headers) => {
    const told: string[] = [];
    const { send, call, clock } = setUpLayer({}, undefined, silentL2(told));
    send();
    call(0).answer(200, ['cache-control', 'max-age=1', 'etag', '"1"'], 'old');
    clock.advance(2_000);
    send();
    call(1).answer(status, headers);
    expect([told.length, told[0], told[1]?.startsWith('forget '), told[1]?.includes('/a')]).toEqual([
      2,
      'keep 200',
      true,
      true,
    ]);
    send({ headers: ['accept', 'other'] });
    expect(headerValue(call(2).request.headers, 'if-none-match')).toBeUndefined();
  });

  it('is offered to the second level also where this node has no room for it', () => {
    const told: string[] = [];
    const { send, call, node, notStored } = setUpLayer({}, undefined, silentL2(told));
    node.l1.limit({ bytes: 5_000, writingBytes: 100_000 });
    send();
    call(0).answer(200, ['cache-control', 'max-age=60'], 'x'.repeat(50_000));
    expect([told, notStored, node.l1.entries]).toEqual([['keep 200'], ['not-admitted'], 0]);
  });

  it('does not come back stale, however long it might have been used', () => {
    const { send, call, clock, upstream } = setUpStale(', stale-while-revalidate=86400');
    expect(send().handler.text()).toBe('old');
    call(1).answer(200, ['cache-control', 'private'], 'new');
    clock.advance(3_600_000);
    const one = send();
    expect([one.handler.events, upstream.calls.length]).toEqual([[], 3]);
    call(2).answer(410, ['cache-control', 'no-store']);
    expect(one.handler.status).toBe(410);
  });
});

describe('a stale copy while it is revalidated', () => {
  it('answers at once, and one refresh goes on behind it', () => {
    const { send, call, upstream, node } = setUpStale(', stale-while-revalidate=60');
    const answers = [send(), send(), send({ method: 'HEAD' })];
    expect(answers.map(({ result }) => result())).toEqual(['stale', 'stale', 'stale']);
    expect([upstream.calls.length, node.counts().refreshes, call(1).request.method]).toEqual([2, 1, 'GET']);
    call(1).answer(200, ['cache-control', 'max-age=60'], 'new');
    expect([send().handler.text(), node.counts().refreshes]).toEqual(['new', 0]);
  });

  it('is not refreshed again at once when that came to nothing', () => {
    const { clock, send, call, upstream, attempted } = setUpStale(', stale-while-revalidate=60');
    send();
    call(1).fail(refused);
    expect([send().result(), upstream.calls.length, attempted.length]).toEqual(['stale', 2, 1]);
    clock.advance(FAILED_MS);
    send();
    expect(upstream.calls.length).toBe(3);
  });

  it('is refreshed to the end, though a client that had joined the refresh leaves again', () => {
    const { clock, send, call, node, timers } = setUpStale(', stale-while-revalidate=5');
    send();
    clock.advance(5_000);
    const joined = send();
    expect([joined.result(), node.counts().refreshes]).toEqual(['miss', 0]);
    joined.cancel();
    expect([call(1).cancelled, node.counts().refreshes]).toEqual([false, 1]);
    call(1).answer(200, ['cache-control', 'max-age=60'], 'new');
    expect([send().handler.text(), node.counts().refreshes, timers.armed]).toEqual(['new', 0, 0]);
  });

  it('is refreshed by HEAD, too, with a whole', () => {
    const { send, call } = setUpStale(', stale-while-revalidate=60');
    send({ method: 'HEAD', headers: ['if-none-match', '"9"'] });
    expect([call(1).request.method, call(1).request.headers]).toEqual(['GET', ['if-none-match', '"1"']]);
  });

  it('is refreshed for so many at once, and no more', () => {
    const { clock, send, upstream, node } = setUpLayer();
    for (let i = 0; i <= REFRESHES_MAX; i += 1) {
      send({ path: `/${i}` });
      upstream.last().answer(200, ['cache-control', 'max-age=1, stale-while-revalidate=60'], 'x');
    }
    clock.advance(2_000);
    const before = upstream.calls.length;
    for (let i = 0; i <= REFRESHES_MAX; i += 1) expect(send({ path: `/${i}` }).result()).toBe('stale');
    expect([upstream.calls.length - before, node.counts().refreshRefusals]).toEqual([REFRESHES_MAX, 1]);
  });
});

describe('a stale copy for an answer that is slow', () => {
  const spec = { staleIfErrorS: 60, staleIfSlow: { kind: 'after', afterMs: 300 } } as const;

  it('is given when its time has come, and the fetch goes on and refills', () => {
    const { clock, send, call, timers, attempted } = setUpStale('', spec);
    const [first, second] = [send(), send()];
    clock.advance(299);
    expect(first.handler.ended).toBe(false);
    clock.advance(1);
    for (const one of [first, second]) expect([one.result(), one.handler.text()]).toEqual(['stale_slow', 'old']);
    expect(cacheStatus(first)).toBe('weir; fwd=stale; ttl=-2; detail=stale-if-slow');
    expect(call(1).cancelled).toBe(false);
    const third = send();
    call(1).answer(200, ['cache-control', 'max-age=60'], 'new');
    expect([third.result(), third.handler.text(), send().result()]).toEqual(['collapsed', 'new', 'hit']);
    expect([timers.armed, attempted.length]).toEqual([0, 1]);
  });

  it('is given right before the deadline of the client, with or without a limit', () => {
    const { clock, send } = setUpStale('', { staleIfErrorS: 60 }, 1_000);
    const one = send();
    clock.advance(1_000 - BEFORE_DEADLINE_MS);
    expect([one.result(), one.handler.text()]).toEqual(['stale_slow', 'old']);
  });

  it('leaves the fetch the time of the route, and no longer; a client that leaves before takes its own with it', () => {
    const { clock, send, call, timers, fired } = setUpStale('', spec);
    send().cancel();
    expect(call(1).cancelled).toBe(true);
    send();
    clock.advance(TOTAL_MS - 1);
    expect(call(2).cancelled).toBe(false);
    clock.advance(1);
    expect([call(2).cancelled, fired, timers.armed]).toEqual([true, ['total'], 0]);
  });

  it('comes when most answers would have come, where that is learnt', () => {
    const learnt = { kind: 'learnt', minMs: 10, maxMs: 1_000 } as const;
    const { clock, send, upstream } = setUpLayer({ staleIfErrorS: 600, staleIfSlow: learnt });
    for (let i = 0; i < 200; i += 1) {
      send({ path: `/${i}` });
      clock.advance(50);
      upstream.last().answer(200, ['cache-control', 'max-age=20'], 'x');
    }
    clock.advance(20_000);
    const one = send({ path: '/0' });
    clock.advance(40);
    expect(one.handler.ended).toBe(false);
    clock.advance(20);
    expect(one.result()).toBe('stale_slow');
  });
});

describe('a soft purge', () => {
  it('makes a copy stale, which may stand in all the same, until it is confirmed', () => {
    const { send, call, node } = setUpLayer({ staleIfErrorS: 60 });
    send();
    call(0).answer(200, ['cache-control', 'max-age=60', 'etag', '"1"'], 'old');
    node.purge({ kind: 'url', ...URL }, true);
    const one = send();
    call(1).fail(refused);
    expect([one.result(), one.handler.text()]).toEqual(['stale_error', 'old']);
    send();
    call(2).answer(304, ['etag', '"1"']);
    expect(send().result()).toBe('hit');
  });

  it('lets nobody wait for what was asked before it', () => {
    const { send, call, node, upstream } = setUpLayer();
    const before = send();
    node.purge({ kind: 'tag', tag: 't' }, true);
    const after = send();
    const joined = send();
    expect(upstream.calls.length).toBe(2);
    call(0).answer(200, ['cache-control', 'max-age=60', 'cache-tag', 't'], 'old');
    expect([before.handler.text(), after.handler.ended]).toEqual(['old', false]);
    call(1).answer(200, ['cache-control', 'max-age=60', 'cache-tag', 't'], 'new');
    expect([after, joined, send()].map(({ handler }) => handler.text())).toEqual(['new', 'new', 'new']);
  });
});
