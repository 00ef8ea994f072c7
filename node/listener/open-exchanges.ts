/**
 * The exchanges of a listener that are open. Each knows its own place in the list, so joining and leaving are a push and
 * a pop.
 *
 * Not a Set, which does as well until one looks at the collector: a Set that is added to and deleted from for ever makes
 * itself a new table every few dozen requests, and the old one keeps its entries and leads to the new one. Once one of
 * them is old, all that follow outlive their time with it, and each collection moves thousands of exchanges.
 */

/** What the list writes on its members; nobody else does. */
export interface Placed {
  place: number;
}

/** The place of one that is not in the list. */
export const NOWHERE = -1;

export class OpenExchanges<Each extends Placed> implements Iterable<Each> {
  readonly #all: Each[] = [];

  get size(): number {
    return this.#all.length;
  }

  add(one: Each): void {
    if (one.place !== NOWHERE) return;
    one.place = this.#all.length;
    this.#all.push(one);
  }

  /** The last one takes the place that becomes free. */
  delete(one: Each): void {
    if (one.place === NOWHERE) return;
    const last = this.#all.pop();
    if (last !== undefined && last !== one) {
      last.place = one.place;
      this.#all[one.place] = last;
    }
    one.place = NOWHERE;
  }

  [Symbol.iterator](): Iterator<Each> {
    return this.#all[Symbol.iterator]();
  }
}
