/**
 * The layer of the chat onion that counts what questions cost, and admits those that budgets have room for.
 *
 *   question ──▶ sized ──▶ reserved ──▶ asked ──▶ settled by the real figure, however it ends
 *                  │          ├─ no room ─▶ 429, with Retry-After and the budget's name
 *                  │          └─ room, but others must hear of what was admitted here: once more, a tenth of a second later
 *                  └─ under a budget of money, and nobody knows the price ─▶ refused
 *
 * Below it, attempts may fail and move on: the question is reserved once, and what was asked in vain is part of its bill.
 */
import { failure } from '@weir/proto/http/failures.js';
import type { AiLimitSpec } from '@weir/proto/snapshot/ai.js';
import { wholeSeconds } from '../../limit/ratelimit-fields.js';
import type { Timer } from '../../time/clock.js';
import type { ChatAnswer, ChatEvent } from '../chat/chat-answer.js';
import { providerError } from '../chat/provider-error.js';
import type { AiRules } from '../gateway/ai-route.js';
import type { AskChat, ChatAnswering, ChatAsker, ChatFailure, ChatLayer, Question } from '../gateway/chat-layer.js';
import { chatFailure } from '../gateway/chat-layer.js';
import { type Asked, type BoundBudget, bindBudgets, budgetFields } from './bound-budgets.js';
import type { Spending } from './budget-store.js';
import { Metered, type MeteredEnd, wastedAttempts } from './metered.js';
import { inputTokens, outputTokens } from './question-size.js';
import { type Admission, Reservation, type Share } from './reservation.js';

/** For others to hear of what was admitted here; nobody waits for longer. */
const WAIT_MAX_MS = 1_000;
const LOOK_AGAIN_MS = 100;
/** Behind its deadline, before a node that settled nothing is taken for dead. */
const HOLD_MORE_MS = 60_000;

export const budget: ChatLayer = (rules) => {
  const { spending } = rules.ai;
  if (spending === null) return null;
  const budgets = bindBudgets(
    [
      ...(spending.spec.budgets?.limits ?? []).map((spec) => ({ scope: '', spec })),
      ...(rules.spec.limits ?? []).map((spec) => ({ scope: rules.route.id, spec })),
    ],
    spending.counters,
  );
  return (next) => (question, asker) => {
    const spender = new Spender(question, asker, next, { rules, spending, budgets });
    spender.begin();
    return spender;
  };
};

interface Terms {
  readonly rules: AiRules;
  readonly spending: Spending;
  readonly budgets: readonly BoundBudget[];
}

class Spender implements ChatAsker, ChatAnswering {
  readonly #question: Question;
  readonly #asker: ChatAsker;
  readonly #next: AskChat;
  readonly #terms: Terms;
  readonly #metered = new Metered();
  readonly #sinceMs: number;
  #input = 0;
  #reservation: Reservation | null = null;
  #timer: Timer | null = null;
  #below: ChatAnswering | null = null;
  #isOver = false;

  constructor(question: Question, asker: ChatAsker, next: AskChat, terms: Terms) {
    this.#question = question;
    this.#asker = asker;
    this.#next = next;
    this.#terms = terms;
    this.#sinceMs = terms.rules.services.clock.nowMs();
  }

  begin(): void {
    const { rules, spending, budgets } = this.#terms;
    const { request, outcome, chat } = this.#question;
    outcome.team = spending.spec.budgets?.teams[request.exchange.consumerId ?? ''] ?? '';
    const asked = { request, routeId: rules.route.id, model: outcome.model, team: outcome.team };
    const mine = budgets.flatMap((of) => shareOf(of, asked));
    if (mine.length === 0) {
      this.#ask();
      return;
    }
    if (mine.some(({ of }) => of.spec.unit !== 'requests')) this.#input = inputTokens(chat, spending.count);
    const shares = this.#sized(mine);
    if (shares === null) {
      this.#refuse('limit_unavailable', 'no price of the model is known, and it has a budget of money');
      return;
    }
    this.#reservation = new Reservation(request.exchange.id, shares, spending);
    this.#admit(this.#reservation);
  }

  /** Null: a budget is of money, and nobody knows what any of the models costs. */
  #sized(mine: readonly Omit<Share, 'amount'>[]): Share[] | null {
    const { rules, spending } = this.#terms;
    const { targets, chat } = this.#question;
    const wallMs = rules.services.clock.wallMs();
    const sizes = targets
      .filter(({ when }) => when === null)
      .map(({ provider, model }) => {
        const output = outputTokens(chat, `${provider}/${model}`, spending.means);
        const usage = { input: this.#input, output, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: true };
        return { tokens: this.#input + output, cost: spending.prices.cost(provider, model, usage, wallMs) };
      });
    // Whichever of them is asked: the dearest.
    const costs = sizes.flatMap(({ cost }) => cost ?? []);
    if (costs.length === 0 && mine.some(({ of }) => of.spec.unit === 'cost')) return null;
    const amounts = {
      requests: 1,
      tokens: Math.max(0, ...sizes.map(({ tokens }) => tokens)),
      cost: Math.max(0, ...costs),
    };
    return mine.map((share) => ({ ...share, amount: amounts[share.of.spec.unit] }));
  }

  #admit(reservation: Reservation): void {
    const { clock, onBug } = this.#terms.rules.services;
    const [wallMs, nowMs] = [clock.wallMs(), clock.nowMs()];
    const holdMs = Math.max(0, this.#question.request.exchange.deadlineAtMs - nowMs) + HOLD_MORE_MS;
    const admission = reservation.admit({ wallMs, nowMs, holdMs });
    if (!(admission instanceof Promise)) {
      this.#admitted(admission, reservation);
      return;
    }
    admission
      .then((one) => this.#admitted(one, reservation))
      .catch((bug: unknown) => {
        onBug(bug);
        if (!this.#isOver) this.#refuse('internal_error', 'the budgets could not be checked');
      });
  }

  #admitted(admission: Admission, reservation: Reservation): void {
    if (this.#isOver) return;
    const { clock, timers } = this.#terms.rules.services;
    const { headers } = this.#question.outcome;
    if (admission.kind === 'admitted') {
      headers.push(...budgetFields(admission.judged));
      this.#ask();
    } else if (admission.kind === 'refused') {
      const { name, spec } = admission.by.of;
      const detail = `the budget "${name}" of ${spec.unit} for this ${spec.period} has no room`;
      this.#refuse('rate_limited', detail, {
        retryAfterS: Math.max(1, wholeSeconds(admission.by.verdict.retryAfterMs)),
        headers: budgetFields(admission.judged),
      });
    } else if (admission.kind === 'unavailable') {
      this.#refuse('limit_unavailable', 'Redis does not answer in time', { retryAfterS: 1 });
    } else if (clock.nowMs() - this.#sinceMs >= WAIT_MAX_MS) {
      this.#refuse('rate_limited', 'the part of a budget that this node may admit at once is used up', {
        retryAfterS: 1,
      });
    } else {
      this.#timer ??= timers.create(() => this.#admit(reservation));
      this.#timer.arm(LOOK_AGAIN_MS);
    }
  }

  #ask(): void {
    this.#below = this.#next(this.#question, this);
  }

  #refuse(
    code: 'rate_limited' | 'limit_unavailable' | 'internal_error',
    detail: string,
    more: { retryAfterS?: number; headers?: readonly string[] } = {},
  ): void {
    this.#isOver = true;
    this.#reservation?.settle(() => 0);
    const kind = code === 'rate_limited' ? 'rateLimited' : 'server';
    const error = providerError(kind, detail, { native: code });
    this.#asker.failed(chatFailure(error, { failure: failure(code, detail, more) }));
  }

  // What comes back.

  events(events: readonly ChatEvent[]): boolean {
    this.#metered.hear(events);
    return this.#asker.events(events);
  }

  ended(): void {
    this.#settle('whole');
    this.#asker.ended();
  }

  answered(answer: ChatAnswer): void {
    this.#metered.hearWhole(answer);
    this.#settle('whole');
    const { costMicros, headers } = this.#question.outcome;
    if (costMicros !== null && this.#terms.spending.spec.budgets?.costHeader === true)
      headers.push('x-weir-cost', dollarsOf(costMicros));
    this.#asker.answered(answer);
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
    this.#timer?.cancel();
    this.#below?.giveUp();
    this.#settle('cut');
  }

  #settle(end: MeteredEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { rules, spending } = this.#terms;
    const { outcome, chat } = this.#question;
    const { provider, providerModel } = outcome;
    if (this.#input === 0 && outcome.usage?.isEstimated !== false) this.#input = inputTokens(chat, spending.count);
    const usage = this.#metered.usage(end, outcome, this.#input, spending.count);
    outcome.usage = usage;
    const wasted = this.#input * wastedAttempts(outcome);
    const billed = usage === null ? null : { ...usage, input: usage.input + wasted };
    const cost = billed && spending.prices.cost(provider, providerModel, billed, rules.services.clock.wallMs());
    outcome.costMicros = cost;
    if (usage !== null && end === 'whole') spending.means.seen(`${provider}/${providerModel}`, usage.output);
    const tokens = billed === null ? 0 : billed.input + billed.output;
    // What nobody knows the price of is taken to cost what was reserved.
    const real: Record<AiLimitSpec['unit'], number | null> = { requests: 1, tokens, cost: usage === null ? 0 : cost };
    this.#reservation?.settle((unit) => real[unit]);
  }
}

function shareOf(of: BoundBudget, asked: Asked): Omit<Share, 'amount'>[] {
  const key = of.keyOf(asked);
  return key === null ? [] : [{ of, key }];
}

/** Without a sign of its currency, and without an exponent. */
function dollarsOf(micros: number): string {
  return (micros / 1_000_000).toFixed(6);
}
