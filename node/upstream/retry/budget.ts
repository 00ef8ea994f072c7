/**
 * How many attempts beyond the first a route may make: a share of its own requests, and a floor for quiet routes, which
 * all routes of an upstream have together: a floor of each would add up, and two hundred quiet routes ask a dead upstream
 * twice as much as their clients do. Without it retries multiply just when the upstream can bear it least, and a brown-out becomes an outage (after
 * Finagle's RetryBudget; Google SRE book, ch. 22).
 *
 *   extra attempts of the window  ≤  share × requests of the window  +  floorPerS × window      for each route, and
 *   what all routes of an upstream have made of them beyond their shares  ≤  floorPerS × window
 *
 * Requests of the window are counted as if all of it had been as busy as its last tenth, where that is less: what a
 * peak has earned is not spent when it is over, on an upstream that may be the reason for its end.
 *
 * In a cluster the floor is one for all nodes: each has an equal part of it, which is 10 in ten seconds divided by their number as the
 * configuration has it, and what that leaves over as a fraction adds to what the share has earned. The parts add up to the
 * floor as soon as all nodes count the same ones; who joins brings a part that the others have given up by then, and may have
 * spent within the last window: floor × joined / nodes more, once.
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

/** Extra attempts of one kind that a route has made, and what of them its share did not pay for. */
export class Spending {
  readonly extras: WindowCount;
  readonly byFloor: WindowCount;

  constructor(windowMs: number) {
    this.extras = new WindowCount(windowMs);
    this.byFloor = new WindowCount(windowMs);
  }
}

/** What a budget counts, and others may count with it. */
export interface Accounts {
  /** Original requests of the route. */
  readonly requests: WindowCount;
  readonly own: Spending;
  /** What the floor has paid for, for all routes of the upstream. */
  readonly floor: WindowCount;
  /** Granted by another budget, of the route and of the upstream, and counted here as well. */
  readonly besides: { readonly route: Spending; readonly floor: WindowCount } | null;
  /** Nodes that have the floor together, this one included. */
  readonly nodes: () => number;
}

function accountsOfOne(windowMs: number): Accounts {
  return {
    requests: new WindowCount(windowMs),
    own: new Spending(windowMs),
    floor: new WindowCount(windowMs),
    besides: null,
    nodes: () => 1,
  };
}

export function createBudget(
  { share, floorPerS, windowMs = BUDGET_WINDOW_MS }: BudgetTerms,
  { requests, own, floor, besides, nodes }: Accounts = accountsOfOne(windowMs),
): Budget {
  const floorMax = (): number => (floorPerS * windowMs) / 1_000 / Math.max(1, nodes());
  const earned = (nowMs: number): number => share * Math.min(requests.atLeast(nowMs), BUCKETS * requests.lately(nowMs));
  const spent = (nowMs: number): number => own.extras.atMost(nowMs) + (besides?.route.extras.atMost(nowMs) ?? 0);
  const leftOfShare = (nowMs: number): number => {
    const byFloor = own.byFloor.atMost(nowMs) + (besides?.route.byFloor.atMost(nowMs) ?? 0);
    return Math.max(0, earned(nowMs) - (spent(nowMs) - byFloor));
  };
  const leftOfFloor = (nowMs: number): number =>
    Math.max(0, floorMax() - floor.atMost(nowMs) - (besides?.floor.atMost(nowMs) ?? 0));
  const balance = (nowMs: number): number => {
    const ofRoute = earned(nowMs) + floorMax() - spent(nowMs);
    return Math.max(0, Math.floor(Math.min(ofRoute, leftOfShare(nowMs) + leftOfFloor(nowMs)) + EPSILON));
  };
  return {
    deposit: (nowMs) => requests.add(nowMs),
    withdraw(nowMs) {
      if (balance(nowMs) < 1) return false;
      // Of the one, what the share has no room for.
      const byFloor = Math.max(0, 1 - leftOfShare(nowMs));
      own.extras.add(nowMs);
      own.byFloor.add(nowMs, byFloor);
      floor.add(nowMs, byFloor);
      return true;
    },
    balance,
  };
}
