import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyOf, ownPiece, partOf } from './body.js';

const bytesOf = (pieces: readonly Uint8Array[]): number[] => pieces.flatMap((piece) => [...piece]);

describe('a stored body', () => {
  it('gives any part of itself, without copying a byte', () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(pieces, fc.nat(30), fc.nat(30), (given, from, more) => {
        const all = bytesOf(given);
        const body = { pieces: given, bytes: all.length };
        const first = from % all.length;
        const last = Math.min(all.length - 1, first + more);
        const part = partOf(body, { first, last });
        expect(bytesOf(part)).toEqual(all.slice(first, last + 1));
        const memory = new Set<ArrayBufferLike>(given.map(({ buffer }) => buffer));
        expect(part.every(({ buffer, byteLength }) => memory.has(buffer) && byteLength > 0)).toBe(true);
      }),
    );
  });

  it('is the same bytes in as few pieces as there may be, each memory of its own', () => {
    const MIB = 1024 * 1024;
    const sizes = fc.array(fc.constantFrom(1, 7, 65_536, MIB - 1, MIB, MIB + 1), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const given = lengths.map((length, i) => new Uint8Array(length).fill(i + 1));
        const all = Buffer.concat(given);
        const { pieces, bytes } = bodyOf(given, all.byteLength);
        expect(bytes).toBe(all.byteLength);
        expect(Buffer.concat(pieces).equals(all)).toBe(true);
        expect(pieces.length).toBeLessThanOrEqual(Math.max(1, Math.ceil(all.byteLength / MIB)));
        expect(pieces.every((piece) => piece.buffer.byteLength === piece.byteLength)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('that came in pieces as long as they may be is not copied', () => {
    const long = [new Uint8Array(1_100_000), new Uint8Array(1_100_000)];
    expect(bodyOf(long, 2_200_000).pieces).toBe(long);
    const one = [new Uint8Array(5)];
    expect(bodyOf(one, 5).pieces).toBe(one);
  });

  it('keeps no more alive than it holds', () => {
    const slab = Buffer.alloc(65_536, 7);
    const view = ownPiece(slab.subarray(100, 200));
    expect([view.byteLength, view.buffer.byteLength, view[0]]).toEqual([100, 100, 7]);
    const own = new Uint8Array(1000);
    expect(ownPiece(own)).toBe(own);
  });
});
