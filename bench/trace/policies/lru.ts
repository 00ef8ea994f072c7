/** The least recently used goes first: lru-cache, with a size for each entry. */
import { LRUCache } from 'lru-cache';
import type { Policy } from './policy.js';

export class Lru implements Policy {
  readonly #kept: LRUCache<string, number>;

  constructor(bytesMax: number) {
    this.#kept = new LRUCache({ maxSize: bytesMax, sizeCalculation: (bytes) => bytes });
  }

  get bytes(): number {
    return this.#kept.calculatedSize;
  }

  ask(key: string, bytes: number): boolean {
    if (this.#kept.get(key) !== undefined) return true;
    this.#kept.set(key, bytes);
    return false;
  }
}
