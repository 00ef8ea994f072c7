/**
 * How long a request that waits for a place will wait, and how long its answer takes then. Owned by the gate.
 *
 * The rate at which places become free is measured only while requests wait: at other times it says how much was asked,
 * not how much could be done. Where little was seen yet, Little's law fills in: so many in flight, each that long. Time
 * in which nothing ends counts as well, so an upstream that stands still is noticed before anything times out.
 *
 * The typical time of an answer is a running median (Ma, Muthukrishnan and Sandler, "Frugal streaming", 2013, with
 * steps in proportion): one number, and the few that take very long don't move it. Pure: the caller passes the time in.
 */

/** What was seen this long ago counts a third. */
const DECAY_MS = 1_000;
/** Little's law counts as much as this many places that have become free. */
const PRIOR_PLACES = 5;
/** One answer moves the median by this share; fifty take it to 2.7 times what it was. */
const MEDIAN_STEP = 0.02;

export class WaitEstimate {
  /** Median time of a good answer in milliseconds, 0 before the first. */
  typicalMs = 0;
  #places = 0;
  #seenMs = 0;
  /** Until when the two above tell; NaN: nobody waits. */
  #untilMs = Number.NaN;
  #idleSinceMs = Number.NaN;

  answered(tookMs: number): void {
    if (this.typicalMs === 0) this.typicalMs = Math.max(tookMs, 0.1);
    else this.typicalMs *= tookMs > this.typicalMs ? 1 + MEDIAN_STEP : 1 / (1 + MEDIAN_STEP);
  }

  /** The first request waits. */
  waitingBegan(nowMs: number): void {
    if (!Number.isNaN(this.#idleSinceMs)) this.#forget(nowMs - this.#idleSinceMs);
    this.#untilMs = nowMs;
  }

  /** Nobody waits any more. */
  waitingEnded(nowMs: number): void {
    this.#advance(nowMs);
    this.#untilMs = Number.NaN;
    this.#idleSinceMs = nowMs;
  }

  /** A place has become free; counted while requests wait. */
  freed(nowMs: number): void {
    if (Number.isNaN(this.#untilMs)) return;
    this.#advance(nowMs);
    this.#places += 1;
  }

  /** Milliseconds until so many places have become free, with so many in flight; 0 while nothing is known. */
  waitMs(places: number, inFlight: number, nowMs: number): number {
    if (this.typicalMs === 0) return 0;
    const openMs = Number.isNaN(this.#untilMs) ? 0 : nowMs - this.#untilMs;
    const priorMs = (PRIOR_PLACES * this.typicalMs) / Math.max(1, inFlight);
    return (places * (this.#seenMs + openMs + priorMs)) / (this.#places + PRIOR_PLACES);
  }

  #advance(nowMs: number): void {
    const passedMs = nowMs - this.#untilMs;
    this.#forget(passedMs);
    this.#seenMs += passedMs;
    this.#untilMs = nowMs;
  }

  #forget(passedMs: number): void {
    const kept = Math.exp(-passedMs / DECAY_MS);
    this.#places *= kept;
    this.#seenMs *= kept;
  }
}
