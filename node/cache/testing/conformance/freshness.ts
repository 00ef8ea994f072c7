/** Conformance: how long an answer is fresh, how old it is, and how its spans and dates are read (RFC 9111 §4.2, §5.1 to §5.3). */
import { at, type Case, first, next, refetched, reused, type Step } from '../cases.js';
import { freshnessSpec } from '../specs.js';

/** After five seconds: reused, or not. */
const afterwards = (isReused: boolean): Step => (isReused ? reused : refetched);
const said = (rfc: string, claim: string, headers: readonly string[], isReused: boolean): Case => {
  return [rfc, claim, [first(headers), afterwards(isReused)]];
};
const control = (value: string, isReused: boolean, rfc = '9111 §5.2'): Case => {
  return said(
    rfc,
    `Cache-Control: ${value} ${isReused ? 'is' : 'is not'} fresh after 5 s`,
    ['cache-control', value],
    isReused,
  );
};

const lifetimes: readonly Case[] = [
  control('max-age=3600', true, '9111 §4.2.1'),
  control('max-age=6', true, '9111 §4.2.1'),
  control('max-age=5', false, '9111 §4.2.1'),
  control('max-age=0', false, '9111 §4.2.1'),
  control('s-maxage=3600', true, '9111 §5.2.2.10'),
  control('max-age=3600, s-maxage=1', false, '9111 §5.2.2.10'),
  control('s-maxage=1, max-age=3600', false, '9111 §5.2.2.10'),
  control('max-age=1, s-maxage=3600', true, '9111 §5.2.2.10'),
  control('max-age=0, s-maxage=3600', true, '9111 §5.2.2.10'),
  said(
    '9111 §5.2.2.10',
    's-maxage on another line wins',
    ['cache-control', 'max-age=3600', 'cache-control', 's-maxage=1'],
    false,
  ),
  said(
    '9111 §4.2.1',
    'max-age wins over a past Expires',
    ['cache-control', 'max-age=3600', 'expires', at(-7200), 'date', at(0)],
    true,
  ),
  said(
    '9111 §4.2.1',
    'max-age wins over an Expires that is none',
    ['cache-control', 'max-age=3600', 'expires', '0'],
    true,
  ),
  said(
    '9111 §4.2.1',
    'max-age=0 wins over a future Expires',
    ['expires', at(3600), 'cache-control', 'max-age=0'],
    false,
  ),
  said(
    '9111 §4.2.1',
    's-maxage wins over a past Expires and max-age=0',
    ['expires', at(-10), 'cache-control', 'max-age=0, s-maxage=3600'],
    true,
  ),
  said('9111 §5.3', 'a future Expires is fresh', ['expires', at(9999), 'date', at(0)], true),
  said('9111 §5.3', 'a past Expires is not', ['expires', at(-9999), 'date', at(0)], false),
  said('9111 §5.3', 'an Expires of now is not', ['expires', at(0), 'date', at(0)], false),
  said('9111 §5.3', 'an Expires before a Date in the future is not', ['expires', at(300), 'date', at(400)], false),
  said('9111 §5.3', 'an Expires counts from Date, not from now', ['expires', at(-90), 'date', at(-100)], false),
  said('9111 §5.3', 'an Expires without Date counts from its arrival', ['expires', at(9999)], true),
  said(
    '9111 §5.3',
    'an Expires with a Date that is none counts from its arrival',
    ['expires', at(30), 'date', 'foo'],
    true,
  ),
];

const spans: readonly Case[] = [
  control('max-age="3600"', true),
  control('max-age=003600', true),
  control('MaX-aGe=3600', true),
  control('max-age=2147483647', true, '9111 §1.2.2'),
  control('max-age=2147483648', true, '9111 §1.2.2'),
  control('max-age=2147483649', true, '9111 §1.2.2'),
  control('max-age=99999999999', true, '9111 §1.2.2'),
  control('extension="max-age=3600", max-age=1', false),
  control('max-age=1, extension="max-age=3600"', false),
  control('max-age =3600', false),
  control('max-age= 3600', false),
  control("max-age='3600'", false, '9111 §4.2.1'),
  control('max-age=-3600', false, '9111 §4.2.1'),
  control('max-age=3600.0', false, '9111 §4.2.1'),
  control('max-age=3600a', false, '9111 §4.2.1'),
  control('max-age=a3600', false, '9111 §4.2.1'),
  control('max-age=', false, '9111 §4.2.1'),
  control('max-age=1800, max-age=1', true, '9111 §4.2.1'),
  control('max-age=1, max-age=1800', false, '9111 §4.2.1'),
  control('foobar, max-age=3600', true, '9111 §5.2.3'),
  control(' ,, max-age=3600 ,', true),
  said(
    '9111 §4.2.1',
    'of two lines the first counts',
    ['cache-control', 'max-age=1', 'cache-control', 'max-age=1800'],
    false,
  ),
];

const dates: readonly Case[] = [
  ['Tue, 19 Jan 2038 14:14:08 GMT', true],
  ['Sun, 21 Nov 2286 04:46:39 GMT', true],
  ['Thursday, 18-Aug-50 02:01:18 GMT', true],
  ['Thu Aug 18 02:01:18 2050', true],
  ['Thu Aug  8 02:01:18 2050', true],
  ['THU, 18 Aug 2050 02:01:18 GMT', true],
  ['Thu, 18 AUG 2050 02:01:18 GMT', true],
  ['Thu, 18 Aug 2050 02:01:18 gMT', true],
  ['0', false],
  ['-1', false],
  ['Thu, 18 Aug 2050 02:01:18 UTC', false],
  ['Thu, 18 Aug 2050 02:01:18 AEST', false],
  ['Thu, 18 Aug 50 02:01:18 GMT', false],
  ['Thu 18 Aug 2050 02:01:18 GMT', false],
  ['Thu, 18  Aug  2050 02:01:18 GMT', false],
  ['Thu, 18-Aug-2050 02:01:18 GMT', false],
  ['Thu, 18 Aug 2050 02.01.18 GMT', false],
  ['Thu, 18 Aug 2050 2:01:18 GMT', false],
].map(([date, isReused]) =>
  said(
    '9111 §5.3',
    `Expires: ${date} ${isReused ? 'is' : 'is not'} in the future`,
    ['expires', String(date)],
    isReused === true,
  ),
);

const aged = (age: readonly string[], isReused: boolean, maxAge = 3600): Case => {
  const headers = ['cache-control', `max-age=${maxAge}`, ...age.flatMap((value) => ['age', value])];
  return said(
    '9111 §5.1',
    `Age: ${age.join(' and ')} against max-age=${maxAge} ${isReused ? 'is' : 'is not'} fresh`,
    headers,
    isReused,
  );
};

const ages: readonly Case[] = [
  aged(['0'], true),
  aged(['3594'], true),
  aged(['3595'], false),
  aged(['7200'], false),
  aged(['2147483647'], false),
  aged(['2147483648'], false),
  aged(['99999999999'], false),
  aged(['abc'], true),
  aged(['-7200'], true),
  aged(['7200.0'], true),
  aged(['7200;a=b'], true),
  aged(['7200, 0'], false),
  aged(['0, 7200'], true),
  aged(['7200', '0'], false),
  aged(['0', '7200'], true),
  aged(['0, 0'], true),
  aged(['3600', '3600'], true, 10_000),
  said('9111 §4.2.3', 'a Date in the past is an age', ['cache-control', 'max-age=3600', 'date', at(-7200)], false),
  said('9111 §4.2.3', 'a Date in the future is none', ['cache-control', 'max-age=3600', 'date', at(7200)], true),
  said(
    '9111 §4.2.3',
    'Age and a slow Date: the greater counts',
    ['expires', at(10), 'date', at(-10), 'age', '25'],
    false,
  ),
  said('9111 §4.2.3', 'Age counts beside a fast Date', ['expires', at(20), 'date', at(10), 'age', '15'], false),
  [
    '9111 §5.1',
    'an answer from the store has an Age',
    [first(['cache-control', 'max-age=60']), next('hit', { has: ['age', '5'] }), next('hit', { has: ['age', '10'] })],
  ],
  [
    '9111 §5.1',
    'Age goes on from what it was',
    [first(['cache-control', 'max-age=600', 'age', '30']), next('hit', { has: ['age', '35'] })],
  ],
  [
    '9111 §5.1',
    'also where Expires decides',
    [first(['expires', at(9999), 'age', '30']), next('hit', { has: ['age', '35'] })],
  ],
  [
    '9111 §5.1',
    'also where Date is older',
    [first(['cache-control', 'max-age=600', 'age', '30', 'date', at(-100)]), next('hit', { has: ['age', '105'] })],
  ],
];

const modified = (secondsAgo: number, isReused: boolean): Case => {
  return said(
    '9111 §4.2.2',
    `modified ${secondsAgo} s ago ${isReused ? 'is' : 'is not'} fresh for 5 s`,
    ['last-modified', at(-secondsAgo)],
    isReused,
  );
};

const heuristics: readonly Case[] = [
  [
    '9111 §4.2.2',
    'modified 10 s ago is not fresh for 5 s',
    [
      first(['last-modified', at(-10)]),
      next('validated', { origin: { status: 304 }, sent: ['if-modified-since', at(-10)] }),
    ],
  ],
  modified(60, true),
  modified(3600, true),
  ['9111 §4.2.2', 'heuristic freshness ends', [first(['last-modified', at(-100)]), next('fetched', { after: 10 })]],
  [
    '9111 §4.2.2',
    'heuristic freshness is bounded',
    [first(['last-modified', at(-86_400_000)]), next('hit', { after: 86_399 }), next('fetched', { after: 1 })],
  ],
  [
    '9111 §4.2.2',
    'there is none beside explicit freshness',
    [first(['last-modified', at(-86_400), 'cache-control', 'max-age=1']), next('fetched')],
  ],
  [
    '9111 §4.2.2',
    'there is none beside an Expires that is none',
    [first(['last-modified', at(-86_400), 'expires', '0']), next('fetched')],
  ],
  [
    '9111 §4.2.2',
    'there is none for what is modified in the future',
    [first(['last-modified', at(600)]), next('fetched')],
  ],
  [
    '9111 §5.4',
    'there is none beside Pragma: no-cache',
    [first(['last-modified', at(-86_400), 'pragma', 'no-cache']), next('fetched')],
  ],
  [
    '9111 §5.4',
    'explicit freshness beside Pragma: no-cache counts',
    [first(['cache-control', 'max-age=60', 'pragma', 'no-cache']), reused],
  ],
  [
    '9111 §4.2.2',
    'there is none where the route has none',
    [first(['last-modified', at(-86_400)]), next('fetched')],
    { freshness: { ...freshnessSpec, heuristicShare: 0 } },
  ],
];

const byRoute: readonly Case[] = [
  [
    'route',
    'a default counts where the origin says nothing',
    [first([]), reused, next('fetched', { after: 60 })],
    { freshness: { ...freshnessSpec, defaultS: 60 } },
  ],
  [
    'route',
    'a default does not count where it does',
    [first(['cache-control', 'max-age=1']), refetched],
    { freshness: { ...freshnessSpec, defaultS: 60 } },
  ],
  [
    'route',
    'an override counts whatever the origin says',
    [first(['cache-control', 'max-age=1']), reused],
    { freshness: { ...freshnessSpec, overrideS: 60 } },
  ],
  [
    'route',
    'an override shortens, too',
    [first(['cache-control', 'max-age=600']), refetched],
    { freshness: { ...freshnessSpec, overrideS: 2 } },
  ],
  [
    'route',
    'an override stores nothing that may not be stored',
    [first(['cache-control', 'private']), refetched],
    { freshness: { ...freshnessSpec, overrideS: 60 } },
  ],
  [
    'route',
    'an override is none for errors',
    [first([], { answer: { status: 404 } }), refetched],
    { freshness: { ...freshnessSpec, overrideS: 60 } },
  ],
  [
    'route',
    'errors are fresh for as long as the route says',
    [first([], { answer: { status: 404 } }), next('hit', { status: 404 }), next('fetched', { after: 5 })],
    { freshness: { ...freshnessSpec, negativeDefaultS: 10 } },
  ],
  [
    'route',
    'those that are not reusable unasked are not',
    [first([], { answer: { status: 500 } }), refetched],
    { freshness: { ...freshnessSpec, negativeDefaultS: 10 } },
  ],
  [
    'route',
    'errors are not fresh beyond their bound',
    [
      first(['cache-control', 'max-age=9999'], { answer: { status: 404 } }),
      next('hit', { after: 299 }),
      next('fetched', { after: 1 }),
    ],
  ],
];

export const freshness: readonly Case[] = [...lifetimes, ...spans, ...dates, ...ages, ...heuristics, ...byRoute];
