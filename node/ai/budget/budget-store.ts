/**
 * What a node keeps for budgets beyond one snapshot: their counters, what models' answers take, and settlements that Redis has not heard of
 * yet. Owns all three. The vocabulary of tokens is loaded with the first budget that needs it.
 */
import type { Presence } from '@weir/proto/cluster/presence.js';
import { SharedSpends } from '@weir/proto/cluster/shared-spends.js';
import type { AiLimitSpec, AiSpec } from '@weir/proto/snapshot/ai.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { ClusterSpends } from '../../cluster/spends.js';
import { boundedKeys } from '../../limit/local-limiter.js';
import type { SpendCounter, StrictSpent } from '../../limit/strict-counter.js';
import type { Clock, Timer, Timers } from '../../time/clock.js';
import type { Catalogue } from '../catalogue/catalogue.js';
import type { BudgetCounters } from './bound-budgets.js';
import { Prices } from './prices.js';
import { OutputMeans } from './question-size.js';
import { byLength, type CountTokens, loadTokenizer } from './token-count.js';

export interface BudgetStoreParts {
  readonly presence: Presence | null;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Null: there is no Redis. */
  readonly strict: SpendCounter | null;
  /** In letters of base64url. */
  readonly digest: (text: string) => string;
  /** Never the same twice, on any node. */
  readonly token: () => string;
}

/** What the budget layer of one snapshot works with. */
export interface Spending {
  readonly spec: AiSpec;
  readonly prices: Prices;
  readonly means: OutputMeans;
  readonly count: CountTokens;
  readonly counters: BudgetCounters;
  readonly strict: SpendCounter | null;
  settleLater(settlement: Settlement): void;
  /** Of what Redis is asked to hold: never the same twice, on any node. */
  newName(): string;
}

export interface Settlement {
  readonly id: string;
  readonly spent: readonly StrictSpent[];
}

export interface BudgetCounts {
  /** Callers of budgets that are remembered, and such as were forgotten while they counted; of those that nodes share. */
  readonly keys: number;
  readonly forgotten: number;
  /** Settlements that Redis has not heard of yet, and such as were given up. */
  readonly waiting: number;
  readonly lost: number;
}

/** Settlements that wait for Redis; beyond it the oldest stays at what was reserved until that is given up. */
const PENDING_MAX = 10_000;
/** For each message; nobody waits for it. */
const SETTLE_WITHIN_MS = 500;
const AGAIN_MS = 1_000;
/** Under way at once. */
const SETTLING_MAX = 50;
const LOCALS_MAX = 10_000;

export class BudgetStore {
  readonly #parts: BudgetStoreParts;
  readonly #means = new OutputMeans();
  readonly #locals = boundedKeys<SharedSpends>(LOCALS_MAX);
  readonly #timer: Timer;
  readonly #pending = new Map<string, Settlement>();
  readonly #settling = new Set<string>();
  #shared: ClusterSpends | null = null;
  #count: CountTokens = byLength;
  #isExact = false;
  /** Settlements that were given up. */
  lost = 0;

  constructor(parts: BudgetStoreParts) {
    this.#parts = parts;
    this.#timer = parts.timers.create(() => this.#settle());
  }

  /** Before a snapshot is compiled: loads what it needs. */
  async prepare(spec: AiSpec | null, routes: readonly RouteSpec[]): Promise<void> {
    if (spec === null) return;
    const limits = [...(spec.budgets?.limits ?? []), ...routes.flatMap(limitsOf)];
    if (!this.#isExact && limits.some(({ unit }) => unit !== 'requests')) {
      this.#count = await loadTokenizer();
      this.#isExact = true;
    }
    if (limits.some(({ mode }) => mode === 'strict')) {
      if (this.#parts.strict === null) throw new Error('a strict budget of AI needs a Redis to count in (--redis)');
      this.#parts.strict.open();
    }
  }

  compile(spec: AiSpec, catalogue: Catalogue): Spending {
    const { strict, digest, token } = this.#parts;
    return {
      spec,
      prices: new Prices(spec.providers, spec.budgets?.prices ?? [], catalogue),
      means: this.#means,
      count: this.#count,
      counters: { digest, budget: (id, limit) => this.#budget(id, limit) },
      strict,
      settleLater: (settlement) => this.#settleLater(settlement),
      newName: token,
    };
  }

  counts(): BudgetCounts {
    const { keys = 0, forgotten = 0 } = this.#shared?.counts() ?? {};
    return { keys, forgotten, waiting: this.#pending.size, lost: this.lost };
  }

  close(): void {
    this.#timer.cancel();
    this.#shared?.close();
  }

  #budget(id: string, { amount, period, mode, keys }: AiLimitSpec) {
    const limit = { limit: amount, period };
    if (mode !== 'local') {
      const { presence, clock, timers } = this.#parts;
      this.#shared ??= new ClusterSpends({ presence, clock, timers });
      const shared = this.#shared;
      return { spends: shared.budget(id, limit, keys), members: () => shared.members };
    }
    const known = this.#locals.get(id) ?? new SharedSpends(limit, keys);
    known.use(limit);
    this.#locals.set(id, known);
    return { spends: known, members: () => 1 };
  }

  #settleLater(settlement: Settlement): void {
    const [oldest] = this.#pending.keys();
    if (this.#pending.size >= PENDING_MAX && oldest !== undefined) {
      this.#pending.delete(oldest);
      this.lost += 1;
    }
    this.#pending.set(settlement.id, settlement);
    this.#settle();
  }

  /** Those that wait, each with its own message; what Redis did not hear is told again. It counts once, however often it is heard. */
  #settle(): void {
    const { strict } = this.#parts;
    if (strict === null) return;
    for (const [id, { spent }] of this.#pending) {
      if (this.#settling.size >= SETTLING_MAX) return;
      if (this.#settling.has(id)) continue;
      this.#settling.add(id);
      void strict.settle(id, spent, SETTLE_WITHIN_MS).then((loss) => {
        this.#settling.delete(id);
        if (loss !== null) this.#timer.arm(AGAIN_MS);
        else if (this.#pending.delete(id) && this.#pending.size > this.#settling.size) this.#settle();
      });
    }
  }
}

function limitsOf({ action }: RouteSpec): readonly AiLimitSpec[] {
  return action.kind === 'ai' ? (action.limits ?? []) : [];
}
