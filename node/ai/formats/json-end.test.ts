import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonEnd } from './json-end.js';

const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }));

describe('the end of an object that comes in pieces', () => {
  it('is found behind its last character, and nowhere before', () => {
    fc.assert(
      fc.property(object, fc.constantFrom(undefined, 2), (value, spaces) => {
        const text = JSON.stringify(value, null, spaces);
        const end = new JsonEnd();
        for (const character of text.slice(0, -1)) {
          end.feed(character);
          expect(end.isWhole).toBe(false);
        }
        end.feed(text.slice(-1));
        expect(end.isWhole).toBe(true);
      }),
    );
  });

  it('is not found in nothing', () => {
    expect(new JsonEnd().isWhole).toBe(false);
  });
});
