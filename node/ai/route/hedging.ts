/**
 * What the streams of a route share for second attempts: when one begins, and how many there may be. They cost tokens, so there are
 * no more than a share of the streams (upstream/retry/budget.ts), and the floor beside it is one for all AI routes and all nodes.
 *
 * To ask twice is safe here, also with tools: an answer has no effect before its caller has it, and one of the two is all that anybody gets.
 */
import type { AiHedgeSpec } from '@weir/proto/snapshot/ai.js';
import type { Budget } from '../../upstream/retry/budget.js';
import type { BudgetStore } from '../../upstream/retry/budget-store.js';
import { type FirstTokens, HedgeDelays } from './first-tokens.js';

/** No upstream has such an id: parentheses keep it apart from all of them. */
const ALL_MODELS = '(models)';

export class Hedging {
  readonly budget: Budget;
  readonly #delays: HedgeDelays;
  /** Null where the delay is stated, and then nothing is measured. */
  readonly #seen: FirstTokens | null;

  constructor(
    { after, budgetShare, budgetFloorPerS }: AiHedgeSpec,
    routeId: string,
    seen: FirstTokens,
    budgets: BudgetStore,
  ) {
    this.#delays = new HedgeDelays(after, seen);
    this.#seen = after.kind === 'fixed' ? null : seen;
    const terms = { share: budgetShare, floorPerS: budgetFloorPerS };
    this.budget = budgets.budget('hedge', routeId, ALL_MODELS, terms);
  }

  delayMs(model: string, nowMs: number): number {
    return this.#delays.delayMs(model, nowMs);
  }

  answered(model: string, firstTokenMs: number, nowMs: number): void {
    this.#seen?.window(model).answered(firstTokenMs, nowMs);
  }

  gaveUp(model: string, afterMs: number, nowMs: number): void {
    this.#seen?.window(model).gaveUp(afterMs, nowMs);
  }
}
