/**
 * How many of the last attempts failed: two counts over a rolling window, in ten slots, with running sums. A slot's share
 * of the window leaves as a whole, so what is counted is between nine and ten tenths of it. Bounded, and O(1) per attempt.
 *
 *   slots  … │ 3 │ 0 │ 7 │ 2 │ … ◀── now falls into slot floor(now / slotMs) mod 10
 */

const SLOTS = 10;

export class FailureWindow {
  total = 0;
  failed = 0;
  readonly #slotMs: number;
  readonly #totals = new Uint32Array(SLOTS);
  readonly #failures = new Uint32Array(SLOTS);
  #slot = Number.NaN;

  constructor(windowMs: number) {
    this.#slotMs = windowMs / SLOTS;
  }

  add(hasFailed: boolean, nowMs: number): void {
    this.advance(nowMs);
    const at = this.#slot % SLOTS;
    this.#totals[at] = (this.#totals[at] ?? 0) + 1;
    this.total += 1;
    if (!hasFailed) return;
    this.#failures[at] = (this.#failures[at] ?? 0) + 1;
    this.failed += 1;
  }

  /** Drops what is older than the window. Time that goes backwards moves nothing. */
  advance(nowMs: number): void {
    const slot = Math.floor(nowMs / this.#slotMs);
    if (Number.isNaN(this.#slot) || slot - this.#slot >= SLOTS) {
      this.clear();
      this.#slot = slot;
    }
    while (this.#slot < slot) {
      this.#slot += 1;
      const at = this.#slot % SLOTS;
      this.total -= this.#totals[at] ?? 0;
      this.failed -= this.#failures[at] ?? 0;
      this.#totals[at] = 0;
      this.#failures[at] = 0;
    }
  }

  clear(): void {
    this.#totals.fill(0);
    this.#failures.fill(0);
    this.total = 0;
    this.failed = 0;
  }
}
