/**
 * Budgets that outlive snapshots: one per (kind, route, upstream, terms), shared by all chains that were ever compiled for
 * them. What they count is shared further, whatever the terms, so that a reload never grants anew what was spent: the
 * requests and the spending of a route, which a fallback to another upstream draws on as well, and of an upstream what
 * its floor has paid for. The nodes of a cluster have a floor together (budget.ts). Hedges count the retries beside them, because they give way to those (budget.ts).
 */
import { boundedKeys } from '../../limit/local-limiter.js';
import { KnownKeys } from '../../pipeline/known-keys.js';
import { BUDGET_WINDOW_MS, type Budget, type BudgetTerms, createBudget, Spending } from './budget.js';
import { WindowCount } from './window-count.js';

/** Retries and hedges are answers to different troubles, and each has a budget of its own. */
export type BudgetKind = 'retry' | 'hedge';

export interface BudgetStore {
  /** The same object for the same kind, route, upstream and terms as long as the node lives. */
  budget(kind: BudgetKind, routeId: string, upstreamId: string, terms: BudgetTerms): Budget;
}

/** As its owner has it. */
export interface OwnedBudgets extends BudgetStore {
  /** Another snapshot begins to ask. */
  nextSnapshot(): void;
}

/** Budgets of all snapshots since the node began, the least recently compiled forgotten first. */
const BUDGETS_MAX = 20_000;

export function createBudgetStore(nodes: () => number = () => 1, budgetsMax = BUDGETS_MAX): OwnedBudgets {
  const budgets = keptBy<Budget>(budgetsMax);
  const requests = keptBy<WindowCount>(budgetsMax);
  const spendings = keptBy<Spending>(budgetsMax);
  const floors = keptBy<WindowCount>(budgetsMax);
  const keys = new KnownKeys<BudgetTerms>();
  return {
    nextSnapshot: () => keys.nextSnapshot(),
    budget: (kind, routeId, upstreamId, terms) =>
      budgets(keys.of(terms, [kind, routeId, upstreamId], saidOf), () => {
        const windowMs = terms.windowMs ?? BUDGET_WINDOW_MS;
        const count = (): WindowCount => new WindowCount(windowMs);
        const spendingOf = (of: BudgetKind) => spendings(keyOf([of, routeId, windowMs]), () => new Spending(windowMs));
        const floorOf = (of: BudgetKind) => floors(keyOf([of, upstreamId, windowMs]), count);
        return createBudget(terms, {
          requests: requests(keyOf([kind, routeId, windowMs]), count),
          own: spendingOf(kind),
          floor: floorOf(kind),
          nodes,
          besides: kind === 'retry' ? null : { route: spendingOf('retry'), floor: floorOf('retry') },
        });
      }),
  };
}

function saidOf({ share, floorPerS, windowMs }: BudgetTerms): readonly unknown[] {
  return [share, floorPerS, windowMs];
}

type Kept<V extends object> = (key: string, make: () => V) => V;

const keyOf = (identity: readonly unknown[]): string => JSON.stringify(identity);

function keptBy<V extends object>(max: number): Kept<V> {
  const cache = boundedKeys<V>(max);
  return (key, make) => {
    const known = cache.get(key);
    if (known !== undefined) return known;
    const made = make();
    cache.set(key, made);
    return made;
  };
}
