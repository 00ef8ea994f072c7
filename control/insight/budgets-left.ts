/**
 * What budgets have left, as nodes have told it last: of `shared` ones each node knows what all have spent, so the latest word is that of all;
 * a `local` one is each node's own. Owns what was told; bounded, the one that was silent for longest is forgotten. Pure.
 */
import type { BudgetRow } from '@weir/proto/events/spends.js';

export const budgetsKept = 5_000;

export interface BudgetLeft {
  /** Empty: it is of all AI routes together. */
  readonly route: string;
  readonly name: string;
  /** Of `cost`, amounts are microdollars. */
  readonly unit: string;
  readonly period: string;
  readonly mode: string;
  /** Whom it counts; none: all together. */
  readonly of: readonly string[];
  /** Whose it is; empty: nobody's in particular. */
  readonly team: string;
  readonly limit: number;
  readonly left: number;
  readonly untilMs: number;
  /** When a control heard of it. */
  readonly toldMs: number;
  /** Of a `local` one: which node's; else empty. */
  readonly node: string;
}

export class BudgetsLeft {
  /** In the order in which they were heard of. */
  readonly #known = new Map<string, BudgetLeft>();

  get size(): number {
    return this.#known.size;
  }

  hear(from: string, rows: readonly BudgetRow[], toldMs: number): void {
    for (const [route, name, unit, period, mode, of, team, limit, left, untilMs] of rows) {
      const node = mode === 'local' ? from : '';
      const key = JSON.stringify([route, name, of, node]);
      this.#known.delete(key);
      this.#known.set(key, { route, name, unit, period, mode, of, team, limit, left, untilMs, node, toldMs });
    }
    for (const key of this.#known.keys()) {
      if (this.#known.size <= budgetsKept) return;
      this.#known.delete(key);
    }
  }

  /** In windows that are not over, those first that have the least part left. What nobody has used in its window is whole, and not told. */
  list(nowMs: number): readonly BudgetLeft[] {
    const part = ({ left, limit }: BudgetLeft): number => left / Math.max(1, limit);
    return [...this.#known.values()]
      .filter(({ untilMs }) => untilMs > nowMs)
      .sort((one, other) => part(one) - part(other));
  }
}
