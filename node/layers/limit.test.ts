import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import type { RateLimitSpec } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { createLimiterStore } from '../limit/limiter-store.js';
import { compose } from '../pipeline/dispatch.js';
import {
  fakeClock,
  makeExchange,
  makeRequest,
  recordingHandler,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { limitCallers, limitConsumers } from './limit.js';

const perSecond = (requests: number, by: RateLimitSpec['by']): RateLimitSpec => ({
  kind: 'rate',
  requests,
  periodMs: 1_000,
  burst: requests,
  by,
  mode: 'local',
  keys: 100,
  redis: null,
});

const members: Readonly<Record<string, readonly string[]>> = { '@gold': ['a', 'b'], '@free': ['c'] };
const credentials = {
  ...makeServices().credentials,
  admits: (list: readonly string[]) => (consumer: string) => list.some((name) => members[name]?.includes(consumer)),
};

function gate(...limits: RateLimitSpec[]) {
  const clock = fakeClock();
  const services = makeServices({ clock, limiters: createLimiterStore(), credentials });
  const bottom = scriptedDispatch();
  const route = makeRoute({ limits });
  const layers = [limitCallers(route, services), limitConsumers(route, services)].filter((layer) => layer !== null);
  const dispatch = layers.length === 0 ? undefined : compose(layers, bottom.dispatch);
  const send = (from: { address?: string; consumer?: string; vouchedBy?: string; headers?: string[] } = {}) => {
    const exchange = makeExchange({ clientAddress: from.address ?? '192.0.2.1' });
    exchange.consumerId = from.consumer ?? null;
    exchange.vouchedBy = from.vouchedBy ?? '';
    const handler = recordingHandler();
    const before = bottom.calls.length;
    dispatch?.(makeRequest({ exchange, headers: from.headers ?? [] }), handler);
    if (bottom.calls.length > before) bottom.last().answer(200, ['x-upstream', '1']);
    return handler;
  };
  return { clock, send, bottom, status: (from?: Parameters<typeof send>[0]) => send(from).failure?.code ?? 'passed' };
}

describe('the limit layer', () => {
  it('passes up to the limit, refuses what is above with the wait, and passes again after it', () => {
    const { clock, send } = gate(perSecond(2, 'route'));
    const first = send();
    expect(first.headers).toEqual([
      'x-upstream',
      '1',
      'ratelimit-policy',
      '"route";q=2;w=1',
      'ratelimit',
      '"route";r=1;t=1',
    ]);
    send();
    const refused = send().failure;
    expect([refused?.code, refused?.retryAfterS]).toEqual(['rate_limited', 1]);
    expect(refused?.headers).toEqual(['ratelimit-policy', '"route";q=2;w=1', 'ratelimit', '"route";r=0;t=1']);
    clock.advance(500);
    expect(send().failure).toBeNull();
    expect(send().failure?.code).toBe('rate_limited');
  });

  it('does not take from one limit what another one refuses', () => {
    const { send, status } = gate(perSecond(5, 'route'), perSecond(1, 'address'));
    expect(status()).toBe('passed');
    for (let i = 0; i < 10; i += 1) expect(status()).toBe('rate_limited');
    expect(headerValue(send().failure?.headers ?? [], 'ratelimit')).toBe('"route";r=4;t=1, "address";r=0;t=1');
    for (let i = 2; i <= 5; i += 1) expect(status({ address: `192.0.2.${i}` })).toBe('passed');
    expect(status({ address: '192.0.2.6' })).toBe('rate_limited');
  });

  it('states the longest wait of those that refuse', () => {
    const slow: RateLimitSpec = { ...perSecond(1, 'route'), periodMs: 60_000 };
    const { send } = gate(perSecond(1, 'address'), slow);
    send();
    expect(send().failure?.retryAfterS).toBe(60);
  });

  it('counts consumers wherever they come from, and strangers by address', () => {
    const { status } = gate(perSecond(1, 'consumer'));
    expect(status({ consumer: 'a', address: '192.0.2.1' })).toBe('passed');
    expect(status({ consumer: 'a', address: '192.0.2.2' })).toBe('rate_limited');
    expect(status({ consumer: 'b', address: '192.0.2.1' })).toBe('passed');
    expect(status({ consumer: '192.0.2.9' })).toBe('passed');
    expect(status({ address: '192.0.2.9' })).toBe('passed');
    expect(status({ address: '192.0.2.9' })).toBe('rate_limited');
    // Names as a token may claim them: each is somebody of its own.
    for (const consumer of [' 192.0.2.9', '  192.0.2.9', '   192.0.2.9'])
      expect([status({ consumer }), status({ consumer })]).toEqual(['passed', 'rate_limited']);
  });

  it('counts a name that somebody else vouches for apart from the consumer of that name', () => {
    const { status } = gate(perSecond(1, 'consumer'));
    const partners = { consumer: 'shop', vouchedBy: 'issuer partner' };
    expect([status(partners), status(partners)]).toEqual(['passed', 'rate_limited']);
    expect([status({ consumer: 'shop' }), status({ consumer: 'shop' })]).toEqual(['passed', 'rate_limited']);
  });

  it('takes an IPv6 client for its /64 and a mapped address for the IPv4 address it is', () => {
    const { status } = gate(perSecond(1, 'address'));
    expect(status({ address: '2001:db8:0:1::1' })).toBe('passed');
    expect(status({ address: '2001:db8:0:1:ffff::2' })).toBe('rate_limited');
    expect(status({ address: '2001:db8:0:2::1' })).toBe('passed');
    expect(status({ address: '192.0.2.1' })).toBe('passed');
    expect(status({ address: '::ffff:192.0.2.1' })).toBe('rate_limited');
  });

  it('counts by a header, bounded in length, and together those that have none', () => {
    const { status } = gate(perSecond(1, { header: 'x-tenant' }));
    expect(status({ headers: ['x-tenant', 'a'] })).toBe('passed');
    expect(status({ headers: ['x-tenant', 'b'] })).toBe('passed');
    expect(status({ headers: ['x-tenant', 'a'] })).toBe('rate_limited');
    expect(status()).toBe('passed');
    expect(status()).toBe('rate_limited');
    expect(status({ headers: ['x-tenant', `${'x'.repeat(256)}1`] })).toBe('passed');
    expect(status({ headers: ['x-tenant', `${'x'.repeat(256)}2`] })).toBe('rate_limited');
  });

  it('states what is left on failures of what is below as well', () => {
    const layer = limitCallers(
      makeRoute({ limits: [perSecond(2, 'route')] }),
      makeServices({ limiters: createLimiterStore() }),
    );
    const handler = recordingHandler();
    layer?.(scriptedDispatch((call) => call.fail(failure('no_target', ''))).dispatch)(makeRequest(), handler);
    expect(headerValue(handler.failure?.headers ?? [], 'ratelimit')).toBe('"route";r=1;t=1');
  });

  it('above authenticate counts callers, below it consumers, each only its own', () => {
    const limits = [perSecond(1, 'address'), perSecond(5, 'consumer')];
    const route = makeRoute({ limits });
    const services = makeServices({ limiters: createLimiterStore() });
    const policies = [limitCallers(route, services), limitConsumers(route, services)].map((layer) => {
      const handler = recordingHandler();
      layer?.(scriptedDispatch((call) => call.answer(200)).dispatch)(makeRequest(), handler);
      return headerValue(handler.headers, 'ratelimit-policy');
    });
    expect(policies[0]).toMatch(/q=1;/);
    expect(policies[1]).toMatch(/q=5;/);
  });

  it('a limit for some consumers counts those alone, and others neither meet nor see it', () => {
    const gold = { ...perSecond(2, 'consumer'), consumers: ['@gold'] };
    const free = { ...perSecond(1, 'route'), consumers: ['@free'] };
    const { send, status } = gate(perSecond(3, 'consumer'), gold, free);
    expect(headerValue(send({ consumer: 'a' }).headers, 'ratelimit-policy')).toBe(
      '"consumer";q=3;w=1, "consumer-2";q=2;w=1',
    );
    expect([status({ consumer: 'a' }), status({ consumer: 'a' })]).toEqual(['passed', 'rate_limited']);
    expect([status({ consumer: 'b' }), status({ consumer: 'b' })]).toEqual(['passed', 'passed']);
    expect([status({ consumer: 'c' }), status({ consumer: 'c' })]).toEqual(['passed', 'rate_limited']);
    expect(headerValue(send({ consumer: 'd' }).headers, 'ratelimit-policy')).toBe('"consumer";q=3;w=1');
    expect([1, 2, 3].map(() => status({ consumer: 'd' }))).toEqual(['passed', 'passed', 'rate_limited']);
    expect(headerValue(send().headers, 'ratelimit-policy')).toBe('"consumer";q=3;w=1');
  });

  it('limits of one scope are one, on whichever routes they stand', () => {
    const services = makeServices({ limiters: createLimiterStore(), credentials });
    const limit = { ...perSecond(2, 'consumer'), consumers: ['@gold'] };
    const ask = (id: string, scope: string) => {
      const handler = recordingHandler();
      const exchange = makeExchange();
      exchange.consumerId = 'a';
      const route = makeRoute({ id, limits: [perSecond(9, 'consumer'), { ...limit, scope }] });
      limitConsumers(route, services)?.(scriptedDispatch((call) => call.answer(200)).dispatch)(
        makeRequest({ exchange }),
        handler,
      );
      return handler.failure?.code ?? 'passed';
    };
    expect([ask('r', 'shop'), ask('q', 'shop'), ask('r', 'shop')]).toEqual(['passed', 'passed', 'rate_limited']);
    expect([ask('r', 'other'), ask('r', 'other'), ask('q', 'other')]).toEqual(['passed', 'passed', 'rate_limited']);
  });

  it('costs a route without limits nothing', () => expect(limitCallers(makeRoute(), makeServices())).toBeNull());
});
