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
 *   admission    nobody is let in where as many are under way as may be, nor after the time to wait; a fixed place is not
 *                left free while somebody waits
 *   fallback     another upstream is asked when nothing is under way at the first, and there was nothing good; what the
 *                first one has seen goes there only if it is safe, or may be repeated and the route vouches for that
 *   last word    where a route has an answer of its own, no client is told of trouble before an answer has begun
 *   balance      in the end nothing is in flight, nobody waits, and no timer is armed
 */
import type { RecordedEnd } from './client.js';
import type { Plan } from './plan.js';

const WINDOW_MS = 10_000;
/** Timers are up to this late, also the one of the deadline; that an attempt begins late has no such excuse. */
export const TICK_MS = 8;

export function claim(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

export type UpstreamName = 'main' | 'spare';

/** A request as one upstream has seen it: attempts by their cause, those that have left the gateway, those under way. */
interface Leg {
  first: number;
  retries: number;
  hedges: number;
  written: number;
  underWay: number;
}

export interface Sent {
  readonly cameAtMs: number;
  readonly deadlineAtMs: number;
  readonly isRepeatable: boolean;
  readonly isSafe: boolean;
  readonly legs: Readonly<Record<UpstreamName, Leg>>;
}

export const newLeg = (): Leg => ({ first: 0, retries: 0, hedges: 0, written: 0, underWay: 0 });

/** The share of live traffic that may be spent on extra attempts, counted once more and in another way. */
export class SpendingBook {
  readonly #deposits: number[];
  readonly #withdrawals: number[] = [];
  spent = 0;
  readonly #share: number;
  readonly #floorPerS: number;

  /** `of`: a fallback draws on the share of its route, and on the floor of its own upstream. */
  constructor(share: number, floorPerS: number, of: SpendingBook | null = null) {
    this.#share = share;
    this.#floorPerS = floorPerS;
    this.#deposits = of === null ? [] : of.#deposits;
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
  readonly seen = {
    ...{ requests: 0, retries: 0, hedges: 0, trials: 0, repeatedUnsafe: 0, timeouts: 0, left: 0, good: 0 },
    ...{ queued: 0, refused: 0, elsewhere: 0, elsewhereAgain: 0, answeredHere: 0 },
  };
  readonly retryBooks: Readonly<Record<UpstreamName, SpendingBook>>;
  readonly hedgeBooks: Readonly<Record<UpstreamName, SpendingBook>>;
  readonly #plan: Plan;
  readonly #limitOf: (upstream: UpstreamName) => number;
  readonly #trials = new Set<string>();
  /** Requests with an attempt under way. */
  readonly #underWay: Readonly<Record<UpstreamName, Set<Sent>>> = { main: new Set(), spare: new Set() };
  /** Requests that the first upstream was asked. */
  #asked = 0;
  #retriesBegun = 0;
  #hedgesBegun = 0;

  constructor(plan: Plan, limitOf: (upstream: UpstreamName) => number) {
    this.#plan = plan;
    this.#limitOf = limitOf;
    this.retryBooks = booksOf(plan.retry.budgetShare, plan.retry.budgetFloorPerS);
    this.hedgeBooks = booksOf(plan.hedge?.budgetShare ?? 0, plan.hedge?.budgetFloorPerS ?? 0);
  }

  attemptBegan(sent: Sent, upstream: UpstreamName, cause: string | undefined, nowMs: number): void {
    claim(nowMs < sent.deadlineAtMs, `an attempt began ${nowMs - sent.deadlineAtMs} ms after its deadline`);
    const leg = sent.legs[upstream];
    if (cause === 'retry') {
      leg.retries += 1;
      this.seen.retries += 1;
      this.#retriesBegun += 1;
      claim(leg.retries <= this.#plan.retry.retries, `retry number ${leg.retries}`);
      claim(this.#retriesBegun <= spentOf(this.retryBooks), 'a retry that was not paid for');
      if (!sent.isRepeatable) this.seen.repeatedUnsafe += 1;
    } else if (cause === 'hedge') {
      leg.hedges += 1;
      this.seen.hedges += 1;
      this.#hedgesBegun += 1;
      claim(sent.isSafe, 'a hedge of what is not safe');
      claim(this.#hedgesBegun <= spentOf(this.hedgeBooks), 'a hedge that was not paid for');
      claim(leg.hedges <= leg.retries + 1, 'two hedges of one attempt');
    } else {
      leg.first += 1;
      claim(leg.first === 1, 'two first attempts');
      this.#admitted(sent, upstream, nowMs);
      if (upstream === 'spare') this.#wentElsewhere(sent, cause);
    }
    leg.underWay += 1;
    this.#underWay[upstream].add(sent);
  }

  #admitted(sent: Sent, upstream: UpstreamName, nowMs: number): void {
    const others = this.#underWay[upstream].size;
    const limit = this.#limitOf(upstream);
    claim(others < limit, `one more was let in to ${upstream} where ${others} were under way, and ${limit} may be`);
    if (upstream === 'spare') return;
    this.#asked += 1;
    if (nowMs === sent.cameAtMs) return;
    const waitedMs = nowMs - sent.cameAtMs;
    this.seen.queued += 1;
    claim(waitedMs <= this.#plan.queueMs + TICK_MS, `it was let in after ${waitedMs} ms`);
  }

  #wentElsewhere(sent: Sent, cause: string | undefined): void {
    const { main, spare } = sent.legs;
    claim(cause === 'fallback' && this.#plan.fallbacks[0] === 'upstream', 'a fallback that nobody asked for');
    claim(main.underWay === 0, 'another upstream is asked while the first one is at it');
    claim(spare.written === 0, 'another upstream is asked twice from the beginning');
    this.seen.elsewhere += 1;
    if (main.written === 0) return;
    this.seen.elsewhereAgain += 1;
    claim(sent.isSafe || (this.#plan.repeats && sent.isRepeatable), 'two upstreams are asked for one effect');
  }

  /** Whatever came of it, before anybody has heard. */
  attemptEnded(sent: Sent, upstream: UpstreamName): void {
    const leg = sent.legs[upstream];
    leg.underWay -= 1;
    if (leg.underWay === 0) this.#underWay[upstream].delete(sent);
  }

  /** The request has left the gateway. */
  attemptWritten(sent: Sent, upstream: UpstreamName): void {
    sent.legs[upstream].written += 1;
    const written = sent.legs.main.written + sent.legs.spare.written;
    claim(sent.isRepeatable || written === 1, `what must not be repeated was sent ${written} times`);
  }

  gate(inFlight: number, queued: number, limit: number): void {
    claim(queued === 0 || inFlight >= limit, `${queued} wait while ${inFlight} of ${limit} places are taken`);
  }

  requestEnded(sent: Sent, end: RecordedEnd, nowMs: number): void {
    claim(nowMs <= sent.deadlineAtMs + TICK_MS, `a request ended ${nowMs - sent.deadlineAtMs} ms after its deadline`);
    const hasLastWord = this.#plan.fallbacks.includes('respond');
    claim(!(hasLastWord && end === 'trouble'), 'trouble was told where the route has an answer of its own');
    if (end === 'good') this.seen.good += 1;
    else if (end === 'answered here') this.seen.answeredHere += 1;
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
    claim(this.#underWay.main.size + this.#underWay.spare.size === 0, 'attempts are under way in the end');
    claim(
      inFlight.every((count) => count === 0),
      `in flight in the end: ${inFlight.join(', ')}`,
    );
    claim(armed === 0, `${armed} timers are armed in the end`);
    claim(this.#trials.size === 0, `trials that never ended: ${[...this.#trials].join(', ')}`);
    // Who gets no further than the gate pays for nothing.
    const { requests } = this.seen;
    const retryDeposits = this.retryBooks.main.deposited;
    claim(retryDeposits >= this.#asked, 'there are requests that pay for no retries');
    claim(retryDeposits <= requests, 'retries are paid for by something else than requests');
    claim(this.hedgeBooks.main.deposited <= requests, 'hedges are paid for by something else than requests');
  }
}

function booksOf(share: number, floorPerS: number): Record<UpstreamName, SpendingBook> {
  const main = new SpendingBook(share, floorPerS);
  return { main, spare: new SpendingBook(share, floorPerS, main) };
}

const spentOf = ({ main, spare }: Record<UpstreamName, SpendingBook>): number => main.spent + spare.spent;
