import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyOf } from '../store/body.js';
import { PIECE_BYTES, pieceOf, piecesOf, readLook } from './look-reply.js';

describe('a body in pieces', () => {
  it('is the same when they are joined again, however it came', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(150_000), { maxLength: 4 }), (lengths) => {
        const parts = lengths.map((length, i) => new Uint8Array(length).map((_, at) => at * 7 + i));
        const whole = Buffer.concat(parts);
        const body = bodyOf(parts, whole.length);
        const pieces = Array.from({ length: piecesOf(whole.length) }, (_, i) => pieceOf(body, i));
        for (const piece of pieces) expect(piece.byteLength).toBeLessThanOrEqual(PIECE_BYTES);
        expect(Buffer.concat(pieces).equals(whole)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describe('what Redis answers to a look-up', () => {
  it('is read, or is nothing, and never throws', () => {
    const reply = fc.array(
      fc.oneof(fc.constantFrom(null, 'entry', 1), fc.nat(), fc.uint8Array({ maxLength: 9 }), fc.array(fc.anything())),
      { maxLength: 12 },
    );
    const kind = fc.constantFrom('entry', 'index', 'none', 'x').map((text) => Buffer.from(text));
    fc.assert(
      fc.property(fc.anything(), reply, kind, (anything, more, word) => {
        expect(readLook(anything, 10)?.what.kind ?? 'none').not.toBe('entry');
        const known = [Buffer.from('epoch'), Buffer.from('5'), 1_000, word, ...more];
        const look = readLook(known, 10);
        expect(look?.present).toEqual({ epoch: 'epoch', seq: 5 });
        expect(look?.what.kind).not.toBe('entry');
      }),
    );
  });

  it('is an index with so many sets of names, of which one may be empty', () => {
    const index = (v: string): unknown => {
      const reply = ['e', '5', 1_000, 'index', 'g', v].map((part) =>
        typeof part === 'string' ? Buffer.from(part) : part,
      );
      return readLook(reply, 10)?.what;
    };
    expect(index('accept,origin\n\n')).toEqual({ kind: 'index', generation: 'g', varied: [['accept', 'origin'], []] });
    expect(index('a\n'.repeat(100))).toMatchObject({ varied: { length: 8 } });
    expect(index('')).toMatchObject({ kind: 'unusable' });
  });
});
