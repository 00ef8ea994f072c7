/** TinyLFU as the node's store has it, with terms as they are compared. */
import { type Terms, TinyLfu } from '@weir/node/cache/store/tiny-lfu.js';
import type { Policy } from './policy.js';

export class TinyLfuPolicy implements Policy {
  readonly #kept: TinyLfu<number>;

  constructor(bytesMax: number, terms: Terms) {
    this.#kept = new TinyLfu({ bytesMax, isDead: () => false, terms });
  }

  get bytes(): number {
    return this.#kept.bytes;
  }

  ask(key: string, bytes: number): boolean {
    if (this.#kept.get(key) !== undefined) return true;
    this.#kept.set(key, bytes, bytes);
    return false;
  }
}
