/** Conformance: parts of an answer, asked for and stored (RFC 9110 §14, RFC 9111 §3.3), and HEAD (RFC 9110 §9.3.2, RFC 9111 §4.3.5). */
import { at, type Case, first, next, refetched } from '../cases.js';

const FRESH = ['cache-control', 'max-age=3600'];
const SOON_STALE = ['cache-control', 'max-age=2'];

const range = (asked: string, status: number, body: string, contentRange: string | null): Case => [
  '9110 §14.2',
  `Range: ${asked} of ten bytes is ${status} ${body}`,
  [
    first(FRESH, { answer: { body: '0123456789' } }),
    next('hit', {
      with: ['range', asked],
      status,
      body,
      ...(contentRange === null ? { lacks: ['content-range'] } : { has: ['content-range', contentRange] }),
    }),
  ],
];
const ifRange = (value: string, isHeld: boolean): Case => [
  '9110 §13.1.5',
  `If-Range: ${value} ${isHeld ? 'holds' : 'does not hold'}`,
  [
    first([...FRESH, 'etag', '"a"', 'last-modified', at(-99)]),
    next('hit', { with: ['range', 'bytes=0-0', 'if-range', value], status: isHeld ? 206 : 200 }),
  ],
];
const PART = { status: 206, body: '45678' };
const PART_FIELDS = [...FRESH, 'content-range', 'bytes 4-8/10'];
const part = (asked: string, how: 'hit' | 'fetched', body: string, contentRange: string): Case => [
  '9111 §3.3',
  `Range: ${asked} of stored bytes 4 to 8: ${how}`,
  [
    first(PART_FIELDS, { with: ['range', 'bytes=4-8'], answer: PART }),
    next(how, {
      with: ['range', asked],
      body,
      ...(how === 'hit' ? { status: 206, has: ['content-range', contentRange] } : { sent: ['range', asked] }),
    }),
  ],
];

const notOfRange = (status: number): Case => [
  '9110 §15.5.17',
  `a ${status} to a request with a Range is not the answer to one without`,
  [first(FRESH, { with: ['range', 'bytes=999-'], answer: { status } }), next('fetched', { status: 200, body: 'two' })],
];

const ranges: readonly Case[] = [
  ...[416, 404, 301].map(notOfRange),
  [
    '9110 §15.5.17',
    'a 416 is not stored without a Range either',
    [first(FRESH, { answer: { status: 416 } }), refetched],
  ],
  [
    '9110 §14.2',
    'a 200 to a request with a Range is the whole, and stored',
    [first(FRESH, { with: ['range', 'bytes=0-1'] }), next('hit', { status: 200, body: 'one' })],
  ],
  range('bytes=0-1', 206, '01', 'bytes 0-1/10'),
  range('bytes=1-', 206, '123456789', 'bytes 1-9/10'),
  range('bytes=-1', 206, '9', 'bytes 9-9/10'),
  range('bytes=-20', 206, '0123456789', 'bytes 0-9/10'),
  range('bytes=8-20', 206, '89', 'bytes 8-9/10'),
  range('bytes=10-', 416, '', 'bytes */10'),
  range('bytes=-0', 416, '', 'bytes */10'),
  range('bytes=2-1', 200, '0123456789', null),
  range('items=0-1', 200, '0123456789', null),
  range('bytes=0-1, 3-4', 200, '0123456789', null),
  [
    '9110 §14.2',
    'a range of an error is all of it',
    [
      first(FRESH, { answer: { status: 404 } }),
      next('hit', { with: ['range', 'bytes=0-0'], status: 404, body: 'one' }),
    ],
  ],
  [
    '9110 §14.2',
    'a range does not count for HEAD',
    [first(FRESH), next('hit', { method: 'HEAD', with: ['range', 'bytes=0-0'], status: 200, body: '' })],
  ],
  [
    '9110 §13.2.2',
    'preconditions come before ranges',
    [
      first([...FRESH, 'etag', '"a"']),
      next('hit', { with: ['range', 'bytes=0-0', 'if-none-match', '"a"'], status: 304 }),
    ],
  ],
  ifRange('"a"', true),
  ifRange('"b"', false),
  ifRange('W/"a"', false),
  ifRange(at(-99), true),
  ifRange(at(-98), false),
  [
    '9110 §13.1.5',
    'a weak tag never holds If-Range',
    [
      first([...FRESH, 'etag', 'W/"a"']),
      next('hit', { with: ['range', 'bytes=0-0', 'if-range', 'W/"a"'], status: 200 }),
    ],
  ],
  [
    '9110 §8.8.2.2',
    'a date of the same second does not either',
    [
      first([...FRESH, 'last-modified', at(0), 'date', at(0)]),
      next('hit', { with: ['range', 'bytes=0-0', 'if-range', at(0)], status: 200 }),
    ],
  ],
  part('bytes=4-8', 'hit', '45678', 'bytes 4-8/10'),
  part('bytes=6-8', 'hit', '678', 'bytes 6-8/10'),
  part('bytes=6-', 'fetched', 'two', ''),
  part('bytes=0-1', 'fetched', 'two', ''),
  part('bytes=-1', 'fetched', 'two', ''),
  [
    '9111 §3.3',
    'a part is no answer to a request for all',
    [first(PART_FIELDS, { with: ['range', 'bytes=4-8'], answer: PART }), next('fetched', { unsent: ['range'] })],
  ],
  [
    '9111 §3.3',
    'a suffix that is stored is found',
    [
      first([...FRESH, 'content-range', 'bytes 5-9/10'], {
        with: ['range', 'bytes=-5'],
        answer: { status: 206, body: '56789' },
      }),
      next('hit', { with: ['range', 'bytes=-2'], status: 206, body: '89', has: ['content-range', 'bytes 8-9/10'] }),
    ],
  ],
  [
    '9111 §3.3',
    'a part of another length than it states is not stored',
    [
      first([...FRESH, 'content-range', 'bytes 4-9/10'], { with: ['range', 'bytes=-5'], answer: PART }),
      next('fetched', { with: ['range', 'bytes=4-8'] }),
    ],
  ],
  [
    '9111 §3.3',
    'a 206 that does not say which part is not stored',
    [first(FRESH, { with: ['range', 'bytes=4-8'], answer: PART }), next('fetched', { with: ['range', 'bytes=4-8'] })],
  ],
];

const heads: readonly Case[] = [
  [
    '9110 §9.3.2',
    'HEAD is answered by a stored GET',
    [first([...FRESH, 'x', 'y']), next('hit', { method: 'HEAD', body: '', has: ['x', 'y', 'age', '5'] })],
  ],
  [
    '9110 §9.3.2',
    'HEAD goes on as HEAD when nothing is stored, and stores nothing',
    [next('fetched', { method: 'HEAD', origin: { headers: FRESH } }), next('fetched')],
  ],
  [
    '9111 §4.3.5',
    'a HEAD makes a stale GET fresh',
    [
      first([...SOON_STALE, 'a', '1']),
      next('fetched', { method: 'HEAD', origin: { headers: ['cache-control', 'max-age=60', 'a', '2'] } }),
      next('hit', { body: 'one', has: ['a', '2'] }),
    ],
  ],
  [
    '9111 §4.3.5',
    'a HEAD of another length makes it stale',
    [
      first(FRESH),
      next('fetched', {
        method: 'HEAD',
        with: ['cache-control', 'no-cache'],
        origin: { headers: [...FRESH, 'content-length', '9'] },
      }),
      next('fetched'),
    ],
  ],
  [
    '9111 §4.3.5',
    'a HEAD of the same length does not',
    [
      first(FRESH),
      next('fetched', {
        method: 'HEAD',
        with: ['cache-control', 'no-cache'],
        origin: { headers: [...FRESH, 'content-length', '3'] },
      }),
      next('hit'),
    ],
  ],
  [
    '9111 §4.3.5',
    'a HEAD of another tag makes it stale',
    [
      first([...FRESH, 'etag', '"1"']),
      next('fetched', {
        method: 'HEAD',
        with: ['cache-control', 'no-cache'],
        origin: { headers: [...FRESH, 'etag', '"2"'] },
      }),
      next('fetched'),
    ],
  ],
  [
    '9111 §4.3.5',
    'a HEAD of another date makes it stale',
    [
      first([...FRESH, 'last-modified', at(-9)]),
      next('fetched', {
        method: 'HEAD',
        with: ['cache-control', 'no-cache'],
        origin: { headers: [...FRESH, 'last-modified', at(-8)] },
      }),
      next('fetched'),
    ],
  ],
  [
    '9111 §4.3.5',
    'a HEAD that fails changes nothing',
    [
      first(FRESH),
      next('fetched', {
        method: 'HEAD',
        with: ['cache-control', 'no-cache'],
        origin: { status: 410, headers: ['a', '2', 'content-length', '9'] },
      }),
      next('hit', { lacks: ['a'] }),
    ],
  ],
];

export const parts: readonly Case[] = [...ranges, ...heads];
