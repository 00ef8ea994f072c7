/**
 * The key that controls of a cluster sign with, in a file. No control makes one by itself: two that did would sign with two keys, and
 * nodes, which pin one when they join, would believe one of them. `weir keys signing create` makes it, once.
 */
import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { createKeyPair, publicKeyOf } from '@weir/proto/signing/ed25519.js';

export interface SigningKey {
  /** A secret. */
  readonly privateKey: string;
  readonly publicKey: string;
}

/** Others than its owner may not read it. */
const OWNER_ONLY = 0o600;
const FILE_BYTES_MAX = 1_024;

/** Throws where there is a file of that name: a key that is replaced by accident locks all nodes out. */
export function createSigningKey(path: string): SigningKey {
  const pair = createKeyPair();
  const file = openSync(path, 'wx', OWNER_ONLY);
  try {
    writeSync(file, `${pair.privateKey}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  // Whatever the umask was.
  chmodSync(path, OWNER_ONLY);
  return pair;
}

/** Throws, with words for people and without the key. */
export function readSigningKey(path: string): SigningKey {
  const { size, mode, uid } = statSync(path);
  if (size > FILE_BYTES_MAX) throw new Error(`${path} is no key of \`weir keys signing create\``);
  if (mayBeReadByOthers(mode, uid === process.getuid?.()))
    throw new Error(`${path} may be read by others than its owner; chmod 600 it, and think about a new key`);
  const privateKey = readFileSync(path, 'utf8').trim();
  try {
    return { privateKey, publicKey: publicKeyOf(privateKey) };
  } catch {
    throw new Error(`${path} is no key of \`weir keys signing create\``);
  }
}

/**
 * As ssh has it: a file of one's own is for oneself alone. What Kubernetes and systemd hand in belongs to root, and is readable by
 * the group, or by an entry of an access list, which shows as the group.
 */
export function mayBeReadByOthers(mode: number, isOwn: boolean): boolean {
  return (mode & (isOwn ? 0o077 : 0o007)) !== 0;
}
