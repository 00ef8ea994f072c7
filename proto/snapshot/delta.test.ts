import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyDelta, encodeDelta, encodeDeltaInSlices } from './delta.js';

const MAX = 1_000_000;
/** Few values, so that pieces are found in many places. */
const bytes = fc.uint8Array({ size: 'max', maxLength: 2_000, max: 3 });

/** Lines such as routes have, all different. */
const document = (lines: number, changed: number): Uint8Array =>
  new TextEncoder().encode(
    Array.from(
      { length: lines },
      (_, i) => `route-${i}: /path/${i * 7919}/*${i === changed ? ' changed' : ''};\n`,
    ).join(''),
  );

describe('a delta', () => {
  it('makes the result of its base, whatever they are', () => {
    fc.assert(
      fc.property(bytes, bytes, (base, result) => {
        expect(applyDelta(base, encodeDelta(base, result), MAX)).toEqual(result);
      }),
    );
  });

  it('makes what was cut, doubled, inserted and moved about', () => {
    const edit = fc.tuple(fc.nat(2_000), fc.nat(2_000), fc.nat(2_000));
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 6 }), (edits) => {
        const base = document(60, -1);
        let result = base;
        for (const [from, to, at] of edits) {
          const piece = result.slice(Math.min(from, to), Math.max(from, to));
          result = Uint8Array.from([...result.slice(0, at), ...piece, ...result.slice(at + (from % 90))]);
        }
        const delta = encodeDelta(base, result);
        expect(applyDelta(base, delta, MAX)).toEqual(result);
        // A copy or a new block for each edge of an edit, and no more.
        expect(delta.length).toBeLessThan(9 + (12 + 3 * 64) * (3 * edits.length + 2));
      }),
    );
  });

  it('made in slices is the same, gives way in proportion to its bytes, and ends where it is not wanted any more', async () => {
    const slice = 64 * 1024;
    const noise = (length: number, seed: number) =>
      Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 2_654_435_761) >>> 24);
    const alike = document(40_000, -1);
    // Found at once, found nowhere, and the same for many slices.
    for (const [base, result] of [
      [alike, document(40_000, 20_000)],
      [alike, Uint8Array.from(alike, (byte, i) => byte ^ (Math.imul(i, 40_503) >>> 9))],
      [noise(20 * slice, 1), noise(20 * slice, 1)],
    ] as const) {
      let pauses = 0;
      const delta = await encodeDeltaInSlices(base, result, async () => {
        pauses += 1;
        return true;
      });
      const whole = encodeDelta(base, result);
      expect(delta !== null && Buffer.from(delta).equals(whole)).toBe(true);
      expect(Buffer.from(applyDelta(base, whole, 100 * slice) ?? []).equals(result)).toBe(true);
      // What stands in its place is compared without looking at the rest of the base.
      expect(pauses).toBeGreaterThanOrEqual(Math.floor(result.length / slice) - 2);
      expect(await encodeDeltaInSlices(base, result, async () => false)).toBeNull();
    }
    // A copy of many slices is one.
    expect(encodeDelta(noise(20 * slice, 1), noise(20 * slice, 1)).length).toBe(9 + 12);
  });

  it('of one line in ten thousand is some hundred bytes', () => {
    const [base, result] = [document(10_000, -1), document(10_000, 5_000)];
    const delta = encodeDelta(base, result);
    expect(delta.length).toBeLessThan(300);
    expect(applyDelta(base, delta, MAX)).toEqual(result);
  });

  it('of bytes that are others in their places is those bytes, wherever they stand', () => {
    const base = document(300, -1);
    fc.assert(
      fc.property(fc.array(fc.nat(base.length - 1), { size: 'max', minLength: 1, maxLength: 12 }), (places) => {
        const result = new Uint8Array(base);
        for (const place of places) result[place] = 255 - (base[place] ?? 0);
        const delta = encodeDelta(base, result);
        expect(applyDelta(base, delta, MAX)).toEqual(result);
        // Two that stand close together are one piece.
        expect(delta.length).toBeLessThanOrEqual(9 + 12 + places.length * (12 + 64));
      }),
    );
  });

  it('of another base, cut off, too large, or garbage makes nothing and never throws', () => {
    const [base, result] = [document(100, -1), document(100, 50)];
    const delta = encodeDelta(base, result);
    expect(applyDelta(document(101, -1), delta, MAX)).toBeNull();
    expect(applyDelta(base, delta, result.length - 1)).toBeNull();
    for (let length = 0; length < delta.length; length += 1)
      expect(applyDelta(base, delta.subarray(0, length), MAX)).toBeNull();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(delta.length - 1), (garbage, at) => {
        applyDelta(base, garbage, MAX);
        const changed = Uint8Array.from(delta);
        changed.set(garbage.subarray(0, delta.length - at), at);
        const made = applyDelta(base, changed, MAX);
        if (made !== null) expect(made.length).toBeLessThanOrEqual(MAX);
      }),
    );
  });
});
