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
  /** How many wait. */
  count = 0;
  #oldest = NONE;
  #newest = NONE;
  #free = NONE;
  /** One that began after the oldest has its answer already. */
  #isOldestOvertaken = false;

  /** Must be called in the order of time. */
  add(nowMs: number): number {
    const token = this.#place();
    this.#startedAtMs[token] = nowMs;
    this.#before[token] = this.#newest;
    this.#after[token] = NONE;
    if (this.#newest === NONE) this.#oldest = token;
    else this.#after[this.#newest] = token;
    this.#newest = token;
    this.count += 1;
    return token;
  }

  /** Removes one that was answered, which those that began before it were not. */
  answer(token: number): number {
    const oldest = this.#oldest;
    const startedAtMs = this.remove(token);
    if (!Number.isNaN(startedAtMs) && token !== oldest) this.#isOldestOvertaken = true;
    return startedAtMs;
  }

  /** When it began; NaN for one that is not pending, which includes one that was removed before. */
  remove(token: number): number {
    const startedAtMs = this.#startedAtMs[token] ?? FREE;
    if (Number.isNaN(startedAtMs)) return FREE;
    const before = this.#before[token] ?? NONE;
    const after = this.#after[token] ?? NONE;
    if (before === NONE) {
      this.#oldest = after;
      this.#isOldestOvertaken = false;
    } else this.#after[before] = after;
    if (after === NONE) this.#newest = before;
    else this.#before[after] = before;
    this.#startedAtMs[token] = FREE;
    this.#after[token] = this.#free;
    this.#free = token;
    this.count -= 1;
    return startedAtMs;
  }

  /**
   * How long the one that waits longest has waited; 0 when none does. One that others have overtaken is left out: what
   * it asks for takes long, and the target answers. But it is one alone: of two that wait long, the target may be to blame.
   */
  pressingAgeMs(nowMs: number): number {
    const oldest = this.#oldest;
    if (oldest === NONE) return 0;
    const pressing = this.#isOldestOvertaken ? (this.#after[oldest] ?? NONE) : oldest;
    return pressing === NONE ? 0 : nowMs - (this.#startedAtMs[pressing] ?? nowMs);
  }

  #place(): number {
    const token = this.#free;
    if (token === NONE) return this.#startedAtMs.length;
    this.#free = this.#after[token] ?? NONE;
    return token;
  }
}
