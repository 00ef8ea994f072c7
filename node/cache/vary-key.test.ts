import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { varyKey } from './vary-key.js';

const value = fc.option(fc.stringMatching(/^[a-c1, "]{0,5}$/));
const NAMES = ['bar', 'cookie', 'foo'];

const request = (values: readonly (string | null)[]): string[] =>
  NAMES.flatMap((name, i) => {
    const text = values[i] ?? null;
    return text === null ? [] : [name, text];
  });

const spaceless = (text: string | null, name: string): string | null =>
  text === null || text.includes('"') || name === 'cookie'
    ? (text?.trim() ?? null)
    : text.trim().replace(/ *, */g, ',');

describe('the variant that a request selects', () => {
  it('is the same for two requests exactly when each field that counts is the same but for spaces beside commas', () => {
    const values = fc.tuple(value, value, value);
    fc.assert(
      fc.property(values, values, fc.subarray(NAMES), (one, other, names) => {
        const isSame = names.every((name) => {
          const at = NAMES.indexOf(name);
          return spaceless(one[at] ?? null, name) === spaceless(other[at] ?? null, name);
        });
        expect(varyKey(names, request(one)) === varyKey(names, request(other))).toBe(isSame);
      }),
      { numRuns: 2000 },
    );
  });

  it('does not depend on order, case and spaces of languages and codings, and does on their weights', () => {
    const weight = fc.constantFrom('', ';q=1', ';q=0.5', ';q=0', ';q=0.123');
    const range = fc.constantFrom('en', 'de-AT', '*', 'fr');
    const members = fc.uniqueArray(fc.tuple(range, weight), { selector: ([name]) => name, minLength: 1 });
    const name = fc.constantFrom('accept-language', 'accept-encoding');
    fc.assert(
      fc.property(name, members, fc.func(fc.integer()), fc.boolean(), (field, list, order, isLoud) => {
        const text = list.map(([range, weight]) => `${range}${weight}`);
        const shuffled = [...text].sort((a, b) => order(a) - order(b));
        const spelled = shuffled.join(' ,  ').replaceAll(';', ' ; ');
        const key = varyKey([field], [field, text.join(',')]);
        expect(varyKey([field], [field, isLoud ? spelled.toUpperCase() : spelled])).toBe(key);
        const heavier = [...list.slice(1).map(([range, weight]) => `${range}${weight}`), `${list[0]?.[0]};q=0.77`];
        expect(varyKey([field], [field, heavier.join(',')])).not.toBe(key);
      }),
    );
  });

  it('survives any text', () => {
    const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.string({ unit: octet, maxLength: 80 }), (text) => {
        expect(varyKey(['accept-language'], ['accept-language', text])).toBe(
          varyKey(['accept-language'], ['accept-language', text]),
        );
      }),
    );
  });
});
