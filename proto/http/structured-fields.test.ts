import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BareItem, type Item, type Member, parseDictionary, parseItem, parseList } from './structured-fields.js';
import { formatDictionary, formatItem, formatList } from './structured-fields-format.js';

/** What a field may hold on the wire. */
const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));

describe('a bare item', () => {
  it.each<[string, BareItem]>([
    ['5', { kind: 'integer', value: 5 }],
    ['-999999999999999', { kind: 'integer', value: -999_999_999_999_999 }],
    ['007', { kind: 'integer', value: 7 }],
    ['-0', { kind: 'integer', value: 0 }],
    ['4.5', { kind: 'decimal', value: 4.5 }],
    ['123456789012.125', { kind: 'decimal', value: 123_456_789_012.125 }],
    ['"a \\"b\\" \\\\"', { kind: 'string', value: 'a "b" \\' }],
    ['""', { kind: 'string', value: '' }],
    ['foo123/456:*', { kind: 'token', value: 'foo123/456:*' }],
    ['*', { kind: 'token', value: '*' }],
    [':aGVsbG8=:', { kind: 'bytes', value: 'aGVsbG8=' }],
    ['?1', { kind: 'boolean', value: true }],
    ['?0', { kind: 'boolean', value: false }],
    ['@1659578233', { kind: 'date', value: 1_659_578_233 }],
    ['%"f%c3%bc"', { kind: 'display', value: 'fü' }],
    ['  5  ', { kind: 'integer', value: 5 }],
  ])('%s', (text, bare) => {
    expect(parseItem(text)?.bare).toEqual(bare);
  });

  it.each([
    ...['', ' ', '-', '1.', '.5', '1.2345', '1234567890123.1', '1234567890123456', '--1', '+1', '1e3', '1 2'],
    ...['"a', 'a"', '"\\a"', '"\u00e9"', '"\t"', "'a'", '&&&', ':a', ':%:', '?2', '?', '?true', '@1.5', '@', '@x'],
    ...['%"%C3"', '%"%c3"', '%"%"', '%a', '%"é"', '\t5', '5\t', '(1)', 'a,b', '\0', '5;', '5;A', '5; =1'],
  ])('is not %j', (text) => {
    expect(parseItem(text)).toBeNull();
  });
});

describe('a dictionary', () => {
  it('has members in order, true where they have no value, the last of two with one key, and parameters', () => {
    const members = parseDictionary('a=1, b;x=2;y,\tc=(1 "two";z);w , a=3');
    expect([...(members?.keys() ?? [])]).toEqual(['a', 'b', 'c']);
    expect(members === null ? '' : formatDictionary(members)).toBe('a=3, b;x=2;y, c=(1 "two";z);w');
  });

  it('may be empty', () => {
    expect([parseDictionary('')?.size, parseDictionary('  ')?.size, parseList('')]).toEqual([0, 0, []]);
  });

  it.each(['a=1,', ',a', 'a=1 b=2', 'A=1', 'a=', 'a=1,,b', 'a=(1', 'a=(1 2', 'a=(1"b")', 'a=(1 (2))', '1=a', 'a=1, &'])(
    'is not %j',
    (text) => {
      expect(parseDictionary(text)).toBeNull();
    },
  );
});

const bareItem: fc.Arbitrary<BareItem> = fc.oneof(
  fc
    .integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 })
    .map((value) => ({ kind: 'integer' as const, value })),
  fc
    .integer({ min: -1e9, max: 1e9 })
    .map((thousandths) => ({ kind: 'decimal' as const, value: thousandths / 1000 || 0 })),
  fc.stringMatching(/^[ -~]{0,12}$/).map((value) => ({ kind: 'string' as const, value })),
  fc.stringMatching(/^[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]{0,8}$/).map((value) => ({ kind: 'token' as const, value })),
  fc.base64String().map((value) => ({ kind: 'bytes' as const, value })),
  fc.boolean().map((value) => ({ kind: 'boolean' as const, value })),
  fc.integer().map((value) => ({ kind: 'date' as const, value })),
  fc.string({ unit: 'grapheme' }).map((value) => ({ kind: 'display' as const, value })),
);
const key = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,6}$/);
const parameters = fc.array(fc.tuple(key, bareItem), { maxLength: 3 }).map((pairs) => new Map(pairs));
const item: fc.Arbitrary<Item> = fc.record({ bare: bareItem, parameters });
const member: fc.Arbitrary<Member> = fc.oneof(item, fc.record({ items: fc.array(item, { maxLength: 3 }), parameters }));

describe('any structured field', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, member)), item, (pairs, single) => {
        const members = new Map(pairs);
        expect(parseDictionary(formatDictionary(members))).toEqual(members);
        const list = [...members.values()];
        expect(parseList(formatList(list))).toEqual(list);
        expect(parseItem(formatItem(single))).toEqual(single);
      }),
    );
  });

  it('is a value or null, whatever the text', () => {
    const text = fc.oneof(
      fc.string({ unit: octet, size: 'max', maxLength: 200 }),
      fc.string({ unit: fc.constantFrom(...'a=1,;()"\\ \t:?@%-.é\0*'), size: 'max', maxLength: 120 }),
    );
    fc.assert(
      fc.property(text, (value) => {
        const members = parseDictionary(value);
        if (members !== null) expect(parseDictionary(formatDictionary(members))).toEqual(members);
        parseList(value);
        parseItem(value);
      }),
    );
  });
});
