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

  it('is one piece when it is short, and stays as it came when it is not', () => {
    const long = [new Uint8Array(40_000).fill(1), new Uint8Array(30_000).fill(2)];
    expect(bodyOf(long, 70_000).pieces).toBe(long);
    const short = [new Uint8Array([1, 2]), new Uint8Array([3])];
    expect(bodyOf(short, 3)).toEqual({ pieces: [new Uint8Array([1, 2, 3])], bytes: 3 });
  });

  it('keeps no more alive than it holds', () => {
    const slab = Buffer.alloc(65_536, 7);
    const view = ownPiece(slab.subarray(100, 200));
    expect([view.byteLength, view.buffer.byteLength, view[0]]).toEqual([100, 100, 7]);
    const own = new Uint8Array(1000);
    expect(ownPiece(own)).toBe(own);
  });
});
