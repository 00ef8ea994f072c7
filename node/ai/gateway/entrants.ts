/**
 * Makes the attempts of one question: at a candidate, from the beginning or from what was told so far. Owns why the first one that could not be
 * made could not.
 */

import type { Misread } from '../format.js';
import type { Draw } from '../route/affinity.js';
import { Continuing, continued } from '../route/continuation.js';
import type { AiRules } from './ai-route.js';
import type { Asking } from './asking.js';
import type { Step } from './attempts.js';
import type { Candidate } from './candidates.js';
import type { Question } from './chat-layer.js';
import { Entrant, type Race } from './entrant.js';
import { tokensIn } from './stream-clock.js';

export class Entrants {
  readonly #race: Race;
  readonly #question: Question;
  readonly #candidates: readonly Candidate[];
  readonly #draw: Draw;
  readonly #rules: AiRules;
  #unable: Misread | null = null;

  constructor(race: Race, question: Question, candidates: readonly Candidate[], draw: Draw, rules: AiRules) {
    this.#race = race;
    this.#question = question;
    this.#candidates = candidates;
    this.#draw = draw;
    this.#rules = rules;
  }

  /** A field that a candidate can't do, where that is why it was not asked. */
  get unable(): Misread | null {
    return this.#unable;
  }

  /**
   * Null: its provider can't do what is asked. It may also lack a key. `before`: an attempt at the same model, whose keys are not taken
   * again; `said`: what it carries on.
   */
  make(step: Step & { kind: 'ask' }, before: Asking | null, said: string | null): Entrant | null {
    const { question, continuing } = said === null ? this.#afresh() : this.#carriedOn(step, said);
    const at = { candidate: step.candidate, isHedge: step.how === 'hedge', continuing };
    const entrant = new Entrant(this.#race, question, this.#candidates, at, this.#rules);
    const { unsupported } = entrant.asking;
    if (unsupported.length > 0 && this.#rules.spec.unsupported === 'refuse') {
      this.#unable ??= unsupported[0] ?? null;
      return null;
    }
    entrant.asking.takeKey(before, this.#draw);
    return entrant;
  }

  #afresh(): { readonly question: Question; readonly continuing: null } {
    return { question: this.#question, continuing: null };
  }

  #carriedOn({ candidate }: { readonly candidate: number }, said: string) {
    const { provider: id = '', model = '' } = this.#candidates[candidate] ?? {};
    const of = this.#rules.ai.providers.get(id);
    const { basePath = '', settings = {} } = of?.spec ?? {};
    const { chat, bytes } = this.#question;
    const how = of?.provider.continues?.(chat, { model, basePath, settings }) ?? 'instruction';
    const more = continued(chat, said, how, tokensIn(said.length));
    const question = { ...this.#question, chat: more, bytes: bytes + said.length };
    return { question, continuing: new Continuing(said, how) };
  }
}
