/**
 * What one process alone can read, whoever carries it: X25519 with a key that the sender draws for this one message, HKDF-SHA-256, AES-256-GCM
 * (as HPKE does, RFC 9180, in its simplest form). It says nothing of who has sent it.
 *
 *     ┌─ 32 ─────────────┬─ 12 ──┬───────────────┬─ 16 ─┐
 *     │ sender's key      │ nonce │ ciphertext …  │ tag  │
 *     └──────────────────┴───────┴───────────────┴──────┘
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/** What stands before the 32 bytes of a key in its DER form (RFC 8410). */
const PUBLIC_HEAD = Buffer.from('302a300506032b656e032100', 'hex');
const PRIVATE_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PURPOSE = 'weir sealed box 1';

export interface BoxKey {
  /** In base64url: what others seal for. */
  readonly publicKey: string;
  /** Null: it was not meant for this key, or is damaged. */
  open(box: Uint8Array): Uint8Array | null;
}

/** It lives as long as whoever holds it, and is on no disk. */
export function drawBoxKey(): BoxKey {
  return boxKeyOf(generateKeyPairSync('x25519').privateKey);
}

/** Of 32 random bytes that are kept somewhere, so that what was sealed is read again after a restart. Throws for fewer or more. */
export function boxKeyFrom(secret: Uint8Array): BoxKey {
  if (secret.length !== KEY_BYTES)
    throw new Error(`a key for sealed boxes has ${KEY_BYTES} bytes, not ${secret.length}`);
  return boxKeyOf(createPrivateKey({ key: Buffer.concat([PRIVATE_HEAD, secret]), format: 'der', type: 'pkcs8' }));
}

function boxKeyOf(privateKey: KeyObject): BoxKey {
  const own = rawOf(createPublicKey(privateKey));
  return {
    publicKey: own.toString('base64url'),
    open(box) {
      if (box.length < KEY_BYTES + NONCE_BYTES + TAG_BYTES) return null;
      const bytes = Buffer.from(box);
      const sender = bytes.subarray(0, KEY_BYTES);
      const nonce = bytes.subarray(KEY_BYTES, KEY_BYTES + NONCE_BYTES);
      try {
        const shared = diffieHellman({ privateKey, publicKey: keyOf(sender) });
        const cipher = createDecipheriv('aes-256-gcm', derived(shared, sender, own), nonce);
        cipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
        const sealed = bytes.subarray(KEY_BYTES + NONCE_BYTES, bytes.length - TAG_BYTES);
        return Buffer.concat([cipher.update(sealed), cipher.final()]);
      } catch {
        return null;
      }
    },
  };
}

/** Throws where the key is none. */
export function sealFor(publicKey: string, content: Uint8Array): Uint8Array {
  const recipient = Buffer.from(publicKey, 'base64url');
  if (recipient.length !== KEY_BYTES) throw new Error('this is no key to seal for');
  const pair = generateKeyPairSync('x25519');
  const sender = rawOf(pair.publicKey);
  const shared = diffieHellman({ privateKey: pair.privateKey, publicKey: keyOf(recipient) });
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', derived(shared, sender, recipient), nonce);
  return Buffer.concat([sender, nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

function derived(shared: Uint8Array, sender: Uint8Array, recipient: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', shared, Buffer.concat([sender, recipient]), PURPOSE, KEY_BYTES));
}

function keyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([PUBLIC_HEAD, raw]), format: 'der', type: 'spki' });
}

function rawOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_HEAD.length);
}
