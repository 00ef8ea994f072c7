/**
 * Whether an attempt that was given up had waited so long that its target is to blame. A target that swallows requests
 * would otherwise never fail one: when nothing but the deadline of the whole ends its attempts, each of them is merely
 * cancelled, and a client that leaves cancels as well.
 *
 * "So long" is a multiple of what answers of the same route at the same upstream usually take, whichever target gives
 * them: what is slow everywhere is the route's nature and nobody's fault. Whoever leaves early says nothing, and a client
 * can't bring blame about by a deadline that is short for a route that is not.
 *
 * The 95th percentile is followed and not counted: it rises by a step when an answer takes longer and falls by a
 * nineteenth of that when one does not, so that it rests where one in twenty is longer (after Ma, Muthukrishnan and
 * Sandler, "Frugal Streaming for Estimating Quantiles", 2013, with steps that are a share of the estimate).
 */
import type { Attempt } from '../../pipeline/exchange.js';

/** Fewer answers than this are no "usually". */
export const ANSWERS_MIN = 20;
/** As many times the slow end of what is usual. */
export const OVERDUE_FACTOR = 3;
/** Less than this may be a pause of a server that collects its garbage; our own are taken out before. */
export const OVERDUE_MIN_MS = 250;

const QUANTILE = 0.95;
const STEP = 0.1;

export class UsualWait {
  #answers = 0;
  #slowMs = 0;

  /** An answer began after this time. */
  answered(ms: number): void {
    if (this.#answers < ANSWERS_MIN) {
      this.#answers += 1;
      this.#slowMs = Math.max(this.#slowMs, ms);
    } else if (ms > this.#slowMs) this.#slowMs *= 1 + STEP * QUANTILE;
    else this.#slowMs *= 1 - STEP * (1 - QUANTILE);
  }

  /** The slow end of what is usual; NaN while too little is known. */
  get slowMs(): number {
    return this.#answers < ANSWERS_MIN ? Number.NaN : this.#slowMs;
  }

  isOverdue(waitedMs: number): boolean {
    return waitedMs >= Math.max(OVERDUE_MIN_MS, OVERDUE_FACTOR * this.slowMs);
  }
}

/** How long the target alone has been waited for; NaN where it was not, or where its answer has begun. */
export function waitedForTargetMs(attempt: Attempt | undefined, nowMs: number): number {
  if (attempt === undefined) return Number.NaN;
  const { phase, phaseStartMs } = attempt;
  switch (phase) {
    case 'connect':
    case 'tls':
    case 'firstByte':
      return nowMs - phaseStartMs[phase];
    // A place in our queue, or a body that the client may be slow to send; what has a head is no longer silent.
    case 'queue':
    case 'send':
    case 'body':
      return Number.NaN;
  }
}
