/**
 * Whether bytes are MessagePack of the plainest kind: texts, numbers, true, false, null, and lists of these, one value and
 * nothing behind it. Asked before msgpackr sees what came from a Redis that others may write to: in its extensions a few
 * bytes can ask for a compiled function, a regular expression or a list of four billion places. Pure.
 *
 * Format: https://github.com/msgpack/msgpack/blob/master/spec.md
 */

/** Lists within lists. */
const DEPTH_MAX = 4;

const BROKEN = -1;

export function isPlainPack(bytes: Uint8Array): boolean {
  return endOfValue(bytes, 0, DEPTH_MAX) === bytes.length;
}

/** Where the value that begins here ends, or BROKEN. */
function endOfValue(bytes: Uint8Array, at: number, depth: number): number {
  const head = bytes[at];
  if (head === undefined) return BROKEN;
  if (head <= 0x7f || head >= 0xe0) return at + 1;
  if (head >= 0xa0 && head <= 0xbf) return within(bytes, at + 1 + (head & 0x1f));
  if (head >= 0x90 && head <= 0x9f) return endOfList(bytes, at + 1, head & 0x0f, depth);
  switch (head) {
    case 0xc0: // null
    case 0xc2: // false
    case 0xc3: // true
      return at + 1;
    case 0xcc: // whole numbers of 1, 2, 4, 8 bytes
    case 0xd0:
      return within(bytes, at + 2);
    case 0xcd:
    case 0xd1:
      return within(bytes, at + 3);
    case 0xca: // float of 4 bytes
    case 0xce:
    case 0xd2:
      return within(bytes, at + 5);
    case 0xcb: // float of 8 bytes
    case 0xcf:
    case 0xd3:
      return within(bytes, at + 9);
    case 0xd9: // texts
      return endOfText(bytes, at + 1, 1);
    case 0xda:
      return endOfText(bytes, at + 1, 2);
    case 0xdb:
      return endOfText(bytes, at + 1, 4);
    case 0xdc: {
      const count = numberAt(bytes, at + 1, 2);
      return count === BROKEN ? BROKEN : endOfList(bytes, at + 3, count, depth);
    }
    default: // mappings, bytes, extensions, lists of more than 65,535 members: nothing that we write
      return BROKEN;
  }
}

function endOfText(bytes: Uint8Array, at: number, lengthBytes: number): number {
  const length = numberAt(bytes, at, lengthBytes);
  return length === BROKEN ? BROKEN : within(bytes, at + lengthBytes + length);
}

function endOfList(bytes: Uint8Array, from: number, count: number, depth: number): number {
  // Each member takes a byte at least, so that a list is never longer than what it came in.
  if (depth === 0 || from + count > bytes.length) return BROKEN;
  let at = from;
  for (let i = 0; i < count; i += 1) {
    at = endOfValue(bytes, at, depth - 1);
    if (at === BROKEN) return BROKEN;
  }
  return at;
}

function numberAt(bytes: Uint8Array, at: number, length: number): number {
  if (at + length > bytes.length) return BROKEN;
  let number = 0;
  for (let i = 0; i < length; i += 1) number = number * 256 + (bytes[at + i] ?? 0);
  return number;
}

const within = (bytes: Uint8Array, end: number): number => (end <= bytes.length ? end : BROKEN);
