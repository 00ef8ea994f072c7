/**
 * Vectors of questions, by scopes: questions of one scope differ in nothing but the last words of the user. The nearest is found by
 * looking at all of them, which takes 1 ms or so for a thousand of 1,536 numbers each. Owner of the vectors of a node; bounded in each
 * scope, and in bytes for all together: the scope that was not asked for the longest time goes first. Pure: times are passed in.
 */

export interface KeptVector {
  /** Of the answer in the cache. */
  readonly key: string;
  /** Of length 1. */
  readonly vector: Float32Array;
  readonly untilMs: number;
}

export const VECTOR_BYTES_MAX = 64 * 1024 * 1024;
/** Key, object and slot. */
const ENTRY_BYTES = 200;

export class Vectors {
  /** Vectors that came too late to be of use, and such as did not come. */
  late = 0;
  failed = 0;
  readonly #bytesMax: number;
  /** In the order of their last use, within each by age. */
  readonly #scopes = new Map<string, KeptVector[]>();
  #bytes = 0;

  constructor(bytesMax = VECTOR_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The key of the nearest one that is at least so near; null: there is none. */
  nearest(scope: string, vector: Float32Array, threshold: number, nowMs: number): string | null {
    const kept = this.#scopes.get(scope);
    if (kept === undefined) return null;
    this.#scopes.delete(scope);
    this.#scopes.set(scope, kept);
    let nearest: KeptVector | null = null;
    let best = threshold - ROUNDING;
    for (const one of kept) {
      if (one.untilMs <= nowMs) continue;
      const cosine = product(one.vector, vector);
      if (cosine < best) continue;
      best = cosine;
      nearest = one;
    }
    return nearest?.key ?? null;
  }

  add(scope: string, entry: KeptVector, entriesMax: number, nowMs: number): void {
    const before = this.#take(scope);
    const kept = before.filter(({ key, untilMs }) => key !== entry.key && untilMs > nowMs);
    kept.push(entry);
    kept.splice(0, kept.length - entriesMax);
    this.#scopes.set(scope, kept);
    for (const one of kept) this.#bytes += bytesOf(one);
    while (this.#bytes > this.#bytesMax) this.#take(this.#scopes.keys().next().value ?? scope);
  }

  /** Out of the store, with its bytes. */
  #take(scope: string): readonly KeptVector[] {
    const kept = this.#scopes.get(scope) ?? [];
    this.#scopes.delete(scope);
    for (const one of kept) this.#bytes -= bytesOf(one);
    return kept;
  }
}

/** Of 32-bit floats; two equal vectors may have a product a little below 1. */
const ROUNDING = 1e-6;

const bytesOf = ({ vector }: KeptVector): number => ENTRY_BYTES + vector.byteLength;

/** Of another model, and so of another length, they mean nothing to each other. */
function product(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** The same direction with length 1; null: it has none. */
export function unit(numbers: readonly number[]): Float32Array | null {
  // The squares of very large and very small numbers are none.
  const largest = numbers.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  if (!(largest > 0) || !Number.isFinite(largest)) return null;
  const length = Math.sqrt(numbers.reduce((sum, one) => sum + (one / largest) ** 2, 0));
  return Float32Array.from(numbers, (one) => one / largest / length);
}
