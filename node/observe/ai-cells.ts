/**
 * The numbers that requests to models move. Like cells.ts, from which they are read by whoever is asked. Series are bounded by the
 * configuration: a model is named as the operator has named it, and what callers name by themselves is `provider/*`.
 */
import type { AiSpec } from '@weir/proto/snapshot/ai.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { AiBesides, AiOutcome } from '../ai/gateway/outcome.js';
import type { SeamKind } from '../ai/route/seam.js';
import type { Exchange } from '../pipeline/exchange.js';
import { DurationCells } from './duration-cells.js';
import { GenAiCells } from './gen-ai-cells.js';

export const tokenKinds = ['input', 'output', 'cachedInput', 'cacheWrite', 'reasoning'] as const;
export type TokenKind = (typeof tokenKinds)[number];

/** Of one model at one provider. */
export class AiSeries {
  readonly model: string;
  /** Empty: nobody was asked. */
  readonly provider: string;
  /** `ok`, why it failed, or `client_gone`. */
  readonly outcomes = new Map<string, number>();
  readonly tokens: Record<TokenKind, number> = { input: 0, output: 0, cachedInput: 0, cacheWrite: 0, reasoning: 0 };
  /** Of answers that were kept, or asked for by another one: nobody has paid for them again. */
  readonly saved: Record<TokenKind, number> = { input: 0, output: 0, cachedInput: 0, cacheWrite: 0, reasoning: 0 };
  /** Requests whose tokens were counted here, for their provider has said nothing. */
  estimated = 0;
  /** Requests that took tokens of which nobody knows the price. */
  unpriced = 0;
  readonly firstToken = new DurationCells();
  /** Second attempts beside a first one, and those of them that answered. */
  hedges = 0;
  hedgesWon = 0;
  /** Of `tokens`, those of answers that nobody was told, by why. */
  readonly wasted = new Map<AiBesides['why'], number>();
  /** Attempts that carried an answer on, by how they were asked. */
  readonly resumed = new Map<SeamKind, number>();

  constructor(model: string, provider: string) {
    this.model = model;
    this.provider = provider;
  }
}

export interface MoveCount {
  readonly model: string;
  readonly how: string;
  readonly why: string;
  count: number;
}

/** What was spent by whom: each is a name of the configuration. */
export interface SpendSum {
  readonly route: string;
  readonly model: string;
  readonly provider: string;
  /** Empty: none. */
  readonly team: string;
  micros: number;
}

export interface GuardCount {
  readonly guard: string;
  readonly on: string;
  readonly how: string;
  count: number;
}

export class AiCells {
  readonly series = new Map<string, AiSeries>();
  readonly moves = new Map<string, MoveCount>();
  readonly spends = new Map<string, SpendSum>();
  readonly guards = new Map<string, GuardCount>();
  readonly genAi = new GenAiCells();
  #last: AiSeries | null = null;

  ended(exchange: Exchange): void {
    const { ai, failure, routeId } = exchange;
    if (ai === null) return;
    this.genAi.ended(exchange);
    const series = this.#of(ai.model, ai.provider);
    const outcome = ai.error ?? (failure === null ? 'ok' : failure.code);
    series.outcomes.set(outcome, (series.outcomes.get(outcome) ?? 0) + 1);
    if (ai.firstTokenMs >= 0) series.firstToken.observe(ai.firstTokenMs);
    if (ai.usage !== null) {
      for (const kind of tokenKinds) series.tokens[kind] += ai.usage[kind];
      if (ai.usage.isEstimated) series.estimated += 1;
    }
    for (const { provider, costMicros } of ai.bill) {
      if (costMicros === null) this.#of(ai.model, provider).unpriced += 1;
      else this.#spent(routeId, ai, provider, costMicros);
    }
    if (ai.hedge !== null) series.hedges += 1;
    if (ai.hedge === 'won') series.hedgesWon += 1;
    for (const { provider, usage, why } of ai.besides) {
      const of = this.#of(ai.model, provider);
      for (const kind of tokenKinds) of.tokens[kind] += usage[kind];
      of.wasted.set(why, (of.wasted.get(why) ?? 0) + usage.input + usage.output);
    }
    // By nobody's name: the model that was asked for is another one.
    for (const { provider, usage, costMicros } of ai.asides) {
      const of = this.#of(`${provider}/*`, provider);
      for (const kind of tokenKinds) of.tokens[kind] += usage[kind];
      if (costMicros === null) of.unpriced += 1;
      else this.#spent(routeId, { ...ai, model: of.model }, provider, costMicros);
    }
    for (const { provider, how } of ai.resumed) {
      const { resumed } = this.#of(ai.model, provider);
      resumed.set(how, (resumed.get(how) ?? 0) + 1);
    }
    if (ai.saved !== null) for (const kind of tokenKinds) series.saved[kind] += ai.saved[kind];
    for (const { how, why } of ai.moves) {
      const key = `${ai.model}\0${how}\0${why}`;
      const move = this.moves.get(key) ?? { model: ai.model, how, why, count: 0 };
      move.count += 1;
      this.moves.set(key, move);
    }
    for (const { guard, on, how } of ai.guarded) {
      const key = `${guard}\0${on}\0${how}`;
      const counted = this.guards.get(key) ?? { guard, on, how, count: 0 };
      counted.count += 1;
      this.guards.set(key, counted);
    }
  }

  #spent(route: string, { model, team }: AiOutcome, provider: string, micros: number): void {
    const key = [route, model, provider, team].join('\0');
    const sum = this.spends.get(key) ?? { route, model, provider, team, micros: 0 };
    sum.micros += micros;
    this.spends.set(key, sum);
  }

  /** Forgets the models and providers that the configuration names no more. */
  retain(snapshot: Pick<Snapshot, 'ai' | 'routes'>): void {
    // Most nodes have none, and there may be ten thousand routes.
    if (this.series.size + this.moves.size === 0) return;
    this.#last = null;
    const models = namesIn(snapshot);
    const providers = new Set(['', ...(snapshot.ai?.providers ?? []).map(({ id }) => id)]);
    for (const [key, { model, provider }] of this.series) {
      if (!models.has(model) || !providers.has(provider)) this.series.delete(key);
    }
    this.genAi.retain(({ model, provider }) => models.has(model) && providers.has(provider));
    for (const [key, { model }] of this.moves) if (!models.has(model)) this.moves.delete(key);
    const routes = new Set(snapshot.routes.map(({ id }) => id));
    const teams = new Set(['', ...Object.values(snapshot.ai?.budgets?.teams ?? {})]);
    for (const [key, { route, model, provider, team }] of this.spends) {
      const isKnown = routes.has(route) && models.has(model) && providers.has(provider) && teams.has(team);
      if (!isKnown) this.spends.delete(key);
    }
    const { guards: own, spaces = [] } = snapshot.ai ?? noAi;
    const guards = new Set([...own, ...spaces.flatMap((space) => space.guards)].map(({ id }) => id));
    for (const [key, { guard }] of this.guards) if (!guards.has(guard)) this.guards.delete(key);
  }

  #of(model: string, provider: string): AiSeries {
    // Mostly the one that was asked for last: a key of two names takes longer than to compare them.
    const last = this.#last;
    if (last !== null && last.model === model && last.provider === provider) return last;
    const key = `${model}\0${provider}`;
    let series = this.series.get(key);
    if (series === undefined) {
      series = new AiSeries(model, provider);
      this.series.set(key, series);
    }
    this.#last = series;
    return series;
  }
}

const noAi: AiSpec = { providers: [], models: [], prompts: [], guards: [] };

function namesIn({ ai, routes }: Pick<Snapshot, 'ai' | 'routes'>): ReadonlySet<string> {
  const { models: own, providers, spaces = [] } = ai ?? noAi;
  const models = [...own, ...spaces.flatMap((space) => space.models)];
  const ofRoutes = routes.flatMap(({ action }) => (action.kind === 'ai' ? action.models : []));
  return new Set([...models.map(({ id, label }) => label ?? id), ...providers.map(({ id }) => `${id}/*`), ...ofRoutes]);
}
