import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProjectionFault } from '../fields/json-bytes.js';
import { type Page, PageCutter, type PageTerms } from './page-cutter.js';

const encoder = new TextEncoder();
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

interface Cut {
  readonly page: Page;
  /** The page, and what came behind it. */
  readonly sent: string;
  /** Bytes that had come when it was known. */
  readonly knownAt: number;
  readonly heldMost: number;
}

/** In pieces of these lengths, again and again. */
function cut(json: string, terms: Partial<PageTerms>, lengths: readonly number[] = [1]): Cut {
  const whole: PageTerms = { path: [], from: 0, to: 2, isBare: true, bytesMax: 10_000, cursorPath: null, ...terms };
  const cutter = new PageCutter(whole);
  const bytes = encoder.encode(json);
  let page: Page | null = null;
  let sent = '';
  let knownAt = 0;
  let heldMost = 0;
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const end = at + (lengths[i % lengths.length] ?? 1);
    const piece = bytes.subarray(at, end);
    if (page === null) {
      page = cutter.take(piece);
      knownAt = end;
      heldMost = Math.max(heldMost, cutter.heldBytes);
      if (page !== null) sent = text(page.bytes);
    } else sent += text(cutter.push(piece));
    at = end;
  }
  if (page === null) {
    page = cutter.takeLast();
    sent = text(page.bytes);
  } else sent += text(cutter.end());
  return { page, sent, knownAt, heldMost };
}

const element = fc.constantFrom<unknown>(
  1,
  null,
  'a,]"\\',
  [],
  [1, [2]],
  {},
  { items: [7, 8], x: { items: 1 } },
  'ü'.repeat(5),
);
const path = fc.constantFrom<readonly string[]>([], ['items'], ['data', 'items'], ['x"y', 'é', 'items']);
const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 });

/** A text in which the list stands there, between members that look like it. */
function around(list: readonly unknown[], names: readonly string[]): unknown {
  return names.reduceRight<unknown>((inner, name) => ({ before: { items: [0] }, [name]: inner, z: [[9]] }), list);
}

describe('a page', () => {
  it('has the elements that are asked for and no other, wherever the list is and however its text is cut', () => {
    const list = fc.array(element, { maxLength: 12, size: 'max' });
    const bound = fc.integer({ min: 0, max: 14 });
    fc.assert(
      fc.property(list, path, bound, bound, pieces, fc.boolean(), (all, names, from, length, lengths, isBare) => {
        const to = from + length + 1;
        const json = JSON.stringify(around(all, names), null, lengths.length);
        const { page, sent } = cut(json, { path: names, from, to, isBare }, lengths);
        const wanted = all.slice(from, to);
        expect(page).toMatchObject({ sent: wanted.length, hasMore: all.length > to });
        const expected = isBare ? JSON.stringify(wanted).slice(1, -1) : JSON.stringify(around(wanted, names));
        expect(sent).toBe(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  it('has no more bytes than it may: it ends before the element that does not fit, and says that there is more', () => {
    const list = fc.array(fc.integer({ min: 0, max: 25 }), { minLength: 1, maxLength: 30, size: 'max' });
    fc.assert(
      fc.property(list, pieces, fc.boolean(), (sizes, lengths, isBare) => {
        const all = sizes.map((size) => 'x'.repeat(size));
        const bytesMax = 40;
        const { page, sent, heldMost } = cut(
          JSON.stringify({ items: all, z: 1 }),
          { path: ['items'], to: 20, bytesMax, isBare },
          lengths,
        );
        const wanted = all.slice(0, page.sent);
        expect(sent).toBe(isBare ? JSON.stringify(wanted).slice(1, -1) : JSON.stringify({ items: wanted, z: 1 }));
        expect(page.sent).toBeGreaterThan(0);
        expect(page.hasMore).toBe(all.length > page.sent);
        const begin = isBare ? 0 : '{"items":['.length;
        expect(begin + JSON.stringify(wanted).length - 2).toBeLessThanOrEqual(bytesMax);
        // One more would not have fitted, or was not asked for.
        const more = all.slice(0, page.sent + 1);
        if (page.hasMore && page.sent < 20) expect(begin + JSON.stringify(more).length - 2).toBeGreaterThan(bytesMax);
        expect(heldMost).toBeLessThanOrEqual(bytesMax + 60);
      }),
    );
  });

  it('is known as soon as the next element begins, and nothing of a list without an end is held', () => {
    const json = `[${Array.from({ length: 10_000 }, (_, i) => `{"id":${i}}`).join()}]`;
    const { sent, knownAt, heldMost } = cut(json, { from: 2, to: 4 }, [16]);
    expect(sent).toBe('{"id":2},{"id":3}');
    expect(knownAt).toBeLessThan(80);
    expect(heldMost).toBeLessThan(80);
  });

  it.each([
    ['{"items":[1,2],"meta":{"next":"abc"}}', 'abc'],
    ['{"meta":{"next":"abc"},"items":[1]}', 'abc'],
    ['{"items":[1],"meta":{"next":12345678901234567890}}', '12345678901234567890'],
    ['{"items":[1],"meta":{"next":"ü\\n\\u00e9"}}', 'ü\né'],
    ['{"items":[1],"meta":{"next":null}}', null],
    ['{"items":[1],"meta":{"next":""}}', null],
    ['{"items":[1],"meta":{"next":{"a":1}}}', null],
    ['{"items":[1],"meta":{"next":true}}', null],
    ['{"items":[1],"meta":5}', null],
    ['{"items":[1],"meta":{"__proto__":{"next":"x"}}}', null],
    ['{"items":[1]}', null],
  ])('of %s goes on at %s', (json, cursor) => {
    for (const lengths of [[1], [1_000]])
      expect(cut(json, { path: ['items'], cursorPath: ['meta', 'next'] }, lengths).page.cursor).toBe(cursor);
  });

  it.each([
    ['5', 'no list'],
    ['{"items":[1]}', 'no list'],
    ['[1', 'ends in the middle'],
    ['[1,]', 'missing'],
    ['', 'ends in the middle'],
  ])('of %s is none: %s', (json, why) => {
    expect(() => cut(json, {})).toThrow(ProjectionFault);
    expect(() => cut(json, {}, [1_000])).toThrow(why);
  });

  it.each([
    ['{"items":{"0":1}}', 'no list at items'],
    ['{"items":null}', 'no list at items'],
    ['{"items":[1],"items":[2]}', 'twice'],
    ['[{"items":[1]}]', 'no list at items'],
    [`{"a":"${'x'.repeat(2_000)}","items":[1]}`, 'before its list'],
    [`{"items":["${'x'.repeat(2_000)}"]}`, 'an element'],
  ])('at items of %s is none: %s', (json, why) => {
    const terms = { path: ['items'], bytesMax: 1_000, isBare: false };
    expect(() => cut(json, terms)).toThrow(why);
    expect(() => cut(json, terms, [5_000])).toThrow(why);
  });

  it('with a cursor of the upstream that has no end is none', () => {
    const json = `{"items":[1],"next":"${'x'.repeat(20_000)}"}`;
    expect(() => cut(json, { path: ['items'], cursorPath: ['next'] }, [100])).toThrow('cursor is too long');
    expect(() => cut(json.replace(/x{18000}/, ''), { path: ['items'], cursorPath: ['next'] })).toThrow(
      'cursor is too long',
    );
  });

  it('waits for the cursor no longer than for the bytes of a page', () => {
    const json = `{"items":[1],"z":"${'x'.repeat(20_000)}","next":"a"}`;
    const terms = { path: ['items'], cursorPath: ['next'], isBare: false, bytesMax: 1_000 };
    expect(() => cut(json, terms, [100])).toThrow('the answer has more than');
    expect(cut(json, { ...terms, isBare: true }, [100]).page.cursor).toBe('a');
  });
});
