/** What was spent in a window, by whom or of whom: what `weir ai spend` and the console show. Pure. */
import { noSpend, plusSpend, type SpendNames, type SpendRow, type SpendSums } from '@weir/proto/events/spends.js';
import type { BudgetLeft } from './budgets-left.js';
import { stepMs } from './point.js';
import { keptBuckets, type SpendStep } from './spends.js';

export const spendKinds = ['team', 'consumer', 'model', 'provider', 'route'] as const;
export type SpendKind = (typeof spendKinds)[number];

const placeOf: Readonly<Record<SpendKind, number>> = { route: 0, consumer: 1, team: 2, model: 3, provider: 4 };

export interface Spent {
  /** That took something, or were answered by what was kept. */
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the input: from the cache of the provider. */
  readonly cachedTokens: number;
  /** Of answers that the gateway had kept: nobody has paid for them again. */
  readonly savedTokens: number;
  /** Bills whose tokens were counted here. */
  readonly estimated: number;
  /** Bills of which nobody knows the price: their cost is in no sum. */
  readonly unpriced: number;
  /** Microdollars. */
  readonly costMicros: number;
}

export interface SpentBy extends Spent {
  /** Empty: nobody that is known; those that were too many to be told apart. */
  readonly name: string;
}

export type SpendFilter = Readonly<Partial<Record<SpendKind, string>>>;

export interface SpendReport {
  /** What cost most first. */
  readonly items: readonly SpentBy[];
  /** Of all of it, also of those for whom `items` has no room. */
  readonly total: Spent;
}

/** What `GET /v1/insight/spend` answers. */
export interface SpendAnswer extends SpendReport {
  readonly by: SpendKind;
  readonly step: SpendStep;
  /** Unix milliseconds. */
  readonly from: number;
  readonly to: number;
  /** Those first that have the least part left. */
  readonly budgets: readonly BudgetLeft[];
}

export const nameIn = (names: SpendNames, kind: SpendKind): string => names[placeOf[kind]] ?? '';

export function spendReport(rows: readonly SpendRow[], by: SpendKind, filter: SpendFilter, max: number): SpendReport {
  const sums = new Map<string, SpendSums>();
  let total = noSpend;
  for (const [names, sum] of rows) {
    const isWanted = spendKinds.every((kind) => filter[kind] === undefined || filter[kind] === nameIn(names, kind));
    if (!isWanted) continue;
    const name = nameIn(names, by);
    sums.set(name, plusSpend(sums.get(name) ?? noSpend, sum));
    total = plusSpend(total, sum);
  }
  const items = [...sums].map(([name, sum]) => ({ name, ...spentOf(sum) }));
  return { items: items.sort(moreFirst).slice(0, max), total: spentOf(total) };
}

function moreFirst(one: SpentBy, other: SpentBy): number {
  const tokens = (spent: Spent): number => spent.inputTokens + spent.outputTokens;
  return other.costMicros - one.costMicros || tokens(other) - tokens(one) || (one.name < other.name ? -1 : 1);
}

function spentOf([
  requests,
  inputTokens,
  outputTokens,
  cachedTokens,
  savedTokens,
  estimated,
  ...rest
]: SpendSums): Spent {
  const [unpriced, costMicros] = rest;
  const tokens = { inputTokens, outputTokens, cachedTokens, savedTokens };
  return { requests, ...tokens, estimated, unpriced, costMicros };
}

/** Of whole minutes where those are kept for as long, else of whole hours. */
export interface SpendWindow {
  readonly step: SpendStep;
  readonly fromMs: number;
}

export function spendWindow(lengthMs: number, nowMs: number): SpendWindow {
  // The minute that is not over yet is one of those that are kept.
  const step = lengthMs < keptBuckets['1m'] * stepMs['1m'] ? '1m' : '1h';
  return { step, fromMs: Math.max(0, Math.floor((nowMs - lengthMs) / stepMs[step]) * stepMs[step]) };
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
export const spendLengthMaxMs = keptBuckets['1h'] * stepMs['1h'];

/** `90m`, `24h`, `30d`; null: it is none, or longer than is kept. */
export function readLength(text: string): number | null {
  const [, count = '', unit = ''] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? [];
  const lengthMs = Number(count) * (unitMs[unit as keyof typeof unitMs] ?? 0); // What the pattern lets through, or none.
  return lengthMs > 0 && lengthMs <= spendLengthMaxMs ? lengthMs : null;
}
