import fc from 'fast-check';
import { expect, it } from 'vitest';
import { boxKeyFrom, drawBoxKey, sealFor } from './sealed-box.js';

it('is read by whom it was sealed for, and by nobody else', () => {
  const [one, other] = [drawBoxKey(), drawBoxKey()];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), (content) => {
      const box = sealFor(one.publicKey, content);
      expect(one.open(box)).toEqual(Buffer.from(content));
      expect(other.open(box)).toBeNull();
    }),
    { numRuns: 50 },
  );
});

it('changed in any byte, cut anywhere, or garbage, it opens for nobody, and nothing throws', () => {
  const key = drawBoxKey();
  const box = sealFor(key.publicKey, Buffer.from('a secret'));
  for (let at = 0; at < box.length; at += 1) {
    const changed = Uint8Array.from(box);
    changed[at] = 255 - (changed[at] ?? 0);
    // The highest bit of an X25519 key means nothing (RFC 7748 §5), but it is part of what the key is derived from.
    expect(key.open(changed)).toBeNull();
    expect(key.open(box.subarray(0, at))).toBeNull();
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (garbage) => {
      expect(key.open(garbage)).toBeNull();
    }),
    { numRuns: 100 },
  );
  expect(() => sealFor('short', new Uint8Array())).toThrow('no key');
});

it('of a key that was kept is opened by the same bytes later, and by no others', () => {
  const kept = new Uint8Array(32).map((_, at) => at);
  const box = sealFor(boxKeyFrom(kept).publicKey, Buffer.from('a secret'));
  expect(boxKeyFrom(kept).open(box)?.toString()).toBe('a secret');
  expect(boxKeyFrom(kept.slice().reverse()).open(box)).toBeNull();
  expect(() => boxKeyFrom(kept.subarray(1))).toThrow('32 bytes');
});
