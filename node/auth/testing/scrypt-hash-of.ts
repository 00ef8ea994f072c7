/** A password hash as an operator's command makes it, cheap enough for tests. */
import { randomBytes, scryptSync } from 'node:crypto';

export function scryptHash(password: string, cost = 1024): string {
  const salt = randomBytes(16);
  const hash = scryptSync(password, salt, 32, { N: cost, r: 8, p: 1 });
  return `scrypt$${cost}$8$1$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}
