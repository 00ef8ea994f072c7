/** The platform's hashing and randomness behind plain functions: secrets are drawn, hashed and compared here. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** In a time that tells nothing of where they differ. */
export function isSameText(a: string, b: string): boolean {
  // Of one length whatever they are; and who could choose what their hashes are would not have to guess.
  const [left, right] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}

/** 256 bits, in characters that need no quoting in a cookie, a URL or a shell. */
export function drawSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** 128 bits in hexadecimal digits: an id of a command, or of a thing that has no name. */
export function drawId(): string {
  return randomBytes(16).toString('hex');
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_DIGITS = 43;
const CHECK_DIGITS = 6;

/**
 * `weir_t_` and 43 digits of base 62, which hold 256 bits, and six more that are their CRC-32: whoever scans texts for leaked secrets knows one by
 * its look, without asking anybody.
 */
export function drawCredential(prefix: string): string {
  const number = BigInt(`0x${randomBytes(32).toString('hex')}`);
  const secret = base62(number, SECRET_DIGITS);
  return `${prefix}${secret}${checkOf(secret)}`;
}

/** Whether it can be one at all; a typo is told from an unknown one by this. */
export function isCredential(text: string, prefix: string): boolean {
  const secret = text.slice(prefix.length, prefix.length + SECRET_DIGITS);
  return text.startsWith(prefix) && text === `${prefix}${secret}${checkOf(secret)}` && secret.length === SECRET_DIGITS;
}

/** CRC-32 of IEEE 802.3, bit by bit: it is for texts of 43 characters. (node:zlib has one from 20.15 on only.) */
function crcOf(text: string): number {
  let crc = 0xffff_ffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return ~crc >>> 0;
}

function checkOf(secret: string): string {
  return base62(BigInt(crcOf(secret)), CHECK_DIGITS);
}

function base62(number: bigint, digits: number): string {
  let text = '';
  for (let rest = number; text.length < digits; rest /= 62n) text = `${DIGITS[Number(rest % 62n)]}${text}`;
  return text;
}
