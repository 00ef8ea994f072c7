/**
 * Keys of what outlives a snapshot (limiters, budgets), made of where it is and of its terms. Kept chains ask for theirs at each snapshot, by
 * the same terms, so a key is remembered by that object: made anew it costs more than to look it up.
 */
export class KnownKeys<Terms extends object> {
  readonly #known = new WeakMap<Terms, { readonly place: readonly unknown[]; readonly key: string }>();

  /** `said`: what of the terms counts. */
  of(terms: Terms, place: readonly unknown[], said: (terms: Terms) => readonly unknown[]): string {
    const known = this.#known.get(terms);
    if (known !== undefined && known.place.length === place.length && known.place.every((part, i) => part === place[i]))
      return known.key;
    const key = JSON.stringify([...place, ...said(terms)]);
    this.#known.set(terms, { place, key });
    return key;
  }
}
