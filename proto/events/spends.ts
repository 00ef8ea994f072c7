/**
 * What requests to models took, by whom and of whom, and what is left of budgets: a part of what a node tells controls once a second
 * (calls.ts). Sums of tokens and whole microdollars, which are the same in whatever order they are added up. Pure.
 */
import { isCount, isListOf, isText } from './guards.js';

/** Empty: nobody that is known, or those for whom there was no room. A model is a name of the operator's, or `provider/*`. */
export type SpendNames = readonly [route: string, consumer: string, team: string, model: string, provider: string];

export type SpendSums = readonly [
  /** That took something, or were answered by what was kept: each once, with whoever answered it. */
  requests: number,
  input: number,
  output: number,
  /** Of `input`: from the cache of the provider. */
  cachedInput: number,
  /** Tokens of answers that were kept, or another one's as well: nobody has paid for them again. */
  saved: number,
  /** Of the bills those whose tokens were counted here, for the provider has said nothing. */
  estimated: number,
  /** Of the bills those of which nobody knows the price: their tokens are in, and their cost is not. */
  unpriced: number,
  micros: number,
];

/** As lists, since there may be hundreds in a message. */
export type SpendRow = readonly [names: SpendNames, sums: SpendSums];

export const spendModes = ['local', 'shared', 'strict'] as const;

/** What one budget of one caller has left, as its node knew when a request under it was over. */
export type BudgetRow = readonly [
  /** The route that it is of; empty: all AI routes together. */
  route: string,
  /** As RateLimit fields name it: `team-cost`. */
  name: string,
  unit: string,
  period: string,
  mode: (typeof spendModes)[number],
  /** Whom it counts, in the order of its `by`; none: all together. */
  of: readonly string[],
  /** Whose it is, where it counts for a consumer or a team; else empty. */
  team: string,
  limit: number,
  left: number,
  untilWallMs: number,
];

/** Of one message; what does not fit goes into the next one. */
export const spendRowsMax = 200;
export const budgetRowsMax = 100;
export const spendNameMax = 256;
const NAMES = 5;
const SUMS = 8;
/** As many as a budget may count by. */
const OF_MAX = 4;

export const noSpend: SpendSums = [0, 0, 0, 0, 0, 0, 0, 0];

export function plusSpend(one: SpendSums, other: SpendSums): SpendSums {
  // As many as were there.
  return one.map((sum, i) => sum + (other[i] ?? 0)) as unknown as SpendSums;
}

export function isSpendRow(value: unknown): value is SpendRow {
  if (!Array.isArray(value) || value.length < 2) return false;
  const [names, sums]: unknown[] = value;
  const isWhole = Array.isArray(names) && names.length === NAMES && Array.isArray(sums) && sums.length === SUMS;
  return isWhole && names.every((name) => isText(name, spendNameMax)) && sums.every(isCount);
}

export function isBudgetRow(value: unknown): value is BudgetRow {
  if (!Array.isArray(value) || value.length < 10) return false;
  const [route, name, unit, period, mode, of, team, ...counts]: unknown[] = value;
  const isNamed = [route, name, unit, period, team].every((text) => isText(text, spendNameMax));
  const isName = (text: unknown): text is string => isText(text, spendNameMax);
  const isMode = spendModes.some((one) => one === mode);
  return isNamed && isMode && isListOf(of, OF_MAX, isName) && counts.slice(0, 3).every(isCount);
}

/**
 * Sums by their names. Bounded: of those for whom there is no room only the team is told apart, and beyond twice as many nothing is, so that
 * what was spent is always in it.
 */
export class SpendTable {
  readonly #rows = new Map<string, SpendRow>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** In the order in which they were first met. */
  rows(): readonly SpendRow[] {
    return [...this.#rows.values()];
  }

  add([names, sums]: SpendRow): void {
    const key = keyOf(names);
    if (this.#rows.size < this.#most || this.#rows.has(key)) {
      this.#put(key, names, sums);
      return;
    }
    const [, , team] = names;
    const byTeam: SpendNames = ['', '', team, '', ''];
    const hasRoom = this.#rows.size < 2 * this.#most || this.#rows.has(keyOf(byTeam));
    const rest = hasRoom ? byTeam : nobody;
    this.#put(keyOf(rest), rest, sums);
  }

  /** The first ones, which are no longer in it. */
  take(most: number): readonly SpendRow[] {
    const taken: SpendRow[] = [];
    for (const [key, row] of this.#rows) {
      if (taken.length === most) break;
      taken.push(row);
      this.#rows.delete(key);
    }
    return taken;
  }

  #put(key: string, names: SpendNames, sums: SpendSums): void {
    const known = this.#rows.get(key);
    this.#rows.set(key, [names, known === undefined ? sums : plusSpend(known[1], sums)]);
  }
}

const nobody: SpendNames = ['', '', '', '', ''];
const keyOf = (names: SpendNames): string => names.join('\0');
