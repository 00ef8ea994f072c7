/**
 * When the attempts that still wait were begun, and which of them waits longest: asked at every pick, so all of it is
 * O(1) and allocates only while the number of attempts in flight grows to a new height.
 *
 * Attempts begin in the order of time, so a list in the order of beginning has the oldest first. The links are indices
 * into three arrays; an index is the token of its attempt, and those that have ended form the list of free ones.
 *
 *   oldest ⇄ … ⇄ newest          free → … → NONE
 */

const NONE = -1;
/** Stands in `#startedAtMs` for a place that is free, so that a token that is handed back twice does no harm. */
const FREE = Number.NaN;

export class Pending {
  readonly #startedAtMs: number[] = [];
  readonly #before: number[] = [];
  readonly #after: number[] = [];
  #oldest = NONE;
  #newest = NONE;
  #free = NONE;

  /** Must be called in the order of time. */
  add(nowMs: number): number {
    const token = this.#place();
    this.#startedAtMs[token] = nowMs;
    this.#before[token] = this.#newest;
    this.#after[token] = NONE;
    if (this.#newest === NONE) this.#oldest = token;
    else this.#after[this.#newest] = token;
    this.#newest = token;
    return token;
  }

  /** When it began; NaN for one that is not pending, which includes one that was removed before. */
  remove(token: number): number {
    const startedAtMs = this.#startedAtMs[token] ?? FREE;
    if (Number.isNaN(startedAtMs)) return FREE;
    const before = this.#before[token] ?? NONE;
    const after = this.#after[token] ?? NONE;
    if (before === NONE) this.#oldest = after;
    else this.#after[before] = after;
    if (after === NONE) this.#newest = before;
    else this.#before[after] = before;
    this.#startedAtMs[token] = FREE;
    this.#after[token] = this.#free;
    this.#free = token;
    return startedAtMs;
  }

  /** How long the one that waits longest has waited; 0 when none does. */
  oldestAgeMs(nowMs: number): number {
    return this.#oldest === NONE ? 0 : nowMs - (this.#startedAtMs[this.#oldest] ?? nowMs);
  }

  #place(): number {
    const token = this.#free;
    if (token === NONE) return this.#startedAtMs.length;
    this.#free = this.#after[token] ?? NONE;
    return token;
  }
}
