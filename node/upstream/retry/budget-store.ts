/**
 * Budgets that outlive snapshots: one per (kind, route, terms), shared by all chains that were ever compiled for them.
 * A reload that leaves the terms as they are leaves what was spent as it is; otherwise each reload would grant it anew.
 * The retries of a route are counted once, whatever the terms, because its hedges give way to them (budget.ts).
 */
import { LRUCache } from 'lru-cache';
import { BUDGET_WINDOW_MS, type Budget, type BudgetTerms, createBudget } from './budget.js';
import { WindowCount } from './window-count.js';

/** Retries and hedges are answers to different troubles, and each has a budget of its own. */
export type BudgetKind = 'retry' | 'hedge';

export interface BudgetStore {
  /** The same object for the same kind, route and terms as long as the node lives. */
  budget(kind: BudgetKind, routeId: string, terms: BudgetTerms): Budget;
}

/** Budgets of all snapshots since the node began, the least recently compiled forgotten first. */
const BUDGETS_MAX = 20_000;

export function createBudgetStore(budgetsMax = BUDGETS_MAX): BudgetStore {
  // Bounded by a size of one each instead of by a number: for a number the library reserves all its memory at once.
  const bound = { maxSize: budgetsMax, sizeCalculation: () => 1 };
  const budgets = new LRUCache<string, Budget>(bound);
  const retries = new LRUCache<string, WindowCount>(bound);
  const retriesOf = (routeId: string, windowMs: number): WindowCount => {
    const identity = JSON.stringify([routeId, windowMs]);
    const made = retries.get(identity) ?? new WindowCount(windowMs);
    retries.set(identity, made);
    return made;
  };
  return {
    budget(kind, routeId, terms) {
      const identity = JSON.stringify([kind, routeId, terms.share, terms.floorPerS, terms.windowMs]);
      const known = budgets.get(identity);
      if (known !== undefined) return known;
      const made = madeFor(kind, terms, retriesOf(routeId, terms.windowMs ?? BUDGET_WINDOW_MS));
      budgets.set(identity, made);
      return made;
    },
  };
}

const madeFor = (kind: BudgetKind, terms: BudgetTerms, retries: WindowCount): Budget =>
  kind === 'retry' ? createBudget(terms, retries) : createBudget(terms, undefined, retries);
