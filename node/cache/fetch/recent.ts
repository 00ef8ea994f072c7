/**
 * Keys that something is known of for a while: bounded in time and in number, the oldest gives way. Sole owner of its keys.
 *
 * - Hit-for-miss: the latest answer could not be shared, or there was none. Whoever asks next would wait for an answer
 *   that is not for him, one behind the other; so for a while all of them go straight on, side by side.
 * - Refreshes that came to nothing: the next one waits a moment, or each request for a stale copy would be another.
 *
 * Known by fingerprints, so that it takes the same memory whatever clients write into their URLs.
 */
import { type Fingerprint, fingerprints } from '../purge/fingerprint.js';

export class Recent {
  readonly #untilMs = new Map<string, number>();
  readonly #max: number;
  readonly #print: Fingerprint;

  constructor(max: number, print: Fingerprint = fingerprints(0)) {
    this.#max = max;
    this.#print = print;
  }

  get size(): number {
    return this.#untilMs.size;
  }

  remember(key: string, untilMs: number): void {
    const known = this.#print(key);
    this.#untilMs.delete(known);
    this.#untilMs.set(known, untilMs);
    if (this.#untilMs.size <= this.#max) return;
    for (const oldest of this.#untilMs.keys()) {
      this.#untilMs.delete(oldest);
      return;
    }
  }

  forget(key: string): void {
    if (this.#untilMs.size > 0) this.#untilMs.delete(this.#print(key));
  }

  has(key: string, nowMs: number): boolean {
    // Most of the time there is nothing of the kind.
    if (this.#untilMs.size === 0) return false;
    const known = this.#print(key);
    const untilMs = this.#untilMs.get(known);
    if (untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.#untilMs.delete(known);
    return false;
  }
}
