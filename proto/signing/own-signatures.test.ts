import { expect, it } from 'vitest';
import { createKeyPair, keyRing, signerOf } from './ed25519.js';
import { knowingOwn } from './own-signatures.js';
import type { KeyRing } from './signed-frame.js';

const [pair, other] = [createKeyPair(), createKeyPair()];

/** A ring that counts what it is asked. */
function counting(ring: KeyRing) {
  const asked = { times: 0 };
  const keys: KeyRing = {
    verify(...what) {
      asked.times += 1;
      return ring.verify(...what);
    },
  };
  return { asked, keys };
}

function begin(publicKeys = [pair.publicKey]) {
  const { asked, keys } = counting(keyRing(publicKeys));
  const own = knowingOwn(signerOf(pair.privateKey), keys);
  asked.times = 0;
  return { ...own, asked };
}

it('believes what was signed here without asking the ring', () => {
  const { signer, keys, asked } = begin();
  const bytes = Uint8Array.of(1, 2, 3);
  const signature = signer.sign(bytes);
  expect(keys.verify(signer.keyId, bytes, signature)).toBe(true);
  expect(asked.times).toBe(0);
});

it('has the ring judge other bytes, another signature, and another key', () => {
  const { signer, keys, asked } = begin([pair.publicKey, other.publicKey]);
  const bytes = Uint8Array.of(1, 2, 3);
  const signature = signer.sign(bytes);
  expect(keys.verify(signer.keyId, Uint8Array.of(1, 2, 4), signature)).toBe(false);
  expect(keys.verify(signer.keyId, bytes.subarray(1), signature)).toBe(false);
  expect(
    keys.verify(
      signer.keyId,
      bytes,
      signature.map((byte, i) => (i === 63 ? byte ^ 1 : byte)),
    ),
  ).toBe(false);
  expect(keys.verify(signerOf(other.privateKey).keyId, bytes, signature)).toBe(false);
  expect(keys.verify(signerOf(createKeyPair().privateKey).keyId, bytes, signature)).toBeNull();
  expect(asked.times).toBe(5);
});

it('is not led astray by who changes what was signed, or the signature', () => {
  const { signer, keys } = begin();
  const bytes = Uint8Array.of(1, 2, 3);
  const signature = signer.sign(bytes);
  bytes[0] = 9;
  expect(keys.verify(signer.keyId, bytes, signature)).toBe(false);
});

it('remembers a bounded number, and nothing large', () => {
  const { signer, keys, asked } = begin();
  const [first, large] = [Uint8Array.of(0), new Uint8Array(16 * 1024 + 1)];
  const signature = signer.sign(first);
  for (let i = 1; i <= 32; i += 1) signer.sign(Uint8Array.of(i));
  expect(keys.verify(signer.keyId, first, signature)).toBe(true);
  expect(asked.times).toBe(1);
  expect(keys.verify(signer.keyId, large, signer.sign(large))).toBe(true);
  expect(asked.times).toBe(2);
});

it('is none where the key is not believed', () => {
  expect(() => knowingOwn(signerOf(pair.privateKey), keyRing([other.publicKey]))).toThrow(/--trust/);
});
