/**
 * What control says, with a signature around it: snapshots, announcements, entries of its logs. A node believes no
 * bus, store or disk, only the keys that were pinned when it joined.
 *
 *     ┌────┬──────────┬────────────────┬─────────────────────┐
 *     │ 01 │ key id 8 │ signature 64   │ body                │      body: the bytes as they were encoded; they are not
 *     └────┴──────────┴────────────────┴─────────────────────┘      decoded before the signature is known to be right
 *
 * Signed (Ed25519, RFC 8032) is the body behind a context: "weir.signed.1", the cluster and the purpose, each ended by a zero
 * byte, and what counts at one place of a log has that behind them. So nothing that was signed in one cluster, or as one kind of
 * thing, passes in another place. Against what is old but
 * right there are numbers in the body (`accept.ts`). Pure: the cryptography is passed in.
 */

export const signedVersion = 1;
export const keyIdBytes = 8;
export const signatureBytes = 64;
/** Of a frame in front of its body. */
export const frameHeadBytes = 1 + keyIdBytes + signatureBytes;

export type Purpose = 'message' | 'snapshot' | 'revision' | 'rollout' | 'registry' | 'secrets';

export interface Signer {
  readonly keyId: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
}

/** Pinned public keys: null for an id that is none of them. */
export interface KeyRing {
  verify(keyId: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean | null;
}

export interface SigningContext {
  readonly cluster: string;
  readonly purpose: Purpose;
  /** Where alone it counts, such as its number in a log: what was signed for one place is no replay in another. */
  readonly place?: number;
}

export type Opened =
  | { readonly ok: true; readonly body: Uint8Array; readonly keyId: Uint8Array }
  | { readonly ok: false; readonly why: 'malformed' | 'unknown-version' | 'unknown-key' | 'forged' };

export function sealFrame(body: Uint8Array, context: SigningContext, signer: Signer): Uint8Array {
  const frame = new Uint8Array(frameHeadBytes + body.length);
  frame[0] = signedVersion;
  frame.set(signer.keyId, 1);
  frame.set(signer.sign(withContext(body, context)), 1 + keyIdBytes);
  frame.set(body, frameHeadBytes);
  return frame;
}

/** Never throws. */
export function openFrame(frame: Uint8Array, context: SigningContext, keys: KeyRing): Opened {
  if (frame.length < frameHeadBytes) return { ok: false, why: 'malformed' };
  if (frame[0] !== signedVersion) return { ok: false, why: 'unknown-version' };
  const keyId = frame.subarray(1, 1 + keyIdBytes);
  const body = frame.subarray(frameHeadBytes);
  const isRight = keys.verify(keyId, withContext(body, context), frame.subarray(1 + keyIdBytes, frameHeadBytes));
  if (isRight === null) return { ok: false, why: 'unknown-key' };
  return isRight ? { ok: true, body, keyId } : { ok: false, why: 'forged' };
}

function withContext(body: Uint8Array, { cluster, purpose, place }: SigningContext): Uint8Array {
  const at = place === undefined ? '' : `${place}\0`;
  const prefix = new TextEncoder().encode(`weir.signed.1\0${cluster}\0${purpose}\0${at}`);
  const bytes = new Uint8Array(prefix.length + body.length);
  bytes.set(prefix);
  bytes.set(body, prefix.length);
  return bytes;
}
