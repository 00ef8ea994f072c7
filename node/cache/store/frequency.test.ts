import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COUNT_MAX, Frequency, hashOf } from './frequency.js';

describe('the frequency of keys', () => {
  it('is never too low while nothing has aged, and seldom too high', () => {
    const KEYS = 1_000;
    fc.assert(
      fc.property(fc.array(fc.nat(KEYS - 1), { minLength: 500, maxLength: 2_500, size: 'max' }), (asked) => {
        const frequency = new Frequency();
        const exact = new Map<number, number>();
        for (const key of asked) {
          frequency.count(hashOf(`/objects/${key}`), KEYS);
          exact.set(key, (exact.get(key) ?? 0) + 1);
        }
        let tooHigh = 0;
        let tooLow = 0;
        for (let key = 0; key < KEYS; key += 1) {
          const expected = Math.min(COUNT_MAX, exact.get(key) ?? 0);
          const estimate = frequency.estimate(hashOf(`/objects/${key}`));
          if (estimate < expected) tooLow += 1;
          if (estimate > expected) tooHigh += 1;
        }
        expect(tooLow).toBe(0);
        expect(tooHigh).toBeLessThan(KEYS / 20);
      }),
    );
  });

  it('stops at fifteen and leaves its neighbours alone', () => {
    const frequency = new Frequency();
    const keys = Array.from({ length: 20 }, (_, i) => hashOf(`k${i}`));
    for (let i = 0; i < 40; i += 1) frequency.count(keys[0] ?? 0, 1);
    expect(keys.map((hash) => frequency.estimate(hash))).toEqual([COUNT_MAX, ...Array(19).fill(0)]);
  });

  it('is halved after ten times as many as there are entries, so that old fame fades', () => {
    const frequency = new Frequency();
    const famous = hashOf('famous');
    for (let i = 0; i < 12; i += 1) frequency.count(famous, 500);
    const others = (count: number): void => {
      for (let i = 0; i < count; i += 1) frequency.count(hashOf(`other ${i}`), 500);
    };
    others(4_900);
    expect(frequency.estimate(famous)).toBeGreaterThanOrEqual(12);
    others(200);
    expect(frequency.estimate(famous)).toBeLessThan(12);
    for (let i = 0; i < 12; i += 1) others(5_000);
    expect(frequency.estimate(famous)).toBeLessThan(12);
  });

  it('forgets nothing when it grows', () => {
    const frequency = new Frequency();
    const hashes = Array.from({ length: 100 }, (_, i) => hashOf(`/${i}`));
    hashes.forEach((hash, i) => {
      for (let n = 0; n < i % 16; n += 1) frequency.count(hash, 200);
    });
    const before = hashes.map((hash) => frequency.estimate(hash));
    for (const entries of [300, 1_000, 100_000, 100_000, 100_000, 100_000])
      frequency.count(hashOf('one more'), entries);
    expect(hashes.map((hash) => frequency.estimate(hash))).toEqual(before);
  });

  it('tells keys apart that differ in their last character only', () => {
    const hashes = new Set(Array.from({ length: 10_000 }, (_, i) => hashOf(`GET https a.example /objects/${i}`)));
    expect(hashes.size).toBeGreaterThan(9_990);
  });
});
