import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Elision, KEPT_BYTES } from './elision.js';

function shown(
  text: string,
  cuts: readonly number[] = [],
): { text: string; bytes: number; leftOut: number; isInText: boolean } {
  const bytes = Buffer.from(text);
  const elision = new Elision();
  const pieces: Uint8Array[] = [];
  let leftOut = 0;
  const borders = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  borders.reduce((from, to) => {
    pieces.push(elision.feed(bytes.subarray(from, to)));
    leftOut += elision.leftOut;
    return to;
  }, 0);
  const left = Buffer.concat(pieces);
  return { text: left.toString(), bytes: left.length, leftOut, isInText: elision.isInText };
}

/** Texts that are cut, with every kind of character that an escape is made of, and those that are not. */
const text = fc.oneof(
  fc.string({ unit: 'binary', size: 'max', maxLength: 40 }),
  fc
    .tuple(fc.constantFrom('a', '"', '\\', '\u0001', '\\"', 'é', '\n'), fc.integer({ min: 0, max: 1_500 }))
    .map(([unit, times]) => 'x'.repeat(times % 7) + unit.repeat(times)),
);
const tree = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, text, fc.double(), fc.boolean(), tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(fc.string({ maxLength: 8 }), tie('value'), { maxKeys: 4 }),
})).value;

/** What is to be left of a value. */
function isCutOf(cut: unknown, whole: unknown): boolean {
  if (typeof whole === 'string') {
    const isShort = Buffer.byteLength(JSON.stringify(whole)) - 2 <= KEPT_BYTES;
    // The last character may have been cut in the middle.
    const begin = typeof cut === 'string' ? cut.replace(/\ufffd+$/u, '') : null;
    return isShort ? cut === whole : begin !== null && (whole.startsWith(begin) || cut === whole);
  }
  if (Array.isArray(whole))
    return Array.isArray(cut) && cut.length === whole.length && whole.every((one, at) => isCutOf(cut[at], one));
  if (typeof whole === 'object' && whole !== null) {
    const [a, b] = [Object.entries(cut as object), Object.entries(whole)];
    return a.length === b.length && b.every(([key, one], at) => a[at]?.[0] === key && isCutOf(a[at]?.[1], one));
  }
  return Object.is(cut, whole) || JSON.stringify(cut) === JSON.stringify(whole);
}

describe('JSON whose long texts are left out', () => {
  it('stays JSON of the same shape wherever its pieces are cut, and each text keeps its beginning', () => {
    fc.assert(
      fc.property(tree, fc.array(fc.nat(), { maxLength: 8 }), (value, cuts) => {
        const whole = JSON.stringify(value);
        const seen = shown(whole, cuts);
        expect(isCutOf(JSON.parse(seen.text), value)).toBe(true);
        expect(seen.isInText).toBe(false);
        expect(seen.leftOut).toBe(Buffer.byteLength(whole) - seen.bytes);
        expect(seen.text).toBe(shown(whole).text);
      }),
    );
  });

  it('keeps a few hundred bytes of an image of any size', () => {
    const image = 'iVBOR'.repeat(200_000);
    const seen = shown(JSON.stringify({ b64_json: image, index: 1 }));
    expect(seen.text.length).toBeLessThan(KEPT_BYTES + 40);
    expect(JSON.parse(seen.text)).toMatchObject({ index: 1 });
    expect(seen.leftOut).toBe(1_000_000 - KEPT_BYTES);
  });

  it('knows that it is in the middle of one', () => {
    expect(shown(`data: {"b64_json":"${'A'.repeat(9_000)}`).isInText).toBe(true);
    expect(shown('data: {"b64_json":"AAAA"').isInText).toBe(false);
  });

  it('begins anew with each line, whatever a comment has in it', () => {
    const event = `: it's 5" wide\n\ndata: {"a":"${'A'.repeat(600)}","b":1}\n\n`;
    expect(shown(event).text).toBe(event.replace(/A+/, 'A'.repeat(KEPT_BYTES)));
  });
});
