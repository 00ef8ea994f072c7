import { describe, expect, it } from 'vitest';
import { subjectOf } from '../cache/inspection.js';
import { createNodeCache } from '../cache/node-cache.js';
import { makeCacheSpec } from '../cache/testing/specs.js';
import { compileChain } from '../pipeline/chain.js';
import { fakeClock, fakeTimers, makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { purge } from './purge.js';

const GONE = Number.NEGATIVE_INFINITY;
const URL = { authority: 'a.example', path: '/x', query: 'b=1' };

function setUp(purgers: readonly string[] | null, consumerId: string | null = 'ops', vouchedBy = '') {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const cache = createNodeCache({ clock, timers });
  const services = makeServices({ clock, timers, cache });
  const route = makeRoute({
    cache: makeCacheSpec({ purge: purgers === null ? null : { consumers: purgers, tokenConsumers: ['robot'] } }),
  });
  const layer = purge(route, services);
  if (layer === null) throw new Error('a route with a cache has its layer');
  const bottom = scriptedDispatch(
    (call) => call.answer(200),
    (call) => call.answer(200),
  );
  const ask = (method: string, headers: readonly string[] = []) => {
    const request = makeRequest({ ...URL, method, headers });
    request.exchange.consumerId = consumerId;
    request.exchange.vouchedBy = vouchedBy;
    const handler = recordingHandler();
    layer(bottom.dispatch)(request, handler);
    return handler;
  };
  const purgedAtMs = () => cache.marks.purgedAtMs(subjectOf(URL, []), 0);
  return { cache, ask, bottom, purgedAtMs, clock };
}

describe('a PURGE', () => {
  it('has purged the URL when it is answered, and asks nobody', () => {
    const { ask, bottom, purgedAtMs } = setUp(['ops']);
    const handler = ask('PURGE');
    expect([handler.status, handler.text(), bottom.calls.length, purgedAtMs()]).toEqual([
      200,
      '{"purged":"hard"}',
      0,
      GONE,
    ]);
  });

  it('makes it stale where the request says so', () => {
    const { ask, purgedAtMs, clock } = setUp(['ops']);
    expect(ask('PURGE', ['weir-purge', 'Soft']).text()).toBe('{"purged":"soft"}');
    expect(purgedAtMs()).toBe(clock.nowMs());
  });

  it.each([
    ['where nobody may', null, 'ops', [], 'method_not_allowed'],
    ['of another consumer', ['ops'], 'mobile', [], 'forbidden'],
    ['of nobody', ['ops'], null, [], 'forbidden'],
    ['that says it is something else', ['ops'], 'ops', ['weir-purge', 'gently'], 'bad_request'],
  ] as const)('%s changes nothing, and does not go upstream', (_what, purgers, consumer, headers, code) => {
    const { ask, bottom, cache } = setUp(purgers, consumer);
    const handler = ask('PURGE', headers);
    expect([handler.failure?.code, bottom.calls.length, cache.counts().purges]).toEqual([code, 0, 0]);
  });

  it('of one whom a token names is not of the consumer that has the same name, and the other way round', () => {
    expect(setUp(['ops'], 'robot', 'https://issuer.example').ask('PURGE').status).toBe(200);
    expect(setUp(['ops'], 'ops', 'https://issuer.example').ask('PURGE').failure?.code).toBe('forbidden');
    expect(setUp(['ops'], 'robot').ask('PURGE').failure?.code).toBe('forbidden');
  });

  it('is for this method alone, and a route without a cache has nothing to purge', () => {
    const { ask, bottom, cache } = setUp(['ops']);
    expect([ask('GET').status, ask('purge').status, bottom.calls.length, cache.counts().purges]).toEqual([
      200, 200, 2, 0,
    ]);
    expect(purge(makeRoute(), makeServices())).toBeNull();
  });

  it('stands below whoever authenticates: without credentials it is a 401', () => {
    const services = makeServices({
      credentials: {
        consumerOfKey: () => null,
        consumerOfBasic: () => ({ kind: 'refused' }),
        jwtKeys: () => {
          throw new Error('there are no tokens here');
        },
      },
    });
    const route = makeRoute({
      auth: [{ kind: 'apiKey', in: [{ header: 'x-api-key' }], consumers: [], hide: true }],
      cache: makeCacheSpec({ purge: { consumers: ['ops'], tokenConsumers: [] } }),
    });
    const handler = recordingHandler();
    compileChain(route, services)(makeRequest({ ...URL, method: 'PURGE' }), handler);
    expect([handler.status, services.cache.counts().purges]).toEqual([401, 0]);
  });
});
