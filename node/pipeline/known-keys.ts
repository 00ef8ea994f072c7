/**
 * Keys of what outlives a snapshot (limiters, budgets), made of where it is and of its terms. Kept chains ask for theirs at each snapshot, by
 * the same terms, so a key is remembered by that object: made anew it costs more than to look it up.
 *
 * What none of two snapshots has asked for is forgotten. No WeakMap, which would forget by itself: one of ten thousand is gone through while
 * everything stands still, at the end of a collection of the whole heap (7 of 24 ms).
 */
export class KnownKeys<Terms extends object> {
  #known = new Map<Terms, KnownKey>();
  /** Of the snapshot before; what is asked for of them comes over. */
  #former = new Map<Terms, KnownKey>();

  /** Another snapshot begins to ask. Where the one before asked for nothing, all of it went on as it was. */
  nextSnapshot(): void {
    if (this.#known.size === 0) return;
    this.#former = this.#known;
    this.#known = new Map();
  }

  /** `said`: what of the terms counts. */
  of(terms: Terms, place: readonly unknown[], said: (terms: Terms) => readonly unknown[]): string {
    const known = this.#known.get(terms) ?? this.#former.get(terms);
    const isOfPlace = known?.place.length === place.length && known.place.every((part, i) => part === place[i]);
    const found = isOfPlace ? known : { place, key: JSON.stringify([...place, ...said(terms)]) };
    this.#known.set(terms, found);
    return found.key;
  }
}

interface KnownKey {
  readonly place: readonly unknown[];
  readonly key: string;
}
