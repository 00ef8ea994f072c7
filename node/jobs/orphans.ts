/**
 * Jobs that may be in the store and that nobody was told of: their making was given up, or its answer was lost. They are
 * forgotten as soon as the store can be asked, so that they take nobody's place for as long as jobs are kept. Bounded: what
 * does not fit is lost to the store after its lease, and expires there.
 */
import type { JobStore } from './job-store.js';

const ORPHANS_MAX = 1_000;

export class Orphans {
  readonly #store: JobStore;
  readonly #ids = new Set<string>();
  #isForgetting = false;

  constructor(store: JobStore) {
    this.#store = store;
  }

  get size(): number {
    return this.#ids.size;
  }

  add(id: string): void {
    if (this.#ids.size < ORPHANS_MAX) this.#ids.add(id);
  }

  /** Rejects as the store does; what is left by then stays for the next time. */
  async forget(): Promise<void> {
    if (this.#isForgetting) return;
    this.#isForgetting = true;
    try {
      for (const id of this.#ids) {
        await this.#store.forget(id);
        this.#ids.delete(id);
      }
    } finally {
      this.#isForgetting = false;
    }
  }
}
