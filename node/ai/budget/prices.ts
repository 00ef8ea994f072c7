/**
 * What models cost at this node: the config's own prices before those of the catalogue. A look-up in the catalogue goes over a shelf, so
 * what it says is remembered; clients may name any model of a provider, so not of more than so many. Null: nobody has said. Pure.
 */
import type { AiBudgetsSpec, AiProviderSpec } from '@weir/proto/snapshot/ai.js';
import { type Catalogue, periodOf } from '../catalogue/catalogue.js';
import { costMicros, type PricePeriod, ratesAt } from '../catalogue/price.js';
import type { Usage } from '../chat/chat-answer.js';

const MODELS_MAX = 2_000;

export class Prices {
  readonly #kinds: ReadonlyMap<string, string>;
  readonly #catalogue: Catalogue;
  readonly #own = new Map<string, readonly PricePeriod[]>();
  readonly #known = new Map<string, readonly PricePeriod[]>();

  constructor(
    providers: readonly Pick<AiProviderSpec, 'id' | 'kind'>[],
    own: AiBudgetsSpec['prices'],
    catalogue: Catalogue,
  ) {
    this.#kinds = new Map(providers.map(({ id, kind }) => [id, kind]));
    this.#catalogue = catalogue;
    for (const { provider, model, price } of own) this.#own.set(`${provider}/${model}`, periodOf(price));
  }

  /** Whole microdollars. */
  cost(provider: string, model: string, usage: Usage, wallMs: number): number | null {
    const rates = ratesAt(this.#periods(provider, model), wallMs);
    return rates && costMicros(usage, rates);
  }

  #periods(provider: string, model: string): readonly PricePeriod[] {
    const name = `${provider}/${model}`;
    const known = this.#own.get(name) ?? this.#known.get(name);
    if (known !== undefined) return known;
    const found = this.#catalogue.find(this.#kinds.get(provider) ?? provider, model)?.prices ?? [];
    this.#known.set(name, found);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MODELS_MAX && oldest !== undefined) this.#known.delete(oldest);
    return found;
  }
}
