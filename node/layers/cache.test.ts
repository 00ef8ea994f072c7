import { failure } from '@weir/proto/http/failures.js';
import { combinedValue, headerValue } from '@weir/proto/http/headers.js';
import { describe, expect, it } from 'vitest';
import { setUpLayer } from '../cache/testing/layer-cache.js';
import { makeCacheSpec } from '../cache/testing/specs.js';
import { fakeBody, makeExchange } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { cache } from './cache.js';

const FRESH = ['cache-control', 'max-age=60'];
const refused = failure('connection_refused', 'nobody listens');
const cacheStatus = ({ headers }: { readonly headers: readonly string[] }) => headerValue(headers, 'cache-status');

describe('the cache layer', () => {
  it('is not there for a route without a cache, or one that answers by itself', () => {
    const action = { kind: 'respond', status: 200, headers: [], body: '' } as const;
    expect(cache(makeRoute(), makeServices())).toBeNull();
    expect(cache(makeRoute({ action, cache: makeCacheSpec() }), makeServices())).toBeNull();
  });

  it('asks once, and answers the next one from what it has stored, saying so', () => {
    const { clock, upstream, send, call, stored } = setUpLayer();
    const first = send();
    call(0).answer(200, FRESH, 'body');
    expect([first.handler.text(), first.result(), cacheStatus(first.handler)]).toEqual([
      'body',
      'miss',
      'weir; fwd=uri-miss; stored; ttl=60',
    ]);
    clock.advance(7_000);
    const second = send();
    expect([second.handler.text(), second.result(), cacheStatus(second.handler)]).toEqual([
      'body',
      'hit',
      'weir; hit; ttl=53',
    ]);
    expect([headerValue(second.handler.headers, 'age'), upstream.calls.length, stored()]).toEqual(['7', 1, 1]);
  });

  it('says why there is no answer to a client that wants a stored one alone', () => {
    const { send, upstream } = setUpLayer();
    const { handler } = send({ headers: ['cache-control', 'only-if-cached'] });
    expect([handler.failure?.code, handler.failure?.headers, upstream.calls.length]).toEqual([
      'not_cached',
      ['cache-status', 'weir; detail=only-if-cached'],
      0,
    ]);
  });

  it('keeps what is meant for this gateway to itself, and tags as well unless they may pass', () => {
    const headers = [...FRESH, 'weir-cache-control', 'max-age=9', 'surrogate-key', 'a b', 'cache-tag', 'c'];
    for (const passesTags of [false, true]) {
      const { node, send, call } = setUpLayer({ passesTags });
      const sent = send();
      call(0).answer(200, headers, 'body');
      for (const { handler } of [sent, send()]) {
        expect(headerValue(handler.headers, 'weir-cache-control')).toBeUndefined();
        expect(headerValue(handler.headers, 'surrogate-key')).toBe(passesTags ? 'a b' : undefined);
      }
      node.purge({ kind: 'tag', tag: 'c' }, false);
      expect(send().handler.ended).toBe(false);
    }
  });

  it('says to origins that it is a surrogate where it heeds their word for these, whatever a client says, and keeps it to itself', () => {
    const spec = { targets: ['surrogate-control'], surrogate: 'edge' };
    for (const method of ['GET', 'POST']) {
      const { send, call } = setUpLayer(spec);
      const { handler } = send({ method, headers: ['surrogate-capability', 'x="ESI/1.0"'] });
      call(0).answer(200, ['surrogate-control', 'max-age=9'], 'body');
      expect(combinedValue(call(0).request.headers, 'surrogate-capability')).toBe('edge="Surrogate/1.0"');
      expect(headerValue(handler.headers, 'surrogate-control')).toBeUndefined();
    }
    const { send, call } = setUpLayer();
    send();
    expect(headerValue(call(0).request.headers, 'surrogate-capability')).toBeUndefined();
  });

  it('does not keep a body that breaks off, and tells the client', () => {
    const { send, call, node, notStored, upstream } = setUpLayer();
    const { handler } = send();
    call(0).head(200, FRESH);
    call(0).data('half');
    call(0).fail(failure('response_incomplete', 'it broke off'));
    expect([handler.text(), handler.failure?.code, notStored]).toEqual(['half', 'response_incomplete', ['incomplete']]);
    expect([node.counts().entries, node.counts().writingBytes, node.counts().fetches]).toEqual([0, 0, 0]);
    send();
    expect(upstream.calls.length).toBe(2);
  });

  it('says why an answer was not stored, to the client and to whoever inspects it', () => {
    const { send, call, node, notStored } = setUpLayer();
    const { handler } = send();
    call(0).answer(200, ['cache-control', 'private'], 'mine');
    expect([handler.text(), cacheStatus(handler), notStored]).toEqual([
      'mine',
      'weir; fwd=uri-miss; detail=private',
      ['private'],
    ]);
    const { notStored: noted } = node.inspect({ authority: 'api.example.com', path: '/a', query: '' });
    expect(noted).toMatchObject({ why: 'private', status: 200 });
  });

  it('does not store what has more tags than can be kept, or is longer than it stores', () => {
    const { send, call, notStored } = setUpLayer({ bodyBytesMax: 3 });
    send();
    call(0).answer(200, [...FRESH, 'cache-tag', Array.from({ length: 300 }, (_, i) => `t${i}`).join()], 'b');
    const { handler } = send({ path: '/b' });
    call(1).head(200, FRESH, 4);
    call(1).data('long');
    call(1).complete();
    const unforeseen = send({ path: '/c' });
    call(2).answer(200, FRESH, 'long');
    expect([handler.text(), unforeseen.handler.text(), notStored]).toEqual([
      'long',
      'long',
      ['tags', 'too-large', 'too-large'],
    ]);
  });

  it('answers conditions, ranges and HEAD from a stored whole', () => {
    const { send, call, upstream } = setUpLayer();
    send();
    call(0).answer(200, [...FRESH, 'etag', '"1"'], 'body');
    const notModified = send({ headers: ['if-none-match', '"1"'] });
    const part = send({ headers: ['range', 'bytes=1-2'] });
    const head = send({ method: 'HEAD' });
    expect([notModified.handler.status, notModified.handler.text()]).toEqual([304, '']);
    expect([part.handler.status, part.handler.text(), part.handler.head?.lengthBytes]).toEqual([206, 'od', 2]);
    expect([head.handler.status, head.handler.text(), head.handler.head?.lengthBytes]).toEqual([200, '', 4]);
    expect(upstream.calls.length).toBe(1);
  });

  it('keeps the conditions of clients from the upstream where it stores, and answers them itself', () => {
    const { send, call } = setUpLayer();
    const headers = ['if-none-match', '"1"'];
    const storing = send({ headers });
    expect(call(0).request.headers).toEqual([]);
    call(0).answer(200, [...FRESH, 'etag', '"1"'], 'body');
    expect([storing.handler.status, storing.handler.text()]).toEqual([304, '']);
    const passing = send({ path: '/b', headers });
    call(1).answer(200, ['cache-control', 'no-store', 'etag', '"1"'], 'body');
    expect([passing.handler.status, passing.handler.text()]).toEqual([304, '']);
    // Now it is known that nothing will be stored, so the upstream may spare itself the body.
    const known = send({ path: '/b', headers });
    expect(call(2).request.headers).toEqual(headers);
    call(2).answer(304, ['etag', '"1"']);
    expect([known.handler.status, known.result()]).toEqual([304, 'miss']);
  });

  it('goes on storing when its client has left in the middle', () => {
    const { send, call, node, attempted } = setUpLayer();
    const { cancel } = send();
    call(0).head(200, FRESH);
    call(0).data('bo');
    cancel();
    call(0).data('dy');
    call(0).complete();
    expect([call(0).cancelled, send().handler.text(), node.counts().refreshes, attempted]).toEqual([
      false,
      'body',
      0,
      [],
    ]);
  });

  it('cancels what it asks for the first time, when its client has left before there was an answer', () => {
    const { send, call, node, timers } = setUpLayer();
    send().cancel();
    expect([call(0).cancelled, node.counts().fetches, node.counts().flights, timers.armed]).toEqual([true, 0, 0, 0]);
  });

  it('invalidates what a change makes invalid, on its way to the client, and for all variants', () => {
    const { send, call, upstream } = setUpLayer();
    send();
    call(0).answer(200, FRESH, 'old');
    send({ path: '/b' });
    call(1).answer(200, FRESH, 'old b');
    const put = send({ method: 'PUT' });
    call(2).answer(204, ['content-location', '/b']);
    expect([put.result(), cacheStatus(put.handler)]).toEqual(['bypass', 'weir; fwd=method']);
    send();
    send({ path: '/b' });
    expect(upstream.calls.length).toBe(5);
    call(3).answer(200, FRESH, 'new');
    send({ method: 'POST' });
    call(5).answer(500);
    expect(send().handler.text()).toBe('new');
  });

  it('goes past for what the route says, by field, cookie or parameter', () => {
    const present = (name: string) => ({ name, op: 'present', values: [] }) as const;
    const bypass = { headers: [present('x-debug')], cookies: [present('session')], query: [present('nocache')] };
    const { send, call, upstream } = setUpLayer({ bypass });
    send();
    call(0).answer(200, FRESH, 'stored');
    const debug = send({ headers: ['x-debug', ''] });
    send({ headers: ['cookie', 'a=b; session=1'] });
    send({ query: 'nocache=1' });
    expect(upstream.calls.length).toBe(4);
    call(1).answer(200, FRESH, 'live');
    expect([debug.result(), cacheStatus(debug.handler)]).toEqual(['bypass', 'weir; fwd=bypass']);
    expect(send({ headers: ['cookie', 'sessions=1'] }).handler.text()).toBe('stored');
  });

  it('tells devices apart where the route says so', () => {
    const { send, call, upstream } = setUpLayer({ key: { ...makeCacheSpec().key, byDevice: true } });
    const phone = ['user-agent', 'Opera Mini'];
    send({ headers: phone });
    call(0).answer(200, FRESH, 'small');
    expect([send({ headers: phone }).handler.text(), send().handler.text(), upstream.calls.length]).toEqual([
      'small',
      '',
      2,
    ]);
  });

  it('stores answers to POST by their bodies where the route says so, and asks with the same body', () => {
    const body = { bytesMax: 20, members: ['q'] };
    const { send, call, upstream, node } = setUpLayer({ key: { ...makeCacheSpec().key, body } });
    const post = (text: string, bytes: number | null = text.length, headers: readonly string[] = []) => {
      const sent = fakeBody(bytes);
      const asking = send({ method: 'POST', body: sent, headers });
      sent.push(text.slice(0, 3));
      sent.push(text.slice(3));
      sent.end();
      return asking;
    };
    const readBy = (index: number): string => {
      const chunks: string[] = [];
      const read = {
        onChunk: (chunk: Uint8Array) => void chunks.push(new TextDecoder().decode(chunk)),
        onEnd: () => {},
      };
      call(index).request.body?.read({ ...read, onError: () => {} });
      return chunks.join('');
    };
    const [first, same] = [post('{"q":1,"id":7}'), post('{"id":8,"q":1}')];
    expect([upstream.calls.length, call(0).request.method, readBy(0)]).toEqual([1, 'POST', '{"q":1,"id":7}']);
    call(0).answer(200, [...FRESH, 'etag', '"1"'], 'one');
    expect([first, same, post('{"q":1}')].map(({ result }) => result())).toEqual(['miss', 'collapsed', 'hit']);
    const past = [
      post('{"q":2}', null),
      post('{"q":3,"long":"xxxxxxxx"}'),
      post('no json'),
      post('{"q":1}', 7, ['range', 'bytes=0-']),
    ];
    expect(past.map(({ result }) => result())).toEqual(['bypass', 'bypass', 'bypass', 'bypass']);
    expect([readBy(3), node.counts().entries]).toEqual(['no json', 1]);
    // They are questions, so that they invalidate nothing, also where their answers are not kept.
    call(3).answer(200);
    expect(post('{"q":1}').result()).toBe('hit');
  });

  it('answers 504 where only a stored answer is wanted, and there is none', () => {
    const { send, upstream } = setUpLayer();
    const { handler, result } = send({ headers: ['cache-control', 'only-if-cached'] });
    expect([handler.failure?.code, result(), upstream.calls.length]).toEqual(['not_cached', 'unavailable', 0]);
  });

  it('gives nobody an answer that a proxy has made another by what it says of the place', () => {
    const { send, call, upstream } = setUpLayer();
    const behind = (headers: readonly string[], peerTrusted: boolean) => {
      const exchange = Object.assign(makeExchange(), { peerTrusted, deadlineAtMs: 10_000 });
      return send({ headers, exchange });
    };
    const evil = ['x-forwarded-host', 'evil.example'];
    behind(evil, true);
    call(0).answer(200, ['cache-control', 'max-age=60'], 'https://evil.example/login');
    const plain = behind([], true);
    expect(upstream.calls.length).toBe(2);
    call(1).answer(200, ['cache-control', 'max-age=60'], 'https://a.example/login');
    expect(plain.handler.text()).toBe('https://a.example/login');
    expect(behind(evil, true).handler.text()).toBe('https://evil.example/login');
    // Of a peer that is not trusted, the upstream gets to know nothing of it.
    expect([behind(evil, false).handler.text(), upstream.calls.length]).toEqual(['https://a.example/login', 2]);
  });

  it('passes a failure on, with what the cache did', () => {
    const { send, call, timers } = setUpLayer();
    const { handler, result } = send();
    call(0).fail(refused);
    expect([handler.failure?.code, result(), timers.armed]).toEqual(['connection_refused', 'miss', 0]);
    expect(handler.failure?.headers).toEqual(['cache-status', 'weir; fwd=uri-miss; detail=connection_refused']);
  });

  it('stores nothing of an answer that the route gave in place of its upstream', () => {
    const { send, call, node } = setUpLayer({ freshness: { ...makeCacheSpec().freshness, overrideS: 60 } });
    const { handler } = send();
    call(0).request.exchange.hasFallenBack = true;
    call(0).answer(200, [], 'sorry');
    expect([handler.text(), node.counts().entries]).toEqual(['sorry', 0]);
  });
});
