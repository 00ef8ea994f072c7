/**
 * What a node knows of providers beyond one snapshot: how each key stands, and how soon models can answer. Owns both; and makes of the
 * AI part of a snapshot what its routes are compiled with.
 */
import type { AiKeySpec, AiModelSpec, AiProviderSpec, AiSpec } from '@weir/proto/snapshot/ai.js';
import type { SecretText, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { ClusterKeys } from '../../cluster/ai-keys.js';
import { type BudgetCounts, BudgetStore, type BudgetStoreParts, type Spending } from '../budget/budget-store.js';
import { type NodeVectors, nodeVectors } from '../cache/node-vectors.js';
import type { VectorCounts } from '../cache/vector-store.js';
import type { ModelCard } from '../catalogue/card.js';
import { type Catalogue, catalogueOf, periodOf, unknownCard } from '../catalogue/catalogue.js';
import { loadPriceBook } from '../catalogue/package-book.js';
import { AccessTokens, type GoogleOutside } from '../google/access-tokens.js';
import { DEFAULT_TOKEN_URL, readServiceAccount } from '../google/oauth.js';
import { type CompiledGuard, compileGuard } from '../guards/compiled-guard.js';
import { loadOwnPatterns } from '../guards/own-patterns-loader.js';
import { type CompiledPrompt, compilePrompt } from '../prompts/compiled-prompt.js';
import { loadOutputTools } from '../prompts/output-tools-loader.js';
import type { Provider } from '../provider.js';
import { isTermsFault, readTerms } from '../providers/compatible/read-terms.js';
import { providerOf, requiredSettings } from '../providers/registry.js';
import { FirstTokens } from '../route/first-tokens.js';
import { Speeds } from '../route/speeds.js';
import type { AiStreams } from '../streams/ai-streams.js';
import { compileAiRoute } from './ai-route.js';
import { among, ownProviders, spaceOf } from './ai-spaces.js';
import { type CredentialFields, credentialOf, type Signing } from './credential.js';
import { inWordsOf } from './failed-model.js';
import { KeyPool, type PoolKey } from './key-pool.js';
import { KeyStanding, type KeyState } from './key-standing.js';
import { LeastWaits } from './least-wait.js';
import { formatOf } from './operations.js';

export interface AiKey extends PoolKey {
  readonly fields: CredentialFields;
  /** Null: its fields can be made at any time. Else a token comes first. */
  readonly tokens: AccessTokens | null;
}

export interface AiProvider {
  readonly spec: AiProviderSpec;
  readonly provider: Provider;
  /** Without keys it is asked without credentials. */
  readonly pool: KeyPool<AiKey>;
}

/** The AI part of one snapshot, or what of it the routes of one space know. */
export interface CompiledAi {
  readonly models: ReadonlyMap<string, AiModelSpec>;
  /** Those that may be asked, by their ids. */
  readonly providers: ReadonlyMap<string, AiProvider>;
  /** What callers call them, and their ids: those whose models they may name themselves. */
  readonly providerNames: ReadonlyMap<string, string>;
  /** Of the whole snapshot. */
  readonly everyProvider: ReadonlyMap<string, AiProvider>;
  /** By their ids; a space has none itself. */
  readonly spaces: ReadonlyMap<string, CompiledAi>;
  readonly waits: LeastWaits;
  readonly prompts: ReadonlyMap<string, CompiledPrompt>;
  readonly firstTokens: FirstTokens;
  readonly speeds: Speeds;
  /** What the catalogue knows of the targets of `models`, by `provider/model`. */
  readonly cards: ReadonlyMap<string, ModelCard>;
  /** What layers call: it comes with the providers, so that a node without any does not load it. */
  readonly compileRoute: typeof compileAiRoute;
  readonly inWords: typeof inWordsOf;
  readonly formatOf: typeof formatOf;
  /** Null: what requests cost is not counted. */
  readonly spending: Spending | null;
  readonly guards: ReadonlyMap<string, CompiledGuard>;
  /** Streams that are kept; null: none is, whatever a route says. */
  readonly streams: AiStreams | null;
  /** Of questions, where a route gives answers to those that mean the same. */
  readonly vectors: NodeVectors;
}

export interface KeyReading {
  readonly provider: string;
  readonly key: string;
  readonly state: KeyState;
  readonly takenOut: number;
  readonly rested: number;
}

export interface AiCounts {
  /** Null: none are counted. */
  readonly budgets: BudgetCounts | null;
  readonly vectors: VectorCounts;
}

/** What the store works with beside keys; null, or left out: not at all. */
export interface AiStoreParts {
  /** Where tokens come from; else kinds that need them are refused. */
  readonly google?: GoogleOutside | null;
  /** What budgets are counted with; else none are, nor what requests cost. */
  readonly shared?: BudgetStoreParts | null;
  /** Streams that are kept; else none is, whatever a route says. */
  readonly streams?: AiStreams | null;
  /** Vectors of questions; left out: in memory alone. */
  readonly vectors?: NodeVectors;
}

/** 132 bits of a digest. */
const KEY_NAME_LENGTH = 22;

export class AiStore {
  readonly #waits = new LeastWaits();
  readonly #firstTokens = new FirstTokens();
  readonly #speeds = new Speeds();
  /** One for prices and for what models can. Null: nothing has needed it. */
  #catalogue: Catalogue | null = null;
  readonly #vectors: NodeVectors;
  readonly #standings = new Map<string, KeyStanding>();
  #inForce: CompiledAi | null = null;
  readonly #signing: Signing;
  readonly #google: GoogleOutside | null;
  /** By the name of the key, as its standing. */
  readonly #tokens = new Map<string, AccessTokens>();
  readonly streams: AiStreams | null;
  readonly #shared: BudgetStoreParts | null;
  readonly #budgets: BudgetStore | null;
  #keys: ClusterKeys | null = null;

  constructor(signing: Signing, { google = null, shared = null, streams = null, vectors }: AiStoreParts = {}) {
    this.streams = streams;
    this.#vectors = vectors ?? nodeVectors({ nowMs: signing.wallMs });
    this.#signing = signing;
    this.#google = google;
    this.#shared = shared;
    this.#budgets = shared && new BudgetStore(shared);
  }

  close(): void {
    this.streams?.store.close();
    this.#vectors.close();
    this.#budgets?.close();
    this.#keys?.close();
  }

  /** Null: a node by itself. Made with the first key. */
  #clusterKeys(): ClusterKeys | null {
    const { presence = null, clock, timers } = this.#shared ?? {};
    if (presence === null || clock === undefined || timers === undefined) return null;
    this.#keys ??= new ClusterKeys({ presence, clock, timers, speeds: this.#speeds });
    return this.#keys;
  }

  /** What only some snapshots need of libraries; `compile` is not called before. */
  async load({ ai, routes }: Pick<Snapshot, 'ai' | 'routes'>): Promise<void> {
    await Promise.all([loadOutputTools(ai), loadOwnPatterns(ai)]);
    if (ai !== null && (this.#budgets !== null || everyModel(ai).some(needsCards)))
      this.#catalogue ??= catalogueOf(await loadPriceBook());
    await this.#budgets?.prepare(ai, routes);
  }

  /** Throws with the reason where a provider can't be asked as it is configured. */
  compile(spec: AiSpec | null, reveal: (text: SecretText) => string): CompiledAi | null {
    if (spec === null) return null;
    const everyProvider = new Map(spec.providers.flatMap((one) => this.#entry(one, reveal)));
    const providerNames = ownProviders(spec);
    const own: CompiledAi = {
      models: new Map(spec.models.map((model) => [model.id, model])),
      ...{ providerNames, everyProvider, spaces: new Map() },
      providers: among(providerNames.values(), everyProvider),
      waits: this.#waits,
      guards: new Map(spec.guards.map((guard) => [guard.id, compileGuard(guard)])),
      prompts: new Map(spec.prompts.map((prompt) => [prompt.id, compilePrompt(prompt)])),
      firstTokens: this.#firstTokens,
      speeds: this.#speeds,
      cards: this.#cards(spec),
      ...{ compileRoute: compileAiRoute, inWords: inWordsOf, formatOf },
      spending: this.#catalogue === null ? null : (this.#budgets?.compile(spec, this.#catalogue) ?? null),
      streams: this.streams,
      vectors: this.#vectors,
    };
    return { ...own, spaces: new Map((spec.spaces ?? []).map((space) => [space.id, spaceOf(space, own)])) };
  }

  #cards(spec: AiSpec): ReadonlyMap<string, ModelCard> {
    const { providers, budgets } = spec;
    const cards = new Map<string, ModelCard>();
    const kinds = new Map(providers.map(({ id, kind }) => [id, kind]));
    for (const { provider, model } of everyModel(spec)
      .filter(needsCards)
      .flatMap(({ targets }) => targets)) {
      const kind = kinds.get(provider) ?? '';
      const found = this.#catalogue?.find(kind, model) ?? null;
      const own = budgets?.prices.find((one) => one.provider === provider && one.model === model);
      const card = own === undefined ? found : { ...(found ?? unknownCard(kind, model)), prices: periodOf(own.price) };
      if (card !== null) cards.set(`${provider}/${model}`, card);
    }
    return cards;
  }

  counts(): AiCounts {
    return { budgets: this.#budgets?.counts() ?? null, vectors: this.#vectors.counts() };
  }

  /** What stands in no snapshot any more is forgotten. */
  use(ai: CompiledAi | null): void {
    this.#inForce = ai;
    const kept = new Set<KeyStanding>();
    for (const { pool } of ai?.everyProvider.values() ?? []) for (const { standing } of pool.keys) kept.add(standing);
    for (const [name, standing] of this.#standings) {
      if (kept.has(standing)) continue;
      this.#standings.delete(name);
      this.#tokens.delete(name);
    }
  }

  *keys(nowMs: number): Iterable<KeyReading> {
    for (const [provider, { pool }] of this.#inForce?.everyProvider ?? []) {
      for (const { id, standing } of pool.keys) {
        yield { provider, key: id, state: standing.state(nowMs), ...standing.counts };
      }
    }
  }

  /** None: a team's that can't be asked, which takes nothing else with it. */
  #entry(spec: AiProviderSpec, reveal: (text: SecretText) => string): (readonly [string, AiProvider])[] {
    try {
      return [[spec.id, this.#provider(spec, reveal)]];
    } catch (error) {
      if (spec.isManaged !== true) throw error;
      return [];
    }
  }

  #provider(spec: AiProviderSpec, reveal: (text: SecretText) => string): AiProvider {
    const wrong = (what: string) => new Error(`the AI provider "${spec.id}" ${what}`);
    const terms = readTerms(spec.compatible ?? {});
    if (isTermsFault(terms)) throw wrong(`is described by words that can't be read: ${terms.at} wants ${terms.wants}`);
    const provider = providerOf(spec.kind, terms);
    if (provider === null) throw wrong(`is of a kind that nobody knows: "${spec.kind}"`);
    const missing = requiredSettings(spec.kind, terms).filter((name) => !Object.hasOwn(spec.settings, name));
    if (missing.length > 0) throw wrong(`lacks the settings ${missing.join(', ')}`);
    const keys = spec.keys.map((key): AiKey => {
      const { id, secret, weight } = key;
      const standing = this.#standing(spec.id, id, secret);
      try {
        return { id, weight, standing, ...this.#credential(spec, provider, key, reveal) };
      } catch (error) {
        if (spec.isManaged !== true) throw error;
        // A team's key is its own matter: its provider refuses what is asked without, and everything else goes on.
        return { id, weight, standing, tokens: null, fields: () => [] };
      }
    });
    return { spec, provider, pool: new KeyPool(keys) };
  }

  #credential(
    spec: AiProviderSpec,
    { credential }: Provider,
    { id, secret }: AiKeySpec,
    reveal: (text: SecretText) => string,
  ): Pick<AiKey, 'tokens' | 'fields'> {
    if (credential.kind !== 'google-oauth' || this.#google === null)
      return { tokens: null, fields: credentialOf(credential, spec, reveal(secret), this.#signing) };
    const tokens = this.#tokensOf(nameOf(spec.id, id, secret), spec, reveal(secret), this.#google);
    return { tokens, fields: () => ['authorization', `Bearer ${tokens.token ?? ''}`] };
  }

  /** The token goes on for as long as the key is the same one. */
  #tokensOf(name: string, { id, isManaged }: AiProviderSpec, file: string, google: GoogleOutside): AccessTokens {
    const known = this.#tokens.get(name);
    if (known !== undefined) return known;
    const account = readServiceAccount(file);
    if (typeof account === 'string') throw new Error(`a key of the AI provider "${id}": ${account}`);
    // The file says where tokens are asked for, and a team's may not lead a node anywhere else.
    if (isManaged === true && account.tokenUrl !== DEFAULT_TOKEN_URL)
      throw new Error(`a key of the AI provider "${id}": its \`token_uri\` is not Google's`);
    try {
      const tokens = new AccessTokens(account, google);
      this.#tokens.set(name, tokens);
      return tokens;
    } catch {
      // What cryptography says of a key may quote it.
      throw new Error(`a key of the AI provider "${id}": the \`private_key\` in its file is no RSA key`);
    }
  }

  /** A key goes on as it stood for as long as it is the same one. */
  #standing(...name: readonly [provider: string, key: string, secret: SecretText]): KeyStanding {
    const text = nameOf(...name);
    const known = this.#standings.get(text);
    if (known !== undefined) return known;
    // The reference to the key, which is the same on all nodes, and says nothing of it.
    const digest = this.#shared?.digest(text).slice(0, KEY_NAME_LENGTH) ?? '';
    const cluster = this.#clusterKeys();
    const standing = new KeyStanding(cluster?.sightOf(digest));
    cluster?.know(digest, standing);
    this.#standings.set(text, standing);
    return standing;
  }
}

function everyModel({ models, spaces = [] }: AiSpec): readonly AiModelSpec[] {
  return [...models, ...spaces.flatMap((space) => space.models)];
}

/** Where there is nothing to choose from, nothing need be known. */
function needsCards({ targets, choice }: AiModelSpec): boolean {
  return targets.length > 1 && (choice?.fits === true || choice?.balance === 'cheapest');
}

function nameOf(provider: string, key: string, secret: SecretText): string {
  return JSON.stringify([provider, key, secret]);
}
