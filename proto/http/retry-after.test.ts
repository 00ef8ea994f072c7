import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.js';

const NOW = Date.UTC(1994, 10, 6, 8, 49, 7);

const pad = (value: number, width = 2, fill = '0'): string => String(value).padStart(width, fill);
const DAYS = ['Sun', 'Mon', 'Tues', 'Wednes', 'Thurs', 'Fri', 'Satur'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The three forms of RFC 9110 §5.6.7, written from their grammar. */
function formsOf(at: Date): string[] {
  const day = DAYS[at.getUTCDay()] ?? '';
  const month = MONTHS[at.getUTCMonth()] ?? '';
  const date = at.getUTCDate();
  const year = at.getUTCFullYear();
  const time = `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}:${pad(at.getUTCSeconds())}`;
  return [
    `${day.slice(0, 3)}, ${pad(date)} ${month} ${year} ${time} GMT`,
    `${day}day, ${pad(date)}-${month}-${pad(year % 100)} ${time} GMT`,
    `${day.slice(0, 3)} ${month} ${pad(date, 2, ' ')} ${time} ${year}`,
  ];
}

describe('Retry-After', () => {
  it.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    '30',
    ' 30 ',
  ])('reads %j', (value) => {
    expect(retryAfterMs(value, NOW)).toBe(30_000);
  });

  it('reads every date within fifty years in each of its forms', () => {
    const year = 365.2425 * 86_400_000;
    const time = fc.integer({ min: NOW - 49 * year, max: NOW + 49 * year }).map((ms) => ms - (ms % 1_000));
    fc.assert(
      fc.property(time, (ms) => {
        for (const form of formsOf(new Date(ms))) expect(retryAfterMs(form, NOW)).toBe(Math.max(0, ms - NOW));
      }),
    );
  });

  it('never asks to wait for what has passed, and survives any text', () => {
    const nearly = fc.tuple(
      fc.constantFrom(...formsOf(new Date(NOW + 5_000))),
      fc.nat(30),
      fc.string({ maxLength: 2 }),
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', size: 'max', maxLength: 200 }),
      nearly.map(([form, at, other]) => form.slice(0, at) + other + form.slice(at + other.length)),
    );
    fc.assert(
      fc.property(text, (value) => {
        const ms = retryAfterMs(value, NOW);
        expect(Number.isNaN(ms) || ms >= 0).toBe(true);
      }),
    );
  });

  it.each([
    undefined,
    '',
    '-1',
    '1.5',
    '1e3',
    'soon',
    '2026-01-01',
    '2026-01-01T00:00:00Z',
    'Wed, 31 Feb 2027 00:00:00 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:49:37 CET',
    'Sun, 06 Now 1994 08:49:37 GMT',
    '12345678901',
  ])('is not there in %j', (value) => {
    expect(retryAfterMs(value, NOW)).toBeNaN();
  });

  it('knows the leap second', () => {
    expect(retryAfterMs('Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2016, 11, 31, 23, 59, 59))).toBe(1_000);
  });
});
