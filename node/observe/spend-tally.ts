/**
 * What requests to models took since controls were told last, by route, consumer, team, model and provider, and what was left of their
 * budgets when they were over. Owns both until they are taken; what could not be told comes back, so that a bus that is away for a while
 * costs controls nothing of it but the names of those for whom there was no room.
 */
import { callNameMax } from '@weir/proto/events/calls.js';
import {
  type BudgetRow,
  budgetRowsMax,
  type SpendNames,
  type SpendRow,
  type SpendSums,
  SpendTable,
  spendRowsMax,
} from '@weir/proto/events/spends.js';
import type { AiBilled, AiBudgetLeft, AiOutcome } from '../ai/gateway/outcome.js';
import { toldConsumer } from '../auth/own-consumers.js';
import type { Exchange } from '../pipeline/exchange.js';

/** Rows that are told apart: of five seconds in each of which a message is full. */
const ROWS_MAX = 1_000;
/** Budgets of callers; beyond it the one heard of first is told when it is used again. */
const BUDGETS_MAX = 1_000;

export interface TakenSpends {
  readonly spends: readonly SpendRow[];
  readonly budgets: readonly BudgetRow[];
}

export class SpendTally {
  readonly #table = new SpendTable(ROWS_MAX);
  readonly #budgets = new Map<string, BudgetRow>();

  ended(exchange: Exchange): void {
    const { ai, routeId } = exchange;
    if (ai === null) return;
    const consumer = toldConsumer(exchange);
    for (const budget of ai.budgets) this.#left(rowOf(budget));
    const namesAt = (provider: string) => namesOf(routeId, consumer, ai, provider);
    // Else nothing was taken: nobody was asked, all were asked in vain, or its client left and its stream is told of when it ends.
    if (ai.bill.length > 0 || ai.saved !== null) {
      const saved = ai.saved === null ? 0 : whole(ai.saved.input) + whole(ai.saved.output);
      this.#table.add([namesAt(ai.provider), [1, 0, 0, 0, saved, 0, 0, 0]]);
    }
    for (const billed of ai.bill) this.#table.add([namesAt(billed.provider), sumsOf(billed)]);
    // By nobody's name: the model that was asked for is another one.
    for (const aside of ai.asides) {
      const names = namesOf(routeId, consumer, { ...ai, model: `${aside.provider}/*` }, aside.provider);
      this.#table.add([names, sumsOf(aside)]);
    }
  }

  /** Null where nothing was spent. */
  take(): TakenSpends | null {
    if (this.#table.size + this.#budgets.size === 0) return null;
    const budgets: BudgetRow[] = [];
    for (const [key, row] of this.#budgets) {
      if (budgets.length === budgetRowsMax) break;
      budgets.push(row);
      this.#budgets.delete(key);
    }
    return { spends: this.#table.take(spendRowsMax), budgets };
  }

  /** What was taken last could not be told. */
  giveBack({ spends, budgets }: TakenSpends): void {
    for (const row of spends) this.#table.add(row);
    // What was met since is newer.
    for (const row of budgets) if (!this.#budgets.has(budgetKey(row))) this.#left(row);
  }

  #left(row: BudgetRow): void {
    const key = budgetKey(row);
    this.#budgets.delete(key);
    this.#budgets.set(key, row);
    const [oldest] = this.#budgets.keys();
    if (this.#budgets.size > BUDGETS_MAX && oldest !== undefined) this.#budgets.delete(oldest);
  }
}

function sumsOf({ usage, costMicros }: AiBilled): SpendSums {
  return [
    ...([0, whole(usage.input), whole(usage.output), whole(usage.cachedInput), 0] as const),
    ...([usage.isEstimated ? 1 : 0, costMicros === null ? 1 : 0, whole(costMicros ?? 0)] as const),
  ];
}

/** Providers may say anything; what is told is a count. */
function whole(count: number): number {
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

function namesOf(route: string, consumer: string, { model, team }: AiOutcome, provider: string): SpendNames {
  return [named(route), named(consumer), named(team), named(model), named(provider)];
}

const named = (text: string): string => (text.length > callNameMax ? text.slice(0, callNameMax) : text);

function rowOf({ route, name, unit, period, mode, of, team, limit, left, untilWallMs }: AiBudgetLeft): BudgetRow {
  const terms = [named(route), named(name), unit, period, mode] as const;
  return [...terms, of.map(named), named(team), limit, whole(left), whole(untilWallMs)];
}

const budgetKey = ([route, name, , , , of]: BudgetRow): string => JSON.stringify([route, name, of]);
