/**
 * How many attempts beyond the first a route may make: a share of its own requests, and a floor for quiet routes.
 * Without it retries multiply just when the upstream can bear it least, and a brown-out becomes an outage (after
 * Finagle's RetryBudget; Google SRE book, ch. 22).
 *
 *   extra attempts of the window  ≤  share × requests of the window  +  floorPerS × window
 *
 * The window slides by buckets. Where its edge cuts through the oldest bucket, its requests no longer count and its
 * extra attempts still do, so the rule holds to the millisecond, whenever one looks back from an extra attempt:
 *
 *   ring   │ k-10 │ k-9 │ k-8 │  …  │ k-1 │ k │◀ now
 *   requests       ├────────── counted ───────┤          lies within the window
 *   extras  ├───────────────── counted ───────┤          covers the window
 */

export interface Budget {
  /** One original request. */
  deposit(nowMs: number): void;
  /** One extra attempt: true when it may be made, and then it is counted. */
  withdraw(nowMs: number): boolean;
  /** Extra attempts that could be made now. */
  balance(nowMs: number): number;
}

/** What the rule needs to know; part of RetrySpec and HedgeSpec. */
export interface BudgetTerms {
  readonly share: number;
  readonly floorPerS: number;
  /** Default: ten seconds, as the configuration says it. */
  readonly windowMs?: number;
}

/** Buckets of one window: a tenth of it is lost at its edge, at most. */
const BUCKETS = 10;
/** Sums of fractions are off by far less than this. */
const EPSILON = 1e-9;

export function createBudget({ share, floorPerS, windowMs = 10_000 }: BudgetTerms): Budget {
  return new WindowBudget(share, (floorPerS * windowMs) / 1_000, windowMs / BUCKETS);
}

class WindowBudget implements Budget {
  readonly #share: number;
  readonly #floor: number;
  readonly #bucketMs: number;
  /** Rings by bucket number; sums beside them, so that nothing is added up on the way of a request. */
  readonly #requests: number[] = new Array<number>(BUCKETS + 1).fill(0);
  readonly #extras: number[] = new Array<number>(BUCKETS + 1).fill(0);
  #requestsSum = 0;
  #extrasSum = 0;
  /** Number of the newest bucket, and its place in the rings. */
  #bucket = Number.NEGATIVE_INFINITY;
  #slot = 0;

  constructor(share: number, floor: number, bucketMs: number) {
    this.#share = share;
    this.#floor = floor;
    this.#bucketMs = bucketMs;
  }

  deposit(nowMs: number): void {
    this.#moveTo(nowMs);
    this.#requests[this.#slot] = (this.#requests[this.#slot] ?? 0) + 1;
    this.#requestsSum += 1;
  }

  withdraw(nowMs: number): boolean {
    if (this.balance(nowMs) < 1) return false;
    this.#extras[this.#slot] = (this.#extras[this.#slot] ?? 0) + 1;
    this.#extrasSum += 1;
    return true;
  }

  balance(nowMs: number): number {
    this.#moveTo(nowMs);
    const oldest = this.#requests[(this.#slot + 1) % (BUCKETS + 1)] ?? 0;
    const allowed = this.#share * (this.#requestsSum - oldest) + this.#floor;
    return Math.max(0, Math.floor(allowed - this.#extrasSum + EPSILON));
  }

  /** Empties the buckets that time has passed over. A time before the newest bucket counts as that bucket's. */
  #moveTo(nowMs: number): void {
    const bucket = Math.floor(nowMs / this.#bucketMs);
    if (bucket <= this.#bucket) return;
    const passed = Math.min(bucket - this.#bucket, BUCKETS + 1);
    for (let i = 0; i < passed; i += 1) this.#clearNext();
    this.#bucket = bucket;
  }

  #clearNext(): void {
    this.#slot = (this.#slot + 1) % (BUCKETS + 1);
    this.#requestsSum -= this.#requests[this.#slot] ?? 0;
    this.#extrasSum -= this.#extras[this.#slot] ?? 0;
    this.#requests[this.#slot] = 0;
    this.#extras[this.#slot] = 0;
  }
}
