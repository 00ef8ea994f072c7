import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSameValue } from './same-value.js';

/** Few of everything, so that two of them are often the same, or nearly. */
const values = fc.jsonValue({ maxDepth: 3 });

it('is what the platform calls deep equality, for any two values', () => {
  fc.assert(
    fc.property(values, values, (one, other) => {
      expect(isSameValue(one, other)).toBe(isDeepStrictEqual(one, other));
    }),
  );
});

it('finds one change anywhere, and none in a copy', () => {
  const changes = fc.oneof(fc.constant(undefined), fc.constant(null), fc.integer(), fc.constant([]), fc.constant({}));
  fc.assert(
    fc.property(fc.dictionary(fc.string(), values), fc.string(), changes, (one, key, change) => {
      const copy: Record<string, unknown> = structuredClone(one);
      expect(isSameValue(one, copy)).toBe(true);
      const changed = { a: [{ ...copy, [key]: change }] };
      expect(isSameValue({ a: [one] }, changed)).toBe(isDeepStrictEqual({ a: [one] }, changed));
    }),
  );
});

it.each([
  [[], {}],
  [{ a: undefined }, {}],
  [{ a: undefined }, { b: undefined }],
  [[undefined], []],
  [JSON.parse('{"__proto__":{}}'), { a: 1 }],
  [null, {}],
  [0, '0'],
  [new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  [new Uint8Array([1]), [1]],
  [new Uint8Array([1]), { 0: 1 }],
])('tells %o from %o', (one, other) => {
  expect([isSameValue(one, other), isSameValue(other, one)]).toEqual([false, false]);
});

it('takes bytes for the same that are', () => {
  expect(isSameValue({ a: new Uint8Array([1, 2]) }, { a: new Uint8Array([1, 2]) })).toBe(true);
});
