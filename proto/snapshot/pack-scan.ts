/**
 * Where values of MessagePack end, found without decoding them: so that a large document can be decoded piece by piece, with
 * others getting their turn in between. Pure. Throws for what is cut off or no MessagePack.
 */

export interface ListHead {
  readonly length: number;
  /** Where its first element begins. */
  readonly begin: number;
}

/** Containers that may lie within each other; what is deeper was not made by this code. */
const DEPTH_MAX = 64;

/** Null for what is no list. */
export function listHeadAt(bytes: Uint8Array, at: number): ListHead | null {
  const first = byteAt(bytes, at);
  if (first >= 0x90 && first <= 0x9f) return { length: first & 0x0f, begin: at + 1 };
  if (first === 0xdc) return { length: numberAt(bytes, at + 1, 2), begin: at + 3 };
  if (first === 0xdd) return { length: numberAt(bytes, at + 1, 4), begin: at + 5 };
  return null;
}

/** What a list of that length begins with: the length in the first byte, in two bytes, or in four. */
export function listHead(length: number): Uint8Array {
  if (length < 0x10) return new Uint8Array([0x90 | length]);
  return length < 0x10000
    ? new Uint8Array([0xdc, length >>> 8, length & 0xff])
    : new Uint8Array([0xdd, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff]);
}

/** Null for what is no map; its length counts pairs. */
export function mapHeadAt(bytes: Uint8Array, at: number): ListHead | null {
  const first = byteAt(bytes, at);
  if (first >= 0x80 && first <= 0x8f) return { length: first & 0x0f, begin: at + 1 };
  if (first === 0xde) return { length: numberAt(bytes, at + 1, 2), begin: at + 3 };
  if (first === 0xdf) return { length: numberAt(bytes, at + 1, 4), begin: at + 5 };
  return null;
}

/** Of the value that begins there: the place behind it. */
export function valueEnd(bytes: Uint8Array, at: number, depth = 0): number {
  if (depth > DEPTH_MAX) throw new Error('nested too deeply');
  const list = listHeadAt(bytes, at);
  const map = list === null ? mapHeadAt(bytes, at) : null;
  const head = list ?? map;
  if (head === null) return within(bytes, at + plainSize(bytes, at));
  let end = head.begin;
  const values = map === null ? head.length : 2 * head.length;
  for (let i = 0; i < values; i += 1) end = valueEnd(bytes, end, depth + 1);
  return within(bytes, end);
}

/** Of what is neither list nor map. */
function plainSize(bytes: Uint8Array, at: number): number {
  const first = byteAt(bytes, at);
  if (first <= 0x7f || first >= 0xe0) return 1;
  if (first >= 0xa0 && first <= 0xbf) return 1 + (first & 0x1f);
  const fixed = fixedSizes[first];
  if (fixed !== undefined) return fixed;
  // Texts and bytes, then extensions, which have a byte for their type.
  const sized = sizedBy[first];
  if (sized === undefined) throw new Error(`no value begins with ${first}`);
  const [digits, more] = sized;
  return 1 + digits + more + numberAt(bytes, at + 1, digits);
}

const fixedSizes: Readonly<Record<number, number>> = {
  ...{ 192: 1, 194: 1, 195: 1, 202: 5, 203: 9, 204: 2, 205: 3, 206: 5, 207: 9, 208: 2, 209: 3 },
  ...{ 210: 5, 211: 9, 212: 3, 213: 4, 214: 6, 215: 10, 216: 18 },
};

/** First byte → how many bytes tell the length, and how many stand between them and the content. */
const sizedBy: Readonly<Record<number, readonly [digits: number, more: number]>> = {
  ...{ 196: [1, 0], 197: [2, 0], 198: [4, 0], 217: [1, 0], 218: [2, 0], 219: [4, 0] },
  ...{ 199: [1, 1], 200: [2, 1], 201: [4, 1] },
};

function numberAt(bytes: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let i = 0; i < digits; i += 1) value = value * 256 + byteAt(bytes, at + i);
  return value;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Error('cut off');
  return byte;
}

function within(bytes: Uint8Array, end: number): number {
  if (end > bytes.length) throw new Error('cut off');
  return end;
}
