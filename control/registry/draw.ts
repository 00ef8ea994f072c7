/** Ids that nobody can guess, and that are nobody else's: 22 characters of base 62, 131 bits. An edge, for node's randomness. */
import { randomInt } from 'node:crypto';

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

export function drawId(): string {
  return Array.from({ length: 22 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}
