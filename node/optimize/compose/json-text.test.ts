import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonWithin } from './json-text.js';

it('a value is written as JSON.stringify writes it, where there is room for it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(jsonWithin(value, 1_000_000)).toBe(JSON.stringify(value));
    }),
  );
});

it('what is short in memory and endless as a text is not written', () => {
  let value: unknown = ['x'];
  for (let times = 0; times < 60; times += 1) value = [value, value];
  expect(jsonWithin(value, 1_000_000)).toBeNull();
});

it('one that is longer than its room is not written', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 0, max: 100 }), (value, max) => {
      const text = jsonWithin(value, max);
      // Escapes and the digits of numbers are not counted.
      if (text !== null) expect(text.length).toBeLessThanOrEqual(max * 40 + 40);
      else expect(JSON.stringify(value).length).toBeGreaterThan(0);
    }),
  );
});
