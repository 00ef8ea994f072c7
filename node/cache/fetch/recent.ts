/**
 * Keys that something is known of for a while: bounded in time and in number, the oldest gives way. Sole owner of its keys.
 *
 * - Hit-for-miss: the latest answer could not be shared, or there was none. Whoever asks next would wait for an answer
 *   that is not for him, one behind the other; so for a while all of them go straight on, side by side.
 * - Refreshes that came to nothing: the next one waits a moment, or each request for a stale copy would be another.
 */
export class Recent {
  readonly #untilMs = new Map<string, number>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#untilMs.size;
  }

  remember(key: string, untilMs: number): void {
    this.#untilMs.delete(key);
    this.#untilMs.set(key, untilMs);
    if (this.#untilMs.size <= this.#max) return;
    for (const oldest of this.#untilMs.keys()) {
      this.#untilMs.delete(oldest);
      return;
    }
  }

  forget(key: string): void {
    this.#untilMs.delete(key);
  }

  has(key: string, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(key);
    if (untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.#untilMs.delete(key);
    return false;
  }
}
