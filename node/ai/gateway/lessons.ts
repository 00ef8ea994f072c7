/**
 * What attempts at models teach, whoever answered: how soon each begins and how fast it goes on, for choices between models, for what fits
 * into a deadline, and for when a hedge is due. Keeps nothing: the stores are the node's.
 */
import type { Hedging } from '../route/hedging.js';
import type { AiRules } from './ai-route.js';
import type { Entrant } from './entrant.js';

export class Lessons {
  readonly #ai: AiRules['ai'];
  /** Null: one attempt at a time. */
  readonly #hedging: Hedging | null;

  constructor({ ai }: Pick<AiRules, 'ai'>, hedging: Hedging | null) {
    this.#ai = ai;
    this.#hedging = hedging;
  }

  /** Its first content has come. */
  began({ asking, firstTokenMs }: Entrant, nowMs: number): void {
    this.#ai.speeds.firstToken(asking.name, firstTokenMs, nowMs);
    this.#hedging?.answered(asking.name, firstTokenMs, nowMs);
  }

  /** All of its stream has. */
  streamed({ asking, usage, saidTokens }: Entrant, nowMs: number): void {
    if (asking.clock === null) return;
    this.#ai.speeds.tokens(asking.name, usage?.output ?? saidTokens, asking.clock.contentMs, nowMs);
  }

  /** Its answer was whole. */
  answered({ asking, firstTokenMs }: Entrant, nowMs: number): void {
    if (firstTokenMs >= 0) this.#ai.waits.seen(asking.name, firstTokenMs, nowMs);
  }

  /** It has failed, before any content, and others might have been sooner. */
  wasSlow({ asking }: Entrant, nowMs: number): void {
    this.#ai.speeds.failed(asking.name, nowMs - asking.startedAtMs, nowMs);
    if (asking.fired !== null) this.#hedging?.gaveUp(asking.name, nowMs - asking.startedAtMs, nowMs);
  }

  /** Nothing more is wanted of it: all that is known of its first token, where none has come, is that it took longer. */
  wasLeft({ asking, firstTokenMs }: Entrant, nowMs: number): void {
    if (!(firstTokenMs >= 0)) this.#hedging?.gaveUp(asking.name, nowMs - asking.startedAtMs, nowMs);
  }
}
