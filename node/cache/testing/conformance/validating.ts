/** Conformance: validation and its outcome (RFC 9111 §4.3, §3.2), preconditions of clients (RFC 9110 §13). */
import { at, type Case, first, next, type Step } from '../cases.js';

const FRESH = ['cache-control', 'max-age=3600'];
const SOON_STALE = ['cache-control', 'max-age=2'];
const confirmed = (headers: readonly string[], more: Omit<Step, 'how'> = {}): Step =>
  next('validated', { origin: { status: 304, headers }, ...more });

const sent: readonly Case[] = [
  [
    '9111 §4.3.1',
    'a stale copy is validated by its strong tag',
    [
      first([...SOON_STALE, 'etag', '"1"']),
      confirmed([], { sent: ['if-none-match', '"1"'], status: 200, body: 'one' }),
    ],
  ],
  [
    '9111 §4.3.1',
    'by its weak tag',
    [first([...SOON_STALE, 'etag', 'W/"1"']), confirmed([], { sent: ['if-none-match', 'W/"1"'], body: 'one' })],
  ],
  [
    '9111 §4.3.1',
    'by its date',
    [
      first([...SOON_STALE, 'last-modified', at(-99)]),
      confirmed([], { sent: ['if-modified-since', at(-99)], unsent: ['if-none-match'] }),
    ],
  ],
  [
    '9111 §4.3.1',
    'by both',
    [
      first([...SOON_STALE, 'last-modified', at(-99), 'etag', '"1"']),
      confirmed([], { sent: ['if-modified-since', at(-99), 'if-none-match', '"1"'] }),
    ],
  ],
  [
    '9111 §4.3.1',
    'by a tag without quotes as it was sent',
    [first([...SOON_STALE, 'etag', 'abc']), confirmed([], { sent: ['if-none-match', 'abc'] })],
  ],
  [
    '9111 §4.3.1',
    'not by a tag that is none',
    [first([...SOON_STALE, 'etag', 'w/"a']), next('fetched', { unsent: ['if-none-match'] })],
  ],
  [
    '9111 §4.3.1',
    'the fields that Vary names go with it',
    [
      first([...SOON_STALE, 'etag', '"1"', 'vary', 'abc'], { with: ['abc', '123'] }),
      confirmed([], { with: ['abc', '123'], sent: ['abc', '123', 'if-none-match', '"1"'] }),
    ],
  ],
  [
    '9111 §4.3.1',
    "the client's tags are replaced",
    [
      first([...SOON_STALE, 'etag', '"1"']),
      confirmed([], { with: ['if-none-match', '"x"'], sent: ['if-none-match', '"1"'], status: 200, body: 'one' }),
    ],
  ],
  [
    '9111 §4.3.1',
    "the client's tag is not sent on a miss",
    [
      next('fetched', {
        with: ['if-none-match', '"x"'],
        unsent: ['if-none-match'],
        origin: { headers: [...FRESH, 'etag', '"y"'], body: 'one' },
        status: 200,
      }),
    ],
  ],
  [
    '9111 §4.3.2',
    'a miss that turns out to be what the client has is told so',
    [
      next('fetched', {
        with: ['if-none-match', '"x"'],
        origin: { headers: [...FRESH, 'etag', '"x"'], body: 'one' },
        status: 304,
        body: '',
      }),
      next('hit', { status: 200, body: 'one' }),
    ],
  ],
];

const outcomes: readonly Case[] = [
  [
    '9111 §4.3.3',
    'a full answer takes the place of the copy',
    [
      first([...SOON_STALE, 'etag', '"1"']),
      next('fetched', { origin: { headers: [...FRESH, 'etag', '"2"'], body: 'two' }, body: 'two' }),
      next('hit', { body: 'two' }),
    ],
  ],
  [
    '9111 §4.3.3',
    'an error is passed on',
    [first([...SOON_STALE, 'etag', '"1"']), next('fetched', { origin: { status: 500 }, status: 500 })],
  ],
  [
    '9111 §4.3.4',
    'a 304 makes it fresh for as long as it says',
    [
      first([...SOON_STALE, 'etag', '"1"']),
      confirmed(['cache-control', 'max-age=60', 'etag', '"1"']),
      next('hit', { body: 'one' }),
    ],
  ],
  [
    '9111 §4.3.4',
    'a 304 makes it fresh anew for as long as the copy said',
    [
      first(['cache-control', 'max-age=6', 'etag', '"1"']),
      confirmed(['etag', '"1"'], { after: 7 }),
      next('hit', { after: 5, body: 'one' }),
      next('validated', { after: 2, origin: { status: 304 } }),
    ],
  ],
  [
    '9111 §4.3.4',
    'a 304 without a date is as old as its arrival',
    [
      first([...FRESH, 'date', at(0), 'etag', '"1"']),
      confirmed([], { after: 4000, has: ['age', '0', 'date', at(4000)] }),
      next('hit'),
    ],
  ],
  [
    '9111 §4.3.4',
    'the age of a 304 counts',
    [
      first([...SOON_STALE, 'etag', '"1"']),
      confirmed(['cache-control', 'max-age=60', 'age', '50'], { has: ['age', '50'] }),
      next('hit'),
      next('validated', { origin: { status: 304 } }),
    ],
  ],
  [
    '9111 §4.3.4',
    'the Age that the copy came with does not',
    [
      first(['cache-control', 'max-age=60', 'age', '58', 'etag', '"1"']),
      confirmed([], { has: ['age', '0'] }),
      next('hit'),
    ],
  ],
  [
    '9111 §4.3.4',
    'a 304 with another strong tag confirms nothing',
    [first([...SOON_STALE, 'etag', '"1"']), next('fetched', { origin: { status: 304, headers: ['etag', '"2"'] } })],
  ],
  [
    '9111 §4.3.4',
    'a strong tag does not confirm a weak one',
    [first([...SOON_STALE, 'etag', 'W/"1"']), next('fetched', { origin: { status: 304, headers: ['etag', '"1"'] } })],
  ],
  [
    '9111 §4.3.4',
    'a weak tag confirms the same one',
    [first([...SOON_STALE, 'etag', 'W/"1"']), confirmed(['etag', 'W/"1"'])],
  ],
  [
    '9111 §4.3.4',
    'another date confirms nothing',
    [
      first([...SOON_STALE, 'last-modified', at(-99)]),
      next('fetched', { origin: { status: 304, headers: ['last-modified', at(-98)] } }),
    ],
  ],
  [
    '9111 §4.3.4',
    'the same date does',
    [first([...SOON_STALE, 'last-modified', at(-99)]), confirmed(['last-modified', at(-99)])],
  ],
  [
    '9111 §4.3.4',
    'a 304 that forbids storing is still an answer',
    [
      first([...SOON_STALE, 'etag', '"1"']),
      confirmed(['cache-control', 'no-cache'], { body: 'one' }),
      next('validated', { origin: { status: 304 } }),
    ],
  ],
];

const updates = (name: string, isUpdated: boolean): Case => [
  '9111 §3.2',
  `a 304 ${isUpdated ? 'updates' : 'leaves'} ${name}`,
  [
    first([...SOON_STALE, 'etag', '"1"', name, 'a']),
    confirmed(['cache-control', 'max-age=60', 'etag', '"1"', name, 'b'], { has: [name, isUpdated ? 'b' : 'a'] }),
    next('hit', { has: [name, isUpdated ? 'b' : 'a'] }),
  ],
];

const SHARED = [...SOON_STALE, 'etag', '"1"'];
const PRIVATE = ['cache-control', 'private, no-store, max-age=60', 'etag', '"1"', 'x-user', 'alice'];

const merging: readonly Case[] = [
  [
    '9111 §3',
    'a 304 that is private is for the one who asked, and ends the copy',
    [
      first(SHARED),
      confirmed(PRIVATE, { with: ['authorization', 'alice'], body: 'one', has: ['x-user', 'alice'] }),
      next('fetched', { body: 'two', lacks: ['x-user'], unsent: ['if-none-match'] }),
    ],
  ],
  [
    '9111 §3.5',
    'a 304 to a request with Authorization is for that one, and leaves the copy as it was',
    [
      first(SHARED),
      confirmed([...FRESH, 'x-user', 'alice'], { with: ['authorization', 'alice'], has: ['x-user', 'alice'] }),
      confirmed(FRESH, { sent: ['if-none-match', '"1"'], lacks: ['x-user'], body: 'one' }),
    ],
  ],
  [
    '9111 §3.5',
    'unless it is for all who may ask',
    [
      first(SHARED),
      confirmed(['cache-control', 'public, max-age=60'], { with: ['authorization', 'alice'] }),
      next('hit', { body: 'one' }),
    ],
  ],
  [
    '9111 §3',
    'a 200 to HEAD that is private does not get into the copy, and ends it',
    [
      first(SHARED),
      next('fetched', { method: 'HEAD', origin: { headers: PRIVATE } }),
      next('fetched', { body: 'two', lacks: ['x-user'], unsent: ['if-none-match'] }),
    ],
  ],
  [
    '9111 §4.1',
    'a copy that varies since its 304 is for those alone who would select it',
    [
      first(SHARED, { with: ['accept-language', 'en'] }),
      confirmed([...FRESH, 'vary', 'accept-language'], { with: ['accept-language', 'en'] }),
      next('fetched', { with: ['accept-language', 'de'], body: 'two' }),
      next('hit', { with: ['accept-language', 'en'], body: 'one' }),
    ],
  ],
  [
    '9111 §4.1',
    'a copy that varies by everything since its 304 is no answer to anybody else',
    [first(SHARED), confirmed([...FRESH, 'vary', '*'], { body: 'one' }), next('fetched', { body: 'two' })],
  ],
  ...[
    'test-header',
    'x-test-header',
    'content-foo',
    'x-content-foo',
    'content-type',
    'content-location',
    'content-security-policy',
    'x-frame-options',
  ].map((name) => updates(name, true)),
  ...['content-encoding', 'content-range', 'content-digest', 'content-md5'].map((name) => updates(name, false)),
  [
    '9111 §3.2',
    'cookies that are kept for all are updated as any field',
    [
      first([...SOON_STALE, 'etag', '"1"', 'set-cookie', 'a=b']),
      confirmed([...FRESH, 'etag', '"1"', 'set-cookie', 'a=c'], { has: ['set-cookie', 'a=c'] }),
      next('hit', { has: ['set-cookie', 'a=c'] }),
    ],
    { setCookie: 'keep' },
  ],
  [
    '9111 §3.2',
    'and a cookie that comes by a 304 is for nobody where they are not',
    [
      first([...SOON_STALE, 'etag', '"1"']),
      confirmed(['cache-control', 'public, max-age=60', 'set-cookie', 'a=c'], { lacks: ['set-cookie'] }),
      next('hit', { lacks: ['set-cookie'] }),
    ],
  ],
  [
    '9111 §3.2',
    'what a 304 leaves out stays',
    [first([...SOON_STALE, 'etag', '"1"', 'a', '1']), confirmed(['etag', '"1"'], { has: ['a', '1'] })],
  ],
  [
    '9111 §3.2',
    'all lines of a field are replaced',
    [
      first([...SOON_STALE, 'etag', '"1"', 'a', '1', 'a', '2']),
      confirmed(['etag', '"1"', 'a', '3'], { has: ['a', '3'] }),
    ],
  ],
  [
    '9111 §3.2',
    'hop-by-hop fields of a 304 are not taken over',
    [
      first([...SOON_STALE, 'etag', '"1"']),
      confirmed(['connection', 'x', 'x', '1', 'keep-alive', '5'], { lacks: ['connection', 'x', 'keep-alive'] }),
    ],
  ],
  [
    '9111 §3.2',
    'Cache-Control is updated',
    [
      first([...SOON_STALE, 'etag', '"1"']),
      confirmed(['cache-control', 'max-age=60, public'], { has: ['cache-control', 'max-age=60, public'] }),
    ],
  ],
];

const tags = (etag: string, asked: string, isSame: boolean): Case => [
  '9110 §13.1.2',
  `If-None-Match: ${asked} of ${etag} is ${isSame ? '304' : '200'}`,
  [
    first([...FRESH, 'etag', etag]),
    next('hit', { with: ['if-none-match', asked], status: isSame ? 304 : 200, body: isSame ? '' : 'one' }),
  ],
];
const since = (headers: readonly string[], asked: string, isSame: boolean): Case => [
  '9110 §13.1.3',
  `If-Modified-Since: ${asked} of ${headers.join(' ')} is ${isSame ? '304' : '200'}`,
  [first([...FRESH, ...headers]), next('hit', { with: ['if-modified-since', asked], status: isSame ? 304 : 200 })],
];

const preconditions: readonly Case[] = [
  tags('"a"', '"a"', true),
  tags('W/"a"', 'W/"a"', true),
  tags('W/"a"', '"a"', true),
  tags('"a"', 'W/"a"', true),
  tags('"a"', '"b"', false),
  tags('"a"', '"a", "b", "c"', true),
  tags('"a"', '"b", "a", "c"', true),
  tags('"a"', '"b", "c", "a"', true),
  tags('"a"', '*', true),
  tags('"a"', 'a', false),
  tags('a', 'a', true),
  since(['last-modified', at(-3000)], at(-3000), true),
  since(['last-modified', at(-3000)], at(-2000), true),
  since(['last-modified', at(-3000)], at(-3001), false),
  since(['last-modified', at(-3000)], 'yesterday', false),
  since([], at(0), true),
  since([], at(-1), false),
  since(['date', at(-9), 'last-modified', 'foo'], at(-9), true),
  since(['last-modified', 'Sun, 01 Mar 2026 11:00:00 GMT'], 'Sunday, 01-Mar-26 11:00:00 GMT', true),
  [
    '9110 §13.2.2',
    'a tag wins over a date that says the same',
    [
      first([...FRESH, 'etag', '"a"', 'last-modified', at(-5000)]),
      next('hit', { with: ['if-none-match', '"a"', 'if-modified-since', at(-9000)], status: 304 }),
    ],
  ],
  [
    '9110 §13.2.2',
    'a tag wins over a date that does not',
    [
      first([...FRESH, 'etag', '"a"', 'last-modified', at(-5000)]),
      next('hit', { with: ['if-none-match', '"b"', 'if-modified-since', at(0)], status: 200 }),
    ],
  ],
  [
    '9110 §15.4.5',
    'a 304 has what updates a copy, and no more',
    [
      first([...FRESH, 'etag', '"a"', 'vary', 'x', 'content-type', 'a/b', 'date', at(0)]),
      next('hit', {
        with: ['if-none-match', '"a"'],
        has: ['etag', '"a"', 'vary', 'x', 'cache-control', 'max-age=3600', 'date', at(0), 'age', '5'],
        lacks: ['content-type'],
      }),
    ],
  ],
  [
    '9111 §4.3.2',
    'preconditions do not count for an error',
    [
      first([...FRESH, 'etag', '"a"'], { answer: { status: 404 } }),
      next('hit', { with: ['if-none-match', '"a"'], status: 404 }),
    ],
  ],
  [
    '9111 §4.3.2',
    'a client is told 304 after validation',
    [
      first([...SOON_STALE, 'last-modified', at(-99)]),
      confirmed([], { with: ['if-modified-since', at(-99)], status: 304 }),
    ],
  ],
];

export const validating: readonly Case[] = [...sent, ...outcomes, ...merging, ...preconditions];
