/**
 * What the attempts of one question took, and whose bill it is: owner of those figures until they stand in the outcome.
 *
 *   answered, or left at the end ──▶ usage, with all that was carried on before it
 *   broke off, and is carried on ──▶ carried, and a part of usage
 *   lost a race, or failed and another stands in for it ──▶ besides
 */
import type { ChatEvent, Usage } from '../chat/chat-answer.js';
import type { ProviderError } from '../chat/provider-error.js';
import { addUsage } from '../route/usage-sum.js';
import type { Entrant } from './entrant.js';
import type { AiBesides, AiOutcome } from './outcome.js';

export class Takings {
  readonly #outcome: AiOutcome;
  /** What those took that were carried on. */
  #spent: Usage | null = null;
  /** The last of those. */
  #counted: Entrant | null = null;
  /** The last one that failed unseen, and took something: it is beside the bill of whoever stands in for it. */
  #unseen: Entrant | null = null;

  constructor(outcome: AiOutcome) {
    this.#outcome = outcome;
  }

  /** An answer has begun and is carried on. */
  get hasCarried(): boolean {
    return this.#spent !== null;
  }

  /** Another one stands in for whoever failed last. */
  stoodIn(): void {
    if (this.#unseen !== null) this.besides(this.#unseen, 'failed');
    this.#unseen = null;
  }

  besides(entrant: Entrant, why: AiBesides['why']): void {
    const { provider, model } = entrant.asking.candidate;
    const { usage, usageSoFar } = entrant;
    const besides = { provider, providerModel: model, usage: usageSoFar, isInputSaid: usage !== null, why };
    this.#outcome.besides.push(besides);
  }

  /** Of an answer in two halves its caller is told what both took. */
  summed(event: ChatEvent): ChatEvent {
    return event.kind === 'usage' ? { ...event, usage: addUsage(this.#spent, event.usage) } : event;
  }

  ended(entrant: Entrant): void {
    const own = entrant.usage ?? (entrant.saidTokens > 0 ? entrant.usageSoFar : null);
    this.#outcome.usage = this.#withSpent(own);
  }

  failedUnseen(entrant: Entrant, error: ProviderError): void {
    this.#unseen = hasTaken(entrant, error) ? entrant : null;
  }

  failedBeside(entrant: Entrant, error: ProviderError): void {
    if (hasTaken(entrant, error)) this.besides(entrant, 'hedge');
  }

  carriedOn(entrant: Entrant): void {
    const { provider, model } = entrant.asking.candidate;
    const usage = entrant.usageSoFar;
    this.#outcome.carried.push({ provider, providerModel: model, usage });
    this.#spent = addUsage(this.#spent, usage);
    this.#counted = entrant;
  }

  /** `of`: whose figures are those of the request, where nobody has said them yet. */
  over(of: Entrant | null): void {
    // Without a word from the provider, or with its first one, for its answer was not heard to the end.
    const isHeard = of !== null && of !== this.#counted && (of.usage !== null || of.saidTokens > 0);
    this.#outcome.usage ??= this.#withSpent(isHeard ? of.usageSoFar : null);
  }

  #withSpent(usage: Usage | null): Usage | null {
    return usage === null ? this.#spent : addUsage(this.#spent, usage);
  }
}

/** A question that was refused cost nothing; one whose answer was not waited for was read all the same. */
function hasTaken({ usage }: Entrant, { kind }: ProviderError): boolean {
  return usage !== null || kind === 'timeout' || kind === 'cut';
}
