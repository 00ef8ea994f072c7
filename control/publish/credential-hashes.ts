/** Hashes of keys and passwords, by the platform's cryptography. An edge: compile.ts is handed these functions. */
import { createHash, createHmac, randomBytes, scryptSync } from 'node:crypto';

export function sha256Hex(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

// OWASP's minimum for scrypt is N=2^17; 2^14 takes about 50 ms and 16 MiB here, and a node must stay responsive while a
// flood of wrong passwords is checked. RFC 7914 §2 names the parameters.
const COST = { N: 16_384, r: 8, p: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Passwords whose hash is remembered, at most; the oldest is forgotten. */
const REMEMBERED_MAX = 1000;

/**
 * A hasher with a memory: an unchanged password keeps its hash, so that a reload of an unchanged file yields an unchanged
 * snapshot and costs no work. What is remembered is keyed by an HMAC under a key that dies with the process.
 */
export function createPasswordHasher(): (password: string) => string {
  const memoryKey = randomBytes(32);
  const remembered = new Map<string, string>();
  return (password) => {
    const identity = createHmac('sha256', memoryKey).update(password).digest('base64');
    const known = remembered.get(identity);
    if (known !== undefined) return known;
    const salt = randomBytes(SALT_BYTES);
    const hash = scryptSync(password, salt, HASH_BYTES, COST);
    const text = `scrypt$${COST.N}$${COST.r}$${COST.p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
    const [oldest] = remembered.keys();
    if (remembered.size >= REMEMBERED_MAX && oldest !== undefined) remembered.delete(oldest);
    remembered.set(identity, text);
    return text;
  };
}
