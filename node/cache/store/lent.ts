/**
 * Who holds the memory of a stored body: the store, which counts it against its own bound, and clients that read it at their
 * pace. What the store has given up, to something else or to a purge, is no less memory as long as somebody reads it; that is
 * counted here, once however many read it.
 */
export class Lent {
  readonly #bytes: number;
  /** Bytes that readers alone hold from now on; a negative number, when they do no longer. */
  readonly #count: (bytes: number) => void;
  #readers = 0;
  #places = 0;

  constructor(bytes: number, count: (bytes: number) => void) {
    this.#bytes = bytes;
    this.#count = count;
  }

  borrow(): void {
    this.#change(1, 0);
  }

  giveBack(): void {
    this.#change(-1, 0);
  }

  /** It has a place in the store. */
  placed(): void {
    this.#change(0, 1);
  }

  displaced(): void {
    this.#change(0, -1);
  }

  #change(readers: number, places: number): void {
    const before = this.#isReadersAlone;
    this.#readers += readers;
    this.#places += places;
    if (this.#isReadersAlone !== before) this.#count(before ? -this.#bytes : this.#bytes);
  }

  get #isReadersAlone(): boolean {
    return this.#readers > 0 && this.#places === 0;
  }
}
