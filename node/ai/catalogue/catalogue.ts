/**
 * Models by the kind of their provider and by any of their names. The config goes before the overlay, the overlay before the
 * price book; what one leaves open the next may say. A look-up goes over the whole shelf: it is done when a snapshot is taken
 * up, never for a request. Pure.
 */
import type { Usage } from '../chat/chat-answer.js';
import type { ListPrice, ModelCard, ModelTerms, Traits } from './card.js';
import { freeKinds, shelves } from './kinds.js';
import { bare, type MatchRule, matches, namesOf } from './match.js';
import { families, overlay } from './overlay.js';
import type { BookModel, PriceBook } from './package-book.js';
import { costMicros, type PricePeriod, picodollars, ratesAt } from './price.js';

/** By kind; `*` stands for every kind. */
export type OwnModels = Readonly<Record<string, readonly ModelTerms[]>>;

export interface Catalogue {
  /** Those of which models are listed, A to Z. */
  readonly kinds: readonly string[];
  /** Null where nothing at all is known of such a model. */
  find(kind: string, model: string): ModelCard | null;
  /** By name, A to Z. Models that are known as a family only are not among them. */
  list(kind: string): readonly ModelCard[];
}

export function catalogueOf(book: PriceBook, own: OwnModels = {}): Catalogue {
  const termsOf = (kind: string): readonly ModelTerms[] => [
    ...(own[kind] ?? []),
    ...(own['*'] ?? []),
    ...(overlay[kind] ?? []),
  ];
  const shelfOf = (kind: string): readonly BookModel[] => (shelves[kind] ?? []).flatMap(book);
  const kinds = new Set([...Object.keys(shelves), ...Object.keys(overlay), ...Object.keys(own)]);
  kinds.delete('*');
  return {
    kinds: [...kinds].sort(),
    find: (kind, model) => findCard(kind, model, termsOf(kind), shelfOf(kind)),
    list(kind) {
      const shelf = shelfOf(kind);
      const terms = termsOf(kind);
      const names = new Set([...terms.map(({ name }) => name), ...shelf.map(({ name }) => name)]);
      return [...names].sort().flatMap((name) => findCard(kind, name, terms, shelf) ?? []);
    },
  };
}

/** Whole microdollars; null where nobody has said what the model costs. */
export function costOf(card: ModelCard, usage: Usage, nowMs: number): number | null {
  const rates = ratesAt(card.prices, nowMs);
  return rates && costMicros(usage, rates);
}

function findCard(
  kind: string,
  model: string,
  terms: readonly ModelTerms[],
  shelf: readonly BookModel[],
): ModelCard | null {
  const names = namesOf(model);
  const said = terms.filter((each) => isNamed(each, model));
  const found = firstFound(shelf, names);
  const family = families.find((each) => matches(each.match, bare(model).toLowerCase()));
  if (said.length === 0 && found === null && family === undefined && !freeKinds.has(kind)) return null;
  const traits: Traits = Object.assign({}, family?.traits, ...[...said].reverse().map(traitsOf));
  const price = said.find((each) => each.price !== undefined)?.price;
  return {
    kind,
    name: said[0]?.name ?? found?.name ?? model,
    title: said.find((each) => each.title !== undefined)?.title ?? found?.title ?? model,
    contextWindow: said.find(hasWindow)?.contextWindow ?? found?.contextWindow ?? traits.contextWindow ?? null,
    outputMax: traits.outputMax ?? null,
    inputs: traits.inputs ?? null,
    outputs: traits.outputs ?? null,
    capabilities: traits.capabilities ?? null,
    isDeprecated: traits.isDeprecated ?? found?.isDeprecated ?? false,
    prices: price !== undefined ? periodOf(price) : (found?.prices ?? (freeKinds.has(kind) ? periodOf(FREE) : [])),
  };
}

/** Of a model of which nothing is known but that it is there. */
export function unknownCard(kind: string, name: string): ModelCard {
  const unknown = { contextWindow: null, outputMax: null, inputs: null, outputs: null, capabilities: null };
  return { kind, name, title: name, ...unknown, isDeprecated: false, prices: [] };
}

const FREE: ListPrice = { input: 0, output: 0 };

const hasWindow = (terms: ModelTerms): boolean => terms.contextWindow !== undefined && terms.contextWindow !== null;

/** A name that is meant exactly, by whoever wrote it down. */
function isNamed(terms: ModelTerms, model: string): boolean {
  const rule: MatchRule = terms.match ?? { equals: terms.name };
  return matches({ equals: terms.name }, model) || matches(rule, model);
}

/** The more exact name goes before the earlier place on the shelf. */
function firstFound(shelf: readonly BookModel[], names: readonly string[]): BookModel | null {
  for (const name of names) {
    const found = shelf.find((each) => each.name === name) ?? shelf.find((each) => matches(each.match, name));
    if (found !== undefined) return found;
  }
  return null;
}

function traitsOf({ name: _name, match: _match, price: _price, ...traits }: ModelTerms): Traits {
  return traits;
}

export function periodOf(price: ListPrice): readonly PricePeriod[] {
  const { input, output, cachedInput, cacheWrite, reasoning, request } = price;
  const rates = {
    input: picodollars(input),
    output: picodollars(output),
    ...(cachedInput === undefined ? {} : { cachedInput: picodollars(cachedInput) }),
    ...(cacheWrite === undefined ? {} : { cacheWrite: picodollars(cacheWrite) }),
    ...(reasoning === undefined ? {} : { reasoning: picodollars(reasoning) }),
    ...(request === undefined ? {} : { request: picodollars(request * 1_000) }),
  };
  return [{ rates, fromMs: null, daily: null }];
}
