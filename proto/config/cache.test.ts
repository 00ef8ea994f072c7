import { describe, expect, it } from 'vitest';
import { parseConfig } from './parse.js';

const UPSTREAM = 'upstreams: [{ id: app, targets: http://127.0.0.1:9000 }]\n';
const withCache = (cache: string, more = '') => `${UPSTREAM}${more}routes: [{ match: /*, cache: ${cache} }]\n`;

function cacheOf(cache: string) {
  const { config, faults } = parseConfig(withCache(cache), {});
  return config?.routes[0]?.cache ?? faults;
}

const faultsOf = (text: string) =>
  parseConfig(text, {}).faults.map(({ path, message, cure }) => `${path}: ${message} | ${cure}`);

it('a cache that is only asked for keeps what the origin lets it keep, and guesses nothing', () => {
  const { config } = parseConfig(withCache('true'), {});
  expect(config?.routes[0]?.cache).toEqual({
    negative: { default: 0, max: 300_000 },
    heuristic: { share: 0, max: 86_400_000 },
    staleWhileRevalidate: 0,
    key: { sort: false, headers: [], cookies: [], device: false, body: null },
    bypass: { headers: [], cookies: [], query: [] },
    setCookie: 'refuse',
    obeyRequests: true,
    tags: { pass: true },
    targets: ['weir-cache-control', 'cdn-cache-control'],
    collapse: { waiters: 10_000, wait: 5_000 },
  });
  expect(config?.gateway.cache).toEqual({
    memory: 256 * 1024 ** 2,
    writing: 64 * 1024 ** 2,
    maxBody: 16 * 1024 ** 2,
    purge: null,
  });
});

it('none is kept unless it is asked for', () => {
  for (const text of [`${UPSTREAM}routes: [{ match: /* }]`, withCache('false')]) {
    expect(parseConfig(text, {}).config?.routes[0]?.cache).toBeNull();
  }
});

describe('each setting has the forms that its description names', () => {
  it.each([
    ['{ negative: 10s }', { negative: { default: 10_000, max: 300_000 } }],
    ['{ negative: 10m }', { negative: { default: 600_000, max: 600_000 } }],
    ['{ negative: { max: 0s } }', { negative: { default: 0, max: 0 } }],
    ['{ heuristic: true }', { heuristic: { share: 0.1, max: 86_400_000 } }],
    ['{ heuristic: { share: 0.5, max: 1h } }', { heuristic: { share: 0.5, max: 3_600_000 } }],
    ['{ ttl: 8760h, defaultTtl: 0s }', { ttl: 31_536_000_000, defaultTtl: 0 }],
    ['{ setCookie: keep }', { setCookie: 'keep' }],
    ['{ staleIfSlow: 300ms }', { staleIfSlow: { kind: 'after', afterMs: 300 } }],
    ['{ staleIfSlow: adaptive }', { staleIfSlow: { kind: 'learnt', minMs: 50, maxMs: 1_000 } }],
    ['{ staleIfSlow: { min: 1ms } }', { staleIfSlow: { kind: 'learnt', minMs: 1, maxMs: 1_000 } }],
    ['{ key: { query: { only: [] } } }', { key: { query: { mode: 'only', names: [] } } }],
    ['{ key: { query: { except: utm } } }', { key: { query: { mode: 'except', names: ['utm'] } } }],
    ['{ key: { headers: X-Tenant, cookies: Tenant } }', { key: { headers: ['x-tenant'], cookies: ['Tenant'] } }],
    ['{ key: { body: true } }', { key: { body: { max: 65_536, members: [] } } }],
    ['{ key: { body: { members: query } } }', { key: { body: { max: 65_536, members: ['query'] } } }],
    ['{ bypass: { headers: { X-A: true } } }', { bypass: { headers: [{ name: 'x-a', op: 'present', values: [] }] } }],
    ['{ bypass: { cookies: { Ab: x } } }', { bypass: { cookies: [{ name: 'Ab', op: 'equals', values: ['x'] }] } }],
    ['{ bypass: { query: { a: false } } }', { bypass: { query: [{ name: 'a', op: 'absent', values: [] }] } }],
    [
      '{ bypass: { query: { a: { in: [b, c] } } } }',
      { bypass: { query: [{ name: 'a', op: 'in', values: ['b', 'c'] }] } },
    ],
    ['{ collapse: false }', { collapse: null }],
    ['{ collapse: { waiters: 3 } }', { collapse: { waiters: 3, wait: 5_000 } }],
    ['{ purge: false }', { purge: null }],
  ])('%s', (written, wanted) => expect(cacheOf(written)).toMatchObject(wanted));
});

describe('what cannot be meant is refused with a cure', () => {
  it.each([
    ['{ ttl: 1500ms }', 'cache.ttl: 1500ms is not a whole number of seconds | write one such as 1s'],
    ['{ ttl: 60 }', 'cache.ttl: the duration 60 has no unit | write 60ms or 60s'],
    ['{ negative: { default: 10m } }', 'cache.negative.default: default is above max | lower default'],
    ['{ staleIfSlow: { min: 2s, max: 1s } }', 'cache.staleIfSlow: min is above max | lower min'],
    ['{ staleIfSlow: soon }', 'cache.staleIfSlow'],
    ['{ key: { query: {} } }', 'cache.key.query: neither `only` nor `except` is stated'],
    ['{ key: { query: { only: a, except: b } } }', 'cache.key.query: both `only` and `except` are stated | keep one'],
    ['{ key: { device: yes } }', 'cache.key.device: true or false was expected'],
    ['{ setCookie: drop }', 'cache.setCookie: "drop" is not known as what to do | write one of refuse, strip, keep'],
    ['{ maxbody: 1MiB }', 'cache.maxbody: the key "maxbody" is not known | did you mean maxBody?'],
    ['{ purge: true }', 'cache.purge'],
  ])('%s', (written, fault) => expect(faultsOf(withCache(written)).join('\n')).toContain(`routes[0].${fault}`));

  it('a consumer that may purge is one of those that there are, unless a token names it', () => {
    const consumers =
      'consumers: [{ id: ops, keys: [{ sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 }] }]\n';
    const text = (auth: string) =>
      `${UPSTREAM}${consumers}gateway: { cache: { purge: { consumers: opz } } }\nroutes: [{ match: /*, auth: ${auth}, cache: { purge: { consumers: [ops, robot] } } }]`;
    expect(faultsOf(text('apiKey'))).toEqual([
      'gateway.cache.purge.consumers: there is no consumer "opz" | did you mean ops?',
      'routes[0].cache.purge.consumers[1]: there is no consumer "robot" | add it under `consumers`',
    ]);
    expect(faultsOf(text('{ jwt: { jwks: https://issuer.example/keys } }'))).toEqual([]);
  });
});
