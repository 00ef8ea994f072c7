import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onlyAuthorization, onlyParameter, parseBasic, withoutParameter } from './authorization.js';

const base64 = (bytes: Iterable<number>) => Buffer.from([...bytes]).toString('base64');

describe('Basic credentials', () => {
  it('are read back whatever they hold, split at the first colon', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((t) => t.replace(/[\p{Cc}\p{Surrogate}]/gu, ''));
    fc.assert(
      fc.property(text, text, (name, password) => {
        const username = name.replaceAll(':', '');
        const encoded = Buffer.from(`${username}:${password}`).toString('base64');
        expect(parseBasic(encoded)).toEqual({ username, password });
      }),
    );
  });

  it('are refused where they are not UTF-8, or hold control characters', () => {
    for (const bytes of [[0x61, 0x3a, 0xff], [0x61, 0x3a, 0x0d, 0x0a], [0x00, 0x3a], [0x61]]) {
      expect(parseBasic(base64(bytes))).toBeNull();
    }
    expect(parseBasic('a'.repeat(5_000))).toBeNull();
  });

  it('survive any text in their place', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => parseBasic(text) !== undefined));
  });
});

describe('the Authorization field', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bEARER   abc ', 'abc'],
    ['Bearer', undefined],
    ['Bearerabc', undefined],
    ['Bearer\tabc', undefined],
    ['Basic abc', undefined],
    ['', undefined],
  ])('%j holds the token %j', (value, token) =>
    expect(onlyAuthorization(['authorization', value], 'bearer')).toBe(token),
  );
});

describe('a parameter', () => {
  it('is gone once it is hidden, however it was spelled, and no other one is touched', () => {
    const name = fc.constantFrom('key', 'k%65y', 'K', 'key2', 'b', '', '%zz', 'ke+y');
    const pair = fc.tuple(name, fc.constantFrom('', '=', '=1', '=a=b', '=%26')).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 8, size: 'max' }), (pairs) => {
        const hidden = withoutParameter(pairs.join('&'), 'key');
        expect(onlyParameter(hidden, 'key')).toBeUndefined();
        expect(hidden).toBe(pairs.filter((p) => !/^k(e|%65)y(=|$)/.test(p)).join('&'));
      }),
    );
  });
});
