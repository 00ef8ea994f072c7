import { describe, expect, it } from 'vitest';
import { checkConfig } from './check-config.js';

const CONSUMERS = `consumers: [{ id: ops, keys: [{ sha256: ${'ab'.repeat(32)} }] }]`;

/** Findings of one route on two targets. */
function findings(route: string, gateway = '{}'): string[] {
  const text = `gateway: ${gateway}\nupstreams: [{ id: app, targets: [http://a, http://b] }]\n${CONSUMERS}\nroutes: [{ ${route} }]`;
  const checked = checkConfig(text, {}, (key) => `hash:${key}`);
  const faults = checked.ok ? checked.warnings : checked.faults;
  return faults.map(({ severity, path, message, cure }) => `${severity} ${path}: ${message} (${cure ?? ''})`);
}

describe('a cache', () => {
  it.each([
    [
      'cache: { staleIfSlow: 300ms, staleIfError: 0s }',
      'warning routes[0].cache.staleIfSlow: no stale copy may be used',
    ],
    [
      'cache: { staleIfSlow: 2s }, timeouts: { total: 2s }',
      'warning routes[0].cache.staleIfSlow: the stale copy is used after 2s, but total (2s) ends the wait before',
    ],
    [
      'cache: { staleIfSlow: adaptive }, timeouts: { attempt: 900ms }, retry: false',
      'warning routes[0].cache.staleIfSlow: the stale copy is used after 1s, but attempt (900ms)',
    ],
    ['cache: true, respond: { status: 200 }', 'warning routes[0].cache: a route that answers by itself'],
    ['cache: true, match: { methods: DELETE }', 'warning routes[0].cache: only answers to GET are cached, and this'],
    ['cache: true, match: { methods: POST }', 'warning routes[0].cache: only answers to GET are cached, those to POST'],
    ['cache: true, websocket: true', 'warning routes[0].cache: a WebSocket is never cached'],
    ['cache: { key: { headers: Authorization } }', 'warning routes[0].cache.key.headers: each value of authorization'],
    ['cache: { key: { headers: [x-a, Cookie] } }', 'warning routes[0].cache.key.headers: each value of cookie'],
    ['cache: { key: { body: { max: 65KiB } } }', 'warning routes[0].cache.key.body: bodies of up to 65KiB count byte'],
    ['cache: { key: { body: true } }, match: { methods: GET }', 'warning routes[0].cache.key.body: answers to POST'],
    [
      'cache: { key: { byConsumer: true } }',
      'error routes[0].cache.key.byConsumer: the cache is one for each consumer',
    ],
    ['cache: { purge: { consumers: ops } }', 'error routes[0].cache.purge: PURGE is for consumers'],
    ['auth: apiKey, cache: { ttl: 1s, key: { byConsumer: false } }', 'warning routes[0].cache.ttl: ttl makes answers'],
    [
      'auth: apiKey, cache: { defaultTtl: 1s, key: { byConsumer: false } }',
      'warning routes[0].cache.defaultTtl: defaultTtl makes answers',
    ],
    [
      'auth: apiKey, cache: { setCookie: keep, key: { byConsumer: false } }',
      'warning routes[0].cache.setCookie: byConsumer: false shares answers',
    ],
    [
      'cache: { maxBody: 65MiB }',
      'warning routes[0].cache.maxBody: a body of 65MiB is never stored: gateway.cache.writing',
    ],
  ])('%s is told of', (route, finding) => expect(findings(route)).toEqual([expect.stringContaining(finding)]));

  it.each([
    'cache: true',
    'cache: { staleIfSlow: 300ms }',
    'cache: { staleIfSlow: 1999ms }, timeouts: { total: 2s }',
    'cache: { key: { body: true } }, match: { methods: POST }',
    'cache: { key: { body: { max: 1MiB, members: query } } }',
    'cache: { ttl: 1m }, auth: apiKey',
    'cache: { setCookie: keep }, auth: apiKey',
    'cache: { setCookie: keep }',
    'cache: { ttl: 0s, key: { byConsumer: false } }, auth: apiKey',
    'cache: { key: { byConsumer: true }, purge: { consumers: ops } }, auth: apiKey',
    'cache: { maxBody: 64MiB }',
  ])('%s is sound', (route) => expect(findings(route)).toEqual([]));
});

describe('the memory of a cache', () => {
  it('holds the longest body', () => {
    expect(findings('cache: true', '{ cache: { memory: 8MiB } }')).toEqual([
      expect.stringContaining(
        'warning gateway.cache.maxBody: a body of 16MiB is never stored: gateway.cache.memory is 8MiB',
      ),
    ]);
    expect(findings('cache: true', '{ cache: { memory: 16MiB, writing: 16MiB } }')).toEqual([]);
  });

  it('is purged by consumers only where one of them is known', () => {
    const gateway = '{ cache: { purge: { consumers: ops } } }';
    const warning = [
      expect.stringContaining('warning gateway.cache.purge: there is no route that has a cache and auth'),
    ];
    expect(findings('cache: true', gateway)).toEqual(warning);
    expect(findings('auth: apiKey', gateway)).toEqual(warning);
    expect(findings('cache: { purge: false }, auth: apiKey', gateway)).toEqual(warning);
    expect(findings('cache: true, auth: apiKey', gateway)).toEqual([]);
  });
});

describe('what nodes share in Redis', () => {
  const of = (redis: string): string => `{ cache: { redis: ${redis} } }`;

  it('is something only where a route has a cache', () => {
    const warning = ['warning gateway.cache.redis: there is no route with a cache, so there is nothing to share'];
    expect(findings('match: /a', of('true'))).toEqual(warning.map((text) => expect.stringContaining(text)));
    expect(findings('match: /a', of('{ maxBody: 1MiB }'))).toHaveLength(1);
    expect(findings('match: /a', of('false'))).toEqual([]);
    expect(findings('cache: true', of('true'))).toEqual([]);
    const ofModels = findings('ai: { cache: true }', of('true'));
    expect(ofModels.filter((text) => text.includes('gateway.cache.redis'))).toEqual([]);
  });

  it('fits what waits to be written', () => {
    expect(findings('cache: true', of('{ maxBody: 8MiB, writeQueue: 4MiB }'))).toEqual([
      expect.stringContaining(
        'warning gateway.cache.redis.maxBody: a body of 8MiB is never written: writeQueue is 4MiB',
      ),
    ]);
    expect(findings('cache: true', of('{ maxBody: 4MiB, writeQueue: 4MiB }'))).toEqual([]);
  });

  it.each([
    '{ readTimeout: 0s }',
    '{ readTimeout: 2s }',
    '{ maxTtl: 0s }',
    '{ collapse: { lease: 1ms } }',
    '{ ttl: 1s }',
  ])('%s is refused', (redis) =>
    expect(findings('cache: true', of(redis))).toEqual([expect.stringMatching(/^error gateway\.cache\.redis/)]),
  );
});
