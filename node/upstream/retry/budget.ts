/**
 * How many attempts beyond the first a route may make: a share of its own requests, and a floor for quiet routes.
 * Without it retries multiply just when the upstream can bear it least, and a brown-out becomes an outage (after
 * Finagle's RetryBudget; Google SRE book, ch. 22).
 *
 *   extra attempts of the window  ≤  share × requests of the window  +  floorPerS × window
 *
 * Requests of the window are counted as if all of it had been as busy as its last tenth, where that is less: what a
 * peak has earned is not spent when it is over, on an upstream that may be the reason for its end.
 *
 * The window slides by buckets. Where its edge cuts through the oldest bucket, its requests no longer count and its
 * extra attempts still do, so the rule holds to the millisecond, whenever one looks back from an extra attempt:
 *
 *   ring   │ k-10 │ k-9 │ k-8 │  …  │ k-1 │ k │◀ now
 *   requests       ├────────── counted ───────┤          lies within the window
 *   extras  ├───────────────── counted ───────┤          covers the window
 *
 * Retries and hedges of a route have a budget each, but a retry counts in both: hedges are made in the hope that they
 * help, retries because something has failed, so hedges give way. Together they are no more than the larger share
 * where retries come first, and the sum of both where they come last.
 */
import { BUCKETS, WindowCount } from './window-count.js';

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

export const BUDGET_WINDOW_MS = 10_000;
/** Sums of fractions are off by far less than this. */
const EPSILON = 1e-9;

/** `extras` are what this budget has granted; `besides` were granted by another, and count here as well. */
export function createBudget(
  { share, floorPerS, windowMs = BUDGET_WINDOW_MS }: BudgetTerms,
  extras = new WindowCount(windowMs),
  besides: WindowCount | null = null,
): Budget {
  const floor = (floorPerS * windowMs) / 1_000;
  const requests = new WindowCount(windowMs);
  const balance = (nowMs: number): number => {
    const counted = Math.min(requests.atLeast(nowMs), BUCKETS * requests.lately(nowMs));
    const spent = extras.atMost(nowMs) + (besides === null ? 0 : besides.atMost(nowMs));
    return Math.max(0, Math.floor(share * counted + floor - spent + EPSILON));
  };
  return {
    deposit: (nowMs) => requests.add(nowMs),
    withdraw(nowMs) {
      if (balance(nowMs) < 1) return false;
      extras.add(nowMs);
      return true;
    },
    balance,
  };
}
