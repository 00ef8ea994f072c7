import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vectorIn } from './embed.js';
import { unit, Vectors } from './vectors.js';

const numbers = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
const direction = numbers.map(unit).filter((vector) => vector !== null);
const entry = (key: string, vector: Float32Array, untilMs = 100) => ({ key, vector, untilMs });
const along = (...all: readonly number[]): Float32Array => {
  const vector = unit(all);
  if (vector === null) throw new Error('no direction');
  return vector;
};

describe('vectors of a scope', () => {
  it('give the nearest that is near enough', () => {
    fc.assert(
      fc.property(
        fc.array(direction, { maxLength: 30 }),
        direction,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, asked, threshold) => {
          const vectors = new Vectors();
          for (const [index, vector] of all.entries()) vectors.add('s', entry(`k${index}`, vector), 100, 0);
          const cosines = all.map((vector) => vector.reduce((sum, one, i) => sum + one * (asked[i] ?? 0), 0));
          const best = Math.max(...cosines);
          const found = vectors.nearest('s', asked, threshold, 0);
          if (found === null) expect(best).toBeLessThan(threshold);
          else {
            const cosine = cosines[Number(found.slice(1))] ?? Number.NaN;
            expect(cosine).toBeGreaterThanOrEqual(threshold - 1e-5);
            expect(cosine).toBeGreaterThanOrEqual(best - 1e-5);
          }
        },
      ),
    );
  });

  it('are not those of another scope, nor what is over, nor of another length', () => {
    const vectors = new Vectors();
    vectors.add('s', entry('k', along(1, 0)), 10, 0);
    expect(vectors.nearest('s', along(1, 0), 0.9, 99)).toBe('k');
    expect(vectors.nearest('t', along(1, 0), 0.9, 0)).toBeNull();
    expect(vectors.nearest('s', along(1, 0), 0.9, 100)).toBeNull();
    expect(vectors.nearest('s', along(1, 0, 0), 0, 0)).toBeNull();
  });

  it('are so many at most, the oldest gone, and one for each answer', () => {
    const vectors = new Vectors();
    for (const key of ['a', 'b', 'a', 'c']) vectors.add('s', entry(key, key === 'a' ? along(1, 0) : along(0, 1)), 2, 0);
    expect(vectors.nearest('s', along(0, 1), 0.9, 0)).toBe('c');
    expect(vectors.nearest('s', along(1, 0), 0.9, 0)).toBe('a');
    vectors.add('s', entry('d', along(0, 1)), 2, 0);
    expect(vectors.nearest('s', along(1, 0), 0.9, 0)).toBeNull();
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
            expect(vectors.nearest(scope, vector, 0.99, 0)).not.toBeNull();
          }
        },
      ),
    );
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
