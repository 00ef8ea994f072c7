/**
 * What a call has cost. Prices are whole picodollars for a token (0.0375 dollars for a million tokens are 37,500), costs whole
 * microdollars: no sum depends on the order in which it was added up. Pure.
 */
import type { Usage } from '../chat/chat-answer.js';

/** Picodollars for one. Of several tiers the last counts whose `above` the input tokens of the call exceed, for all its tokens. */
export type Rate =
  | number
  | { readonly base: number; readonly tiers: readonly { readonly above: number; readonly rate: number }[] };

export interface Rates {
  readonly input: Rate;
  readonly output: Rate;
  /** Absent: as `input`. */
  readonly cachedInput?: Rate;
  readonly cacheWrite?: Rate;
  /** Absent: as `output`. */
  readonly reasoning?: Rate;
  /** For the call itself, whatever it holds. */
  readonly request?: number;
}

/** Rates that hold at times. Of several periods the last that holds counts; the first holds where none does. */
export interface PricePeriod {
  readonly rates: Rates;
  /** From this moment on. */
  readonly fromMs: number | null;
  /** Seconds of the day in UTC, from one to before the other; over midnight where `toS` is the smaller one. */
  readonly daily: { readonly fromS: number; readonly toS: number } | null;
}

const PICO_PER_MICRO = 1_000_000n;
const DAY_MS = 86_400_000;

export function picodollars(dollarsForMillion: number): number {
  return Math.round(dollarsForMillion * 1_000_000);
}

export function ratesAt(periods: readonly PricePeriod[], nowMs: number): Rates | null {
  const holding = periods.findLast((period) => holds(period, nowMs)) ?? periods[0];
  return holding?.rates ?? null;
}

function holds({ fromMs, daily }: PricePeriod, nowMs: number): boolean {
  if (fromMs !== null && nowMs < fromMs) return false;
  if (daily === null) return true;
  const nowS = (((nowMs % DAY_MS) + DAY_MS) % DAY_MS) / 1_000;
  const isOverMidnight = daily.toS < daily.fromS;
  return isOverMidnight ? nowS >= daily.fromS || nowS < daily.toS : nowS >= daily.fromS && nowS < daily.toS;
}

/** Whole microdollars, half of one rounded up. Counts that contradict each other never make a cost negative. */
export function costMicros(usage: Usage, rates: Rates): number {
  const cached = Math.min(usage.cachedInput, usage.input);
  const written = Math.min(usage.cacheWrite, usage.input - cached);
  const reasoning = Math.min(usage.reasoning, usage.output);
  const at = (rate: Rate): number => rateAt(rate, usage.input);
  const pico =
    product(usage.input - cached - written, at(rates.input)) +
    product(cached, at(rates.cachedInput ?? rates.input)) +
    product(written, at(rates.cacheWrite ?? rates.input)) +
    product(usage.output - reasoning, at(rates.output)) +
    product(reasoning, at(rates.reasoning ?? rates.output)) +
    BigInt(rates.request ?? 0);
  return Number((pico + PICO_PER_MICRO / 2n) / PICO_PER_MICRO);
}

/** Beyond 2^53 a number would no longer be exact. */
const product = (tokens: number, rate: number): bigint => BigInt(Math.round(tokens)) * BigInt(rate);

function rateAt(rate: Rate, inputTokens: number): number {
  if (typeof rate === 'number') return rate;
  return rate.tiers.findLast((tier) => inputTokens > tier.above)?.rate ?? rate.base;
}
