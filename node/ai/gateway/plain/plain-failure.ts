/**
 * Why a request that is no chat has not been answered so far, and what its caller is told of that: the last attempt's failure, or why nobody
 * was asked. Pure.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import type { Misread } from '../../format.js';
import type { AiRules } from '../ai-route.js';
import type { Candidate } from '../candidates.js';
import { answerOf, type FiredLimit, failureOf, shownError } from '../failed-model.js';
import type { ErrorWords, PlainAsked, PlainQuestion } from './plain-question.js';
import type { SaidError } from './plain-reply.js';

export class PlainFailure {
  #error: ProviderError = providerError('timeout', 'There is not enough time left to ask a model.');
  #said: SaidError | null = null;
  #where = '';
  #limit: FiredLimit | null = null;
  #unable: Misread | null = null;

  /** How the last attempt ended that was made, or was not made. */
  get error(): ProviderError {
    return this.#error;
  }

  /** Why a candidate was not asked: a field that it can't do, or the whole operation. */
  get unable(): Misread | null {
    return this.#unable;
  }

  note(error: ProviderError, said: SaidError | null, { provider }: Candidate, limit: FiredLimit | null): void {
    this.#error = error;
    this.#said = said;
    this.#where = provider;
    this.#limit = limit;
  }

  /** It ends by its own limit, whoever was asked last. */
  timedOut(error: ProviderError): void {
    this.#error = error;
  }

  /** What is asked of a candidate. Null: it can't be, and the first reason for that is kept. */
  askedOf(
    { provider, model }: Candidate,
    question: PlainQuestion,
    { ai, spec }: Pick<AiRules, 'ai' | 'spec'>,
  ): PlainAsked | null {
    const found = ai.providers.get(provider);
    if (found === undefined) return null;
    const { basePath, settings } = found.spec;
    const asked = question.asked(found.provider, { model, basePath, settings });
    if (asked === null) {
      const message = `\`${question.model}\`: ${found.provider.title} has no ${question.title} here.`;
      this.#unable ??= { field: 'model', message };
      return null;
    }
    if (asked.lacks.length === 0 || spec.unsupported === 'drop') return asked;
    this.#unable ??= asked.lacks[0] ?? null;
    return null;
  }

  /** `isNative`: what is between the gateway and its provider is told in the gateway's words, everything else in the provider's own. */
  told(words: ErrorWords, isNative: boolean): Failure {
    const failed = failureOf(this.#error, this.#where, words, this.#limit);
    const said = isNative && shownError(this.#error) === this.#error ? this.#said : null;
    return said === null ? failed : { ...failed, answer: said };
  }
}

/** A request that can't be read, or can't be done. */
export function refusalOf(misread: Misread, words: ErrorWords): Failure {
  const answer = answerOf(words.misread(misread));
  return failure('model_refused', 'the request can not be read, or not be done', { answer });
}
