import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprints } from './fingerprint.js';

describe('a fingerprint', () => {
  it('is as long for any text, the same for the same, and another for another', () => {
    const print = fingerprints(7);
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 300 }), (one, other) => {
        expect(print(one)).toHaveLength(8);
        expect(print(one) === print(other)).toBe(one === other);
      }),
      { numRuns: 2_000 },
    );
  });

  it('tells apart texts that differ by one character, in each of its halves', () => {
    const print = fingerprints(0);
    const texts = Array.from({ length: 100_000 }, (_, i) => `http://a.example/x?i=${i}`).map(print);
    for (const [from, to] of [
      [0, 4],
      [4, 8],
    ]) {
      expect(new Set(texts.map((text) => text.slice(from, to))).size).toBe(texts.length);
    }
  });

  it('is another one by another seed', () => {
    expect(fingerprints(1)('a')).not.toBe(fingerprints(2)('a'));
  });
});
