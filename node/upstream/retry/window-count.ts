/**
 * How often something happened in the last while: a ring of buckets, and their sum beside them, so that nothing is added
 * up on the way of a request. Pure: the caller passes the time in.
 */

/** Buckets of one window: a tenth of it is lost at its edge, at most. */
export const BUCKETS = 10;

export class WindowCount {
  /** One more than the window has, for the one that its edge cuts through. */
  readonly #buckets: number[] = new Array<number>(BUCKETS + 1).fill(0);
  readonly #bucketMs: number;
  #sum = 0;
  /** Number of the newest bucket, and its place in the ring. */
  #bucket = Number.NEGATIVE_INFINITY;
  #slot = 0;

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS;
  }

  add(nowMs: number, count = 1): void {
    this.#moveTo(nowMs);
    this.#buckets[this.#slot] = this.#at(this.#slot) + count;
    this.#sum += count;
  }

  /** Since a bucket more than the window: surely all of it. */
  atMost(nowMs: number): number {
    this.#moveTo(nowMs);
    return this.#sum;
  }

  /** Without the bucket that the edge cuts through: surely within the window. */
  atLeast(nowMs: number): number {
    this.#moveTo(nowMs);
    return this.#sum - this.#at(this.#slot + 1);
  }

  /** In the busier one of the last two buckets. */
  lately(nowMs: number): number {
    this.#moveTo(nowMs);
    return Math.max(this.#at(this.#slot), this.#at(this.#slot + BUCKETS));
  }

  #at(slot: number): number {
    return this.#buckets[slot % (BUCKETS + 1)] ?? 0;
  }

  /** Empties the buckets that time has passed over. A time before the newest bucket counts as that bucket's. */
  #moveTo(nowMs: number): void {
    const bucket = Math.floor(nowMs / this.#bucketMs);
    if (bucket <= this.#bucket) return;
    const passed = Math.min(bucket - this.#bucket, BUCKETS + 1);
    for (let i = 0; i < passed; i += 1) {
      this.#slot = (this.#slot + 1) % (BUCKETS + 1);
      this.#sum -= this.#at(this.#slot);
      this.#buckets[this.#slot] = 0;
    }
    this.#bucket = bucket;
  }
}
