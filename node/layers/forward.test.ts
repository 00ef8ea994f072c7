import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import type { HostHeaderSpec } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compose } from '../pipeline/dispatch.js';
import type { ExchangeOrigin } from '../pipeline/exchange.js';
import {
  fakeClock,
  makeExchange,
  makeRequest,
  recordingHandler,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { makeRoute, makeServices, makeTarget, makeUpstream } from '../pipeline/testing/specs.js';
import { forward } from './forward.js';

function send(
  headers: HeaderList,
  origin: Partial<ExchangeOrigin> = {},
  hostHeader: HostHeaderSpec = { mode: 'pass' },
  method = 'GET',
) {
  const clock = fakeClock();
  const target = makeTarget({ id: '10.0.0.1:80' });
  const services = makeServices({ clock, upstreams: { get: () => makeUpstream([target], { hostHeader }) } });
  const layer = forward(makeRoute(), services);
  if (layer === null) throw new Error('a proxy route forwards');
  const bottom = scriptedDispatch();
  const handler = recordingHandler();
  const exchange = makeExchange({ receivedAtMs: clock.nowMs(), ...origin });
  exchange.deadlineAtMs = clock.nowMs() + 1_234.9;
  exchange.traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`;
  const request = makeRequest({ method, headers, exchange, target, authority: 'api.example.com:8080' });
  compose([layer], bottom.dispatch)(request, handler);
  return { handler, bottom, clock, sent: bottom.calls[0]?.request.headers ?? [] };
}

describe('the request head that goes upstream', () => {
  it('ends hop-by-hop fields here, and keeps what layers above have set even when Connection names it', () => {
    const { sent } = send([
      ...[
        'host',
        'api.example.com:8080',
        'connection',
        'keep-alive, X-Secret',
        'x-secret',
        '1',
        'keep-alive',
        'timeout=5',
      ],
      ...[
        'te',
        'trailers',
        'trailer',
        'x',
        'transfer-encoding',
        'chunked',
        'proxy-authorization',
        'Basic x',
        'upgrade',
        'h2c',
      ],
      ...['content-length', '5', 'expect', '100-continue', 'accept', '*/*', 'cookie', 'a=1', 'cookie', 'b=2'],
    ]);
    const names = sent.filter((_, i) => i % 2 === 0);
    expect(names).toEqual([
      ...[
        'host',
        'x-secret',
        'accept',
        'cookie',
        'cookie',
        'via',
        'x-forwarded-for',
        'x-forwarded-host',
        'x-forwarded-proto',
      ],
      ...['forwarded', 'x-request-id', 'traceparent', 'x-request-timeout-ms'],
    ]);
  });

  it('says whom it comes from, by which way, and how much time is left', () => {
    const { sent } = send(['accept', '*/*'], { peerAddress: '2001:db8::1', clientAddress: '2001:db8::1', id: 'req-7' });
    expect(headerValue(sent, 'via')).toBe('1.1 weir');
    expect(headerValue(sent, 'x-forwarded-for')).toBe('2001:db8::1');
    expect(headerValue(sent, 'x-forwarded-host')).toBe('api.example.com:8080');
    expect(headerValue(sent, 'forwarded')).toBe('for="[2001:db8::1]";host="api.example.com:8080";proto=http');
    expect(headerValue(sent, 'x-request-id')).toBe('req-7');
    expect(headerValue(sent, 'traceparent')).toBe(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`);
    expect(headerValue(sent, 'x-request-timeout-ms')).toBe('1234');
  });

  const claims = ['x-forwarded-for', '203.0.113.9', 'forwarded', 'for=203.0.113.9', 'x-forwarded-proto', 'https'];

  it('forgets what an untrusted peer says about the client', () => {
    const { sent } = send(claims, { peerAddress: '192.0.2.1', clientAddress: '192.0.2.1' });
    expect(headerValue(sent, 'x-forwarded-for')).toBe('192.0.2.1');
    expect(headerValue(sent, 'x-forwarded-proto')).toBe('http');
    expect(JSON.stringify(sent)).not.toContain('203.0.113.9');
  });

  it('lets only a trusted proxy say where a client comes from and what it asked for', () => {
    const said = [
      'x-real-ip',
      '203.0.113.9',
      'x-original-url',
      '/admin',
      'x-forwarded-port',
      '444',
      'proxy',
      'http://evil',
    ];
    expect(JSON.stringify(send(said).sent)).not.toMatch(/203\.0\.113\.9|admin|444|evil/);
    const trusted = send(said, { peerTrusted: true }).sent;
    expect([headerValue(trusted, 'x-real-ip'), headerValue(trusted, 'proxy')]).toEqual(['203.0.113.9', undefined]);
  });

  it('adds itself behind what a trusted peer says', () => {
    const { sent } = send(claims, { peerAddress: '192.0.2.1', clientAddress: '203.0.113.9', peerTrusted: true });
    expect(headerValue(sent, 'x-forwarded-for')).toBe('203.0.113.9, 192.0.2.1');
    expect(headerValue(sent, 'forwarded')).toBe(
      'for=203.0.113.9, for=192.0.2.1;host="api.example.com:8080";proto=http',
    );
    expect(headerValue(sent, 'x-forwarded-proto')).toBe('https');
  });

  it.each([
    [{ mode: 'pass' }, 'api.example.com:8080'],
    [{ mode: 'target' }, '10.0.0.1:80'],
    [{ mode: 'set', value: 'internal' }, 'internal'],
  ] as const)('host mode %o sends Host: %s', (mode, host) => {
    expect(headerValue(send([], {}, mode).sent, 'host')).toBe(host);
  });

  it('tells a gRPC upstream what is left in its own field', () => {
    expect(headerValue(send(['grpc-timeout', '5S']).sent, 'grpc-timeout')).toBe('1234m');
    expect(headerValue(send([]).sent, 'grpc-timeout')).toBeUndefined();
  });

  it('counts the hops of OPTIONS and answers the last one itself', () => {
    const options = (hops: string) => send(['max-forwards', hops], {}, { mode: 'pass' }, 'OPTIONS');
    expect(headerValue(options('3').sent, 'max-forwards')).toBe('2');
    expect([options('0').handler.status, options('0').bottom.calls.length]).toEqual([204, 0]);
  });

  it('lets a chain of gateways through and stops a circle', () => {
    const hop = '1.1 weir';
    expect(send(['via', Array(7).fill(hop).join(', ')]).handler.failure).toBeNull();
    expect(send(['via', Array(8).fill(hop).join(', ')]).handler.failure?.code).toBe('loop_detected');
    expect(send(['via', '1.1 other, 1.0 weird']).handler.failure).toBeNull();
  });

  it('never lets a client choose a field that the gateway vouches for', () => {
    const owned = [
      'x-request-id',
      'traceparent',
      'x-request-timeout-ms',
      'via',
      'forwarded',
      'x-forwarded-for',
      'host',
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray([...owned, ...owned]), (names) => {
        const { sent } = send(names.flatMap((name) => [name, 'forged']));
        for (const name of owned) {
          expect(sent.filter((field, i) => i % 2 === 0 && field === name)).toHaveLength(1);
          if (name !== 'via') expect(headerValue(sent, name)).not.toContain('forged');
        }
      }),
    );
  });
});

describe('the response head that goes to the client', () => {
  it('ends hop-by-hop fields here and keeps the rest in order', () => {
    const { bottom, handler } = send([]);
    bottom
      .last()
      .head(200, [
        'connection',
        'close, x-hop',
        'x-hop',
        '1',
        'set-cookie',
        'a=1',
        'keep-alive',
        'x',
        'set-cookie',
        'b=2',
      ]);
    expect(handler.headers).toEqual(['set-cookie', 'a=1', 'set-cookie', 'b=2']);
  });

  it('tells the age of an answer that was dated before now', () => {
    const { bottom, handler, clock } = send([]);
    const date = new Date(clock.wallMs() - 3_600_000).toUTCString();
    bottom.last().head(200, ['date', date]);
    expect(handler.headers).toEqual(['date', date, 'age', '3600']);
  });

  it('is that of its own answer, also where some have the very same list', () => {
    const clock = fakeClock();
    const target = makeTarget({ id: '10.0.0.1:80' });
    const layer = forward(makeRoute(), makeServices({ clock, upstreams: { get: () => makeUpstream([target]) } }));
    if (layer === null) throw new Error('a proxy route forwards');
    const date = new Date(clock.wallMs() - 3_600_000).toUTCString();
    const old = ['date', date, 'keep-alive', 'x'];
    const own = ['x-own', '1', 'te', 'x'];
    const bottom = scriptedDispatch();
    const dispatch = compose([layer], bottom.dispatch);
    for (const list of [old, old, own, old, own, own]) {
      const handler = recordingHandler();
      dispatch(makeRequest({ target }), handler);
      bottom.last().head(200, list);
      expect(handler.headers).toEqual(list === old ? ['date', date, 'age', '3600'] : ['x-own', '1']);
    }
    expect([old.length, own.length]).toEqual([4, 4]);
  });
});
