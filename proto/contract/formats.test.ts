import fc from 'fast-check';
import { expect, it } from 'vitest';
import { numberFormat, textFormat } from './formats.js';

it.each([
  ['date', ['2024-02-29', '1999-12-31'], ['2023-02-29', '2024-13-01', '2024-1-1', '']],
  ['time', ['23:59:60Z', '00:00:00.123+02:00'], ['24:00:00Z', '12:00Z', '12:00:00']],
  [
    'date-time',
    ['2024-02-29T12:00:00Z', '2024-02-29t12:00:00.5-11:30'],
    ['2024-02-30T12:00:00Z', '2024-02-29', '2024-02-29T12:00:00'],
  ],
  ['duration', ['P1D', 'PT5M', 'P2W', 'P1Y2M3DT4H5M6.5S'], ['P', 'PT', '5M', 'P1W2D']],
  [
    'email',
    ['a@b.example', 'a.b+c@d.org', 'x@[::1]'],
    ['a', '@b', 'a@', 'a..b@c.org', '.a@c.org', 'a b@c.org', 'a@b..c'],
  ],
  ['hostname', ['a', 'a-b.example', 'x1.example.com'], ['-a', 'a-', 'a..b', 'a_b', '']],
  ['ipv4', ['0.0.0.0', '255.255.255.255'], ['256.1.1.1', '1.1.1', '1.1.1.1.', '01.1.1.1']],
  [
    'ipv6',
    ['::', '::1', '1:2:3:4:5:6:7:8', 'fe80::1', '::ffff:10.0.0.1', '1::8'],
    [':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::', '::10.0.0.256'],
  ],
  ['uuid', ['123e4567-e89b-12d3-a456-426614174000'], ['123e4567e89b12d3a456426614174000', 'x']],
  ['uri', ['https://a.example/b?c#d', 'urn:x:y', 'mailto:a@b'], ['/a', 'a b', 'http://a b']],
  ['byte', ['', 'YQ==', 'YWI='], ['YQ=', 'Y', 'Y$==']],
])('%s', (format, right, wrong) => {
  const test = textFormat(format);
  expect(right.filter((text) => test?.(text) !== true)).toEqual([]);
  expect(wrong.filter((text) => test?.(text) !== false)).toEqual([]);
});

it('every moment that a clock can tell is a date-time, and each of its parts a date and a time', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
      (moment) => {
        const text = moment.toISOString();
        expect(textFormat('date-time')?.(text)).toBe(true);
        expect(textFormat('date')?.(text.slice(0, 10))).toBe(true);
        expect(textFormat('time')?.(text.slice(11))).toBe(true);
      },
    ),
  );
});

it('numbers of 32 bits end where they do', () => {
  expect(numberFormat('int32')).toEqual({ from: -2147483648, to: 2147483647 });
  expect(numberFormat('double')).toBeNull();
});
