/**
 * The budgets of a route, before whatever it asks of models: chats come by the layer of the onion (budget-layer.ts), everything else by
 * its own driver (../gateway/plain/). Whoever asks holds one ticket, from its admission to its bill.
 *
 *   ticket ──▶ sized ──▶ reserved ──▶ asked ──▶ settled by the real figures, however it ends
 *                 │          ├─ no room ─▶ 429, with Retry-After and the budget's name
 *                 │          └─ room, but others must hear of what was admitted here: once more, a tenth of a second later
 *                 └─ under a budget of money, and nobody knows the price ─▶ refused
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { AiLimitSpec } from '@weir/proto/snapshot/ai.js';
import { OWN_CONSUMERS } from '../../auth/own-consumers.js';
import { wholeSeconds } from '../../limit/ratelimit-fields.js';
import type { GatewayRequest } from '../../pipeline/dispatch.js';
import type { Timer } from '../../time/clock.js';
import type { Usage } from '../chat/chat-answer.js';
import { type ProviderError, providerError } from '../chat/provider-error.js';
import type { AiRules } from '../gateway/ai-route.js';
import type { AiBudgetLeft, AiOutcome } from '../gateway/outcome.js';
import { costOfAsides } from './aside-cost.js';
import { billParts } from './bill-parts.js';
import { type Asked, type BoundBudget, bindBudgets, budgetFields } from './bound-budgets.js';
import type { Spending } from './budget-store.js';
import { type Admission, type Left, Reservation, type Share } from './reservation.js';

/** For others to hear of what was admitted here; nobody waits for longer. */
const WAIT_MAX_MS = 1_000;
const LOOK_AGAIN_MS = 100;
/** Behind its deadline, before a node that settled nothing is taken for dead. */
const HOLD_MORE_MS = 60_000;

/** What one of the models would take that may be asked. */
export interface Size {
  readonly provider: string;
  readonly model: string;
  readonly input: number;
  readonly output: number;
}

/** Who asks. */
export interface Entry {
  readonly request: GatewayRequest;
  /** Gets the team, the fields of the budgets, and in the end the usage and the bill. */
  readonly outcome: AiOutcome;
  /** Null: it takes no tokens and costs nothing, and counts as a request alone. */
  readonly sizes: (() => readonly Size[]) | null;
  /** The gateway asks by itself: it counts in tokens and money alone, and among what was asked for by this name. */
  readonly isAside?: boolean;
  readonly countedAs?: string;
}

export interface Refusal {
  readonly error: ProviderError;
  readonly failure: Failure;
}

/** Is told one of the two, unless the ticket is settled before. */
export interface GateAsker {
  admitted(): void;
  refused(refusal: Refusal): void;
}

type GateRules = Pick<AiRules, 'route' | 'spec' | 'ai' | 'services'>;

export class BudgetGate {
  readonly spending: Spending;
  readonly rules: GateRules;
  readonly budgets: readonly BoundBudget[];

  constructor(rules: GateRules, spending: Spending) {
    this.rules = rules;
    this.spending = spending;
    this.budgets = bindBudgets(
      [
        ...(spending.spec.budgets?.limits ?? []).map((spec) => ({ scope: '', spec })),
        ...(rules.spec.limits ?? []).map((spec) => ({ scope: rules.route.id, spec })),
      ],
      spending.counters,
      (consumers) => rules.services.credentials.admits(consumers),
    );
  }

  ticket(entry: Entry, asker: GateAsker): BudgetTicket {
    return new BudgetTicket(entry, asker, this);
  }

  /** What a whole answer says of its cost, where it is to say so. */
  costFields({ costMicros }: AiOutcome): readonly string[] {
    const isTold = costMicros !== null && this.spending.spec.budgets?.costHeader === true;
    return isTold ? ['x-weir-cost', dollarsOf(costMicros)] : [];
  }
}

/** Null: nothing is counted at this node. */
export function gateOf(rules: GateRules): BudgetGate | null {
  const { spending } = rules.ai;
  return spending === null ? null : new BudgetGate(rules, spending);
}

export class BudgetTicket {
  readonly #entry: Entry;
  readonly #asker: GateAsker;
  readonly #gate: BudgetGate;
  readonly #sinceMs: number;
  #reservation: Reservation | null = null;
  #reservedMicros = 0;
  #timer: Timer | null = null;
  #isOver = false;

  constructor(entry: Entry, asker: GateAsker, gate: BudgetGate) {
    this.#entry = entry;
    this.#asker = asker;
    this.#gate = gate;
    this.#sinceMs = gate.rules.services.clock.nowMs();
  }

  /** May tell its asker before it returns. */
  begin(): void {
    const { rules, spending, budgets } = this.#gate;
    const { request, outcome, sizes, isAside = false, countedAs = outcome.model } = this.#entry;
    const { consumerId, vouchedBy } = request.exchange;
    // What others vouch for is none of the gateway's own consumers, whatever its name.
    const own = vouchedBy === OWN_CONSUMERS ? (consumerId ?? '') : '';
    outcome.team = spending.spec.budgets?.teams[own] ?? '';
    if (budgets.length === 0) {
      this.#asker.admitted();
      return;
    }
    const asked = { request, routeId: rules.route.id, model: countedAs, team: outcome.team };
    const all = budgets.flatMap((of) => shareOf(of, asked));
    const isMine = (unit: AiLimitSpec['unit']): boolean => (unit === 'requests' ? !isAside : sizes !== null);
    const mine = all.filter(({ of }) => isMine(of.spec.unit));
    if (mine.length === 0) {
      this.#asker.admitted();
      return;
    }
    const shares = this.#sized(mine, sizes ?? (() => []));
    if (shares === null) {
      const why = `a budget of money holds, and nobody knows what ${outcome.model} costs: ai.prices of the config can say it`;
      this.#refuse('limit_unavailable', why);
      return;
    }
    this.#reservation = new Reservation(shares, spending);
    this.#admit(this.#reservation);
  }

  /** Null: a budget is of money, and nobody knows what any of the models costs. */
  #sized(mine: readonly Omit<Share, 'amount'>[], sizesOf: () => readonly Size[]): Share[] | null {
    const { rules, spending } = this.#gate;
    const sizes = mine.some(({ of }) => of.spec.unit !== 'requests') ? sizesOf() : [];
    const wallMs = rules.services.clock.wallMs();
    // Whichever of them is asked: the dearest.
    const costs = sizes.flatMap(({ provider, model, input, output }) => {
      const usage = { input, output, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: true };
      return spending.prices.cost(provider, model, usage, wallMs) ?? [];
    });
    if (costs.length === 0 && mine.some(({ of }) => of.spec.unit === 'cost')) return null;
    const amounts = {
      requests: 1,
      tokens: Math.max(0, ...sizes.map(({ input, output }) => input + output)),
      cost: Math.max(0, ...costs),
    };
    this.#reservedMicros = amounts.cost;
    return mine.map((share) => ({ ...share, amount: amounts[share.of.spec.unit] }));
  }

  #admit(reservation: Reservation): void {
    const { clock, onBug } = this.#gate.rules.services;
    const [wallMs, nowMs] = [clock.wallMs(), clock.nowMs()];
    const holdMs = Math.max(0, this.#entry.request.exchange.deadlineAtMs - nowMs) + HOLD_MORE_MS;
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
    const { clock, timers } = this.#gate.rules.services;
    if (admission.kind === 'admitted') {
      this.#entry.outcome.headers.push(...budgetFields(admission.judged));
      this.#asker.admitted();
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

  #refuse(
    code: 'rate_limited' | 'limit_unavailable' | 'internal_error',
    detail: string,
    more: { retryAfterS?: number; headers?: readonly string[] } = {},
  ): void {
    this.#isOver = true;
    this.#reservation?.settle(() => 0);
    this.#tellLefts();
    const kind = code === 'rate_limited' ? 'rateLimited' : 'server';
    const error = providerError(kind, detail, { native: code });
    this.#asker.refused({ error, failure: failure(code, detail, more) });
  }

  /**
   * `usage`: of whose answer the request is; null: nobody has worked for it. What other attempts took stands in the outcome, and is paid
   * for at their own prices. Does nothing the second time, or where it was refused.
   */
  settle(usage: Usage | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    const { outcome } = this.#entry;
    const { spending, rules } = this.#gate;
    outcome.usage = usage;
    const parts = billParts(usage, outcome);
    const wallMs = rules.services.clock.wallMs();
    for (const part of parts) {
      const costMicros = spending.prices.cost(part.provider, part.providerModel, part.usage, wallMs);
      outcome.bill.push({ provider: part.provider, usage: part.usage, costMicros });
    }
    const known = outcome.bill.reduce((sum, { costMicros }) => sum + (costMicros ?? 0), 0);
    const isKnown = outcome.bill.every(({ costMicros }) => costMicros !== null);
    // What the gateway asked for by itself has paid already, and is part of what all of it cost.
    const asides = outcome.asides.length === 0 ? 0 : costOfAsides(outcome);
    outcome.costMicros = isKnown && asides !== null && parts.length > 0 ? known + asides : null;
    // What nobody knows the price of is taken to cost what was reserved.
    const cost = isKnown ? known : Math.max(known, this.#reservedMicros);
    const tokens = parts.reduce((sum, part) => sum + part.usage.input + part.usage.output, 0);
    const real: Record<AiLimitSpec['unit'], number> = { requests: 1, tokens, cost };
    this.#reservation?.settle((unit) => real[unit]);
    this.#tellLefts();
  }

  #tellLefts(): void {
    const wallMs = this.#gate.rules.services.clock.wallMs();
    const { outcome } = this.#entry;
    for (const left of this.#reservation?.lefts(wallMs) ?? []) outcome.budgets.push(shownLeft(left, outcome.team));
  }
}

function shownLeft({ share, left, untilWallMs }: Left, team: string): AiBudgetLeft {
  const { scope: route, name, spec } = share.of;
  const isTheirs = spec.by.some((key) => key === 'consumer' || key === 'team');
  const { unit, period, mode, amount: limit } = spec;
  return { route, name, unit, period, mode, of: share.whose, team: isTheirs ? team : '', limit, left, untilWallMs };
}

function shareOf(of: BoundBudget, asked: Asked): Omit<Share, 'amount'>[] {
  const found = of.keyOf(asked);
  return found === null ? [] : [{ of, key: found.key, whose: found.of }];
}

/** Without a sign of its currency, and without an exponent. */
function dollarsOf(micros: number): string {
  return (micros / 1_000_000).toFixed(6);
}
