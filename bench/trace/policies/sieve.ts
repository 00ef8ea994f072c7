/**
 * SIEVE (Zhang et al.: "SIEVE is Simpler than LRU", NSDI 2024): a queue in order of arrival, a hand that goes from its old end to
 * the new one and takes what was not asked for since it last came by; a hit only sets a flag.
 */
import type { Policy } from './policy.js';

interface Entry {
  readonly key: string;
  readonly bytes: number;
  isVisited: boolean;
  newer: Entry | null;
  older: Entry | null;
}

export class Sieve implements Policy {
  bytes = 0;
  readonly #bytesMax: number;
  readonly #entries = new Map<string, Entry>();
  #newest: Entry | null = null;
  #oldest: Entry | null = null;
  #hand: Entry | null = null;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  ask(key: string, bytes: number): boolean {
    const found = this.#entries.get(key);
    if (found !== undefined) {
      found.isVisited = true;
      return true;
    }
    if (bytes > this.#bytesMax) return false;
    while (this.bytes + bytes > this.#bytesMax) this.#evict();
    const entry: Entry = { key, bytes, isVisited: false, newer: null, older: this.#newest };
    if (this.#newest !== null) this.#newest.newer = entry;
    this.#newest = entry;
    this.#oldest ??= entry;
    this.#entries.set(key, entry);
    this.bytes += bytes;
    return false;
  }

  #evict(): void {
    let entry = this.#hand ?? this.#oldest;
    while (entry?.isVisited === true) {
      entry.isVisited = false;
      entry = entry.newer ?? this.#oldest;
    }
    if (entry === null) return;
    this.#hand = entry.newer;
    if (entry.newer === null) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    if (entry.older === null) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    this.#entries.delete(entry.key);
    this.bytes -= entry.bytes;
  }
}
