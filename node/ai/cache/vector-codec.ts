/**
 * How vectors of questions stand in Redis, and how they are read from it: by other nodes, perhaps of other versions, and perhaps not at
 * all by nodes. Pure.
 *
 *   byte 0      1: the version
 *   from 1 on   the numbers, 32-bit floats of IEEE 754, little-endian
 */
const VERSION = 1;
const NUMBER_BYTES = 4;
/** Models give some 3,072 at most. */
const NUMBERS_MAX = 16_384;
/** Of rounding; what is farther from 1 was not written by us. */
const LENGTH_TOLERANCE = 1e-3;
const KEY_CHARS_MAX = 256;

export function packVector(vector: Float32Array): Uint8Array {
  const packed = new Uint8Array(1 + vector.length * NUMBER_BYTES);
  const view = new DataView(packed.buffer);
  view.setUint8(0, VERSION);
  for (const [index, number] of vector.entries()) view.setFloat32(1 + index * NUMBER_BYTES, number, true);
  return packed;
}

/** Null: it is of another version, or no vector of length 1. */
export function unpackVector(packed: Uint8Array): Float32Array | null {
  const numbers = (packed.byteLength - 1) / NUMBER_BYTES;
  if (packed[0] !== VERSION || !Number.isInteger(numbers) || numbers < 1 || numbers > NUMBERS_MAX) return null;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const vector = new Float32Array(numbers);
  let squares = 0;
  for (let index = 0; index < numbers; index += 1) {
    const number = view.getFloat32(1 + index * NUMBER_BYTES, true);
    vector[index] = number;
    squares += number * number;
  }
  return Math.abs(Math.sqrt(squares) - 1) <= LENGTH_TOLERANCE ? vector : null;
}

export interface VectorPage {
  readonly redisMs: number;
  /** Where the next page begins; null: nothing was told of this scope. */
  readonly readTo: string | null;
  readonly hasMore: boolean;
  readonly vectors: readonly ToldVector[];
  readonly refused: number;
}

interface ToldVector {
  readonly key: string;
  readonly vector: Float32Array;
  readonly untilRedisMs: number;
}

/** What the script `read` says (vector-scripts.ts). Null: it is not what that says. */
export function readPage(said: unknown): VectorPage | null {
  if (!Array.isArray(said) || said.length < 3 || (said.length - 3) % 3 !== 0) return null;
  const [redisMs, readTo, hasMore, ...rest]: readonly unknown[] = said;
  const to = textOf(readTo);
  if (typeof redisMs !== 'number' || to === null || (to !== '' && !/^\d{1,20}-\d{1,20}$/.test(to))) return null;
  if (hasMore !== 0 && hasMore !== 1) return null;
  const vectors: ToldVector[] = [];
  for (let at = 0; at < rest.length; at += 3) {
    const told = toldVector(rest[at], rest[at + 1], rest[at + 2]);
    if (told !== null) vectors.push(told);
  }
  const refused = rest.length / 3 - vectors.length;
  return { redisMs, readTo: to === '' ? null : to, hasMore: hasMore === 1, vectors, refused };
}

function toldVector(key: unknown, until: unknown, packed: unknown): ToldVector | null {
  const [name, untilRedisMs] = [textOf(key), Number(textOf(until) ?? Number.NaN)];
  if (name === null || name === '' || name.length > KEY_CHARS_MAX || !Number.isFinite(untilRedisMs)) return null;
  const vector = packed instanceof Uint8Array ? unpackVector(packed) : null;
  return vector === null ? null : { key: name, vector, untilRedisMs };
}

const textOf = (value: unknown): string | null =>
  value instanceof Uint8Array ? new TextDecoder('latin1').decode(value) : typeof value === 'string' ? value : null;
