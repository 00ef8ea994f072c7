import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProjectionFault } from './json-bytes.js';
import { Projector, projectedDepthMax, projectedKeyMax } from './projector.js';
import {
  type Branch,
  readSelection,
  type Selection,
  selectedOf,
  selectionDepthMax,
  selectionNamesMax,
  selectionSizeMax,
  selectionText,
} from './selection.js';

const encoder = new TextEncoder();

function selectionOf(text: string): Branch {
  const read = readSelection(text);
  if (!read.ok) throw new Error(`${text}: ${read.why} at ${read.at}`);
  return read.selection;
}

/** In pieces of these lengths, again and again; whole for none. */
function projected(text: string, selection: Selection, lengths: readonly number[] = []): string {
  const bytes = encoder.encode(text);
  const projector = new Projector(selection);
  const out: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i += 1) {
    const length = lengths.length === 0 ? bytes.length : (lengths[i % lengths.length] ?? 1);
    out.push(projector.push(bytes.subarray(at, at + length)));
    at += length;
  }
  out.push(projector.end());
  return Buffer.concat(out).toString('utf8');
}

/** What it must come to, over values in the place of bytes. */
function reference(value: unknown, selection: Selection): unknown {
  if (selection === null || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => reference(each, selection));
  const members = Object.entries(value).flatMap(([name, child]) => {
    const wanted = selectedOf(selection, name);
    return wanted === undefined ? [] : [[name, reference(child, wanted)] as const];
  });
  return Object.fromEntries(members);
}

const names = ['a', 'b', 'id', 'é', 'x"y'];
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, false, 'text', 'ü "q" \\ \u2028', 0, -1.5e-7, 12_345_678),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 4 }),
  ),
})).value;
const wanted = fc.letrec<{ fields: string }>((tie) => ({
  fields: fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'id', 'é', '*'), fc.option(tie('fields'), { depthSize: 'small' })), {
      minLength: 1,
      maxLength: 3,
    })
    .map((all) => all.map(([name, child]) => (child === null ? name : `${name}(${child})`)).join(',')),
})).fields;

describe('a projection', () => {
  it('is what it must be, however the answer is written and cut', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 4 });
    fc.assert(
      fc.property(json, wanted, lengths, fc.constantFrom(undefined, 1, '\t\r\n '), (value, fields, cuts, space) => {
        const selection = selectionOf(fields);
        const text = JSON.stringify(value, null, typeof space === 'string' ? 1 : space);
        expect(projected(text, selection, cuts)).toBe(JSON.stringify(reference(value, selection)));
        expect(projected(text, null, cuts)).toBe(JSON.stringify(value));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['id', '{"id": 1, "name": "x"}', '{"id":1}'],
    ['items(sku)', '{"items":[{"sku":"a","price":1},{"sku":"b"}],"n":2}', '{"items":[{"sku":"a"},{"sku":"b"}]}'],
    ['items/sku', '{"items":[{"sku":"a","price":1}]}', '{"items":[{"sku":"a"}]}'],
    ['a/b(c)', '{"a":{"b":{"c":1,"d":2}}}', '{"a":{"b":{"c":1}}}'],
    ['id', '[{"id":1,"x":2},{"x":3}, 7]', '[{"id":1},{},7]'],
    ['*(id)', '{"a":{"id":1,"x":1},"b":{"x":1}}', '{"a":{"id":1},"b":{}}'],
    ['*(id),a(x)', '{"a":{"id":1,"x":1,"y":1},"b":{"x":1}}', '{"a":{"id":1,"x":1},"b":{}}'],
    ['a,a(b)', '{"a":{"b":1,"c":2}}', '{"a":{"b":1,"c":2}}'],
    ['none', '{"a":1}', '{}'],
    ['a', '{"a":{"b":[1,2,{"c":null}]}}', '{"a":{"b":[1,2,{"c":null}]}}'],
    ['n', '{"n": 12345678901234567890.10, "m": 1}', '{"n":12345678901234567890.10}'],
    ['é', '{"\\u00e9": 1, "e": 2}', '{"\\u00e9":1}'],
    ['__proto__', '{"__proto__": {"x": 1}, "y": 2}', '{"__proto__":{"x":1}}'],
    ['a', ' 5 ', '5'],
  ])('of %s from %s is %s', (fields, text, out) => {
    expect(projected(text, selectionOf(fields))).toBe(out);
    expect(projected(text, selectionOf(fields), [1])).toBe(out);
  });

  it.each([
    '{"a":1',
    '{"a" 1}',
    '{"a":}',
    '{"a":1,}',
    '{,}',
    '[1,]',
    '[1 2]',
    '{"a":1}}',
    '{"a":01}',
    '{"a":tru}',
    '{"a":+1}',
    '{"a":"\n"}',
    '{"a":"\\x"}',
    '{"a":"\\u12g4"}',
    "{'a':1}",
    '',
    ' ',
    '<html>',
    '{"a":1} x',
    '{"b":[1,2}}',
    '{"b":{"c":1]}',
    '"open',
    'NaN',
    '.5',
    '1.',
    '{a:1}',
  ])('of what is no JSON is a fault, whether that part is wanted or not: %s', (text) => {
    expect(() => projected(text, selectionOf('b'))).toThrow(ProjectionFault);
    expect(() => projected(text, selectionOf('a'), [1])).toThrow(ProjectionFault);
    expect(() => projected(text, null)).toThrow(ProjectionFault);
  });

  it('accepts and refuses what JSON.parse does, but for depth', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"\\u0041"',
      '1',
      '-0.1e+2',
      'true',
      'null',
      ' ',
      '"',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        let parsed: unknown;
        let isJson = true;
        try {
          parsed = JSON.parse(text);
        } catch {
          isJson = false;
        }
        if (!isJson) expect(() => projected(text, null)).toThrow(ProjectionFault);
        else expect(JSON.parse(projected(text, null))).toEqual(parsed);
      }),
      { numRuns: 3_000 },
    );
  });

  it('has bounds: depth, keys, numbers', () => {
    const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    expect(projected(deep(projectedDepthMax), selectionOf('a'))).toBe(deep(projectedDepthMax));
    expect(() => projected(deep(projectedDepthMax + 1), selectionOf('a'))).toThrow('deeper');
    const key = 'k'.repeat(projectedKeyMax + 1);
    expect(() => projected(`{"${key}":1}`, selectionOf('a'))).toThrow('longer');
    expect(projected(`{"a":{"${key}":1}}`, selectionOf('a'))).toBe(`{"a":{"${key}":1}}`);
    expect(() => projected('1'.repeat(2_000), null)).toThrow('too long');
  });
});

describe('a selection', () => {
  it.each([
    ['', 0],
    ['a,', 2],
    ['a(', 2],
    ['a(b', 3],
    ['a)', 1],
    ['a()', 2],
    ['a//b', 2],
    ['(a)', 0],
  ])('%s is refused, with the place', (text, at) => {
    expect(readSelection(text)).toMatchObject({ ok: false, at });
  });

  it('has bounds, and never throws', () => {
    expect(readSelection(`${'a/'.repeat(selectionDepthMax)}a`)).toMatchObject({ ok: false });
    expect(readSelection(Array.from({ length: selectionNamesMax + 1 }, () => 'a').join())).toMatchObject({ ok: false });
    expect(readSelection('a'.repeat(3_000))).toMatchObject({ ok: false });
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '(', ')', '/', ',', '*') }),
        (text) => void readSelection(text),
      ),
    );
  });

  it.each([
    ['that is twice as large with each level', (inner: string) => `a(x),*(${inner})`, 15],
    ['that is five times as large', (inner: string) => `a(x),b(x),c(x),d(x),*(${inner})`, 15],
    [
      'of names that go as deep as what is wanted of each',
      (inner: string, at: number) => `a/${'*/'.repeat(at)}y,*(${inner})`,
      12,
    ],
  ] as const)('%s is refused before it is made', (_, around, levels) => {
    let text = 'z';
    for (let at = 0; at < levels; at += 1) text = around(text, at);
    expect(text.length).toBeLessThan(700);
    expect(readSelection(text)).toMatchObject({ ok: false, why: expect.stringContaining(`${selectionSizeMax}`) });
  });

  it('is never larger than it may be, spelt out: any text', () => {
    const field: fc.Arbitrary<string> = fc.letrec<{ field: string }>((tie) => ({
      field: fc.oneof(
        { depthSize: 'large' },
        fc.constantFrom('a', 'b', '*'),
        fc
          .tuple(fc.constantFrom('a', 'b', '*'), fc.array(tie('field'), { minLength: 1, maxLength: 3 }))
          .map(([name, inner]) => `${name}(${inner.join()})`),
      ),
    })).field;
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 4 }), (fields) => {
        const read = readSelection(fields.join());
        if (read.ok) expect(selectionText(read.selection).length).toBeLessThanOrEqual(selectionSizeMax);
      }),
    );
  });

  it('has one spelling, which says the same', () => {
    expect(selectionText(selectionOf('b,a(d,c)'))).toBe(selectionText(selectionOf('a/c,b,a/d')));
    fc.assert(
      fc.property(wanted, json, (fields, value) => {
        const selection = selectionOf(fields);
        const again = selectionOf(selectionText(selection));
        expect(reference(value, again)).toEqual(reference(value, selection));
        expect(selectionText(again)).toBe(selectionText(selection));
      }),
    );
  });
});
