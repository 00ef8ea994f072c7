/**
 * Lets a few act at once, and the others one after the other as soon as one is done. Nobody waits for a limit of time here:
 * whoever acts has one of his own. Bounded by its callers, each of which waits for one turn: a job that runs, or a client that collects one.
 */
export class Turns {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #acting = 0;

  constructor(max: number) {
    this.#max = max;
  }

  async take<T>(act: () => Promise<T>): Promise<T> {
    if (this.#acting >= this.#max) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#acting += 1;
    try {
      return await act();
    } finally {
      // The turn is handed on, so nobody who comes just now can take it in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#acting -= 1;
      else next();
    }
  }
}
