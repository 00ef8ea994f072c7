/**
 * A signer and a ring of keys of one process, of which the ring knows what the signer has just signed: what a control appends to a log comes
 * back to it as to all others, and to verify its own signature is most of what reading it costs. A signature is taken for right when it is
 * the very one that was made here, of these very bytes; of all others the ring is asked. Pure.
 */
import type { KeyRing, Signer } from './signed-frame.js';

/** What was signed comes back within milliseconds, or is verified like any other. */
const REMEMBERED = 32;
/** Snapshots are not remembered: they are large, and read by others. */
const BYTES_MAX = 16 * 1024;

interface Own {
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

/** Throws where the signer's key is none of the ring: then nothing of its own is to be believed. */
export function knowingOwn(signer: Signer, keys: KeyRing): { readonly signer: Signer; readonly keys: KeyRing } {
  const { keyId } = signer;
  const nothing = new Uint8Array();
  if (keys.verify(keyId, nothing, signer.sign(nothing)) !== true)
    throw new Error('the key that is signed with is none of those that are believed (--trust)');
  const own: Own[] = [];
  let next = 0;
  return {
    signer: {
      keyId,
      sign(bytes) {
        const signature = signer.sign(bytes);
        if (bytes.length > BYTES_MAX) return signature;
        own[next] = { bytes: new Uint8Array(bytes), signature: new Uint8Array(signature) };
        next = (next + 1) % REMEMBERED;
        return signature;
      },
    },
    keys: {
      verify(id, bytes, signature) {
        const isOwn = own.some((one) => isSame(one.signature, signature) && isSame(one.bytes, bytes));
        return isOwn && isSame(id, keyId) ? true : keys.verify(id, bytes, signature);
      },
    },
  };
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}
