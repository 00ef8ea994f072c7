/**
 * One attempt that is under way, as models.ts keeps it: what it has said that nobody has heard yet, and what it took. There are two of them
 * while a stream is hedged, and then each tells its owner who it is.
 */
import { type ChatAnswer, type ChatEvent, isContent, type Usage } from '../chat/chat-answer.js';
import type { ProviderError } from '../chat/provider-error.js';
import type { Continuing } from '../route/continuation.js';
import type { AiRules } from './ai-route.js';
import { Asking } from './asking.js';
import type { Candidate } from './candidates.js';
import type { Question } from './chat-layer.js';
import type { Asker } from './reply.js';
import { tokensIn } from './stream-clock.js';

export interface Race {
  came(entrant: Entrant, events: readonly ChatEvent[], breaksOff: boolean): boolean;
  endedBy(entrant: Entrant): void;
  answeredBy(entrant: Entrant, answer: ChatAnswer): void;
  failedBy(entrant: Entrant, error: ProviderError): void;
}

/** Events that say nothing to a reader, before those that do; a provider that sends more than these has begun. */
const HELD_EVENTS_MAX = 64;

export class Entrant implements Asker {
  readonly asking: Asking;
  /** Its place among the candidates. */
  readonly candidate: number;
  readonly isHedge: boolean;
  /** Null: it answers from the beginning. */
  readonly continuing: Continuing | null;
  /** As its provider has said; null: not yet. */
  usage: Usage | null = null;
  readonly #race: Race;
  readonly #inputBytes: number;
  #held: ChatEvent[] = [];
  #characters = 0;

  constructor(
    race: Race,
    question: Question,
    candidates: readonly Candidate[],
    at: { readonly candidate: number; readonly isHedge: boolean; readonly continuing: Continuing | null },
    rules: AiRules,
  ) {
    const candidate = candidates[at.candidate];
    if (candidate === undefined) throw new Error(`there is no candidate ${at.candidate}`);
    this.#race = race;
    this.#inputBytes = question.bytes;
    this.candidate = at.candidate;
    this.isHedge = at.isHedge;
    this.continuing = at.continuing;
    this.asking = new Asking(question, candidate, rules, this);
  }

  events(events: readonly ChatEvent[], breaksOff: boolean): boolean {
    return this.#race.came(this, events, breaksOff);
  }

  ended(): void {
    this.#race.endedBy(this);
  }

  answered(answer: ChatAnswer): void {
    this.#race.answeredBy(this, answer);
  }

  failed(error: ProviderError): void {
    this.#race.failedBy(this, error);
  }

  /** What its provider says counts for its limits and its figures, whether or not anybody hears it. */
  see(events: readonly ChatEvent[], nowMs: number): void {
    for (const event of events) {
      this.asking.wholeness.see(event);
      if (event.kind === 'usage') this.usage = event.usage;
      if (!isContent(event)) continue;
      const characters = 'text' in event ? event.text.length : 0;
      this.#characters += characters;
      this.asking.clock?.content(tokensIn(characters), nowMs);
    }
  }

  /** Keeps what nobody is to hear before there is content. Null: there is none yet; else all that was kept. */
  hold(events: readonly ChatEvent[]): readonly ChatEvent[] | null {
    this.#held.push(...events);
    const says = (event: ChatEvent): boolean => isContent(event) || event.kind === 'finish';
    if (!events.some(says) && this.#held.length < HELD_EVENTS_MAX) return null;
    return this.#held.splice(0);
  }

  /** Tokens of its answer so far. */
  get saidTokens(): number {
    return this.#characters === 0 ? 0 : tokensIn(this.#characters);
  }

  /** By its provider's word, else as far as anybody can tell from what was asked and heard. */
  get usageSoFar(): Usage {
    if (this.usage !== null && this.usage.output >= this.saidTokens) return this.usage;
    const none = { input: tokensIn(this.#inputBytes), cachedInput: 0, cacheWrite: 0, reasoning: 0 };
    return { ...(this.usage ?? none), output: this.saidTokens, isEstimated: true };
  }

  /** NaN: none has come. */
  get firstTokenMs(): number {
    return this.asking.clock?.firstTokenMs ?? Number.NaN;
  }
}
