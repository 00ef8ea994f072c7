import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packVector, readPage, unpackVector } from './vector-codec.js';
import { unit } from './vectors.js';

const vector = fc
  .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 })
  .map(unit)
  .filter((one) => one !== null);
const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');

describe('a vector in Redis', () => {
  it('comes back as it was, wherever its bytes lie', () => {
    fc.assert(
      fc.property(vector, fc.nat(9), (one, offset) => {
        const packed = packVector(one);
        expect(packed.byteLength).toBe(1 + 4 * one.length);
        const elsewhere = new Uint8Array(packed.byteLength + offset);
        elsewhere.set(packed, offset);
        expect(unpackVector(elsewhere.subarray(offset))).toEqual(one);
      }),
    );
  });

  it('is the same bytes on every machine', () => {
    expect([...packVector(Float32Array.of(1, -0.5))]).toEqual([1, 0, 0, 128, 63, 0, 0, 0, 191]);
  });

  it('of another version, cut, too long, or of no length 1 is none', () => {
    const packed = packVector(Float32Array.of(0.6, 0.8));
    for (const wrong of [
      new Uint8Array(),
      packed.subarray(0, 1),
      packed.subarray(0, 8),
      Uint8Array.from([2, ...packed.subarray(1)]),
      packVector(Float32Array.of(1, 1)),
      packVector(Float32Array.of(Number.NaN, 1)),
      packVector(Float32Array.of(Number.POSITIVE_INFINITY)),
      packVector(new Float32Array(16_385).fill(1 / Math.sqrt(16_385))),
    ])
      expect(unpackVector(wrong)).toBeNull();
    expect(unpackVector(packed)).not.toBeNull();
  });

  it('of any bytes is read, or is none', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void unpackVector(bytes)));
  });
});

describe('a page of vectors', () => {
  const packed = packVector(Float32Array.of(0.6, 0.8));

  it('is read with what makes sense of it, and says how much does not', () => {
    const said = [5_000, text('7-1'), 1, text('k'), text('6000'), packed, text(''), text('6000'), packed];
    const page = readPage([...said, text('l'), text('x'), packed, text('m'), text('6000'), text('?')]);
    expect(page).toMatchObject({ redisMs: 5_000, readTo: '7-1', hasMore: true, refused: 3 });
    expect(page?.vectors).toEqual([{ key: 'k', untilRedisMs: 6_000, vector: Float32Array.of(0.6, 0.8) }]);
    expect(readPage([5_000, text(''), 0])).toMatchObject({ readTo: null, hasMore: false, vectors: [], refused: 0 });
  });

  it('that the script has not said is none', () => {
    for (const wrong of [
      ...[null, 'OK', [], [5_000, text('7-1')], [5_000, text('7'), 0], [5_000, null, 0], ['5', text(''), 0]],
      ...[
        [5_000, text(''), 2],
        [5_000, text(''), 0, text('k')],
        [5_000, text(''), 0, text('k'), text('1')],
      ],
    ])
      expect(readPage(wrong)).toBeNull();
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer(), fc.uint8Array(), fc.constant(null))), (said) => void readPage(said)),
    );
  });
});
