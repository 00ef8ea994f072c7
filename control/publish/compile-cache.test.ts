import { parseConfig } from '@weir/proto/config/parse.js';
import { cacheL2Defaults } from '@weir/proto/snapshot/cache.js';
import { expect, it } from 'vitest';
import { compileSnapshot } from './compile.js';

function compiled(route: string, gateway = '{}', more = 'names: {}') {
  const text = `gateway: { cache: ${gateway}, ${more} }
upstreams: [{ id: app, targets: http://a }]
consumers: [{ id: ops, keys: [{ sha256: ${'ab'.repeat(32)} }] }]
routes: [{ ${route} }]`;
  const { config, faults } = parseConfig(text, {});
  if (config === null) throw new Error(faults.map(({ message }) => message).join('\n'));
  const hash = (value: string): string => value;
  return compileSnapshot(config, {
    environment: {},
    version: 1,
    createdWallMs: 0,
    sha256Hex: hash,
    hashPassword: hash,
  });
}

const cacheOf = (route: string, gateway = '{}') => compiled(route, gateway).routes[0]?.cache;

it('a cache that is only asked for is compiled with every default in place', () => {
  expect(cacheOf('cache: true')).toEqual({
    key: {
      query: { mode: 'all' },
      sortsQuery: false,
      headers: [],
      cookies: [],
      byConsumer: false,
      byDevice: false,
      body: null,
    },
    targets: ['weir-cache-control', 'cdn-cache-control'],
    freshness: {
      overrideS: null,
      defaultS: null,
      heuristicShare: 0,
      heuristicMaxS: 86_400,
      negativeDefaultS: 0,
      negativeMaxS: 300,
    },
    staleWhileRevalidateS: 0,
    staleIfErrorS: 0,
    staleIfSlow: null,
    setCookie: 'refuse',
    storesAuthorized: false,
    obeysRequests: true,
    bodyBytesMax: 16_777_216,
    bypass: { headers: [], cookies: [], query: [] },
    passesTags: true,
    collapse: { waitersMax: 10_000, waitMs: 5_000 },
    purge: null,
  });
});

it('spans are in seconds, everything else as it was stated', () => {
  const written = `cache: { ttl: 1m, defaultTtl: 2s, negative: 3s, heuristic: { share: 0.2, max: 4s }, staleWhileRevalidate: 5s,
    staleIfError: 6s, staleIfSlow: adaptive, setCookie: strip, obeyRequests: false, maxBody: 7KiB, tags: { pass: false },
    targets: X-CDN, collapse: { waiters: 8, wait: 9ms },
    key: { query: { only: a }, sort: true, headers: b, cookies: c, device: true, byConsumer: false, body: { max: 10B, members: d } } }`;
  expect(cacheOf(written)).toMatchObject({
    freshness: { overrideS: 60, defaultS: 2, heuristicShare: 0.2, heuristicMaxS: 4, negativeDefaultS: 3 },
    staleWhileRevalidateS: 5,
    staleIfErrorS: 6,
    staleIfSlow: { kind: 'learnt', minMs: 50, maxMs: 1_000 },
    setCookie: 'strip',
    obeysRequests: false,
    bodyBytesMax: 7_168,
    passesTags: false,
    targets: ['x-cdn'],
    collapse: { waitersMax: 8, waitMs: 9 },
    key: {
      query: { mode: 'only', names: ['a'] },
      sortsQuery: true,
      headers: ['b'],
      cookies: ['c'],
      byDevice: true,
      byConsumer: false,
      body: { bytesMax: 10, members: ['d'] },
    },
  });
});

it('a route that heeds Surrogate-Control says to origins how they can address it', () => {
  const nameOf = (cache: string, names: string) =>
    compiled(cache, '{}', `names: { via: ${names} }`).routes[0]?.cache?.surrogate;
  expect(nameOf('cache: { targets: [Surrogate-Control] }', 'edge-1')).toBe('edge-1');
  expect(nameOf('cache: true', 'edge-1')).toBeUndefined();
});

it('a stale copy that is to help against slowness may be used for an hour, unless it is said for how long', () => {
  expect(cacheOf('cache: { staleIfSlow: 300ms }')?.staleIfErrorS).toBe(3_600);
  expect(cacheOf('cache: { staleIfSlow: 300ms, staleIfError: 0s }')?.staleIfErrorS).toBe(0);
});

it('what one consumer gets another does not, where the route authenticates and nobody says that it may', () => {
  const of = (route: string) => [cacheOf(route)?.key.byConsumer, cacheOf(route)?.storesAuthorized];
  expect(of('cache: true, auth: apiKey')).toEqual([true, false]);
  expect(of('cache: { key: { byConsumer: false } }, auth: apiKey')).toEqual([false, false]);
  // Only whoever has said that consumers are apart has allowed what the origin does not.
  expect(of('cache: { key: { byConsumer: true } }, auth: apiKey')).toEqual([true, true]);
  expect(of('cache: { key: { headers: Authorization } }')).toEqual([false, true]);
});

it('a route that answers by itself has no cache', () => {
  expect(cacheOf('cache: true, respond: { status: 200 }')).toBeNull();
  expect(cacheOf('cache: true, redirect: https://a.example')).toBeNull();
});

it('a node stores bodies as long as the longest that any route allows', () => {
  const bytesOf = (route: string) => compiled(route, '{ maxBody: 1MiB }').gateway.cache.bodyBytesMax;
  expect(bytesOf('cache: true')).toBe(1_048_576);
  expect(bytesOf('cache: { maxBody: 2MiB }')).toBe(2_097_152);
  expect(bytesOf('cache: { maxBody: 1KiB }')).toBe(1_048_576);
});

it('who may purge is said by the route or else by the gateway, and nobody may where nobody is known', () => {
  const ofGateway = '{ purge: { consumers: ops } }';
  expect(cacheOf('cache: true, auth: apiKey', ofGateway)?.purge).toEqual({ consumers: ['ops'], tokenConsumers: [] });
  expect(cacheOf('cache: { purge: false }, auth: apiKey', ofGateway)?.purge).toBeNull();
  expect(cacheOf('cache: { purge: { consumers: ops } }, auth: apiKey')?.purge).toEqual({
    consumers: ['ops'],
    tokenConsumers: [],
  });
  expect(cacheOf('cache: true', ofGateway)?.purge).toBeNull();
  const jwt = 'auth: { jwt: { jwks: https://issuer.example/keys } }';
  expect(cacheOf(`cache: { purge: { consumers: [ops, robot] } }, ${jwt}`)?.purge).toEqual({
    consumers: ['ops'],
    tokenConsumers: ['robot'],
  });
});

it('a route that lists its methods takes PURGE where somebody may, and only there', () => {
  const methodsOf = (cache: string, methods: string) =>
    compiled(`match: { methods: ${methods} }, cache: ${cache}, auth: apiKey`).routes[0]?.match.methods;
  const purge = '{ purge: { consumers: ops } }';
  expect(methodsOf(purge, '[GET, HEAD]')).toEqual(['GET', 'HEAD', 'PURGE']);
  expect(methodsOf(purge, '[GET, PURGE]')).toEqual(['GET', 'PURGE']);
  expect(methodsOf(purge, '[]')).toEqual([]);
  expect(methodsOf('true', '[GET]')).toEqual(['GET']);
});

it('what nodes share is on unless the config says no, and each of its limits is stated there', () => {
  const l2Of = (gateway: string) => compiled('cache: true', gateway).gateway.cache.l2;
  expect(l2Of('{}')).toEqual(cacheL2Defaults);
  expect(l2Of('{ redis: true }')).toEqual(cacheL2Defaults);
  expect(l2Of('{ redis: {} }')).toEqual(cacheL2Defaults);
  expect(l2Of('{ redis: false }')).toBeNull();
  expect(l2Of('{ redis: { collapse: false } }')).toEqual({ ...cacheL2Defaults, collapse: null });
  const limits = 'readTimeout: 11ms, pieceTimeout: 12ms, writeTimeout: 13ms, writeQueue: 1MiB, writeQueueEntries: 14';
  const rest = 'maxBody: 1KiB, maxTtl: 15s, collapse: { lease: 160ms, wait: 17ms }';
  expect(l2Of(`{ redis: { ${limits}, ${rest} } }`)).toEqual({
    readTimeoutMs: 11,
    pieceTimeoutMs: 12,
    writeTimeoutMs: 13,
    writeQueueBytes: 1_048_576,
    writeQueueEntries: 14,
    bodyBytesMax: 1_024,
    keepMaxS: 15,
    collapse: { leaseMs: 160, waitMs: 17 },
  });
});
