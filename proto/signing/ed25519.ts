/** Ed25519 by node:crypto behind the plain functions of `signed-frame.ts`; keys as text that fits into a file or a command line. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { type KeyRing, keyIdBytes, type Signer } from './signed-frame.js';

/** What stands before the 32 bytes of a key in its DER form (RFC 8410); everything else in it is fixed. */
const PUBLIC_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const PRIVATE_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const KEY_BYTES = 32;
const PRIVATE_PREFIX = 'weir-private-';
const PUBLIC_PREFIX = 'weir-public-';
/** A ring holds the key in use and the next one; more would be a mistake. */
export const keysMax = 16;

export interface KeyPair {
  /** A secret. */
  readonly privateKey: string;
  readonly publicKey: string;
}

export function createKeyPair(): KeyPair {
  const pair = generateKeyPairSync('ed25519');
  const seed = pair.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PRIVATE_HEAD.length);
  return { privateKey: PRIVATE_PREFIX + seed.toString('base64url'), publicKey: publicText(pair.publicKey) };
}

/** Throws for what is no private key, without saying what it was. */
export function signerOf(privateKey: string): Signer {
  const seed = keyBytes(privateKey, PRIVATE_PREFIX);
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_HEAD, seed]), format: 'der', type: 'pkcs8' });
  return { keyId: keyIdOf(publicText(createPublicKey(key))), sign: (bytes) => sign(null, bytes, key) };
}

export function publicKeyOf(privateKey: string): string {
  const seed = keyBytes(privateKey, PRIVATE_PREFIX);
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_HEAD, seed]), format: 'der', type: 'pkcs8' });
  return publicText(createPublicKey(key));
}

/** The keys that are believed. Throws for none, too many, and what is no public key. */
export function keyRing(publicKeys: readonly string[]): KeyRing {
  if (publicKeys.length === 0 || publicKeys.length > keysMax) throw new Error(`one to ${keysMax} keys are pinned`);
  const keys = new Map(
    publicKeys.map((text) => {
      const der = Buffer.concat([PUBLIC_HEAD, keyBytes(text, PUBLIC_PREFIX)]);
      return [hexOf(keyIdOf(text)), createPublicKey({ key: der, format: 'der', type: 'spki' })];
    }),
  );
  return {
    verify(keyId, bytes, signature) {
      const key = keys.get(hexOf(keyId));
      return key === undefined ? null : verify(null, bytes, key, signature);
    },
  };
}

/** The first eight bytes of the key's SHA-256: a name, which decides nothing by itself. */
export function keyIdOf(publicKey: string): Uint8Array {
  return new Uint8Array(
    createHash('sha256').update(keyBytes(publicKey, PUBLIC_PREFIX)).digest().subarray(0, keyIdBytes),
  );
}

function publicText(key: KeyObject): string {
  const bytes = key.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_HEAD.length);
  return PUBLIC_PREFIX + bytes.toString('base64url');
}

function keyBytes(text: string, prefix: string): Buffer {
  const bytes = text.startsWith(prefix) ? Buffer.from(text.slice(prefix.length), 'base64url') : Buffer.alloc(0);
  // What is not text of such bytes, and only of them, is none: base64 is read leniently.
  if (bytes.length !== KEY_BYTES || prefix + bytes.toString('base64url') !== text) {
    throw new Error(`not a key that begins with ${prefix}`);
  }
  return bytes;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
