import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quantile } from './campaign.js';

it('99 of 100 are not above the p99 of them, and the slowest is one more', () => {
  const values = Array.from({ length: 100 }, (_, at) => 100 - at);
  expect([0, 0.07, 0.5, 0.99, 1].map((share) => quantile(values, share))).toEqual([1, 7, 50, 99, 100]);
  expect([quantile([], 0.5), quantile([7], 0.99)]).toEqual([0, 7]);
});

it('a quantile is the smallest of the values that so many do not exceed', () => {
  const some = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 200, size: 'max' });
  fc.assert(
    fc.property(some, fc.integer({ min: 1, max: 100 }), (values, percent) => {
      const found = quantile(values, percent / 100);
      const upTo = (value: number): number => 100 * values.filter((each) => each <= value).length;
      expect(values).toContain(found);
      expect(upTo(found)).toBeGreaterThanOrEqual(percent * values.length);
      expect(upTo(found - 1)).toBeLessThan(percent * values.length);
    }),
  );
});
