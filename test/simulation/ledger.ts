/**
 * Keeps account of everything that a simulated gateway does, and throws at the first thing that it must never do:
 *
 *   deadline     no attempt begins at or after the deadline of its request, and no request ends more than a tick after it
 *   budget       extra attempts of ten seconds ≤ share × first ones + floor, looked up afresh at each; each one was paid for
 *   repetition   what is not repeatable reaches upstreams at most once; what is not safe is never hedged
 *   number       never more retries than the route allows
 *   trial        one attempt at a time is the proof of a target, or of the upstream as a whole
 *   ejection     never all targets, never more than the cap
 *   one end      each request ends once, and nothing comes after it, or after its client has left
 *   balance      in the end nothing is in flight and no timer is armed
 */
import type { RecordedEnd } from './client.js';
import type { Plan } from './plan.js';

const WINDOW_MS = 10_000;
/** Timers are up to this late, also the one of the deadline; that an attempt begins late has no such excuse. */
export const TICK_MS = 8;

export function claim(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

export interface Sent {
  readonly deadlineAtMs: number;
  readonly isRepeatable: boolean;
  readonly isSafe: boolean;
  /** Attempts by their cause, and those whose request has left the gateway. */
  first: number;
  retries: number;
  hedges: number;
  written: number;
}

/** The share of live traffic that may be spent on extra attempts, counted once more and in another way. */
export class SpendingBook {
  readonly #deposits: number[] = [];
  readonly #withdrawals: number[] = [];
  spent = 0;
  readonly #share: number;
  readonly #floorPerS: number;

  constructor(share: number, floorPerS: number) {
    this.#share = share;
    this.#floorPerS = floorPerS;
  }

  get deposited(): number {
    return this.#deposits.length;
  }

  deposit(nowMs: number): void {
    this.#deposits.push(nowMs);
  }

  withdraw(nowMs: number): void {
    this.#withdrawals.push(nowMs);
    this.spent += 1;
    const since = (times: readonly number[]): number => {
      let count = 0;
      for (let i = times.length - 1; i >= 0 && (times[i] ?? 0) > nowMs - WINDOW_MS; i -= 1) count += 1;
      return count;
    };
    const allowed = this.#share * since(this.#deposits) + (this.#floorPerS * WINDOW_MS) / 1_000;
    const extras = since(this.#withdrawals);
    claim(extras <= allowed + 1e-6, `${extras} extra attempts in ten seconds, ${allowed} are allowed`);
  }
}

export class Ledger {
  readonly seen = { requests: 0, retries: 0, hedges: 0, trials: 0, repeatedUnsafe: 0, timeouts: 0, left: 0, good: 0 };
  readonly retryBook: SpendingBook;
  readonly hedgeBook: SpendingBook;
  readonly #plan: Plan;
  readonly #trials = new Set<string>();
  #retriesBegun = 0;
  #hedgesBegun = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.retryBook = new SpendingBook(plan.retry.budgetShare, plan.retry.budgetFloorPerS);
    this.hedgeBook = new SpendingBook(plan.hedge?.budgetShare ?? 0, plan.hedge?.budgetFloorPerS ?? 0);
  }

  attemptBegan(sent: Sent, cause: string | undefined, nowMs: number): void {
    claim(nowMs < sent.deadlineAtMs, `an attempt began ${nowMs - sent.deadlineAtMs} ms after its deadline`);
    if (cause === 'retry') {
      sent.retries += 1;
      this.seen.retries += 1;
      this.#retriesBegun += 1;
      claim(sent.retries <= this.#plan.retry.retries, `retry number ${sent.retries}`);
      claim(this.#retriesBegun <= this.retryBook.spent, 'a retry that was not paid for');
      if (!sent.isRepeatable) this.seen.repeatedUnsafe += 1;
    } else if (cause === 'hedge') {
      sent.hedges += 1;
      this.seen.hedges += 1;
      this.#hedgesBegun += 1;
      claim(sent.isSafe, 'a hedge of what is not safe');
      claim(this.#hedgesBegun <= this.hedgeBook.spent, 'a hedge that was not paid for');
      claim(sent.hedges <= sent.retries + 1, 'two hedges of one attempt');
    } else {
      sent.first += 1;
      claim(sent.first === 1, 'two first attempts');
    }
  }

  /** The request has left the gateway. */
  attemptWritten(sent: Sent): void {
    sent.written += 1;
    claim(sent.isRepeatable || sent.written === 1, `what must not be repeated was sent ${sent.written} times`);
  }

  requestEnded(sent: Sent, end: RecordedEnd, nowMs: number): void {
    claim(nowMs <= sent.deadlineAtMs + TICK_MS, `a request ended ${nowMs - sent.deadlineAtMs} ms after its deadline`);
    if (end === 'good') this.seen.good += 1;
    else if (end === 'timeout') this.seen.timeouts += 1;
    else if (end === 'left') this.seen.left += 1;
  }

  trialBegan(of: string): void {
    claim(!this.#trials.has(of), `${of} has two trials at a time`);
    this.#trials.add(of);
    this.seen.trials += 1;
  }

  trialEnded(of: string): void {
    this.#trials.delete(of);
  }

  atTheEnd(inFlight: readonly number[], armed: number): void {
    claim(
      inFlight.every((count) => count === 0),
      `in flight in the end: ${inFlight.join(', ')}`,
    );
    claim(armed === 0, `${armed} timers are armed in the end`);
    claim(this.#trials.size === 0, `trials that never ended: ${[...this.#trials].join(', ')}`);
    claim(this.retryBook.deposited === this.seen.requests, 'retries are paid for by something else than requests');
    claim(this.hedgeBook.deposited <= this.seen.requests, 'hedges are paid for by something else than requests');
  }
}
