import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ageSeconds, DELTA_SECONDS_MAX, deltaSeconds } from './delta-seconds.js';

/** What a field may hold on the wire. */
const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));

describe('a span of seconds', () => {
  it.each([
    ['0', 0],
    ['60', 60],
    ['003600', 3600],
    ['2147483647', 2_147_483_647],
    ['2147483648', 2_147_483_648],
    ['2147483649', 2_147_483_648],
    ['99999999999', 2_147_483_648],
    ['9'.repeat(400), 2_147_483_648],
  ])('is its digits, up to 2^31: %s', (text, seconds) => {
    expect(deltaSeconds(text)).toBe(seconds);
  });

  it.each(['', ' 1', '1 ', '-1', '+1', '1.0', '1e3', '0x1f', "'1'", '"1"', '1a', 'a1', '١'])(
    'is nothing else: "%s"',
    (text) => {
      expect(deltaSeconds(text)).toBeNull();
    },
  );

  it('survives any text, and grows with its number', () => {
    fc.assert(
      fc.property(fc.string({ unit: octet, size: 'max', maxLength: 40 }), (text) => {
        const seconds = deltaSeconds(text);
        expect(seconds === null || (seconds >= 0 && seconds <= DELTA_SECONDS_MAX)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 80n }), fc.bigInt({ min: 0n, max: 2n ** 80n }), (a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        expect(deltaSeconds(String(less)) ?? -1).toBeLessThanOrEqual(deltaSeconds(String(more)) ?? -1);
      }),
    );
  });
});

describe('the Age of a response', () => {
  it.each<[string, readonly string[], number | null]>([
    ['is its span', ['age', '30'], 30],
    ['is the first of several in a line', ['age', '7200, 0'], 7200],
    ['is the first, also where a later one is larger', ['age', '0,7200'], 0],
    ['is the first of several lines', ['age', '0', 'age', '7200'], 0],
    ['says nothing when the first is no span', ['age', 'abc, 5'], null],
    ['says nothing when it is negative', ['age', '-7200'], null],
    ['says nothing when it has a point', ['age', '7200.0'], null],
    ['says nothing when it has a parameter', ['age', '7200;a=b'], null],
    ['says nothing when it is empty', ['age', ''], null],
    ['is not there', ['agee', '1'], null],
  ])('%s', (_name, headers, seconds) => {
    expect(ageSeconds(headers)).toBe(seconds);
  });
});
