/** Conformance: what is stored, and what of it (RFC 9111 §3, §5.2.2; RFC 9110 §15.1). */
import { at, type Case, first, next, refetched, reused } from '../cases.js';
import { makeCacheSpec } from '../specs.js';

const FRESH = ['cache-control', 'max-age=3600'];
const HEURISTIC = ['last-modified', at(-86_400)];

const withStatus = (status: number, headers: readonly string[]) => first(headers, { answer: { status }, status });

const explicit: readonly Case[] = [
  ...[
    200, 203, 204, 299, 300, 301, 302, 303, 307, 308, 400, 403, 404, 405, 410, 414, 451, 499, 500, 501, 502, 503, 504,
    599,
  ],
].map(
  (status): Case => [
    '9111 §3',
    `a fresh ${status} with explicit freshness is reused`,
    [withStatus(status, FRESH), next('hit', { status })],
  ],
);

const stale: readonly Case[] = [200, 203, 204, 299, 301, 302, 308, 404, 410, 500, 503, 599].map(
  (status): Case => [
    '9111 §4.2',
    `a stale ${status} is not reused`,
    [withStatus(status, ['expires', at(-5000), 'last-modified', at(-100_000), 'date', at(0)]), next('fetched')],
  ],
);

const heuristic: readonly Case[] = [
  ...[200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501].map(
    (status): Case => [
      '9110 §15.1',
      `a ${status} is reused by heuristics`,
      [withStatus(status, HEURISTIC), next('hit', { status })],
    ],
  ),
  ...[201, 202, 299, 302, 303, 307, 400, 403, 451, 500, 502, 503, 504, 599].map(
    (status): Case => [
      '9110 §15.1',
      `a ${status} is not reused by heuristics`,
      [withStatus(status, HEURISTIC), refetched],
    ],
  ),
  ...[201, 302, 403, 599].map(
    (status): Case => [
      '9111 §4.2.2',
      `a ${status} that is public is reused by heuristics`,
      [withStatus(status, ['cache-control', 'public', ...HEURISTIC]), next('hit', { status })],
    ],
  ),
];

const directives: readonly Case[] = [
  ['9111 §3', 'an answer that says nothing about reuse is not reused', [first([]), refetched]],
  ['9111 §3', 'public alone is no freshness', [first(['cache-control', 'public']), refetched]],
  ['9111 §5.2.2.5', 'no-store is not stored', [first(['cache-control', 'no-store']), refetched]],
  [
    '9111 §5.2.2.5',
    'no-store in any case is not stored',
    [first(['cache-control', 'No-StOrE, max-age=9999']), refetched],
  ],
  [
    '9111 §5.2.2.5',
    'no-store with freshness and Expires is not stored',
    [first(['cache-control', 'max-age=9999, no-store', 'expires', at(9999)]), refetched],
  ],
  [
    '9111 §5.2.2.5',
    'no-store on a later line is not stored',
    [first(['cache-control', 'max-age=9999', 'cache-control', 'no-store']), refetched],
  ],
  [
    '9111 §5.2.2.5',
    'a newer no-store takes the place of what is stored, though that is fresh',
    [
      first(FRESH),
      next('fetched', { with: ['cache-control', 'no-cache'], origin: { headers: ['cache-control', 'no-store'] } }),
      refetched,
    ],
  ],
  [
    '9111 §4.3.3',
    'so does a newer one that is private, within the time in which the old one might be used stale',
    [
      first(['cache-control', 'max-age=1, stale-while-revalidate=9999']),
      next('refresh', { body: 'one', origin: { headers: ['cache-control', 'private'] } }),
      refetched,
    ],
  ],
  ...[404, 410].map(
    (status): Case => [
      '9111 §4.3.3',
      `a ${status} that is not stored ends what might stand in`,
      [
        first(['cache-control', 'max-age=1, stale-if-error=9999']),
        next('fetched', { status, origin: { status, headers: ['cache-control', 'no-store'] } }),
        next('failed', { origin: null }),
      ],
    ],
  ),
  ...[400, 429, 431].map(
    (status): Case => [
      '9111 §4.3.3',
      `a ${status} is about one request, and does not`,
      [
        first(['cache-control', 'max-age=1, stale-if-error=9999']),
        next('fetched', { status, origin: { status, headers: ['cache-control', 'no-store'] } }),
        next('stood-in', { origin: null, body: 'one' }),
      ],
    ],
  ),
  [
    '9111 §3.5',
    'nor does one that is not stored for the Authorization of who asked',
    [
      first(['cache-control', 'max-age=1, stale-if-error=9999']),
      next('fetched', { with: ['authorization', 'x'], origin: { headers: FRESH } }),
      next('stood-in', { origin: null, body: 'one' }),
    ],
  ],
  ['9111 §5.2.2.7', 'private is not stored', [first(['cache-control', 'private, max-age=3600']), refetched]],
  [
    '9111 §5.2.2.7',
    'private is not stored although it is public, too',
    [first(['cache-control', 'public, private, max-age=3600']), refetched],
  ],
  [
    '9111 §5.2.2.7',
    'a private field is not stored, the rest is',
    [
      first(['cache-control', 'private="x-user", max-age=3600', 'x-user', 'bob', 'x-b', '2']),
      next('hit', { lacks: ['x-user'], has: ['x-b', '2'] }),
    ],
  ],
  [
    '9111 §5.2.2.4',
    'a no-cache field is not sent from the store',
    [
      first(['cache-control', 'no-cache="a"', 'a', '1', 'b', '2', 'cache-control', 'max-age=3600']),
      next('hit', { lacks: ['a'], has: ['b', '2'] }),
    ],
  ],
  [
    '9111 §5.2.2.4',
    'several no-cache fields are not sent from the store',
    [
      first(['cache-control', 'max-age=3600, no-cache="a, B"', 'a', '1', 'b', '2', 'c', '3']),
      next('hit', { lacks: ['a', 'b'], has: ['c', '3'] }),
    ],
  ],
  [
    '9111 §5.2.2.4',
    'no-cache is not reused without asking',
    [first(['cache-control', 'max-age=9999, no-cache']), refetched],
  ],
  [
    '9111 §5.2.2.4',
    'No-CaChE is not reused without asking',
    [first(['cache-control', 'max-age=9999, No-CaChE']), refetched],
  ],
  [
    '9111 §5.2.2.4',
    'no-cache is stored and validated each time',
    [
      first(['cache-control', 'no-cache', 'etag', '"1"']),
      next('validated', { origin: { status: 304 }, sent: ['if-none-match', '"1"'], body: 'one' }),
    ],
  ],
  [
    '9111 §5.2.2.4',
    'no-cache is validated however fresh',
    [
      first(['cache-control', 'no-cache, max-age=9999', 'expires', at(9999), 'etag', '"1"']),
      next('validated', { origin: { status: 304 }, body: 'one' }),
    ],
  ],
  [
    '9111 §5.2.2.3',
    'must-understand with no-store is not stored when the status is not understood',
    [first(['cache-control', 'max-age=3600, no-store, must-understand'], { answer: { status: 599 } }), refetched],
  ],
  [
    '9111 §5.2.2.3',
    'must-understand overrides no-store when it is',
    [first(['cache-control', 'max-age=3600, no-store, must-understand']), reused],
  ],
  [
    '9111 §5.2.2.3',
    'must-understand alone keeps a status that is not understood out',
    [first(['cache-control', 'max-age=3600, must-understand'], { answer: { status: 299 } }), refetched],
  ],
  [
    '9111 §5.2.2.2',
    'must-revalidate is reused while fresh',
    [first(['cache-control', 'max-age=9999, must-revalidate', 'etag', '"1"']), reused],
  ],
  [
    '9111 §5.2.2.6',
    'no-transform is stored like any other',
    [first(['cache-control', 'max-age=9999, no-transform']), reused],
  ],
  [
    '9111 §5.2.3',
    'an unknown directive changes nothing',
    [first(['cache-control', 'foobar, max-age=3600, x="y, z"']), reused],
  ],
  [
    '9111 §5.2',
    'a field with an open quote is not stored',
    [first(['cache-control', 'max-age=3600, x="no-store']), refetched],
  ],
  [
    '9111 §3',
    'the answer to a request with no-store is not stored',
    [first(FRESH, { with: ['cache-control', 'no-store'], how: 'bypassed' }), refetched],
  ],
];

const authorization: readonly Case[] = [
  [
    '9111 §3.5',
    'the answer to a request with Authorization is not stored',
    [first(['expires', at(9999)], { with: ['authorization', 'x'] }), refetched],
  ],
  ['9111 §3.5', 'nor with max-age', [first(FRESH, { with: ['authorization', 'x'] }), refetched]],
  ...['public', 'must-revalidate', 's-maxage=3600'].map(
    (directive): Case => [
      '9111 §3.5',
      `but with ${directive}`,
      [first(['cache-control', `max-age=3600, ${directive}`], { with: ['authorization', 'x'] }), reused],
    ],
  ),
  [
    '9111 §3.5',
    'proxy-revalidate is not enough',
    [first(['cache-control', 'max-age=3600, proxy-revalidate'], { with: ['authorization', 'x'] }), refetched],
  ],
  [
    '9111 §3.5',
    'a cache for each consumer keeps it for that one',
    [
      first(FRESH, { with: ['authorization', 'x'], consumer: 'bob' }),
      next('hit', { with: ['authorization', 'x'], consumer: 'bob' }),
      next('fetched', { with: ['authorization', 'y'], consumer: 'eve' }),
    ],
    { key: { ...makeCacheSpec().key, byConsumer: true }, storesAuthorized: true },
  ],
];

const fields: readonly Case[] = [
  ...[
    'test-header',
    'x-test-header',
    'content-type',
    'x-frame-options',
    'strict-transport-security',
    'www-authenticate',
    'content-disposition',
  ].map(
    (name): Case => [
      '9111 §3.1',
      `${name} is stored`,
      [first([...FRESH, name, 'a/b']), next('hit', { has: [name, 'a/b'] })],
    ],
  ),
  ...[
    'connection',
    'keep-alive',
    'proxy-connection',
    'proxy-authenticate',
    'proxy-authentication-info',
    'te',
    'upgrade',
    'transfer-encoding',
    'cache-status',
  ].map(
    (name): Case => [
      '9111 §3.1',
      `${name} is not stored`,
      [first([...FRESH, name, 'x-z']), next('hit', { lacks: [name] })],
    ],
  ),
  [
    '9111 §3.1',
    'what Connection names is not stored',
    [
      first([...FRESH, 'connection', 'A, b', 'a', '1', 'b', '2', 'c', '3']),
      next('hit', { lacks: ['a', 'b', 'connection'], has: ['c', '3'] }),
    ],
  ],
  ['9111 §7.3', 'an answer that sets a cookie is not stored', [first([...FRESH, 'set-cookie', 'a=b']), refetched]],
  [
    '9111 §7.3',
    'it is, without the cookie, when it is public',
    [
      first(['cache-control', 'public, max-age=3600', 'set-cookie', 'a=b']),
      next('hit', { lacks: ['set-cookie'], body: 'one' }),
    ],
  ],
  [
    '9111 §7.3',
    'it is, without the cookie, when it says s-maxage',
    [first(['cache-control', 's-maxage=3600', 'set-cookie', 'a=b']), next('hit', { lacks: ['set-cookie'] })],
  ],
  [
    '9111 §7.3',
    'it is, without the cookie, when the route says so',
    [first([...FRESH, 'set-cookie', 'a=b']), next('hit', { lacks: ['set-cookie'] })],
    { setCookie: 'strip' },
  ],
  ...['set-cookie', 'set-cookie2'].map(
    (name): Case => [
      '9111 §3.1',
      `with ${name} for all who ask, when the route says that it is the same to all`,
      [first([...FRESH, name, 'a=b', name, 'c=d']), next('hit', { has: [name, 'a=b, c=d'] })],
      { setCookie: 'keep' },
    ],
  ),
  [
    '9111 §5.2.2.7',
    'but without what the origin has called private by its name',
    [
      first(['cache-control', 'max-age=60, private="set-cookie"', 'set-cookie', 'a=b']),
      next('hit', { lacks: ['set-cookie'] }),
    ],
    { setCookie: 'keep' },
  ],
  ['9111 §3', 'a Cookie in the request changes nothing', [first(FRESH), next('hit', { with: ['cookie', 'a=b'] })]],
  ['9110 §6.6.1', 'what comes without Date gets one', [first(FRESH), next('hit', { has: ['date', at(0)] })]],
  [
    '9110 §6.6.1',
    'Date stays what it was',
    [first([...FRESH, 'date', at(-2)]), next('hit', { has: ['date', at(-2)] })],
  ],
  [
    '9111 §5.3',
    'Expires stays what it was',
    [first(['expires', at(9999), 'date', at(0)]), next('hit', { has: ['expires', at(9999)] })],
  ],
];

const methods: readonly Case[] = [
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'M-SEARCH'].map(
    (method): Case => [
      '9111 §3',
      `an answer to ${method} is not stored`,
      [first(FRESH, { method, how: 'bypassed' }), refetched],
    ],
  ),
  [
    '9111 §4',
    `a stored answer to GET is none to OPTIONS`,
    [first(FRESH), next('bypassed', { method: 'OPTIONS' }), reused],
  ],
];

export const storing: readonly Case[] = [
  ...explicit,
  ...stale,
  ...heuristic,
  ...directives,
  ...authorization,
  ...fields,
  ...methods,
];
