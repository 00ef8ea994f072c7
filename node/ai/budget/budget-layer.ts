/**
 * The layer of the chat onion that admits what budgets have room for, and hears what answers took. Below it, attempts may fail and move
 * on: the question is reserved once, and what was asked in vain is part of its bill.
 */
import type { ChatAnswer, ChatEvent, Usage } from '../chat/chat-answer.js';
import type { AskChat, ChatAnswering, ChatAsker, ChatFailure, ChatLayer, Question } from '../gateway/chat-layer.js';
import { chatFailure } from '../gateway/chat-layer.js';
import type { BudgetGate, BudgetTicket, Size } from './budget-gate.js';
import { Metered, type MeteredEnd } from './metered.js';
import { inputTokens, outputTokens } from './question-size.js';

export const budget: ChatLayer = ({ gate }) => {
  if (gate === null) return null;
  return (next) => (question, asker) => {
    const spender = new Spender(question, asker, next, gate);
    spender.begin();
    return spender;
  };
};

class Spender implements ChatAsker, ChatAnswering {
  readonly #question: Question;
  readonly #asker: ChatAsker;
  readonly #gate: BudgetGate;
  readonly #ticket: BudgetTicket;
  readonly #metered = new Metered();
  #input = 0;
  #below: ChatAnswering | null = null;
  #isOver = false;

  constructor(question: Question, asker: ChatAsker, next: AskChat, gate: BudgetGate) {
    this.#question = question;
    this.#asker = asker;
    this.#gate = gate;
    const { request, outcome } = question;
    this.#ticket = gate.ticket(
      { request, outcome, sizes: () => this.#sizes() },
      {
        admitted: () => {
          this.#below = next(question, this);
        },
        refused: ({ error, failure }) => {
          this.#isOver = true;
          asker.failed(chatFailure(error, { failure }));
        },
      },
    );
  }

  begin(): void {
    this.#ticket.begin();
  }

  /** Counted once, where somebody has to know. */
  #counted(): number {
    if (this.#input === 0) this.#input = inputTokens(this.#question.chat, this.#gate.spending.count);
    return this.#input;
  }

  #sizes(): Size[] {
    const { targets, chat } = this.#question;
    return targets
      .filter(({ when }) => when === null)
      .map(({ provider, model }) => {
        const output = outputTokens(chat, `${provider}/${model}`, this.#gate.spending.means);
        return { provider, model, input: this.#counted(), output };
      });
  }

  // What comes back.

  events(events: readonly ChatEvent[]): boolean {
    this.#metered.hear(events);
    return this.#asker.events(events);
  }

  /** Who goes by figures has some, also where the provider gives none. */
  ended(): void {
    const usage = this.#settle('whole');
    if (usage !== null && !this.#metered.hasHeard) this.#asker.events([{ kind: 'usage', usage }]);
    this.#asker.ended();
  }

  answered(answer: ChatAnswer): void {
    this.#metered.hearWhole(answer);
    const usage = this.#settle('whole');
    const { outcome } = this.#question;
    outcome.headers.push(...this.#gate.costFields(outcome));
    this.#asker.answered(answer.usage === null ? { ...answer, usage } : answer);
  }

  failed(failed: ChatFailure): void {
    const { kind } = failed.error;
    this.#settle(kind === 'timeout' || kind === 'cut' ? 'cut' : 'refused');
    this.#asker.failed(failed);
  }

  resume(): void {
    this.#below?.resume();
  }

  giveUp(): void {
    if (this.#isOver) return;
    this.#below?.giveUp();
    this.#settle('cut');
  }

  /** What it took; null: nobody knows, or it is settled already. */
  #settle(end: MeteredEnd): Usage | null {
    if (this.#isOver) return null;
    this.#isOver = true;
    const { spending } = this.#gate;
    const { outcome } = this.#question;
    // Of those that were not heard to the end, the driver knows no more than how long the question was.
    for (const one of outcome.besides)
      if (!one.isInputSaid) one.usage = { ...one.usage, input: this.#counted(), isEstimated: true };
    const usage = this.#metered.usage(end, outcome, () => this.#counted(), spending.count);
    this.#ticket.settle(usage);
    if (usage !== null && end === 'whole')
      spending.means.seen(`${outcome.provider}/${outcome.providerModel}`, usage.output);
    return usage;
  }
}
