import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatHttpDate, parseHttpDate } from './http-date.js';

/** What a field may hold on the wire. */
const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));

const NOW_MS = Date.UTC(2026, 5, 1);
const EXAMPLE_MS = Date.UTC(1994, 10, 6, 8, 49, 37);

const parse = (text: string): number | null => parseHttpDate(text, NOW_MS);

describe('an HTTP date', () => {
  it.each([
    ['the preferred form', 'Sun, 06 Nov 1994 08:49:37 GMT', EXAMPLE_MS],
    ['RFC 850', 'Sunday, 06-Nov-94 08:49:37 GMT', EXAMPLE_MS],
    ['asctime', 'Sun Nov  6 08:49:37 1994', EXAMPLE_MS],
    ['asctime, a day of two digits', 'Wed Nov 16 08:49:37 1994', Date.UTC(1994, 10, 16, 8, 49, 37)],
    ['any case', 'SUN, 06 nOV 1994 08:49:37 gMT', EXAMPLE_MS],
    ['beyond 32 bits', 'Tue, 19 Jan 2038 14:14:08 GMT', Date.UTC(2038, 0, 19, 14, 14, 8)],
    ['far away', 'Sun, 21 Nov 2286 04:46:39 GMT', Date.UTC(2286, 10, 21, 4, 46, 39)],
    ['the wrong weekday', 'Mon, 06 Nov 1994 08:49:37 GMT', EXAMPLE_MS],
    ['a leap second', 'Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0, 1)],
    ['29 February of a leap year', 'Thu, 29 Feb 2024 00:00:00 GMT', Date.UTC(2024, 1, 29)],
  ])('may be %s', (_name, text, ms) => {
    expect(parse(text)).toBe(ms);
  });

  it.each([
    '',
    '0',
    '-1',
    'Thu, 18 Aug 2050 02:01:18 UTC',
    'Thu, 18 Aug 2050 02:01:18 AEST',
    'Thu, 18 Aug 2050 02:01:18 +0000',
    'Thu, 18 Aug 50 02:01:18 GMT',
    'Thu 18 Aug 2050 02:01:18 GMT',
    'Thu, 18  Aug  2050 02:01:18 GMT',
    'Thu, 18-Aug-2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 02.01.18 GMT',
    'Thu, 18 Aug 2050 2:01:18 GMT',
    'Thu, 18 Aug 2050 24:01:18 GMT',
    'Thu, 18 Aug 2050 02:60:18 GMT',
    'Thu, 18 Aug 2050 02:01:61 GMT',
    'Thu, 8 Aug 2050 02:01:18 GMT',
    'Tue, 30 Feb 2050 02:01:18 GMT',
    'Wed, 29 Feb 2023 00:00:00 GMT',
    'Thu, 00 Aug 2050 02:01:18 GMT',
    'Sun Nov 6 08:49:37 1994',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT ',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
    '2050-08-18T02:01:18Z',
  ])('is nothing else: "%s"', (text) => {
    expect(parse(text)).toBeNull();
  });

  it('with a year of two digits is never more than fifty years ahead, and less than fifty behind', () => {
    expect(parse('Thursday, 18-Aug-50 02:01:18 GMT')).toBe(Date.UTC(2050, 7, 18, 2, 1, 18));
    expect(parse('Thursday, 18-Aug-77 02:01:18 GMT')).toBe(Date.UTC(1977, 7, 18, 2, 1, 18));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 1990, max: 2090 }), (digits, thisYear) => {
        const text = `Sunday, 06-Nov-${String(digits).padStart(2, '0')} 08:49:37 GMT`;
        const parsed = parseHttpDate(text, Date.UTC(thisYear, 0, 1)) ?? Number.NaN;
        const year = new Date(parsed).getUTCFullYear();
        expect([year % 100, year <= thisYear + 50, year > thisYear - 50]).toEqual([digits, true, true]);
      }),
    );
  });

  it('is read as it was written, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (ms) => {
        expect(parse(formatHttpDate(ms))).toBe(Math.floor(ms / 1000) * 1000);
      }),
    );
  });

  it('survives any text, and any scrap of a date', () => {
    const scrap = fc.tuple(fc.nat(40), fc.nat(3), fc.string({ unit: octet, maxLength: 3 })).map(([at, cut, put]) => {
      const date = 'Sunday, 06-Nov-94 08:49:37 GMT';
      return date.slice(0, at) + put + date.slice(at + cut);
    });
    fc.assert(
      fc.property(fc.oneof(scrap, fc.string({ unit: octet, size: 'max', maxLength: 200 })), (text) => {
        const ms = parse(text);
        expect(ms === null || Number.isSafeInteger(ms)).toBe(true);
      }),
    );
  });
});
