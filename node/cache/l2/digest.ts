/** The real functions behind keys and tokens: node's cryptography. An edge. */
import { createHash, randomBytes } from 'node:crypto';

/** SHA-256 in base64url: of what is asked for, nothing can be read from a key in Redis. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Never the same twice, on any node. */
export function randomToken(): string {
  return randomBytes(16).toString('base64url');
}
