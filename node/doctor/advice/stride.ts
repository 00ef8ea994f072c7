/**
 * Which requests are looked at: each one where there are few, and else one of so many that about a hundred a second are. The gap to the next
 * one is drawn by chance around the stride, for traffic that comes in turns would else show one of its turns alone. Pure.
 *
 *   every second:  fewer than half of what may be  ─▶ half the stride
 *   at any time:   as many as may be already       ─▶ twice the stride
 *   a second without a look                        ─▶ the next one, whatever the gap
 *
 * So a burst costs its looks once for each doubling, a dozen times at most, and a node that rests looks at everything again within seconds.
 */
import type { Random } from '../../time/clock.js';

export const LOOKS_PER_S = 100;
const STRIDE_MAX = 65_536;

export class Stride {
  /** Requests until the next look; what each request costs is this count. */
  #left = 1;
  #gap = 1;
  #dueMs = Number.NEGATIVE_INFINITY;
  #stride = 1;
  #looks = 0;
  #secondAtMs = Number.NEGATIVE_INFINITY;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Whether this request is one of them. */
  takes(nowMs: number): boolean {
    this.#left -= 1;
    return this.#left <= 0 || nowMs >= this.#dueMs;
  }

  /** It is looked at; returns for how many requests it stands: those since the last one. */
  took(nowMs: number): number {
    const weight = this.#gap - this.#left;
    if (nowMs >= this.#secondAtMs + 1_000) {
      if (this.#looks < LOOKS_PER_S / 2) this.#stride = Math.max(1, this.#stride / 2);
      this.#looks = 0;
      this.#secondAtMs = nowMs;
    }
    this.#looks += 1;
    if (this.#looks >= LOOKS_PER_S) {
      this.#stride = Math.min(STRIDE_MAX, this.#stride * 2);
      this.#looks = 0;
    }
    // From 1 to twice the stride less one: the stride in the mean.
    this.#gap = 1 + Math.floor(this.#random() * (2 * this.#stride - 1));
    this.#left = this.#gap;
    this.#dueMs = nowMs + 1_000;
    return weight;
  }
}
