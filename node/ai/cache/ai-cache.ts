/**
 * The cache of answers, as a layer around the models: what was asked before, by the same caller, is told again; what is asked by several
 * at once is asked once. Routes without `ai.cache` have no such layer. docs/ai-cache.md tells it from the outside.
 */
import { cacheControl } from '@weir/proto/http/cache-control.js';
import type { AiCacheSpec } from '@weir/proto/snapshot/ai.js';
import { keyedConsumer } from '../../auth/own-consumers.js';
import type { Lease } from '../../cache/l2/l2.js';
import type { ChainServices } from '../../pipeline/services.js';
import type { ChatAnswer } from '../chat/chat-answer.js';
import type { AiRules } from '../gateway/ai-route.js';
import type { AskChat, ChatLayer, Question } from '../gateway/chat-layer.js';
import { cachePlan, isKept } from './cache-plan.js';
import { CachedQuestion, say } from './cached-question.js';
import { Flight } from './flight.js';
import { KeptAnswers, subjectOf } from './kept-answers.js';
import { canonical, type KeyPlace, meaningOf, questionText } from './question-key.js';
import { Likeness, vectorLimits } from './semantic.js';

export const cacheAnswers: ChatLayer = (rules) => {
  const { cache } = rules.spec;
  if (cache === null) return null;
  return (next) => {
    const route = new AiCacheRoute(rules, cache, next);
    return (question, asker) => route.ask(question, asker);
  };
};

export class AiCacheRoute {
  readonly spec: AiCacheSpec;
  readonly next: AskChat;
  readonly kept: KeptAnswers;
  readonly services: ChainServices;
  readonly #rules: AiRules;
  /** By the key of the question; one for each. */
  readonly #flights = new Map<string, Flight>();

  constructor(rules: AiRules, spec: AiCacheSpec, next: AskChat) {
    this.spec = spec;
    this.next = next;
    this.services = rules.services;
    this.kept = new KeptAnswers(rules.services.cache, rules.services.clock, spec.answerBytesMax);
    this.#rules = rules;
    const { semantic } = spec;
    if (semantic !== null) rules.ai.vectors.of(semantic.store).open(vectorLimits(semantic, rules.services));
  }

  /** Name in Cache-Status. */
  get name(): string {
    return this.services.gateway.names.via;
  }

  readonly ask: AskChat = (question, asker) => {
    const plan = cachePlan(question.chat, cacheControl(question.request.headers), this.spec);
    if (plan.kind === 'bypass') {
      say(question, 'bypass', this.name, null, plan.why);
      return this.next(question, asker);
    }
    const cached = new CachedQuestion(question, asker, plan, this);
    cached.begin();
    return cached;
  };

  keyOf(question: Question): string {
    return this.services.sign('ai answer', questionText(question.chat, this.#placeOf(question)));
  }

  /** Null: the route wants none, or the question is more than words. */
  likenessOf(question: Question): Likeness | null {
    const { semantic } = this.spec;
    if (semantic === null) return null;
    const meaning = meaningOf(question.chat, this.#placeOf(question));
    if (meaning === null) return null;
    // Vectors of two models, or of one name at two places, mean nothing to each other.
    const { provider, model } = semantic;
    const { upstream, basePath } = this.#rules.ai.providers.get(provider)?.spec ?? { upstream: '', basePath: '' };
    const maker = canonical([provider, model, upstream, basePath]);
    const scope = this.services.sign('ai meaning', `${maker}${meaning.scope}`);
    return new Likeness(scope, meaning.text, question, semantic, this.#rules);
  }

  /** One that may be joined now. */
  flightOf(key: string): Flight | null {
    const flight = this.#flights.get(key);
    if (flight === undefined || !this.spec.collapses || !flight.isJoinable) return null;
    return this.kept.mayJoin(flight.subject, flight.asked) ? flight : null;
  }

  /** Asks the models; whoever asks the same meanwhile comes along. */
  fly(key: string, question: Question, lease: Lease | null, likeness: Likeness | null): Flight {
    const { spec, services } = this;
    const asked = this.kept.now();
    const subject = subjectOf(question.request, this.#rules.route.id, question.outcome.model);
    const flight: Flight = new Flight({
      ...{ question, next: this.next, asked, subject, lease },
      sizeMax: spec.answerBytesMax,
      memory: services.heldBytes,
      keep: (answer, held) => this.#keep(key, answer, flight, held, likeness),
      left: () => {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
      },
    });
    this.#flights.set(key, flight);
    return flight;
  }

  #keep(key: string, answer: ChatAnswer, flight: Flight, lease: Lease | null, likeness: Likeness | null): void {
    if (!isKept(answer, this.spec)) {
      lease?.release(false);
      return;
    }
    const { provider, providerModel, dropped } = flight.question.outcome;
    const kept = { answer, provider, providerModel, dropped };
    const { ttlMs } = this.spec;
    if (!this.kept.keep(key, kept, flight.subject, flight.asked, ttlMs, lease)) return;
    this.services.observer.route(this.#rules.route.id).stored();
    likeness?.keep(key, ttlMs);
  }

  #placeOf({ targets, request: { exchange } }: Question): KeyPlace {
    const { route, spec, ai } = this.#rules;
    const providers = [...new Set(targets.map(({ provider }) => provider))].flatMap(
      (id) => ai.providers.get(id)?.spec ?? [],
    );
    return {
      routeId: route.id,
      consumer: this.spec.isShared ? null : keyedConsumer(exchange.consumerId, exchange.vouchedBy),
      ...{ targets, providers, unsupported: spec.unsupported },
    };
  }
}
