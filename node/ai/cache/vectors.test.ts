import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vectorIn } from './embed.js';
import { NEAREST_MAX, unit, Vectors } from './vectors.js';

const numbers = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
const direction = numbers.map(unit).filter((vector) => vector !== null);
const entry = (key: string, vector: Float32Array, untilMs = 100) => ({ key, vector, untilMs });
const along = (...all: readonly number[]): Float32Array => {
  const vector = unit(all);
  if (vector === null) throw new Error('no direction');
  return vector;
};

describe('vectors of a scope', () => {
  it('give the nearest that are near enough, the nearest first, and no more than are of use', () => {
    fc.assert(
      fc.property(
        fc.array(direction, { maxLength: 30 }),
        direction,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, asked, threshold) => {
          const vectors = new Vectors();
          for (const [index, vector] of all.entries()) vectors.add('s', entry(`k${index}`, vector), 100, 0);
          const cosines = all.map((vector) => vector.reduce((sum, one, i) => sum + one * (asked[i] ?? 0), 0));
          const found = vectors.nearest('s', asked, threshold, 0);
          const near = found.map((key) => cosines[Number(key.slice(1))] ?? Number.NaN);
          const surely = cosines.filter((cosine) => cosine > threshold + 1e-5).toSorted((a, b) => b - a);
          expect(new Set(found).size).toBe(found.length);
          expect(found.length).toBeLessThanOrEqual(NEAREST_MAX);
          expect(found.length).toBeGreaterThanOrEqual(Math.min(surely.length, NEAREST_MAX));
          for (const [index, cosine] of near.entries()) {
            expect(cosine).toBeGreaterThanOrEqual(threshold - 1e-5);
            expect(cosine).toBeGreaterThanOrEqual((surely[index] ?? -1) - 1e-5);
          }
        },
      ),
    );
  });

  it('are not those of another scope, nor what is over, nor of another length', () => {
    const vectors = new Vectors();
    vectors.add('s', entry('k', along(1, 0)), 10, 0);
    expect(vectors.nearest('s', along(1, 0), 0.9, 99)).toEqual(['k']);
    expect(vectors.nearest('t', along(1, 0), 0.9, 0)).toEqual([]);
    expect(vectors.nearest('s', along(1, 0), 0.9, 100)).toEqual([]);
    expect(vectors.nearest('s', along(1, 0, 0), 0, 0)).toEqual([]);
  });

  it('are so many at most, those that are over and the oldest gone, and one for each answer', () => {
    const vectors = new Vectors();
    for (const key of ['a', 'b', 'a', 'c']) vectors.add('s', entry(key, key === 'a' ? along(1, 0) : along(0, 1)), 2, 0);
    expect(vectors.nearest('s', along(0, 1), 0.9, 0)).toEqual(['c']);
    expect(vectors.nearest('s', along(1, 0), 0.9, 0)).toEqual(['a']);
    vectors.add('s', entry('d', along(0, 1)), 2, 0);
    expect(vectors.nearest('s', along(1, 0), 0.9, 0)).toEqual([]);
    expect(vectors.count).toBe(2);
    vectors.add('t', entry('old', along(1, 0), 1_000), 2, 0);
    vectors.add('t', entry('over', along(1, 0), 10), 2, 0);
    vectors.add('t', entry('new', along(1, 0), 1_000), 2, 20);
    expect(vectors.nearest('t', along(1, 0), 0.9, 20)).toEqual(['new', 'old']);
  });

  it('keep within their bytes, whatever is added, and the scope that was used last', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(20), direction), { size: 'max', maxLength: 60 }),
        (added) => {
          const vectors = new Vectors(2_000);
          for (const [scope, key, vector] of added) {
            vectors.add(scope, entry(`k${key}`, vector), 5, 0);
            expect(vectors.bytes).toBeLessThanOrEqual(2_000);
            expect(vectors.nearest(scope, vector, 0.99, 0)).toContain(`k${key}`);
          }
        },
      ),
    );
  });

  it('give up the oldest of a scope that has all the bytes, and not the scope', () => {
    const vectors = new Vectors(1_000);
    for (let i = 0; i < 50; i += 1) vectors.add('s', entry(`k${i}`, along(1, 0)), 100, 0);
    expect(vectors.nearest('s', along(1, 0), 0.9, 0)).toEqual(['k49', 'k48', 'k47']);
    // One that fits by itself is known, and one that does not is given up without an end of it.
    vectors.add('s', entry('long', new Float32Array(1_000).fill(1)), 100, 0);
    expect([vectors.count, vectors.bytes <= 1_000]).toEqual([0, true]);
  });

  it('of which there is no answer are forgotten, once it can only be gone', () => {
    const vectors = new Vectors();
    vectors.add('s', entry('k', along(1, 0), 9_999), 10, 0);
    vectors.withoutAnswer('s', 'k', 1_999);
    expect(vectors.nearest('s', along(1, 0), 0.9, 2_000)).toEqual(['k']);
    vectors.withoutAnswer('s', 'k', 2_000);
    expect(vectors.nearest('s', along(1, 0), 0.9, 2_000)).toEqual([]);
    vectors.withoutAnswer('s', 'k', 2_000);
    vectors.withoutAnswer('nothing', 'k', 2_000);
    expect(vectors.count).toBe(0);
  });

  it('say how far a scope was read elsewhere for as long as what was read is there', () => {
    const vectors = new Vectors(1_000);
    vectors.setReadTo('s', '1-0');
    expect(vectors.readTo('s')).toBeNull();
    vectors.add('s', entry('k', along(1, 0)), 10, 0);
    vectors.setReadTo('s', '1-0');
    expect(vectors.readTo('s')).toBe('1-0');
    for (let i = 0; i < 50; i += 1) vectors.add('t', entry(`k${i}`, along(1, 0)), 10, 0);
    vectors.add('s', entry('k', along(1, 0)), 10, 0);
    expect(vectors.readTo('s')).toBeNull();
    vectors.setReadTo('s', '2-0');
    vectors.readAgain();
    expect([vectors.readTo('s'), vectors.nearest('s', along(1, 0), 0.9, 0)]).toEqual([null, ['k']]);
  });
});

it('a vector without a direction is none', () => {
  expect(unit([0, 0])).toBeNull();
  expect(unit([Number.NaN])).toBeNull();
  expect(unit([Number.POSITIVE_INFINITY, 1])).toBeNull();
  for (const one of [1e308, 5e-324])
    expect([...(unit([one, one]) ?? [])]).toEqual([Math.fround(Math.SQRT1_2), Math.fround(Math.SQRT1_2)]);
});

it('an answer is read for its vector, and anything else is none', () => {
  expect(vectorIn({ data: [{ embedding: [0.5, 1] }] })).toEqual([0.5, 1]);
  for (const body of [null, {}, { data: [] }, { data: [{ embedding: [] }] }, { data: [{ embedding: ['1'] }] }])
    expect(vectorIn(body)).toBeNull();
});
