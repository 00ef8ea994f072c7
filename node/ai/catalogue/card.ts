/** What is known of a model. Null means that nobody has said. */
import type { MatchRule } from './match.js';
import type { PricePeriod } from './price.js';

export type Modality = 'text' | 'image' | 'audio' | 'video' | 'document';
export type Capability = 'tools' | 'jsonSchema' | 'reasoning';

export interface ModelCard {
  /** The kind of the provider. */
  readonly kind: string;
  /** The catalogue's name of the model, which need not be the one that was asked for. */
  readonly name: string;
  readonly title: string;
  /** Tokens of input and output together. */
  readonly contextWindow: number | null;
  readonly outputMax: number | null;
  readonly inputs: readonly Modality[] | null;
  readonly outputs: readonly Modality[] | null;
  readonly capabilities: readonly Capability[] | null;
  readonly isDeprecated: boolean;
  /** Empty: nobody has said what it costs. */
  readonly prices: readonly PricePeriod[];
}

/** Traits that are the model's, wherever it runs. */
export type Traits = Partial<
  Pick<ModelCard, 'title' | 'contextWindow' | 'outputMax' | 'inputs' | 'outputs' | 'capabilities' | 'isDeprecated'>
>;

/** Dollars for a million tokens, as price lists have it; `request` for a thousand calls. */
export interface ListPrice {
  readonly input: number;
  readonly output: number;
  readonly cachedInput?: number;
  readonly cacheWrite?: number;
  readonly reasoning?: number;
  readonly request?: number;
}

/** A model as the overlay or the config has it. What it says goes before what the package says. */
export interface ModelTerms extends Traits {
  readonly name: string;
  /** Other names than its own; a text is a name that equals. */
  readonly match?: MatchRule;
  readonly price?: ListPrice;
}
