/**
 * What a request that is no chat holds of its budgets, and what it comes to: its driver tells of attempts, and how the last one ended.
 * Owns the ticket.
 */
import type { AiTargetSpec } from '@weir/proto/snapshot/ai.js';
import type { GatewayRequest } from '../../../pipeline/dispatch.js';
import type { BudgetGate, BudgetTicket, GateAsker, Size } from '../../budget/budget-gate.js';
import type { MeteredEnd } from '../../budget/metered.js';
import type { Usage } from '../../chat/chat-answer.js';
import type { AiOutcome } from '../outcome.js';
import type { PlainAttempt } from './plain-attempt.js';
import type { PlainQuestion } from './plain-question.js';
import { type PlainSize, plainUsage } from './plain-size.js';

export interface Billed {
  readonly request: GatewayRequest;
  readonly outcome: AiOutcome;
  readonly question: PlainQuestion;
  readonly targets: readonly AiTargetSpec[];
}

export class PlainBill {
  readonly ticket: BudgetTicket;
  readonly #gate: BudgetGate;
  readonly #of: Billed;
  #counted: PlainSize | null = null;

  constructor(gate: BudgetGate, of: Billed, asker: GateAsker) {
    this.#gate = gate;
    this.#of = of;
    const { request, outcome, question } = of;
    const sizes = question.size === null ? null : () => this.#sizes();
    this.ticket = gate.ticket({ request, outcome, sizes }, asker);
  }

  #sizes(): Size[] {
    const first = this.#of.targets.filter(({ when }) => when === null);
    return first.map(({ provider, model }) => ({ provider, model, ...this.#sizeAt(`${provider}/${model}`) }));
  }

  /** Counted once, where somebody has to know. */
  #sizeAt(name: string): { readonly input: number; readonly output: number } {
    const { count, means } = this.#gate.spending;
    this.#counted ??= this.#of.question.size?.(count) ?? { input: 0, output: 0 };
    return { input: this.#counted.input, output: this.#counted.output ?? means.of(name) };
  }

  /** Another attempt takes the place of one that failed unseen. */
  moved(before: PlainAttempt | null): void {
    if (before === null) return;
    const wasRead = before.error?.kind === 'timeout' || before.error?.kind === 'cut';
    const usage = this.#usage(wasRead ? 'cut' : 'refused', before, false);
    const { provider, model } = before.candidate;
    const besides = { provider, providerModel: model, isInputSaid: (before.reply.meter?.usage ?? null) !== null };
    if (usage !== null) this.#of.outcome.besides.push({ ...besides, usage, why: 'failed' });
  }

  /** Does nothing the second time. */
  settle(end: MeteredEnd, attempt: PlainAttempt | null, hasBegun: boolean): void {
    const usage = attempt === null ? null : this.#usage(end, attempt, hasBegun);
    const { provider, providerModel } = this.#of.outcome;
    this.ticket.settle(usage);
    if (usage !== null && end === 'whole') this.#gate.spending.means.seen(`${provider}/${providerModel}`, usage.output);
  }

  #usage(end: MeteredEnd, { candidate, reply }: PlainAttempt, hasBegun: boolean): Usage | null {
    if (this.#of.question.size === null) return null;
    const { provider, model } = candidate;
    const { meter } = reply;
    const heard = { told: this.#of.outcome.usage ?? meter?.usage ?? null, tokens: meter?.saidTokens ?? null, hasBegun };
    return plainUsage(end, heard, () => this.#sizeAt(`${provider}/${model}`));
  }
}
