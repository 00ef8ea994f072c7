/** Conformance: which stored answer a request selects: key and Vary (RFC 9111 §2, §4.1), and what the client asks of it (§5.2.1). */
import type { CacheKeySpec } from '@weir/proto/snapshot/cache.js';
import { at, type Case, first, next, refetched, reused } from '../cases.js';
import { makeCacheSpec } from '../specs.js';

const VARY = ['cache-control', 'max-age=3600', 'vary', 'Foo'];

const both = (name: string, one: string, other: string, isSame: boolean): Case => [
  '9111 §4.1',
  `${name}: "${one}" and "${other}" ${isSame ? 'select' : 'do not select'} the same`,
  [
    first(['cache-control', 'max-age=3600', 'vary', name], { with: [name, one] }),
    next(isSame ? 'hit' : 'fetched', { with: [name, other] }),
  ],
];

const vary: readonly Case[] = [
  both('foo', '1', '1', true),
  both('foo', '1', '2', false),
  both('foo', '1,2', ' 1, 2 ', true),
  both('foo', '1, 2', '2, 1', false),
  both('foo', 'A', 'a', false),
  both('foo', '"a, b"', '"a,b"', false),
  both('accept-language', 'en, de', 'de, en', true),
  both('accept-language', 'en, de', 'eN, De', true),
  both('accept-language', 'en, de', ' en ,   de', true),
  both('accept-language', 'en;q=1.0, de', 'en, de', true),
  both('accept-language', 'en, de;q=0.5', 'de;q=0.5, en', true),
  both('accept-language', 'en, de;q=0.5', 'en;q=0.5, de', false),
  both('accept-language', 'en', 'en-US', false),
  both('accept-language', 'en;x=1', 'en', false),
  both('accept-encoding', 'gzip, br', 'br,gzip', true),
  both('accept-encoding', 'gzip', 'br', false),
  both('accept-encoding', 'gzip, br;q=0', 'gzip', false),
  both('cookie', 'a=1,b', 'a=1, b', false),
  [
    '9111 §4.1',
    'two lines are one value',
    [first(VARY, { with: ['foo', '1, 2'] }), next('hit', { with: ['foo', '1', 'foo', '2'] })],
  ],
  ['9111 §4.1', 'absent is not present', [first(VARY, { with: ['foo', '1'] }), refetched]],
  ['9111 §4.1', 'present is not absent', [first(VARY), next('fetched', { with: ['foo', '1'] })]],
  ['9111 §4.1', 'empty is not absent', [first(VARY), next('fetched', { with: ['foo', ''] })]],
  ['9111 §4.1', 'absent is absent', [first(VARY), reused]],
  [
    '9111 §4.1',
    'other fields do not count',
    [first(VARY, { with: ['foo', '1', 'other', '2'] }), next('hit', { with: ['other', '3', 'foo', '1'] })],
  ],
  [
    '9111 §4.1',
    'variants are kept side by side',
    [
      first(VARY, { with: ['foo', '1'] }),
      next('fetched', { with: ['foo', '2'], origin: { headers: VARY, body: 'two' } }),
      next('hit', { with: ['foo', '1'], body: 'one' }),
      next('hit', { with: ['foo', '2'], body: 'two' }),
    ],
  ],
  [
    '9111 §4.1',
    'three fields, all the same',
    [
      first(['cache-control', 'max-age=60', 'vary', 'Foo, Bar, Baz'], { with: ['foo', '1', 'bar', 'abc', 'baz', '7'] }),
      next('hit', { with: ['baz', '7', 'foo', '1', 'bar', 'abc'] }),
    ],
  ],
  [
    '9111 §4.1',
    'three fields, one not',
    [
      first(['cache-control', 'max-age=60', 'vary', 'Foo, Bar, Baz'], { with: ['foo', '1', 'bar', 'abc', 'baz', '7'] }),
      next('fetched', { with: ['foo', '1', 'bar', 'abcd', 'baz', '7'] }),
    ],
  ],
  [
    '9111 §4.1',
    'three fields, one absent both times',
    [
      first(['cache-control', 'max-age=60', 'vary', 'Foo, Bar, Baz'], { with: ['foo', '1', 'baz', '7'] }),
      next('hit', { with: ['foo', '1', 'baz', '7'] }),
    ],
  ],
  [
    '9111 §4.1',
    'values do not change places',
    [
      first(['cache-control', 'max-age=60', 'vary', 'Foo, Bar'], { with: ['foo', '1', 'bar', '2'] }),
      next('fetched', { with: ['foo', '2', 'bar', '1'] }),
    ],
  ],
  [
    '9111 §4.1',
    'an origin that varies by something else now is followed, and the old answer kept',
    [
      first(VARY, { with: ['foo', '1'] }),
      next('fetched', {
        with: ['foo', '2', 'bar', '1'],
        origin: { headers: ['cache-control', 'max-age=60', 'vary', 'Bar'], body: 'two' },
      }),
      next('hit', { with: ['foo', '3', 'bar', '1'], body: 'two' }),
      next('hit', { with: ['foo', '1', 'bar', '9'], body: 'one' }),
    ],
  ],
  ...['*', '*, *', ', *', '*, Foo', 'Foo, *'].map(
    (value): Case => [
      '9111 §4.1',
      `Vary: ${value} selects never again`,
      [first(['cache-control', 'max-age=60', 'vary', value]), refetched],
    ],
  ),
  [
    '9111 §4.1',
    'Vary: * on a second line selects never again',
    [first(['cache-control', 'max-age=60', 'vary', '', 'vary', '*']), refetched],
  ],
  [
    '9111 §4.3.1',
    'the validator of another variant is not sent',
    [
      first([...VARY, 'etag', '"1"'], { with: ['foo', '1'] }),
      next('fetched', { with: ['foo', '2'], unsent: ['if-none-match'] }),
    ],
  ],
];

const key = (over: Partial<CacheKeySpec>) => ({
  key: { ...makeCacheSpec().key, ...over },
});
const urls = (one: string, other: string, isSame: boolean, over: Partial<CacheKeySpec> = {}): Case => [
  '9111 §2',
  `${one} and ${other} are ${isSame ? 'one' : 'two'} by ${JSON.stringify(over)}`,
  [first(['cache-control', 'max-age=60'], { url: one }), next(isSame ? 'hit' : 'fetched', { url: other })],
  key(over),
];

const keys: readonly Case[] = [
  urls('/a?x=1', '/a?x=1', true),
  urls('/a?x=1', '/a?x=2', false),
  urls('/a?x=1', '/a', false),
  urls('/a?x=1&y=2', '/a?y=2&x=1', false),
  urls('/a?x=1&y=2', '/a?y=2&x=1', true, { sortsQuery: true }),
  urls('/a?x=1&x=2', '/a?x=2&x=1', false, { sortsQuery: true }),
  urls('/a?utm=1&x=2', '/a?x=2', true, { query: { mode: 'except', names: ['utm'] } }),
  urls('/a?x=1', '/a?x=2', false, { query: { mode: 'except', names: ['utm'] } }),
  urls('/a?utm=1', '/a', true, { query: { mode: 'except', names: ['utm'] } }),
  urls('/a?x=1&y=2', '/a?x=1&y=3', true, { query: { mode: 'only', names: ['x'] } }),
  urls('/a?x=1&y=2', '/a?x=2&y=2', false, { query: { mode: 'only', names: ['x'] } }),
  urls('/a', '/A', false),
  urls('/a', '/a/', false),
  urls('/a//b', '/a/b', false),
  urls('/a%2fb', '/a/b', false),
  [
    '9111 §2',
    'another scheme is another key',
    [first(['cache-control', 'max-age=60'], { scheme: 'http' }), next('fetched', { scheme: 'https' })],
  ],
  [
    'route',
    'a field of the key tells apart',
    [
      first(['cache-control', 'max-age=60'], { with: ['x-device', 'tv'] }),
      next('fetched', { with: ['x-device', 'pc'] }),
      next('hit', { with: ['x-device', 'tv'] }),
    ],
    key({ headers: ['x-device'] }),
  ],
  [
    'route',
    'a cookie of the key tells apart, others do not',
    [
      first(['cache-control', 'max-age=60'], { with: ['cookie', 'z=1; ab=x'] }),
      next('hit', { with: ['cookie', 'ab=x; z=2'] }),
      next('fetched', { with: ['cookie', 'ab=y'] }),
      next('fetched'),
    ],
    key({ cookies: ['ab'] }),
  ],
];

const FRESH = ['cache-control', 'max-age=3600'];
const asks = (rfc: string, value: string, headers: readonly string[], how: 'hit' | 'stale' | 'fetched'): Case => [
  rfc,
  `a request with ${value} for ${headers.join(': ')}: ${how}`,
  [first(headers), next(how, { with: ['cache-control', value] })],
];

const requests: readonly Case[] = [
  asks('9111 §5.2.1.1', 'max-age=0', FRESH, 'fetched'),
  asks('9111 §5.2.1.1', 'max-age=1', FRESH, 'fetched'),
  asks('9111 §5.2.1.1', 'max-age=5', FRESH, 'hit'),
  asks('9111 §5.2.1.1', 'max-age=600', [...FRESH, 'age', '1800'], 'fetched'),
  asks('9111 §5.2.1.2', 'max-stale=1000', ['cache-control', 'max-age=1'], 'stale'),
  asks('9111 §5.2.1.2', 'max-stale=4', ['cache-control', 'max-age=1'], 'stale'),
  asks('9111 §5.2.1.2', 'max-stale=3', ['cache-control', 'max-age=1'], 'fetched'),
  asks('9111 §5.2.1.2', 'max-stale', ['cache-control', 'max-age=1'], 'stale'),
  asks('9111 §5.2.1.2', 'max-stale=1000', ['cache-control', 'max-age=1500', 'age', '2000'], 'stale'),
  asks('9111 §5.2.2.2', 'max-stale', ['cache-control', 'max-age=1, must-revalidate'], 'fetched'),
  asks('9111 §5.2.2.8', 'max-stale', ['cache-control', 'max-age=1, proxy-revalidate'], 'fetched'),
  asks('9111 §5.2.2.10', 'max-stale', ['cache-control', 's-maxage=1'], 'fetched'),
  asks('9111 §5.2.2.4', 'max-stale', ['cache-control', 'no-cache', 'x', 'y'], 'fetched'),
  asks('9111 §5.2.1.3', 'min-fresh=2000', ['cache-control', 'max-age=1500'], 'fetched'),
  asks('9111 §5.2.1.3', 'min-fresh=1000', ['cache-control', 'max-age=1500'], 'hit'),
  asks('9111 §5.2.1.3', 'min-fresh=1000', ['cache-control', 'max-age=1500', 'age', '1000'], 'fetched'),
  asks('9111 §5.2.1.4', 'no-cache', FRESH, 'fetched'),
  asks('8246 §2', 'max-age=0', ['cache-control', 'max-age=3600, immutable'], 'hit'),
  asks('8246 §2', 'no-cache', ['cache-control', 'max-age=3600, immutable'], 'fetched'),
  asks('8246 §2', 'max-age=0', ['cache-control', 'max-age=2, immutable'], 'fetched'),
  asks('8246 §2', 'max-age=0, max-stale', ['cache-control', 'max-age=2, immutable'], 'fetched'),
  [
    '9111 §5.2.1.1',
    'max-age=0 asks even in the moment in which it was stored',
    [first(FRESH), next('fetched', { after: 0, with: ['cache-control', 'max-age=0'] })],
  ],
  [
    '9111 §5.2.1.4',
    'no-cache validates by tag',
    [
      first([...FRESH, 'etag', '"1"']),
      next('validated', {
        with: ['cache-control', 'no-cache'],
        origin: { status: 304 },
        sent: ['if-none-match', '"1"'],
      }),
    ],
  ],
  [
    '9111 §5.2.1.4',
    'no-cache validates by date',
    [
      first([...FRESH, 'last-modified', at(-100)]),
      next('validated', {
        with: ['cache-control', 'no-cache'],
        origin: { status: 304 },
        sent: ['if-modified-since', at(-100)],
      }),
    ],
  ],
  [
    '9111 §5.2.1.4',
    'what no-cache brings is stored',
    [
      first(FRESH),
      next('fetched', { with: ['cache-control', 'no-cache'], origin: { headers: FRESH, body: 'two' } }),
      next('hit', { body: 'two' }),
    ],
  ],
  [
    '9111 §5.2.1.5',
    'no-store goes past the cache',
    [first(FRESH), next('bypassed', { with: ['cache-control', 'no-store'] }), reused],
  ],
  [
    '9111 §5.2.1.7',
    'only-if-cached without a copy',
    [next('unavailable', { with: ['cache-control', 'only-if-cached'], status: 504 })],
  ],
  [
    '9111 §5.2.1.7',
    'only-if-cached with a fresh copy',
    [first(FRESH), next('hit', { with: ['cache-control', 'only-if-cached'] })],
  ],
  [
    '9111 §5.2.1.7',
    'only-if-cached with a stale copy',
    [first(['cache-control', 'max-age=1']), next('unavailable', { with: ['cache-control', 'only-if-cached'] })],
  ],
  [
    '9111 §5.2.1.7',
    'only-if-cached with a stale copy that is accepted',
    [first(['cache-control', 'max-age=1']), next('stale', { with: ['cache-control', 'only-if-cached, max-stale'] })],
  ],
  [
    '9111 §5.2.1.7',
    'only-if-cached refreshes nothing',
    [
      first(['cache-control', 'max-age=1, stale-while-revalidate=60']),
      next('stale', { with: ['cache-control', 'only-if-cached'], body: 'one' }),
    ],
  ],
  ['9111 §5.4', 'Pragma: no-cache is no-cache', [first(FRESH), next('fetched', { with: ['pragma', 'no-cache'] })]],
  [
    '9111 §5.4',
    'not beside Cache-Control',
    [first(FRESH), next('hit', { with: ['pragma', 'no-cache', 'cache-control', 'max-age=60'] })],
  ],
  ['9111 §5.4', 'another Pragma is nothing', [first(FRESH), next('hit', { with: ['pragma', 'foo'] })]],
  [
    'route',
    'a route may not listen to no-cache',
    [first(FRESH), next('hit', { with: ['cache-control', 'no-cache'] })],
    { obeysRequests: false },
  ],
  ['route', 'nor to Pragma', [first(FRESH), next('hit', { with: ['pragma', 'no-cache'] })], { obeysRequests: false }],
  [
    'route',
    'nor to max-stale',
    [first(['cache-control', 'max-age=1']), next('fetched', { with: ['cache-control', 'max-stale'] })],
    { obeysRequests: false },
  ],
  [
    'route',
    'it listens to no-store all the same',
    [first(FRESH), next('bypassed', { with: ['cache-control', 'no-store'] })],
    { obeysRequests: false },
  ],
  [
    '9111 §4.3.2',
    'If-Match is for the origin',
    [first([...FRESH, 'etag', '"1"']), next('bypassed', { with: ['if-match', '"1"'], sent: ['if-match', '"1"'] })],
  ],
  [
    '9111 §4.3.2',
    'If-Unmodified-Since is for the origin',
    [first(FRESH), next('bypassed', { with: ['if-unmodified-since', at(0)] })],
  ],
];

export const selecting: readonly Case[] = [...vary, ...keys, ...requests];
