/**
 * Keys of what outlives a snapshot (limiters, budgets), made of where it is and of its terms. Kept chains ask for theirs at each snapshot, by
 * the same terms, so a key is remembered by that object: made anew it costs more than to look it up.
 *
 * Terms that nobody asks for any more are forgotten when as many others have come, as this is no WeakMap: one of ten thousand is gone through
 * while everything stands still, at the end of a collection of the whole heap (7 of 24 ms).
 */
export class KnownKeys<Terms extends object> {
  readonly #max: number;
  #known = new Map<Terms, KnownKey>();
  /** Those before the last `max`; what is asked for of them comes over. */
  #former = new Map<Terms, KnownKey>();

  /** Of at least so many terms, and at most twice as many. */
  constructor(max: number) {
    this.#max = max;
  }

  /** `said`: what of the terms counts. */
  of(terms: Terms, place: readonly unknown[], said: (terms: Terms) => readonly unknown[]): string {
    const known = this.#known.get(terms) ?? this.#former.get(terms);
    const isOfPlace = known?.place.length === place.length && known.place.every((part, i) => part === place[i]);
    const found = isOfPlace ? known : { place, key: JSON.stringify([...place, ...said(terms)]) };
    this.#keep(terms, found);
    return found.key;
  }

  #keep(terms: Terms, key: KnownKey): void {
    if (this.#known.get(terms) === key) return;
    if (this.#known.size >= this.#max) {
      this.#former = this.#known;
      this.#known = new Map();
    }
    this.#known.set(terms, key);
  }
}

interface KnownKey {
  readonly place: readonly unknown[];
  readonly key: string;
}
