import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEPTH_MAX, parsedJson } from './json.js';

const listsIn = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const objectsIn = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

describe('JSON of strangers', () => {
  it('is what JSON.parse makes of it, whatever stands in its strings', () => {
    const text = fc.string({ unit: fc.constantFrom('[', '{', '"', '\\', ']', '}', 'a', ' '), maxLength: 3_000 });
    const tree = fc.oneof(
      fc.json({ maxDepth: 5 }),
      fc.array(text, { size: 'max', maxLength: 8 }).map((all) => JSON.stringify(all)),
    );
    fc.assert(
      fc.property(tree, (json) => {
        expect(parsedJson(json)).toEqual(JSON.parse(json));
      }),
    );
  });

  it('never throws, and knows no JSON in what is none', () => {
    fc.assert(
      fc.property(fc.string({ size: 'max', maxLength: 3_000 }), (text) => {
        const parsed = parsedJson(text);
        if (parsed !== undefined) expect(parsed).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([listsIn, objectsIn])('is nested so deep and no deeper', (nested) => {
    expect(parsedJson(nested(DEPTH_MAX))).toEqual(JSON.parse(nested(DEPTH_MAX)));
    expect(parsedJson(nested(DEPTH_MAX + 1))).toBeUndefined();
    expect(parsedJson(nested(100_000))).toBeUndefined();
  });

  it('counts levels and not brackets', () => {
    const wide = `[${Array.from({ length: 10_000 }, () => '[{}]').join(',')}]`;
    expect(parsedJson(wide)).toEqual(JSON.parse(wide));
    const behindString = `["\\\\",${listsIn(DEPTH_MAX)}]`;
    expect(parsedJson(behindString)).toBeUndefined();
  });
});
