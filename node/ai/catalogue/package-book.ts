/**
 * Prices and windows from @pydantic/genai-prices, which carries them with it: nothing is fetched. It is loaded when it is first
 * asked for and not before: a node without AI providers pays neither its 18 MB nor the tenth of a second.
 */
import type { ConditionalPrice, ModelInfo, ModelPrice, TieredPrices } from '@pydantic/genai-prices';
import type { ModelCard } from './card.js';
import type { MatchRule } from './match.js';
import { type PricePeriod, picodollars, type Rate, type Rates } from './price.js';

/** What a book says of one model: its names, its window and its prices. */
export interface BookModel extends Pick<ModelCard, 'name' | 'title' | 'contextWindow' | 'isDeprecated' | 'prices'> {
  readonly match: MatchRule;
}

/** The models of a provider by the book's own name of it; empty where it has none. */
export type PriceBook = (provider: string) => readonly BookModel[];

export async function loadPriceBook(): Promise<PriceBook> {
  const { findProvider } = await import('@pydantic/genai-prices');
  const known = new Map<string, readonly BookModel[]>();
  return (provider) => {
    const read = known.get(provider);
    if (read !== undefined) return read;
    const found = findProvider({ providerId: provider });
    // It guesses at providers from parts of their names; a guess is none.
    const models = found?.id === provider ? found.models.map(readModel) : [];
    known.set(provider, models);
    return models;
  };
}

function readModel(model: ModelInfo): BookModel {
  return {
    name: model.id,
    title: model.name ?? model.id,
    match: model.match,
    contextWindow: model.context_window ?? null,
    isDeprecated: model.deprecated ?? false,
    prices: Array.isArray(model.prices) ? model.prices.map(readPeriod) : [{ rates: ratesOf(model.prices), ...ALWAYS }],
  };
}

const ALWAYS = { fromMs: null, daily: null } as const;

function readPeriod({ constraint, prices }: ConditionalPrice): PricePeriod {
  const rates = ratesOf(prices);
  if (constraint === undefined) return { rates, ...ALWAYS };
  if (constraint.type === 'start_date') return { rates, fromMs: Date.parse(constraint.start_date), daily: null };
  return { rates, fromMs: null, daily: { fromS: secondOf(constraint.start_time), toS: secondOf(constraint.end_time) } };
}

/** `16:30:00Z` or `16:30:00+02:00`, as a second of the day in UTC. */
function secondOf(time: string): number {
  return (((Date.parse(`1970-01-01T${time}`) / 1_000) % 86_400) + 86_400) % 86_400;
}

function ratesOf(price: ModelPrice): Rates {
  const cachedInput = rateOf(price['cache_read_mtok']);
  const cacheWrite = rateOf(price['cache_write_mtok']);
  const reasoning = rateOf(price['output_reasoning_mtok']);
  const request = price['requests_kcount'];
  return {
    input: rateOf(price['input_mtok']) ?? 0,
    output: rateOf(price['output_mtok']) ?? 0,
    ...(cachedInput === null ? {} : { cachedInput }),
    ...(cacheWrite === null ? {} : { cacheWrite }),
    ...(reasoning === null ? {} : { reasoning }),
    // Dollars for a thousand calls; a dollar for a million is a millionth of it.
    ...(typeof request === 'number' ? { request: picodollars(request * 1_000) } : {}),
  };
}

function rateOf(price: number | TieredPrices | undefined): Rate | null {
  if (price === undefined) return null;
  if (typeof price === 'number') return picodollars(price);
  const tiers = [...price.tiers].sort((one, other) => one.start - other.start);
  return {
    base: picodollars(price.base),
    tiers: tiers.map(({ start, price: each }) => ({ above: start, rate: picodollars(each) })),
  };
}
