import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import { describe, expect, it } from 'vitest';
import { createAttempt } from '../../pipeline/exchange.js';
import { setUpLayer, TOTAL_MS } from '../testing/layer-cache.js';
import { NOT_SHARED_MS } from './flights.js';

const FRESH = ['cache-control', 'max-age=60'];
const broken = failure('response_incomplete', 'it broke off');

describe('identical requests', () => {
  it('wait for one fetch, and read its answer as it comes, late comers from the beginning', () => {
    const { send, call, upstream, node } = setUpLayer();
    const [leader, second] = [send(), send()];
    expect([upstream.calls.length, node.counts().flights]).toEqual([1, 1]);
    call(0).head(200, FRESH);
    call(0).data('bo');
    expect([leader.handler.text(), second.handler.text()]).toEqual(['bo', 'bo']);
    const late = send();
    expect(late.handler.text()).toBe('bo');
    call(0).data('dy');
    call(0).complete();
    for (const { handler } of [leader, second, late]) expect([handler.text(), handler.ended]).toEqual(['body', true]);
    expect([leader.result(), second.result(), late.result()]).toEqual(['miss', 'collapsed', 'collapsed']);
    expect(headerValue(late.handler.headers, 'cache-status')).toBe('weir; fwd=uri-miss; stored; collapsed; ttl=60');
    expect([upstream.calls.length, node.counts().flights, node.counts().fetches]).toEqual([1, 0, 0]);
  });

  it('are not held up by a slow one, which gets everything in the end', () => {
    const { send, call } = setUpLayer();
    const [slow, fast] = [send(), send()];
    slow.handler.open = false;
    call(0).head(200, FRESH);
    expect([call(0).data('a'), call(0).data('b'), call(0).data('c')]).toEqual([true, true, true]);
    call(0).complete();
    expect([fast.handler.text(), fast.handler.ended, slow.handler.text()]).toEqual(['abc', true, 'a']);
    slow.handler.head?.resume();
    // From here on it reads what was stored, in longer pieces.
    expect([slow.handler.text(), slow.handler.ended]).toEqual(['abc', false]);
    slow.handler.open = true;
    slow.handler.head?.resume();
    expect([slow.handler.text(), slow.handler.ended]).toEqual(['abc', true]);
  });

  it('go on when the one that began leaves, and its attempts are told with it', () => {
    const { send, call, node } = setUpLayer();
    const [leader, second] = [send(), send()];
    call(0).request.exchange.attempts.push(createAttempt('t', 0));
    leader.cancel();
    expect([call(0).cancelled, leader.exchange.attempts.length]).toEqual([false, 1]);
    call(0).answer(200, FRESH, 'body');
    expect([second.handler.text(), second.exchange.attempts.length, node.counts().entries]).toEqual(['body', 0, 1]);
  });

  it('have the time of the route, however little the first one has', () => {
    const { clock, send, call, fired, timers } = setUpLayer();
    send({ headers: ['x-request-timeout-ms', '5'] });
    const second = send();
    clock.advance(TOTAL_MS - 1);
    expect([call(0).request.exchange.deadlineAtMs - 1, call(0).cancelled]).toEqual([clock.nowMs(), false]);
    clock.advance(1);
    // The flight is over; whoever waited asks by itself, for as long as its own deadline lets it.
    expect([call(0).cancelled, fired, second.handler.ended]).toEqual([true, ['total'], false]);
    second.cancel();
    expect(timers.armed).toBe(0);
  });

  it('that wait too long for the answer of another ask by themselves', () => {
    const { clock, send, call, upstream } = setUpLayer({ collapse: { waitersMax: 10, waitMs: 100 } });
    send();
    const second = send();
    clock.advance(100);
    expect(upstream.calls.length).toBe(2);
    call(1).answer(200, FRESH, 'own');
    expect([second.handler.text(), second.result()]).toEqual(['own', 'miss']);
    call(0).answer(200, FRESH, 'late');
  });

  it('are at most so many for one fetch, and none where the route says so', () => {
    const { send, upstream } = setUpLayer({ collapse: { waitersMax: 3, waitMs: 1_000 } });
    for (let i = 0; i < 7; i += 1) send();
    expect(upstream.calls.length).toBe(3);
    const alone = setUpLayer({ collapse: null });
    for (let i = 0; i < 5; i += 1) alone.send();
    expect(alone.upstream.calls.length).toBe(5);
  });

  it('are told apart by what the answer varies by', () => {
    const { send, call, upstream } = setUpLayer();
    const en = ['accept-language', 'en'];
    const de = ['accept-language', 'de'];
    const [first, same, other] = [send({ headers: en }), send({ headers: en }), send({ headers: de })];
    call(0).head(200, [...FRESH, 'vary', 'Accept-Language']);
    expect(upstream.calls.length).toBe(2);
    call(0).data('hello');
    call(0).complete();
    call(1).answer(200, [...FRESH, 'vary', 'Accept-Language'], 'hallo');
    expect([first, same, other].map(({ handler }) => handler.text())).toEqual(['hello', 'hello', 'hallo']);
    // From now on it is known, and each language has a flight of its own.
    const late = [send({ headers: ['accept-language', 'fr'] }), send({ headers: ['accept-language', 'it'] })];
    expect([late.length, upstream.calls.length]).toEqual([2, 4]);
  });
});

describe('an answer that is for one client alone', () => {
  it('goes to the one who asked; the others ask side by side, and for a while nobody waits', () => {
    const { clock, send, call, upstream } = setUpLayer();
    const [leader, ...others] = [send(), send(), send()];
    call(0).answer(200, ['cache-control', 'private'], 'mine');
    expect([leader?.handler.text(), upstream.calls.length]).toEqual(['mine', 3]);
    send();
    expect(upstream.calls.length).toBe(4);
    call(1).answer(200, ['cache-control', 'private'], 'yours');
    expect([others[0]?.handler.text(), others[0]?.result()]).toEqual(['yours', 'miss']);
    clock.advance(NOT_SHARED_MS);
    send();
    send();
    expect(upstream.calls.length).toBe(5);
  });

  it('is nobody’s when the one who asked has left', () => {
    const { send, call, upstream } = setUpLayer();
    const [leader, second] = [send(), send()];
    leader.cancel();
    call(0).head(200, ['cache-control', 'private']);
    expect([call(0).cancelled, upstream.calls.length, second.handler.events]).toEqual([true, 2, []]);
    call(1).answer(200, ['cache-control', 'private'], 'yours');
    expect(second.handler.text()).toBe('yours');
  });

  it('is one as well that must not be used without asking, though it is stored', () => {
    const { send, call, upstream, node } = setUpLayer();
    send();
    send();
    call(0).answer(200, ['cache-control', 'no-cache', 'etag', '"1"'], 'now');
    expect([upstream.calls.length, node.counts().entries]).toEqual([2, 1]);
    expect(headerValue(call(1).request.headers, 'if-none-match')).toBeUndefined();
    send();
    expect(headerValue(call(2).request.headers, 'if-none-match')).toBe('"1"');
  });
});

describe('clients of different kinds', () => {
  const alice = ['authorization', 'x'];

  it('with Authorization share among themselves what is for all, and spoil nothing for those without', () => {
    const { send, call, upstream } = setUpLayer();
    send({ headers: alice });
    const others = [send(), send(), send()];
    expect(upstream.calls.length).toBe(2);
    call(0).answer(200, FRESH, 'hers');
    expect([upstream.calls.length, others[2]?.handler.events]).toEqual([2, []]);
    call(1).answer(200, FRESH, 'theirs');
    expect(others.map(({ handler }) => handler.text())).toEqual(['theirs', 'theirs', 'theirs']);
    const both = [0, 1].map(() => send({ path: '/b', headers: alice }));
    call(2).answer(200, ['cache-control', 'public, max-age=9'], 'public');
    expect([both.map(({ result }) => result()), upstream.calls.length]).toEqual([['miss', 'collapsed'], 3]);
  });

  it('with Authorization do not keep a stale copy from being refreshed for the others', () => {
    const { send, call, clock, upstream, node } = setUpLayer();
    const said = ['cache-control', 'max-age=1, stale-while-revalidate=600'];
    send();
    call(0).answer(200, said, 'old');
    clock.advance(2_000);
    expect(send({ headers: alice }).result()).toBe('stale');
    call(1).answer(200, said, 'for her');
    expect([send().handler.text(), upstream.calls.length]).toEqual(['old', 3]);
    call(2).answer(200, said, 'new');
    expect([send().handler.text(), node.counts().refreshes]).toEqual(['new', 0]);
  });

  it.each(['no-cache', 'max-age=0'])('who insist by %s wait for nobody, on a cold key either', (insists) => {
    const { send, call, upstream } = setUpLayer();
    send();
    const insisting = send({ headers: ['cache-control', insists] });
    send({ headers: ['cache-control', insists] });
    send();
    expect(upstream.calls.length).toBe(3);
    call(1).answer(200, FRESH, 'now');
    expect(insisting.handler.text()).toBe('now');
  });

  it('who select different variants refill them side by side', () => {
    const { send, call, clock, node } = setUpLayer({ staleIfSlow: { kind: 'after', afterMs: 300 }, staleIfErrorS: 60 });
    const variants = ['gzip', 'br'].map((name) => ({ headers: ['accept-encoding', name] }));
    const said = ['cache-control', 'max-age=1', 'vary', 'accept-encoding'];
    for (const [i, variant] of variants.entries()) {
      send(variant);
      call(i).answer(200, said, 'old');
    }
    clock.advance(2_000);
    const both = variants.map(send);
    clock.advance(300);
    expect(both.map(({ result }) => result())).toEqual(['stale_slow', 'stale_slow']);
    expect([call(2).cancelled, call(3).cancelled, node.counts().refreshes]).toEqual([false, false, 2]);
  });

  it('do not stand in line for confirmations that are for one alone', () => {
    const { send, call, clock, upstream } = setUpLayer();
    const said = ['cache-control', 'no-cache', 'etag', '"1"'];
    send();
    call(0).answer(200, said, 'now');
    clock.advance(NOT_SHARED_MS);
    const first = [send(), send(), send()];
    call(1).answer(304, said);
    expect([first[0]?.result(), upstream.calls.length]).toEqual(['revalidated', 4]);
    for (const i of [2, 3]) call(i).answer(304, said);
    send();
    send();
    expect(upstream.calls.length).toBe(6);
  });
});

describe('a fetch that fails', () => {
  it('is told to the one who asked; of the others one asks for all', () => {
    const { send, call, upstream } = setUpLayer();
    const [leader, ...others] = Array.from({ length: 500 }, () => send());
    call(0).fail(failure('connection_refused', ''));
    expect([leader?.handler.failure?.code, upstream.calls.length]).toEqual(['connection_refused', 2]);
    // Who comes now waits with them.
    const late = send();
    call(1).answer(200, FRESH, 'good');
    expect(upstream.calls.length).toBe(2);
    for (const { handler } of [...others, late]) expect(handler.text()).toBe('good');
    expect(send().result()).toBe('hit');
  });

  it('twice, is told to all who have waited for both', () => {
    const { send, call, upstream } = setUpLayer();
    const [, ...others] = Array.from({ length: 500 }, () => send());
    call(0).fail(failure('connection_refused', ''));
    const late = send();
    call(1).fail(failure('connect_timeout', ''));
    for (const { handler } of others) expect(handler.failure?.code).toBe('connect_timeout');
    expect([late.handler.failure, upstream.calls.length]).toEqual([null, 3]);
  });

  it('by a 5xx, sends one, then two, and never more than sixteen at once; each gets an answer of its own', () => {
    const { send, call, upstream, clock } = setUpLayer();
    const all = Array.from({ length: 500 }, () => send());
    const rounds: number[] = [];
    for (let from = 0; from < upstream.calls.length; ) {
      const until = upstream.calls.length;
      rounds.push(until - from);
      for (; from < until; from += 1) call(from).answer(503, [], `${from}`);
      clock.advance(1);
    }
    expect(rounds.slice(0, 7)).toEqual([1, 1, 2, 4, 8, 16, 16]);
    expect([Math.max(...rounds), upstream.calls.length]).toEqual([16, 500]);
    expect(new Set(all.map(({ handler }) => handler.text())).size).toBe(500);
  });

  it('by taking too long, sends one more, and who waits gets what comes first', () => {
    const waitMs = 100;
    const setUpSlow = () => {
      const world = setUpLayer({ collapse: { waitersMax: 10_000, waitMs } });
      const all = Array.from({ length: 500 }, () => world.send());
      world.clock.advance(waitMs);
      expect(world.upstream.calls.length).toBe(2);
      return { ...world, all, late: world.send() };
    };
    const first = setUpSlow();
    first.call(0).answer(200, FRESH, 'first');
    expect(first.all.filter(({ handler }) => handler.text() === 'first')).toHaveLength(499);
    first.call(1).answer(200, FRESH, 'second');
    expect([first.all[1]?.handler.text(), first.late.handler.text()]).toEqual(['second', 'second']);
    const second = setUpSlow();
    second.call(1).answer(200, FRESH, 'second');
    expect(second.all.filter(({ handler }) => handler.text() === 'second')).toHaveLength(499);
    expect([second.upstream.calls.length, second.call(0).cancelled]).toEqual([2, false]);
    const neither = setUpSlow();
    neither.clock.advance(3 * waitMs);
    expect(neither.upstream.calls.length).toBeLessThanOrEqual(5);
  });

  it('in the middle breaks off for all who read it, and is not kept', () => {
    const { send, call, node } = setUpLayer();
    const [leader, second] = [send(), send()];
    call(0).head(200, FRESH);
    call(0).data('half');
    call(0).fail(broken);
    for (const { handler } of [leader, second]) {
      expect([handler.text(), handler.failure?.code]).toEqual(['half', 'response_incomplete']);
    }
    expect([node.counts().entries, node.counts().writingBytes]).toEqual([0, 0]);
  });
});

describe('an answer that turns out to be longer than is stored', () => {
  it('is read to its end by all who have begun, at the pace of the slowest, and kept from nobody else', () => {
    const { send, call, upstream, node, notStored } = setUpLayer({ bodyBytesMax: 3 });
    const [slow, fast] = [send(), send()];
    call(0).head(200, FRESH);
    slow.handler.open = false;
    expect(call(0).data('ab')).toBe(true);
    expect(call(0).data('cd')).toBe(false);
    expect([fast.handler.text(), slow.handler.text(), call(0).resumes]).toEqual(['abcd', 'ab', 0]);
    send();
    expect(upstream.calls.length).toBe(2);
    slow.handler.open = true;
    slow.handler.head?.resume();
    expect([slow.handler.text(), call(0).resumes]).toEqual(['abcd', 1]);
    expect(call(0).data('ef')).toBe(true);
    call(0).complete();
    for (const { handler } of [slow, fast]) expect([handler.text(), handler.ended]).toEqual(['abcdef', true]);
    expect([node.counts().entries, node.counts().writingBytes, notStored]).toEqual([0, 0, ['too-large']]);
  });

  it('goes on when the slow one leaves, and ends when all have', () => {
    const { send, call } = setUpLayer({ bodyBytesMax: 1 });
    const [slow, fast] = [send(), send()];
    call(0).head(200, FRESH);
    slow.handler.open = false;
    call(0).data('a');
    expect(call(0).data('b')).toBe(false);
    slow.cancel();
    expect(call(0).resumes).toBe(1);
    fast.cancel();
    expect(call(0).cancelled).toBe(true);
  });
});
