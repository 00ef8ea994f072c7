/** Conformance: stale answers (RFC 9111 §4.2.4, RFC 5861), invalidation (§4.4), and fields for some caches only (RFC 9213). */
import { at, type Case, first, next, refetched, reused, type Step } from '../cases.js';

const FRESH = ['cache-control', 'max-age=3600'];
const fails = (how: 'stood-in' | 'failed', more: Omit<Step, 'how'> = {}): Step => next(how, { origin: null, ...more });

const ifError = (
  control: string,
  how: 'stood-in' | 'failed',
  staleIfErrorS: number,
  asked: string | null = null,
): Case => [
  how === 'failed' ? '9111 §4.2.4' : '5861 §4',
  `${control}, the route allows ${staleIfErrorS} s, the client says ${asked ?? 'nothing'}: after 5 s ${how}`,
  [first(['cache-control', control]), fails(how, asked === null ? {} : { with: ['cache-control', asked] })],
  { staleIfErrorS },
];

const errors: readonly Case[] = [
  ifError('max-age=2, stale-if-error=60', 'stood-in', 0),
  ifError('max-age=2, stale-if-error=3', 'stood-in', 0),
  ifError('max-age=2, stale-if-error=2', 'failed', 0),
  ifError('max-age=2, stale-if-error=2', 'failed', 60),
  ifError('max-age=2, stale-if-error=0', 'failed', 60),
  ifError('max-age=2', 'stood-in', 60),
  ifError('max-age=2', 'failed', 2),
  ifError('max-age=2', 'failed', 0),
  ifError('max-age=2, must-revalidate', 'failed', 60),
  ifError('max-age=2, must-revalidate, stale-if-error=60', 'failed', 60),
  ifError('max-age=2, proxy-revalidate', 'failed', 60),
  ifError('max-age=9, no-cache', 'failed', 60),
  ifError('s-maxage=2', 'failed', 60),
  ifError('s-maxage=2, stale-if-error=60', 'stood-in', 0),
  ifError('max-age=0', 'stood-in', 0, 'stale-if-error=3600'),
  ifError('max-age=0', 'failed', 0, 'stale-if-error=1'),
  ifError('max-age=0', 'failed', 60, 'stale-if-error=1'),
  ifError('max-age=0, stale-if-error=2', 'failed', 0, 'stale-if-error=3600'),
  ifError('max-age=0, stale-if-error=60', 'failed', 0, 'stale-if-error=2'),
  ifError('max-age=0, must-revalidate', 'failed', 0, 'stale-if-error=3600'),
  ifError('s-maxage=0', 'failed', 0, 'stale-if-error=3600'),
  ifError('max-age=60', 'stood-in', 0, 'no-cache'),
  ...[500, 502, 503, 504].map(
    (status): Case => [
      '5861 §4',
      `${status} is an error`,
      [
        first(['cache-control', 'max-age=2, stale-if-error=60']),
        next('stood-in', { origin: { status }, status: 200, body: 'one', has: ['age', '5'] }),
      ],
    ],
  ),
  ...[400, 404, 410, 429, 501].map(
    (status): Case => [
      '5861 §4',
      `${status} is an answer`,
      [first(['cache-control', 'max-age=2, stale-if-error=60']), next('fetched', { origin: { status }, status })],
    ],
  ),
  [
    '5861 §4',
    'what stood in once may stand in again',
    [
      first(['cache-control', 'max-age=2, stale-if-error=60']),
      fails('stood-in'),
      fails('stood-in'),
      fails('failed', { after: 53 }),
    ],
  ],
  [
    '5861 §4',
    'a copy that stood in is validated when the origin is back',
    [
      first(['cache-control', 'max-age=2, stale-if-error=60', 'etag', '"1"']),
      fails('stood-in'),
      next('validated', { origin: { status: 304 } }),
    ],
  ],
  [
    '9111 §4.2.4',
    'a stale answer warns of nothing',
    [first(['cache-control', 'max-age=2, stale-if-error=60']), fails('stood-in', { lacks: ['warning'] })],
  ],
  [
    '9111 §4.2.4',
    'HEAD is answered by a copy that stands in',
    [first(['cache-control', 'max-age=2, stale-if-error=60']), fails('stood-in', { method: 'HEAD', body: '' })],
  ],
];

const SWR = 'max-age=2, stale-while-revalidate=60';
const refreshing: readonly Case[] = [
  [
    '5861 §3',
    'a stale copy is used while it is revalidated',
    [
      first(['cache-control', 'max-age=0, stale-while-revalidate=3600', 'etag', '"1"']),
      next('refresh', {
        body: 'one',
        origin: { headers: [...FRESH, 'etag', '"2"'], body: 'two' },
        has: ['etag', '"1"'],
      }),
      next('hit', { body: 'two', has: ['etag', '"2"'] }),
    ],
  ],
  [
    '5861 §3',
    'a 304 behind it makes it fresh',
    [
      first(['cache-control', SWR, 'etag', '"1"']),
      next('refresh', { origin: { status: 304, headers: FRESH }, sent: ['if-none-match', '"1"'] }),
      reused,
    ],
  ],
  [
    '5861 §3',
    'a failure behind it leaves it',
    [
      first(['cache-control', SWR]),
      next('refresh', { origin: null, body: 'one' }),
      next('refresh', { origin: null, body: 'one' }),
    ],
  ],
  ['5861 §3', 'a fresh copy is just used', [first(['cache-control', 'max-age=60, stale-while-revalidate=60']), reused]],
  [
    '5861 §3',
    'not beyond its time',
    [first(['cache-control', 'max-age=2, stale-while-revalidate=3']), next('fetched')],
  ],
  [
    '5861 §3',
    'for the last time right before',
    [first(['cache-control', 'max-age=2, stale-while-revalidate=4']), next('refresh', { origin: null })],
  ],
  [
    '5861 §3',
    'HEAD uses and refreshes it as well',
    [
      first(['cache-control', SWR]),
      next('refresh', { method: 'HEAD', body: '', origin: { headers: FRESH, body: 'two' } }),
      next('hit', { body: 'two' }),
    ],
  ],
  ['5861 §3', 'not against must-revalidate', [first(['cache-control', `${SWR}, must-revalidate`]), next('fetched')]],
  ['5861 §3', 'not against proxy-revalidate', [first(['cache-control', `${SWR}, proxy-revalidate`]), next('fetched')]],
  ['5861 §3', 'not against no-cache', [first(['cache-control', `${SWR}, no-cache`]), next('fetched')]],
  [
    '5861 §3',
    'beside s-maxage it is meant',
    [first(['cache-control', 's-maxage=2, stale-while-revalidate=60']), next('refresh', { origin: null })],
  ],
  [
    '5861 §3',
    'not against the client',
    [first(['cache-control', SWR]), next('fetched', { with: ['cache-control', 'no-cache'] })],
  ],
  [
    '5861 §3',
    'where the route says so',
    [first(['cache-control', 'max-age=2']), next('refresh', { origin: null })],
    { staleWhileRevalidateS: 60 },
  ],
  [
    '5861 §3',
    'where the route says so, not for s-maxage',
    [first(['cache-control', 's-maxage=2']), next('fetched')],
    { staleWhileRevalidateS: 60 },
  ],
  [
    '5861 §3',
    'the origin knows better than the route',
    [first(['cache-control', 'max-age=2, stale-while-revalidate=0']), next('fetched')],
    { staleWhileRevalidateS: 60 },
  ],
];

const changes = (method: string, status: number, isInvalid: boolean): Case => [
  '9111 §4.4',
  `${method} answered ${status} ${isInvalid ? 'invalidates' : 'leaves'} what is stored`,
  [first(FRESH), next('bypassed', { method, origin: { status } }), isInvalid ? refetched : reused],
];
const names = (claim: string, headers: readonly string[], isInvalid: boolean): Case => [
  '9111 §4.4',
  claim,
  [
    first(FRESH, { url: '/x/b?q=1' }),
    next('bypassed', { method: 'POST', url: '/x/a', origin: { status: 201, headers } }),
    next(isInvalid ? 'fetched' : 'hit', { url: '/x/b?q=1' }),
  ],
];

const invalidation: readonly Case[] = [
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH'].flatMap((method) => [
    changes(method, 200, true),
    changes(method, 500, false),
  ]),
  changes('POST', 303, true),
  changes('POST', 404, false),
  changes('OPTIONS', 200, false),
  changes('TRACE', 200, false),
  ...['location', 'content-location'].flatMap((name) => [
    names(`${name} as a path`, [name, '/x/b?q=1'], true),
    names(`${name} relative to the request`, [name, 'b?q=1'], true),
    names(`${name} as a URL`, [name, 'https://example.com/x/b?q=1'], true),
    names(`${name} with the default port`, [name, 'https://EXAMPLE.com:443/x/b?q=1'], true),
    names(`${name} on another host`, [name, 'https://example.org/x/b?q=1'], false),
    names(`${name} on another scheme`, [name, 'http://example.com/x/b?q=1'], false),
    names(`${name} of something else`, [name, '/x/c'], false),
    names(`${name} that is no URL`, [name, 'https://['], false),
  ]),
];

const targeted = (claim: string, headers: readonly string[], isReused: boolean): Case => [
  '9213 §2.2',
  claim,
  [first(headers), isReused ? reused : refetched],
];

const targets: readonly Case[] = [
  targeted('a targeted max-age is enough', ['cdn-cache-control', 'max-age=3600'], true),
  targeted('up to 2^31', ['cdn-cache-control', 'max-age=2147483648'], true),
  targeted('and beyond', ['cdn-cache-control', 'max-age=99999999999'], true),
  targeted('Age counts', ['cdn-cache-control', 'max-age=3600', 'age', '7200'], false),
  targeted('max-age=0 is stale', ['cdn-cache-control', 'max-age=0'], false),
  targeted('unknown members change nothing', ['cdn-cache-control', 'foobar, max-age=3600'], true),
  targeted('a past Expires does not count', ['cdn-cache-control', 'max-age=3600', 'expires', at(-9999)], true),
  targeted('an invalid Expires does not count', ['cdn-cache-control', 'max-age=3600', 'expires', '0'], true),
  targeted('a future Expires does not count', ['cdn-cache-control', 'max-age=0', 'expires', at(9999)], false),
  targeted(
    'an Expires does not count beside a field without freshness',
    ['cdn-cache-control', 'none', 'expires', at(9999)],
    false,
  ),
  targeted(
    'a long one wins over a short Cache-Control',
    ['cache-control', 'max-age=1', 'cdn-cache-control', 'max-age=3600'],
    true,
  ),
  targeted(
    'a short one wins over a long Cache-Control',
    ['cache-control', 'max-age=3600', 'cdn-cache-control', 'max-age=1'],
    false,
  ),
  targeted('private', ['cdn-cache-control', 'private', 'cache-control', 'max-age=9999'], false),
  targeted('no-cache', ['cdn-cache-control', 'no-cache', 'cache-control', 'max-age=9999'], false),
  targeted('no-store', ['cdn-cache-control', 'no-store', 'cache-control', 'max-age=9999', 'expires', at(9999)], false),
  targeted('it stores against no-store', ['cache-control', 'no-store', 'cdn-cache-control', 'max-age=9999'], true),
  targeted('it stores against private', ['cache-control', 'private', 'cdn-cache-control', 'max-age=9999'], true),
  targeted(
    'malformed, it is ignored',
    ['cdn-cache-control', 'max-age=9999, &&&&&', 'cache-control', 'no-store'],
    false,
  ),
  targeted(
    'malformed, Cache-Control counts',
    ['cdn-cache-control', 'no-store, &&&&&', 'cache-control', 'max-age=9999'],
    true,
  ),
  targeted(
    'of the wrong type, it is not fresh',
    ['cdn-cache-control', 'max-age="9999"', 'cache-control', 'max-age=9999'],
    false,
  ),
  targeted('in upper case, it is malformed', ['cdn-cache-control', 'MaX-aGe=3600'], false),
  targeted('empty, it is ignored', ['cdn-cache-control', '', 'cache-control', 'max-age=9999'], true),
  targeted(
    'our own field wins over that of all',
    ['weir-cache-control', 'max-age=1', 'cdn-cache-control', 'max-age=3600'],
    false,
  ),
  [
    '9213 §2.2',
    'a CDN field goes on to the client',
    [first(['cdn-cache-control', 'max-age=60']), next('hit', { has: ['cdn-cache-control', 'max-age=60'] })],
  ],
  [
    '9213 §2.2',
    'our own does not',
    [first(['weir-cache-control', 'max-age=60']), next('hit', { lacks: ['weir-cache-control'] })],
  ],
  [
    '9213 §2.2',
    'a 304 without our own leaves it in force',
    [
      first(['weir-cache-control', 'max-age=2', 'cache-control', 'no-store', 'etag', '"1"']),
      next('validated', { origin: { status: 304 } }),
      next('hit', { after: 1 }),
      next('validated', { origin: { status: 304 } }),
    ],
  ],
  [
    '9213 §2.2',
    'a 304 may change our own',
    [
      first(['weir-cache-control', 'max-age=2', 'etag', '"1"']),
      next('validated', { origin: { status: 304, headers: ['weir-cache-control', 'max-age=60'] } }),
      reused,
    ],
  ],
  [
    '5861 §3',
    'a targeted stale-while-revalidate',
    [first(['cdn-cache-control', 'max-age=2, stale-while-revalidate=60']), next('refresh', { origin: null })],
  ],
  [
    '9213 §2.2',
    'a route without targets reads Cache-Control',
    [first(['cdn-cache-control', 'max-age=60', 'cache-control', 'no-store']), refetched],
    { targets: [] },
  ],
];

const SURROGATE = { targets: ['surrogate-control', 'cdn-cache-control'], surrogate: 'weir' };

const surrogate = (claim: string, steps: readonly Step[], spec: Case[3] = SURROGATE): Case => [
  'Edge Architecture 1.0 §2.2',
  claim,
  steps,
  spec,
];

const surrogates: readonly Case[] = [
  surrogate('max-age is enough', [first(['surrogate-control', 'max-age=3600']), reused]),
  surrogate('Age counts', [first(['surrogate-control', 'max-age=3600', 'age', '7200']), refetched]),
  surrogate('it wins over Cache-Control and Expires', [
    first(['surrogate-control', 'max-age=3600', 'cache-control', 'no-store', 'expires', at(-9)]),
    reused,
  ]),
  surrogate('also when it says less', [
    first(['cache-control', 'max-age=3600', 'expires', at(9999), 'surrogate-control', 'max-age=1']),
    refetched,
  ]),
  surrogate('no-store', [first([...FRESH, 'surrogate-control', 'no-store']), refetched]),
  surrogate('what is for another surrogate is not said to this one', [
    first(['surrogate-control', 'max-age=3600;other']),
    refetched,
  ]),
  surrogate('and leaves Cache-Control in force', [first([...FRESH, 'surrogate-control', 'no-store;other']), reused]),
  surrogate('so does a field that says nothing of caching', [
    first([...FRESH, 'surrogate-control', 'content="ESI/1.0"']),
    reused,
  ]),
  surrogate('a second span is for a stale copy', [
    first(['surrogate-control', 'max-age=2+60']),
    next('refresh', { origin: null }),
  ]),
  surrogate('it ends here', [
    first(['surrogate-control', 'max-age=60']),
    next('hit', { lacks: ['surrogate-control'] }),
  ]),
  surrogate('a 304 without it leaves it in force', [
    first(['surrogate-control', 'max-age=2', 'cache-control', 'no-store', 'etag', '"1"']),
    next('validated', { origin: { status: 304 } }),
    next('hit', { after: 1 }),
  ]),
  surrogate(
    'a route that does not name it neither heeds it nor ends it',
    [first([...FRESH, 'surrogate-control', 'no-store']), next('hit', { has: ['surrogate-control', 'no-store'] })],
    {},
  ),
];

export const staleness: readonly Case[] = [...errors, ...refreshing, ...invalidation, ...targets, ...surrogates];
