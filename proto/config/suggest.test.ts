import fc from 'fast-check';
import { expect, it } from 'vitest';
import { closest, editDistance } from './suggest.js';

const keys = ['id', 'match', 'upstream', 'timeouts', 'firstByte', 'headers', 'auth', 'limits'];

it.each([
  ['timeout', 'timeouts'],
  ['tiemouts', 'timeouts'],
  ['upsteam', 'upstream'],
  ['first_byte', 'firstByte'],
  ['FIRSTBYTE', 'firstByte'],
  ['mtach', 'match'],
])('%s means %s', (word, meant) => expect(closest(word, keys)).toBe(meant));

it.each(['banana', 'x', 'q'.repeat(41), ''])('%j means nothing', (word) => expect(closest(word, keys)).toBeNull());

it('distance is that of the textbook', () => {
  const cases: [string, string, number][] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['ab', 'ba', 1],
    ['kitten', 'sitting', 3],
    ['a', 'b', 1],
    ['abc', 'ab', 1],
  ];
  for (const [a, b, distance] of cases) expect([a, b, editDistance(a, b)]).toEqual([a, b, distance]);
});

it('distance is symmetric, zero only for equals, and at most the longer length', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      expect(distance).toBe(editDistance(b, a));
      expect(distance === 0).toBe(a === b);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
    }),
  );
});
