import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, percentile, spread } from './statistics.js';

const samples = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), {
  minLength: 1,
  maxLength: 200,
  size: 'max',
});

describe('median', () => {
  it('takes the middle of an odd count and the mean of the two middles of an even one', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 7])).toBe(6);
    expect(median([4])).toBe(4);
  });

  it('compares numbers, not their digits', () => {
    expect(median([10, 9, 100])).toBe(10);
  });

  it('is NaN when there is nothing to sum up', () => {
    expect(median([])).toBeNaN();
  });

  it('has as many values above it as below it, and leaves the sample as it was', () => {
    fc.assert(
      fc.property(samples, (values) => {
        const before = [...values];
        const middle = median(values);
        expect(values).toEqual(before);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        expect(below).toBeLessThanOrEqual(values.length / 2);
        expect(above).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });
});

describe('percentile', () => {
  it('is the nearest rank', () => {
    const values = [15, 20, 35, 40, 50];
    expect(percentile(values, 0.05)).toBe(15);
    expect(percentile(values, 0.3)).toBe(20);
    expect(percentile(values, 0.4)).toBe(20);
    expect(percentile(values, 0.41)).toBe(35);
    expect(percentile(values, 1)).toBe(50);
    expect(percentile(values, 0)).toBe(15);
  });

  it('is the least member that covers the share', () => {
    fc.assert(
      fc.property(samples, fc.double({ min: 0.001, max: 1, noNaN: true }), (values, share) => {
        const result = percentile(values, share);
        expect(values).toContain(result);
        const covered = values.filter((value) => value <= result).length;
        const coveredBelow = values.filter((value) => value < result).length;
        expect(covered).toBeGreaterThanOrEqual(share * values.length - 1e-9);
        expect(coveredBelow).toBeLessThan(share * values.length);
      }),
    );
  });
});

describe('spread', () => {
  it('sets the range against the median', () => {
    expect(spread([90, 100, 120])).toBeCloseTo(0.3);
    expect(spread([7])).toBe(0);
    expect(spread([])).toBeNaN();
  });
});
