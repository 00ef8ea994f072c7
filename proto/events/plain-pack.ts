/**
 * Whether bytes are MessagePack of the plainest kind: texts, numbers, true, false, null, and lists of these, or documents,
 * which have maps and bytes as well; one value and nothing behind it. Asked before msgpackr sees what others may have written,
 * into a Redis or to a bus: it makes room for as many members as a head says before it looks for the first one, so sixty heads
 * in a row, of 30 million members each, are 300 bytes and 14 GB, and the end of the process. In its extensions a few bytes can
 * ask for a compiled function or a regular expression, too. Pure, and in one pass over the bytes.
 *
 * Format: https://github.com/msgpack/msgpack/blob/master/spec.md
 */

/** Lists and maps within each other; documents in messages have no more than eight. */
const DEPTH_MAX = { lists: 4, documents: 32 } as const;

export type PackForm = keyof typeof DEPTH_MAX;

const BROKEN = -1;

export function isPlainPack(bytes: Uint8Array, form: PackForm): boolean {
  const end = endOfValue(bytes, 0, DEPTH_MAX[form], form === 'documents');
  return end === bytes.length;
}

/** Where the value that begins here ends, or BROKEN. */
function endOfValue(bytes: Uint8Array, at: number, depth: number, hasMaps: boolean): number {
  const head = bytes[at];
  if (head === undefined) return BROKEN;
  if (head <= 0x7f || head >= 0xe0) return at + 1;
  if (head >= 0xa0 && head <= 0xbf) return within(bytes, at + 1 + (head & 0x1f));
  if (head >= 0x90 && head <= 0x9f) return endOfValues(bytes, at + 1, head & 0x0f, depth, hasMaps);
  if (head <= 0x8f) return hasMaps ? endOfValues(bytes, at + 1, 2 * (head & 0x0f), depth, hasMaps) : BROKEN;
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
    case 0xdc: // lists
      return endOfCounted(bytes, { at: at + 1, digits: 2, each: 1 }, depth, hasMaps);
    default:
      return hasMaps ? endOfDocumentsOwn(bytes, at, depth) : BROKEN;
  }
}

/** What documents have besides. Extensions are nothing that we write. */
function endOfDocumentsOwn(bytes: Uint8Array, at: number, depth: number): number {
  switch (bytes[at]) {
    case 0xc4: // bytes
      return endOfText(bytes, at + 1, 1);
    case 0xc5:
      return endOfText(bytes, at + 1, 2);
    case 0xc6:
      return endOfText(bytes, at + 1, 4);
    case 0xdd: // lists of more than 65,535 members
      return endOfCounted(bytes, { at: at + 1, digits: 4, each: 1 }, depth, true);
    case 0xde: // maps, whose length counts pairs
      return endOfCounted(bytes, { at: at + 1, digits: 2, each: 2 }, depth, true);
    case 0xdf:
      return endOfCounted(bytes, { at: at + 1, digits: 4, each: 2 }, depth, true);
    default:
      return BROKEN;
  }
}

interface Counted {
  /** Where the count stands, and in how many bytes. */
  readonly at: number;
  readonly digits: number;
  /** Values for each that is counted. */
  readonly each: number;
}

function endOfCounted(bytes: Uint8Array, { at, digits, each }: Counted, depth: number, hasMaps: boolean): number {
  const count = numberAt(bytes, at, digits);
  return count === BROKEN ? BROKEN : endOfValues(bytes, at + digits, each * count, depth, hasMaps);
}

function endOfText(bytes: Uint8Array, at: number, lengthBytes: number): number {
  const length = numberAt(bytes, at, lengthBytes);
  return length === BROKEN ? BROKEN : within(bytes, at + lengthBytes + length);
}

function endOfValues(bytes: Uint8Array, from: number, count: number, depth: number, hasMaps: boolean): number {
  // Each value takes a byte at least, so that a list is never longer than what it came in.
  if (depth === 0 || from + count > bytes.length) return BROKEN;
  let at = from;
  for (let i = 0; i < count; i += 1) {
    at = endOfValue(bytes, at, depth - 1, hasMaps);
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
