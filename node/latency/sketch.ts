/**
 * A quantile sketch of durations: DDSketch (Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with
 * relative-error guarantees", VLDB 2019). It forgets single values and keeps how many fell into each bucket; buckets
 * grow by a constant factor γ, so a quantile is off by at most the same share everywhere: 2 % of 3 ms, 2 % of 30 s.
 *
 *   bucket    0         1            2               i                           γ = (1 + α) / (1 − α)
 *         ├────────┼────────────┼─────────┼─ ⋯ ─┼────────────┼─ ⋯                α = RELATIVE_ERROR
 *         0     LEAST_MS    LEAST_MS·γ         LEAST_MS·γ^i
 *
 * The estimate for bucket i is the value that is α away from both of its ends, 2·LEAST_MS·γ^i / (γ + 1). Two sketches are
 * merged by adding their buckets, which gives exactly the sketch of both sets of values. The buckets are a fixed array
 * where the paper collapses the lowest when there are too many: durations have known bounds, and memory is then known.
 */

/** The largest relative error of a quantile that lies between `LEAST_MS` and `LARGEST_MS`. */
export const RELATIVE_ERROR = 0.02;
/** Durations below count as this: no limit of the gateway is as short. */
export const LEAST_MS = 0.1;
/** Durations above count as this. An answer that takes an hour is not what a limit is learnt from. */
export const LARGEST_MS = 3_600_000;

const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
/** 436, so a sketch takes 1.7 KiB. */
export const BUCKETS = 1 + Math.ceil(Math.log(LARGEST_MS / LEAST_MS) / Math.log(GAMMA));

/** Values of one sketch, at most: no bucket can then overflow. A full sketch takes no more; at 1,000 a second in 49 days. */
export const VALUES_MAX = 2 ** 32 - 1;

/** The largest value of each bucket. */
const uppers = Float64Array.from({ length: BUCKETS }, (_, bucket) =>
  bucket === BUCKETS - 1 ? Number.POSITIVE_INFINITY : LEAST_MS * GAMMA ** bucket,
);
/** Estimate of the values in each bucket. */
const estimates = Float64Array.from({ length: BUCKETS }, (_, bucket) =>
  bucket === 0 ? LEAST_MS : (2 * LEAST_MS * GAMMA ** bucket) / (GAMMA + 1),
);

/*
 * From a value to its bucket without a logarithm, which would take 25 ns where this takes 5. Exponent and upper five
 * bits of the mantissa of a 32-bit float name a cell; cells are 1.6 to 3.1 % wide and buckets 4.1 %, so that the values
 * of a cell lie in one bucket or in two: a table has the first of them, and one comparison decides. (Rounding to 32 bits
 * can put a value that lies within 6e-8 below a cell into it, which is the most that a bucket can be missed by.)
 */
const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);
const CELL_SHIFT = 18;

function cellOf(ms: number): number {
  single[0] = ms;
  return (singleBits[0] ?? 0) >>> CELL_SHIFT;
}

function cellStartMs(cell: number): number {
  singleBits[0] = cell << CELL_SHIFT;
  return single[0] ?? 0;
}

const FIRST_CELL = cellOf(LEAST_MS);
const firstBuckets = Uint16Array.from({ length: cellOf(LARGEST_MS) - FIRST_CELL + 1 }, (_, cell) => {
  const least = cellStartMs(FIRST_CELL + cell);
  return uppers.findIndex((upper) => least <= upper);
});

export function bucketOf(ms: number): number {
  // Written so that NaN, of which there should be none, is the least and not an index.
  if (!(ms > LEAST_MS)) return 0;
  if (ms >= LARGEST_MS) return BUCKETS - 1;
  const bucket = firstBuckets[cellOf(ms) - FIRST_CELL] ?? 0;
  return ms > (uppers[bucket] ?? 0) ? bucket + 1 : bucket;
}

export function estimateOf(bucket: number): number {
  return estimates[bucket] ?? LARGEST_MS;
}

/** Names the encoding and, with it, error and bounds: sketches with other buckets can't be merged. */
const ENCODING = 1;

export class Sketch {
  /** Values that were observed. */
  count = 0;
  readonly #counts = new Uint32Array(BUCKETS);

  observe(ms: number): void {
    this.observeBucket(bucketOf(ms));
  }

  /** For whoever has found the bucket of a value already. */
  observeBucket(bucket: number): void {
    if (this.count === VALUES_MAX) return;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.count += 1;
  }

  countAt(bucket: number): number {
    return this.#counts[bucket] ?? 0;
  }

  /** The least value that a share of `q` of all values does not exceed; NaN without values. */
  quantile(q: number): number {
    if (this.count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(q * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      seen += this.countAt(bucket);
      if (seen >= rank) return estimateOf(bucket);
    }
    return LARGEST_MS;
  }

  /** As if all that `other` has observed had been observed here; nothing when both do not fit. */
  merge(other: Sketch): void {
    if (this.count + other.count > VALUES_MAX) return;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) this.#add(bucket, other.countAt(bucket));
  }

  /** Takes out what was merged before. */
  subtract(merged: Sketch): void {
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) this.#add(bucket, -merged.countAt(bucket));
  }

  #add(bucket: number, count: number): void {
    this.#counts[bucket] = this.countAt(bucket) + count;
    this.count += count;
  }

  clear(): void {
    this.#counts.fill(0);
    this.count = 0;
  }

  /**
   * For other nodes: the encoding, then for each bucket that is not empty its distance from the one before and its count,
   * both as variable-length integers (LEB128, seven bits to a byte, the lowest first).
   */
  toBytes(): Uint8Array {
    const bytes = [ENCODING];
    let before = -1;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const count = this.countAt(bucket);
      if (count === 0) continue;
      writeInteger(bytes, bucket - before);
      writeInteger(bytes, count);
      before = bucket;
    }
    return Uint8Array.from(bytes);
  }

  /** Null for bytes that `toBytes` has not made: they come from other nodes, of other versions or ill will. */
  static fromBytes(bytes: Uint8Array): Sketch | null {
    if (bytes[0] !== ENCODING) return null;
    const sketch = new Sketch();
    const at = { index: 1 };
    for (let bucket = -1; at.index < bytes.length; ) {
      bucket += readInteger(bytes, at);
      const count = readInteger(bytes, at);
      // NaN, for what can't be read, fails every comparison.
      if (!(bucket < BUCKETS && sketch.count + count <= VALUES_MAX)) return null;
      sketch.#add(bucket, count);
    }
    return sketch;
  }
}

/** Bytes of the longest integer: 35 bits hold every count. */
const INTEGER_BYTES = 5;
const BITS = 7;
const MORE = 1 << BITS;

function writeInteger(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= MORE; rest = Math.floor(rest / MORE)) bytes.push((rest % MORE) | MORE);
  bytes.push(rest);
}

/** A positive integer in its one shortest spelling; NaN for anything else. Moves `at` behind it. */
function readInteger(bytes: Uint8Array, at: { index: number }): number {
  let value = 0;
  for (let length = 0; length < INTEGER_BYTES; length += 1) {
    const byte = bytes[at.index] ?? MORE;
    at.index += 1;
    value += (byte % MORE) * MORE ** length;
    // A last byte of zero stands for nothing: the value is zero, or spelt longer than it is.
    if (byte < MORE) return byte === 0 ? Number.NaN : value;
  }
  return Number.NaN;
}
