/**
 * What the gateway asks for by itself on the way to an answer, such as the vector of a question: it takes tokens and money as whatever callers
 * ask for, and is paid for by the same budgets, but it is no request of theirs. Where a budget has no room for it, it is not asked for.
 *
 *   begun ──admitted──▶ asked: its guess stands in the outcome ──▶ settled by the real figure, or taken out again
 *     └──refused, or no longer wanted──▶ settled by nothing
 */

import type { GatewayRequest } from '../../pipeline/dispatch.js';
import type { Usage } from '../chat/chat-answer.js';
import { type AiAside, type AiOutcome, newOutcome } from '../gateway/outcome.js';
import type { BudgetGate, BudgetTicket } from './budget-gate.js';
import { byLength, countTokens } from './token-count.js';

export interface AsideAsked {
  readonly provider: string;
  readonly model: string;
  readonly text: string;
}

/** Of whom it is for. */
export interface AsideFor {
  readonly request: GatewayRequest;
  readonly outcome: AiOutcome;
}

export class Aside {
  readonly #asked: AsideAsked;
  readonly #for: AsideFor;
  readonly #gate: BudgetGate | null;
  /** What the ticket writes: the outcome of the request is its answer's. */
  readonly #own = newOutcome('');
  #ticket: BudgetTicket | null = null;
  #told: AiAside | null = null;
  #isOver = false;

  /** `gate`: null: nothing is counted here. */
  constructor(asked: AsideAsked, of: AsideFor, gate: BudgetGate | null) {
    this.#asked = asked;
    this.#for = of;
    this.#gate = gate;
  }

  /** `go`: whether there is room. Called once, unless it is settled before; maybe before this returns. */
  begin(go: (hasRoom: boolean) => void): void {
    const { provider, model } = this.#asked;
    const gate = this.#gate;
    if (gate === null) {
      this.#ask();
      go(true);
      return;
    }
    const { request, outcome } = this.#for;
    Object.assign(this.#own, { provider, providerModel: model });
    this.#ticket = gate.ticket(
      {
        ...{ request, outcome: this.#own, isAside: true, countedAs: outcome.model },
        sizes: () => [{ provider, model, input: this.#guess().input, output: 0 }],
      },
      {
        admitted: () => {
          outcome.team ||= this.#own.team;
          this.#ask();
          go(true);
        },
        refused: () => {
          this.#isOver = true;
          go(false);
        },
      },
    );
    this.#ticket.begin();
  }

  /** Null: nobody has worked for it; `guess`: somebody has, and has not said how much. Does nothing the second time. */
  settle(usage: Usage | 'guess' | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const told = this.#told;
    const took = told === null ? null : usage === 'guess' ? told.usage : usage;
    this.#ticket?.settle(took);
    const { asides } = this.#for.outcome;
    if (told === null) return;
    if (took === null) asides.splice(asides.indexOf(told), 1);
    else Object.assign(told, { usage: took, costMicros: this.#costOf(took) });
  }

  #ask(): void {
    const { provider, model } = this.#asked;
    const usage = this.#guess();
    this.#told = { provider, providerModel: model, usage, costMicros: this.#costOf(usage) };
    this.#for.outcome.asides.push(this.#told);
  }

  #guess(): Usage {
    const input = countTokens(this.#asked.text, this.#gate?.spending.count ?? byLength);
    return { input, output: 0, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: true };
  }

  #costOf(usage: Usage): number | null {
    const { provider, model } = this.#asked;
    if (this.#gate === null) return null;
    const { spending, rules } = this.#gate;
    return spending.prices.cost(provider, model, usage, rules.services.clock.wallMs());
  }
}
