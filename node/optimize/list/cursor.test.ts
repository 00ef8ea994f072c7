import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cursorLengthMax, cursorOf, type Position, positionOf, upstreamCursorMax } from './cursor.js';

const sign =
  (key: string) =>
  (text: string): string =>
    createHmac('sha256', key).update(text).digest('base64url');
const own = sign('key');

const position: fc.Arbitrary<Position> = fc.oneof(
  fc.integer({ min: 0, max: 999_999_999_999_999 }).map((at): Position => ({ kind: 'at', at })),
  fc.record({
    kind: fc.constant('behind' as const),
    cursor: fc.option(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 })),
    skip: fc.integer({ min: 0, max: 999_999_999 }),
  }),
);

describe('a cursor', () => {
  it('is the position that it was made of, in letters that a URL takes as they are', () => {
    fc.assert(
      fc.property(position, (made) => {
        const cursor = cursorOf(made, own);
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{22}$/);
        expect(positionOf(cursor, own)).toEqual(made);
      }),
    );
  });

  it('with the longest cursor of an upstream is no longer than what is read', () => {
    const cursor = cursorOf({ kind: 'behind', cursor: 'x'.repeat(upstreamCursorMax), skip: 999 }, own);
    expect(cursor.length).toBeLessThanOrEqual(cursorLengthMax);
    expect(positionOf(cursor, own)).not.toBe(null);
  });

  it('of another question, or of another key, is none', () => {
    fc.assert(fc.property(position, (made) => void expect(positionOf(cursorOf(made, own), sign('other'))).toBe(null)));
  });

  it('that was changed in one letter is none', () => {
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'];
    fc.assert(
      fc.property(position, fc.nat(), fc.constantFrom(...letters), (made, place, letter) => {
        const cursor = cursorOf(made, own);
        const at = place % cursor.length;
        const changed = `${cursor.slice(0, at)}${letter}${cursor.slice(at + 1)}`;
        const read = positionOf(changed, own);
        // The last letter before the dot may have bits that stand for nothing.
        if (changed !== cursor && read !== null) expect(read).toEqual(made);
      }),
    );
  });

  it('of a stranger’s making is none, and reading it takes no time', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', size: 'max', maxLength: 400 }),
        (text) => void expect(positionOf(text, own)).toBe(null),
      ),
    );
    const signed = (text: string): string => `${Buffer.from(text).toString('base64url')}.${own(text).slice(0, 22)}`;
    expect(positionOf(signed('a7'), own)).toEqual({ kind: 'at', at: 7 });
    for (const text of ['a-1', 'a1e9', 'a07', 'a', `a${'9'.repeat(16)}`, 'c1', 'cx:y', 'd-1:', 'z', '', ' a1', 'a1\n'])
      expect([text, positionOf(signed(text), own)]).toEqual([text, null]);
    expect(positionOf(`${'A'.repeat(1_000_000)}.${'A'.repeat(22)}`, own)).toBe(null);
  });
});
