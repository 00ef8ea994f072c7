/**
 * Vectors of questions, by scopes: questions of one scope differ in nothing but the last words of the user. The nearest are found by
 * looking at all of them, which takes 1 ms or so for a thousand of 1,536 numbers each. Owner of the vectors of a node, whoever has told
 * of them; bounded in each scope, and in bytes for all together: the scope that was not asked for the longest time goes first. Pure: times
 * are passed in.
 */

export interface KeptVector {
  /** Of the answer in the cache. */
  readonly key: string;
  /** Of length 1. */
  readonly vector: Float32Array;
  readonly untilMs: number;
}

interface Known extends KeptVector {
  readonly cameAtMs: number;
}

interface Scope {
  /** By their keys, the oldest first. */
  readonly known: Map<string, Known>;
  /** How far it was read elsewhere; what is given up is read anew. */
  readTo: string | null;
}

export const VECTOR_BYTES_MAX = 64 * 1024 * 1024;
/** Key, object and slot; of a scope as well, which may have become empty. */
const ENTRY_BYTES = 200;
/** So many answers are looked for, the nearest first: one may have been purged while another one is there. */
export const NEAREST_MAX = 3;
/** An answer that is written behind its vector may come so much later. */
const ANSWER_WITHIN_MS = 2_000;

export class Vectors {
  readonly #bytesMax: number;
  /** In the order of their last use. */
  readonly #scopes = new Map<string, Scope>();
  #bytes = 0;
  #count = 0;

  constructor(bytesMax = VECTOR_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  /** Keys of the nearest ones that are at least so near, the nearest first; of two that are as near the younger one. */
  nearest(scope: string, vector: Float32Array, threshold: number, nowMs: number): readonly string[] {
    const found = this.#scopes.get(scope);
    if (found === undefined) return [];
    this.#scopes.delete(scope);
    this.#scopes.set(scope, found);
    const nearest: { readonly key: string; readonly cosine: number }[] = [];
    let least = threshold - ROUNDING;
    for (const one of found.known.values()) {
      if (one.untilMs <= nowMs) continue;
      const cosine = product(one.vector, vector);
      if (cosine < least) continue;
      const behind = nearest.findIndex((other) => cosine >= other.cosine);
      nearest.splice(behind === -1 ? nearest.length : behind, 0, { key: one.key, cosine });
      if (nearest.length <= NEAREST_MAX) continue;
      nearest.pop();
      least = nearest[NEAREST_MAX - 1]?.cosine ?? least;
    }
    return nearest.map(({ key }) => key);
  }

  add(scope: string, { key, vector, untilMs }: KeptVector, entriesMax: number, nowMs: number): void {
    if (untilMs <= nowMs) return;
    const { known } = this.#used(scope);
    this.#drop(known, key);
    known.set(key, { key, vector, untilMs, cameAtMs: nowMs });
    this.#count += 1;
    this.#bytes += bytesOf(vector);
    if (known.size > entriesMax) for (const one of known.values()) if (one.untilMs <= nowMs) this.#drop(known, one.key);
    while (known.size > entriesMax) this.#dropOldest(known);
    // Its own go last: it is the one that is used now.
    for (const [name, other] of this.#scopes) {
      if (this.#bytes <= this.#bytesMax) return;
      if (other.known !== known) this.#forget(name, other);
    }
    while (this.#bytes > this.#bytesMax && known.size > 0) this.#dropOldest(known);
  }

  /** There is no answer under this key any more. */
  withoutAnswer(scope: string, key: string, nowMs: number): void {
    const known = this.#scopes.get(scope)?.known;
    const one = known?.get(key);
    if (known !== undefined && one !== undefined && nowMs - one.cameAtMs >= ANSWER_WITHIN_MS) this.#drop(known, key);
  }

  /** Null: nothing of it was read yet, or it was given up since. */
  readTo(scope: string): string | null {
    return this.#scopes.get(scope)?.readTo ?? null;
  }

  /** Null: it is to be read from the beginning. */
  setReadTo(scope: string, to: string | null): void {
    const found = this.#scopes.get(scope);
    if (found !== undefined) found.readTo = to;
  }

  /** All are to be read from the beginning, and what is known of them stays. */
  readAgain(): void {
    for (const scope of this.#scopes.values()) scope.readTo = null;
  }

  /** The one that was used last, from now on. */
  #used(name: string): Scope {
    const before = this.#scopes.get(name);
    if (before === undefined) this.#bytes += ENTRY_BYTES;
    const scope = before ?? { known: new Map<string, Known>(), readTo: null };
    this.#scopes.delete(name);
    this.#scopes.set(name, scope);
    return scope;
  }

  #forget(name: string, { known }: Scope): void {
    this.#scopes.delete(name);
    this.#bytes -= ENTRY_BYTES;
    for (const key of known.keys()) this.#drop(known, key);
  }

  #dropOldest(known: Map<string, Known>): void {
    const [oldest] = known.keys();
    if (oldest !== undefined) this.#drop(known, oldest);
  }

  #drop(known: Map<string, Known>, key: string): void {
    const one = known.get(key);
    if (one === undefined) return;
    known.delete(key);
    this.#count -= 1;
    this.#bytes -= bytesOf(one.vector);
  }
}

/** Of 32-bit floats; two equal vectors may have a product a little below 1. */
const ROUNDING = 1e-6;

const bytesOf = (vector: Float32Array): number => ENTRY_BYTES + vector.byteLength;

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
