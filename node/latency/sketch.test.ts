import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUCKETS, bucketOf, estimateOf, LARGEST_MS, LEAST_MS, RELATIVE_ERROR, Sketch, VALUES_MAX } from './sketch.js';

/** Durations over the whole range, as many short as long ones. */
const duration = fc
  .double({ min: Math.log(LEAST_MS), max: Math.log(LARGEST_MS), noNaN: true })
  .map((ln) => Math.min(LARGEST_MS, Math.max(LEAST_MS, Math.exp(ln))));
const durations = fc.array(duration, { minLength: 1, maxLength: 300, size: 'max' });
const share = fc.double({ min: 0, max: 1, noNaN: true });

function sketchOf(values: readonly number[]): Sketch {
  const sketch = new Sketch();
  for (const value of values) sketch.observe(value);
  return sketch;
}

function exactQuantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(q * values.length)) - 1] ?? Number.NaN;
}

const bucketsOf = (sketch: Sketch) => Array.from({ length: BUCKETS }, (_, bucket) => sketch.countAt(bucket));
/** What two ways of rounding at the end of a bucket may differ by. */
const ROUNDING = 1e-9;

describe('a sketch', () => {
  it('gives every quantile within its relative error', () => {
    fc.assert(
      fc.property(durations, share, (values, q) => {
        const exact = exactQuantile(values, q);
        const error = Math.abs(sketchOf(values).quantile(q) - exact) / exact;
        expect(error).toBeLessThanOrEqual(RELATIVE_ERROR + ROUNDING);
      }),
    );
  });

  it('gives no smaller value for a larger quantile', () => {
    fc.assert(
      fc.property(durations, share, share, (values, a, b) => {
        const sketch = sketchOf(values);
        expect(sketch.quantile(Math.min(a, b))).toBeLessThanOrEqual(sketch.quantile(Math.max(a, b)));
      }),
    );
  });

  it('merged with another is the sketch of both, and without it again what it was', () => {
    fc.assert(
      fc.property(durations, durations, (ours, theirs) => {
        const merged = sketchOf(ours);
        merged.merge(sketchOf(theirs));
        expect([bucketsOf(merged), merged.count]).toEqual([
          bucketsOf(sketchOf([...ours, ...theirs])),
          ours.length + theirs.length,
        ]);
        merged.subtract(sketchOf(theirs));
        expect([bucketsOf(merged), merged.count]).toEqual([bucketsOf(sketchOf(ours)), ours.length]);
      }),
    );
  });

  it('counts what is out of its range as the least or the largest, and knows nothing before the first value', () => {
    expect(new Sketch().quantile(0.5)).toBeNaN();
    for (const [value, wanted] of [
      [0, LEAST_MS],
      [-5, LEAST_MS],
      [Number.NaN, LEAST_MS],
      [Number.POSITIVE_INFINITY, LARGEST_MS],
      [LARGEST_MS * 9, LARGEST_MS],
    ] as const) {
      expect(Math.abs(sketchOf([value]).quantile(0.5) - wanted) / wanted).toBeLessThanOrEqual(RELATIVE_ERROR);
    }
  });

  it('that is full takes no more, neither one by one nor by merging', () => {
    const full = Sketch.fromBytes(Uint8Array.of(1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f));
    expect(full?.count).toBe(VALUES_MAX);
    full?.observe(1);
    full?.merge(sketchOf([1]));
    expect([full?.count, full?.countAt(0)]).toEqual([VALUES_MAX, VALUES_MAX]);
  });

  it('begins anew when it is cleared', () => {
    const sketch = sketchOf([1, 2, 3]);
    sketch.clear();
    expect([sketch.count, bucketsOf(sketch)]).toEqual([0, bucketsOf(new Sketch())]);
  });
});

describe('the bucket of a value', () => {
  it('is the one whose estimate is nearest by ratio, for every 32-bit number in the range and its neighbours', () => {
    const bits = new Uint32Array(1);
    const value = new Float32Array(bits.buffer);
    const within = (ms: number): boolean =>
      ms < LEAST_MS || ms > LARGEST_MS || Math.abs(estimateOf(bucketOf(ms)) - ms) / ms <= RELATIVE_ERROR + ROUNDING;
    value[0] = LARGEST_MS;
    const last = bits[0] ?? 0;
    value[0] = LEAST_MS;
    const misplaced: number[] = [];
    // Every 251st: a prime, so that no bit keeps its place.
    for (let at = bits[0] ?? 0; at <= last; at += 251) {
      bits[0] = at;
      const ms = value[0];
      for (const near of [ms, ms * (1 - 2 ** -26), ms * (1 + 2 ** -26)]) if (!within(near)) misplaced.push(near);
    }
    expect(misplaced).toEqual([]);
  });
});

describe('the bytes of a sketch', () => {
  it('give the same sketch back', () => {
    fc.assert(
      fc.property(fc.array(duration, { size: 'max', maxLength: 300 }), (values) => {
        const sketch = sketchOf(values);
        const read = Sketch.fromBytes(sketch.toBytes());
        expect([read?.count, read === null ? null : bucketsOf(read)]).toEqual([sketch.count, bucketsOf(sketch)]);
      }),
    );
  });

  it('hold counts of every size', () => {
    for (const count of [1, 127, 128, 16_383, 16_384, 2 ** 31, VALUES_MAX]) {
      const bytes = [1, 5];
      for (let rest = count; ; rest = Math.floor(rest / 128)) {
        bytes.push(rest >= 128 ? (rest % 128) + 128 : rest);
        if (rest < 128) break;
      }
      const read = Sketch.fromBytes(Uint8Array.from(bytes));
      expect(read?.countAt(4)).toBe(count);
      expect([...(read?.toBytes() ?? [])]).toEqual(bytes);
    }
  });

  it('are refused, or are the very bytes that the sketch in them gives', () => {
    const hostile = fc.oneof(
      fc.uint8Array({ size: 'max', maxLength: 60 }),
      fc
        .array(fc.integer({ min: 0, max: 130 }), { size: 'max', maxLength: 60 })
        .map((tail) => Uint8Array.of(1, ...tail)),
    );
    fc.assert(
      fc.property(hostile, (bytes) => {
        const read = Sketch.fromBytes(bytes);
        if (read !== null) expect(read.toBytes()).toEqual(bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['nothing', []],
    ['another encoding', [2, 1, 1]],
    ['an empty bucket', [1, 1, 0]],
    ['a bucket twice', [1, 1, 1, 0, 1]],
    ['a bucket beyond the last', [1, 0xb5, 3, 1]],
    ['a count that was cut off', [1, 1, 0x80]],
    ['a bucket without a count', [1, 1]],
    ['a count spelt longer than it is', [1, 1, 0x81, 0]],
    ['a count of more than 35 bits', [1, 1, 0x81, 0x81, 0x81, 0x81, 0x81, 1]],
    ['more values than a sketch takes', [1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 1]],
  ])('with %s are refused', (_what, bytes) => {
    expect(Sketch.fromBytes(Uint8Array.from(bytes))).toBeNull();
  });
});
