import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantileOf, type Reading } from './quantiles.js';
import { bucketOf, estimateOf, LARGEST_MS, Sketch } from './sketch.js';

function sketchOf(values: readonly number[]): Sketch {
  const sketch = new Sketch();
  for (const value of values) sketch.observe(value);
  return sketch;
}

const times = (count: number, ms: number): number[] => new Array<number>(count).fill(ms);
const near = (ms: number) => estimateOf(bucketOf(ms));
const read = (answered: readonly number[], givenUp: readonly number[], q: number, reading: Reading) =>
  quantileOf(sketchOf(answered), sketchOf(givenUp), q, reading);

const milliseconds = fc.integer({ min: 1, max: 5_000 });
const some = fc.array(milliseconds, { minLength: 1, maxLength: 200, size: 'max' });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const reading = fc.constantFrom<Reading>('patient', 'prompt');

describe('a quantile of answers and of what was given up', () => {
  it('is that of the answers where nothing was given up, in both readings', () => {
    fc.assert(
      fc.property(some, share, reading, (answered, q, how) => {
        // What was given up at once says nothing, but makes the readings go their own ways.
        expect(read(answered, [0], q, how)).toBe(sketchOf(answered).quantile(q));
      }),
    );
  });

  it('does not fall when more is given up', () => {
    fc.assert(
      fc.property(some, some, milliseconds, share, (answered, givenUp, more, q) => {
        for (const how of ['patient', 'prompt'] as const) {
          expect(read(answered, [...givenUp, more], q, how)).toBeGreaterThanOrEqual(read(answered, givenUp, q, how));
        }
      }),
    );
  });

  it('is no smaller for a larger share', () => {
    fc.assert(
      fc.property(some, some, share, share, reading, (answered, givenUp, a, b, how) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        expect(read(answered, givenUp, less, how)).toBeLessThanOrEqual(read(answered, givenUp, more, how));
      }),
    );
  });

  it('is no later for whoever is prompt than for whoever is patient', () => {
    fc.assert(
      fc.property(some, some, share, (answered, givenUp, q) => {
        expect(read(answered, givenUp, q, 'prompt')).toBeLessThanOrEqual(read(answered, givenUp, q, 'patient'));
      }),
    );
  });

  it('is unknown without answers', () => {
    for (const how of ['patient', 'prompt'] as const) expect(read([], [10], 0.5, how)).toBeNaN();
  });
});

describe('what was given up below the quantile', () => {
  it('leaves the quantile where it is', () => {
    const answered = [...times(90, 10), ...times(10, 100)];
    for (const how of ['patient', 'prompt'] as const) expect(read(answered, times(900, 5), 0.95, how)).toBe(near(100));
  });
});

describe('the patient reading', () => {
  it('finds the true quantile although half of the slow answers were not waited for', () => {
    // 80 take 10 ms, 20 take 100 ms; of the slow ones every second was given up at 50 ms.
    const [answered, givenUp] = [[...times(80, 10), ...times(10, 100)], times(10, 50)];
    expect(read(answered, givenUp, 0.79, 'patient')).toBe(near(10));
    expect(read(answered, givenUp, 0.81, 'patient')).toBe(near(100));
  });

  it('is beyond every limit when more was given up than the quantile leaves', () => {
    expect(read(times(94, 10), times(6, 20), 0.95, 'patient')).toBe(LARGEST_MS);
    expect(read(times(96, 10), times(4, 20), 0.95, 'patient')).toBe(near(10));
  });

  it('counts answers of the moment in which others were given up as theirs, too', () => {
    expect(read(times(9, 10), times(1, 10), 0.9, 'patient')).toBe(near(10));
  });
});

describe('the prompt reading', () => {
  it('stays near what is answered when a tenth stalls', () => {
    const first = read(times(90, 10), times(10, 20), 0.95, 'prompt');
    expect(first).toBeGreaterThan(10);
    expect(first).toBeLessThanOrEqual(near(20) * 1.05);
  });

  it('counts what was given up above the quantile as above', () => {
    const answered = [...times(90, 10), ...times(10, 50)];
    expect(read(answered, [], 0.9, 'prompt')).toBe(near(10));
    expect(read(answered, times(20, 30), 0.9, 'prompt')).toBeGreaterThan(near(10));
  });
});
