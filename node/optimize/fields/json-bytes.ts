/** What bytes of a JSON text may stand where: literals, escapes in texts, keys. Pure (RFC 8259). */

/** The text is no JSON, or goes beyond a bound; the message says how, for whoever sent it. */
export class ProjectionFault extends Error {}

export const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const SIMPLE_ESCAPES = new Set([...'"\\/bfnrt'].map((letter) => letter.charCodeAt(0)));
const keyDecoder = new TextDecoder('utf-8', { fatal: true });

/** Letters, digits, and what numbers are written with. */
export function isLiteral(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x45 ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e
  );
}

function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

const UNICODE = 0x75;
const HEX_DIGITS = 4;

export function nextEscape(state: number, byte: number): number {
  if (byte < 0x20) throw new ProjectionFault('a text has a control character');
  if (state === 0) return byte === BACKSLASH ? 1 : 0;
  if (state === 1) {
    if (byte === UNICODE) return 1 + HEX_DIGITS;
    if (!SIMPLE_ESCAPES.has(byte)) throw new ProjectionFault('a text has an escape that is none');
    return 0;
  }
  if (!isHex(byte)) throw new ProjectionFault('a text has an escape that is none');
  return state === 2 ? 0 : state - 1;
}

export function keyText(bytes: readonly number[]): string {
  try {
    const written = keyDecoder.decode(Uint8Array.from(bytes));
    return written.includes('\\') ? String(JSON.parse(`"${written}"`)) : written;
  } catch {
    throw new ProjectionFault('a key is no UTF-8');
  }
}
