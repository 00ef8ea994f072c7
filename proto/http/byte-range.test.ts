import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contains,
  formatContentRange,
  parseContentRange,
  parseRange,
  RANGES_MAX,
  rangeBytes,
  resolveRange,
} from './byte-range.js';

describe('a Range', () => {
  it.each<[string, unknown]>([
    ['bytes=0-1', [{ kind: 'from', first: 0, last: 1 }]],
    ['bytes=1-', [{ kind: 'from', first: 1, last: null }]],
    ['bytes=-5', [{ kind: 'suffix', length: 5 }]],
    [
      'BYTES=0-0, -1',
      [
        { kind: 'from', first: 0, last: 0 },
        { kind: 'suffix', length: 1 },
      ],
    ],
    ['bytes=,0-1,', [{ kind: 'from', first: 0, last: 1 }]],
    ['bytes=2-1', null],
    ['bytes=-', null],
    ['bytes=', null],
    ['bytes', null],
    ['bytes 0-1', null],
    ['items=0-1', null],
    ['bytes=0-1;x', null],
    ['bytes=a-b', null],
    ['bytes=0-1-2', null],
    ['bytes=9999999999999999-', null],
    [`bytes=${'0-0,'.repeat(RANGES_MAX)}`, Array(RANGES_MAX).fill({ kind: 'from', first: 0, last: 0 })],
    [`bytes=${'0-0,'.repeat(RANGES_MAX + 1)}`, null],
  ])('%s is read as %j', (value, specs) => {
    expect(parseRange(value)).toEqual(specs);
  });

  it('comes to a part of the representation, and to the same bytes that a slice has', () => {
    const spec = fc.oneof(
      fc.record({ kind: fc.constant('suffix' as const), length: fc.nat(20) }),
      fc.tuple(fc.nat(20), fc.option(fc.nat(20))).map(([first, more]) => ({
        kind: 'from' as const,
        first,
        last: more === null ? null : first + more,
      })),
    );
    fc.assert(
      fc.property(spec, fc.nat(20), (asked, total) => {
        const bytes = Array.from({ length: total }, (_, i) => i);
        const expected =
          asked.kind === 'suffix'
            ? bytes.slice(Math.max(0, total - asked.length))
            : bytes.slice(asked.first, asked.last === null ? undefined : asked.last + 1);
        const range = resolveRange(asked, total);
        expect(range === null ? [] : bytes.slice(range.first, range.last + 1)).toEqual(expected);
        if (range === null) return;
        expect(rangeBytes(range)).toBe(expected.length);
        expect(contains({ first: 0, last: total - 1 }, range)).toBe(true);
      }),
    );
  });

  it('survives any text', () => {
    const text = fc.string({
      unit: fc.constantFrom('0', '9', '-', ',', ' ', '=', 'b', '\0', '*'),
      size: 'max',
      maxLength: 120,
    });
    fc.assert(
      fc.property(text, (rest) => {
        for (const { kind } of parseRange(`bytes=${rest}`) ?? []) expect(['from', 'suffix']).toContain(kind);
        parseRange(rest);
        parseContentRange(`bytes ${rest}`);
      }),
    );
  });
});

describe('a Content-Range', () => {
  it.each<[string, unknown]>([
    ['bytes 0-4/10', { range: { first: 0, last: 4 }, totalBytes: 10 }],
    ['Bytes 0-4/*', { range: { first: 0, last: 4 }, totalBytes: null }],
    ['bytes */10', { range: null, totalBytes: 10 }],
    ['bytes */*', null],
    ['bytes 4-0/10', null],
    ['bytes 0-10/10', null],
    ['bytes=0-4/10', null],
    ['bytes 0-4', null],
    ['items 0-4/10', null],
  ])('%s is read as %j', (value, expected) => {
    expect(parseContentRange(value)).toEqual(expected);
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(1e6), fc.option(fc.nat(1e6)), (first, length, beyond) => {
        const range = { first, last: first + length };
        const said = { range, totalBytes: beyond === null ? null : range.last + 1 + beyond };
        expect(parseContentRange(formatContentRange(said))).toEqual(said);
      }),
    );
  });
});
