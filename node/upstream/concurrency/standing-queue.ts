/**
 * Whether a queue stands: more comes than goes, for longer than a burst lasts. Owned by the line it watches.
 *
 * The criterion is CoDel's (Nichols and Jacobson, "Controlling Queue Delay", ACM Queue 2012; RFC 8289 §4): a queue is
 * good while its wait falls below a target now and then, and stands when for a whole interval it did not. What follows
 * is Facebook's ("Fail at Scale", ACM Queue 2015): from then on the newest goes first and nobody waits longer than a
 * moment. Those who are served are served in time, and the rest learn at once that they will not be; a long queue in
 * order would answer everyone too late. Who waited already when it began is still served in order: they have paid.
 *
 *   calm ──the oldest waited beyond the target, all through an interval──▶ standing
 *     ▲                                                                      │
 *     └── fifty in a row were served, or a second went by, without a drop ───┘
 *
 * Both papers use 100 ms and 20 or 5 ms. An upstream that is 95 % busy has longer queues than that by chance, and a
 * twentieth of its requests would be refused for nothing (measured with testing/crowd.ts): hence 500 ms and 100 ms, and
 * more where answers take long. Pure: the caller passes the time in.
 */

const INTERVAL_MIN_MS = 500;
const INTERVAL_ANSWERS = 2;
/** Share of the interval. */
const TARGET_SHARE = 0.2;
/** While it stands, a request may wait this long: with the tick of the timers, 8 ms, its client hears of it within 20 ms. */
const WAIT_MIN_MS = 5;
/** An overload by a tenth drops one in ten, so that such a row is one in two hundred: not by chance. */
const CALM_ROW = 50;
const CALM_MS = 1_000;

export class StandingQueue {
  /** The newest goes first, and nobody who came since then waits longer than `standingWaitMs`. */
  stands = false;
  stoodSinceMs = Number.NaN;
  /** Since when the oldest has waited beyond the target, at every look; NaN: it has not. */
  #aboveSinceMs = Number.NaN;
  /** Since the last drop. */
  #served = 0;
  #droppedAtMs = Number.NEGATIVE_INFINITY;

  /** Looks at the queue whenever it changes; `oldestMs` is how long the oldest has waited, NaN when nobody waits. */
  look(oldestMs: number, typicalMs: number, nowMs: number): void {
    if (this.stands) {
      this.stands = nowMs - this.#droppedAtMs < CALM_MS && this.#served < CALM_ROW;
      return;
    }
    const intervalMs = intervalOf(typicalMs);
    if (!(oldestMs > intervalMs * TARGET_SHARE)) {
      this.#aboveSinceMs = Number.NaN;
    } else if (Number.isNaN(this.#aboveSinceMs)) {
      this.#aboveSinceMs = nowMs;
    } else if (nowMs - this.#aboveSinceMs >= intervalMs) {
      this.begin(nowMs);
    }
  }

  /** It stands from now on: seen here, or known from elsewhere. */
  begin(nowMs: number): void {
    this.stands = true;
    this.stoodSinceMs = nowMs;
    this.#aboveSinceMs = Number.NaN;
    this.dropped(nowMs);
  }

  /** A request that waited was given a place. */
  served(): void {
    this.#served += 1;
  }

  /** A request was dropped, or refused because the queue was full. */
  dropped(nowMs: number): void {
    this.#served = 0;
    this.#droppedAtMs = nowMs;
  }
}

/** How long a request may wait while the queue stands: at a slow upstream, long enough to see a place become free. */
export function standingWaitMs(placeMs: number): number {
  return Math.max(WAIT_MIN_MS, placeMs);
}

function intervalOf(typicalMs: number): number {
  return Math.max(INTERVAL_MIN_MS, INTERVAL_ANSWERS * typicalMs);
}
