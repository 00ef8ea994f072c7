/**
 * What one question holds of the budgets that it falls under, from its admission to its settlement. Counts of this node and of the
 * cluster are asked at once; a strict one waits for Redis, and its answer decides for all of them together.
 */
import type { SpendVerdict } from '@weir/proto/cluster/shared-spends.js';
import { windowAt, windowEndMs } from '@weir/proto/cluster/spend-window.js';
import type { AiLimitSpec } from '@weir/proto/snapshot/ai.js';
import type { StrictSpend } from '../../limit/strict-counter.js';
import type { BoundBudget } from './bound-budgets.js';
import type { Spending } from './budget-store.js';

export interface Share {
  readonly of: BoundBudget;
  readonly key: string;
  /** The same for people. */
  readonly whose: readonly string[];
  /** What is reserved, in the unit of the budget. */
  readonly amount: number;
}

export interface Judged {
  readonly of: BoundBudget;
  readonly verdict: SpendVerdict;
}

/** What a budget has left, as far as is known here. */
export interface Left {
  readonly share: Share;
  readonly left: number;
  /** When its window is over. */
  readonly untilWallMs: number;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly judged: readonly Judged[] }
  | { readonly kind: 'refused'; readonly judged: readonly Judged[]; readonly by: Judged }
  /** It fits, and others have to hear of what was admitted here first. */
  | { readonly kind: 'later' }
  /** Redis does not answer, and a budget does not go on without. */
  | { readonly kind: 'unavailable' };

/** Redis forgets a window a while after its end: calls that began in it may be under way. */
const KEPT_MS = 3_600_000;

/** What Redis was asked for of a share. */
type StrictShare = StrictSpend & { readonly share: Share };

export interface ReservationTimes {
  readonly wallMs: number;
  readonly nowMs: number;
  /** What is not settled by then is given back. */
  readonly holdMs: number;
}

export class Reservation {
  readonly #shares: readonly Share[];
  readonly #spending: Spending;
  /** What was taken here, with its window. */
  #own: { readonly share: Share; readonly window: number }[] = [];
  #strict: readonly StrictShare[] = [];
  /** Redis settles what has one name once: each time that it is asked has one of its own, which no client has a say in, as it has in a request's id. */
  #strictId = '';
  /** Of strict ones, what Redis has told last, and what has come back since. */
  readonly #told = new Map<Share, { readonly left: number; readonly window: number }>();
  #isOver = false;

  constructor(shares: readonly Share[], spending: Spending) {
    this.#shares = shares;
    this.#spending = spending;
  }

  /** At once, unless one of them is strict. */
  admit(times: ReservationTimes): Admission | Promise<Admission> {
    const strict = this.#shares.filter(({ of }) => of.spec.redis !== null);
    const own = this.#shares.filter(({ of }) => of.spec.redis === null);
    if (strict.length === 0) return this.#take(own, times);
    // Nobody need wait for Redis to be refused.
    const refused = admissionOf(own.map((share) => this.#peek(share, times)));
    return refused.kind === 'admitted' ? this.#askRedis(strict, own, times) : refused;
  }

  /** `real`: what it has come to, in a unit; null: nobody knows, and it counts as what was reserved. Does nothing the second time. */
  settle(real: (unit: AiLimitSpec['unit']) => number | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const { share, window } of this.#own)
      share.of.spends.settle(share.key, window, share.amount, real(share.of.spec.unit) ?? share.amount);
    if (this.#strict.length > 0) this.#settleStrict(({ share, amount }) => real(share.of.spec.unit) ?? amount);
  }

  /** Of the budgets that Redis counts only those that it has told of. */
  lefts(wallMs: number): readonly Left[] {
    return this.#shares.flatMap((share): Left[] => {
      const { spec, spends } = share.of;
      const told = spec.redis === null ? null : this.#told.get(share);
      if (told === undefined) return [];
      const window = told?.window ?? windowAt(spec.period, wallMs);
      const left = told?.left ?? spec.amount - spends.committed(share.key, wallMs);
      return [{ share, left: Math.max(0, left), untilWallMs: windowEndMs(spec.period, window) }];
    });
  }

  #peek({ of, key, amount }: Share, { wallMs, nowMs }: ReservationTimes): Judged {
    return { of, verdict: of.spends.peek(key, amount, of.members(), wallMs, nowMs) };
  }

  /** From all of them, or, where one refuses, from none. Nothing runs in between, so what is peeked is what is taken. */
  #take(shares: readonly Share[], times: ReservationTimes): Admission {
    const judged = shares.map((share) => this.#peek(share, times));
    const admission = admissionOf(judged);
    if (admission.kind !== 'admitted') return admission;
    for (const share of shares) {
      const { of, key, amount } = share;
      const { window } = of.spends.reserve(key, amount, of.members(), times.wallMs, times.nowMs);
      this.#own.push({ share, window });
    }
    return admission;
  }

  async #askRedis(strict: readonly Share[], own: readonly Share[], times: ReservationTimes): Promise<Admission> {
    const counter = this.#spending.strict;
    if (counter === null) throw new Error('a strict budget was compiled without a Redis');
    const { wallMs, holdMs } = times;
    this.#strict = strict.map((share) => {
      const { period, amount: limit } = share.of.spec;
      const window = windowAt(period, wallMs);
      const expiresInMs = Math.max(0, windowEndMs(period, window) - wallMs) + KEPT_MS;
      return { share, key: `${share.key}:${window}`, amount: share.amount, limit, expiresInMs };
    });
    const withinMs = Math.min(...strict.map(({ of }) => of.spec.redis?.withinMs ?? Number.POSITIVE_INFINITY));
    this.#strictId = this.#spending.newName();
    const answer = await counter.reserve(this.#strictId, this.#strict, holdMs, withinMs);
    // It ended while Redis was asked: what Redis holds for it is given back by `settle`, which has been told of it.
    if (this.#isOver) {
      this.#giveBack();
      return { kind: 'later' };
    }
    if (typeof answer === 'string') {
      // It may have been counted all the same: that is taken back, and counts once.
      this.#told.clear();
      this.#giveBack();
      const isClosed = strict.some(({ of }) => of.spec.redis?.onLoss === 'closed');
      return isClosed ? { kind: 'unavailable' } : this.#take(this.#shares, times);
    }
    const judged = strict.map((share, i) => ({ of: share.of, verdict: verdictOf(share, answer[i], wallMs) }));
    judged.forEach(({ verdict: { remaining: left, window } }, i) => {
      const share = strict[i];
      if (share !== undefined) this.#told.set(share, { left, window });
    });
    const admission = admissionOf(judged);
    if (admission.kind !== 'admitted') {
      this.#strict = [];
      return admission;
    }
    const rest = this.#take(own, times);
    if (rest.kind !== 'admitted') {
      this.#giveBack();
      return rest;
    }
    return { kind: 'admitted', judged: [...judged, ...rest.judged] };
  }

  #giveBack(): void {
    if (this.#strict.length > 0) this.#settleStrict(() => 0);
    this.#strict = [];
  }

  #settleStrict(realOf: (taken: StrictShare) => number): void {
    const spent = this.#strict.map((taken) => {
      const { share, key, amount, expiresInMs } = taken;
      const real = realOf(taken);
      const told = this.#told.get(share);
      if (told !== undefined) this.#told.set(share, { ...told, left: told.left + amount - real });
      return { key, amount, expiresInMs, real };
    });
    this.#spending.settleLater({ id: this.#strictId, spent });
  }
}

/** One that refuses for good before one that only waits. */
function admissionOf(judged: readonly Judged[]): Admission {
  const refusing = judged.filter(({ verdict }) => !verdict.allowed);
  if (refusing.length === 0) return { kind: 'admitted', judged };
  const by = refusing
    .filter(({ verdict }) => !verdict.isShare)
    .reduce<Judged | null>(
      (most, one) => (most !== null && most.verdict.retryAfterMs >= one.verdict.retryAfterMs ? most : one),
      null,
    );
  return by === null ? { kind: 'later' } : { kind: 'refused', judged, by };
}

/** Where it would fit if calls in flight cost nothing: when they may have ended. */
const HELD_RETRY_MS = 5_000;

function verdictOf(
  { of, amount }: Share,
  answer: { readonly allowed: boolean; readonly left: number; readonly held: number } | undefined,
  wallMs: number,
): SpendVerdict {
  const { period } = of.spec;
  const window = windowAt(period, wallMs);
  const resetMs = Math.max(1, windowEndMs(period, window) - wallMs);
  const { allowed = false, left = 0, held = 0 } = answer ?? {};
  const wait = amount <= left + held ? Math.min(HELD_RETRY_MS, resetMs) : resetMs;
  return { allowed, remaining: left, resetMs, window, isShare: false, retryAfterMs: allowed ? 0 : wait };
}
