/**
 * Peak EWMA: a moving average of latency that believes bad news at once and good news slowly (after Finagle's
 * `PeakEwma.scala`, and tower's and linkerd2-proxy's `peak_ewma.rs`).
 *
 *   a sample above the average       the average is the sample, or RISE_MAX times what it was
 *   a sample below it, t later       average × w + sample × (1 − w)        w = e^(−t / decay)
 *   read, t after the last sample    average × w
 *
 * Reading decays towards nothing, so a target that nobody asks any more becomes cheap again, and is asked: this is how
 * one that has recovered is found. Reading changes nothing (as in linkerd-ewma; in tower it does).
 *
 * Added to that:
 * - **What waits counts as load now**, not when it times out: the cost is what it would be if the attempt that waits
 *   longest got its answer this moment. Of a peak-sensitive average its age is a lower bound. One that later ones have
 *   overtaken is its own matter (pending.ts).
 * - **Failures leave a penalty** (after Linkerd's load biaser): a target that refuses within a millisecond is not fast.
 *   A failure that is surely the target's counts as the whole penalty; a doubtful one (see blame.ts) as several times
 *   the average. Linkerd has one penalty for both; with it, one bug of one path turns a target off for a minute.
 * - **Retry-After** of a 503 is believed: the target costs at least the penalty until then, but no longer than a bound.
 * - **One slow answer is not the target.** What a single sample may do is limited: one request of 20 s would otherwise keep its
 *   target idle for eighty more. A target that has become slow is found by the second and third, and by what waits.
 *   What was given up is not limited so, or a stalled target whose attempts are hedged would be asked again and again.
 * - **Who is not asked is explored** now and then, where nothing but slowness speaks against it and no more than one attempt
 *   waits there: so a stall costs one client more at most, and a slow target a tenth of the time of one.
 */
import type { AttemptOutcome } from '../health/standing.js';
import { Blames } from './blame.js';
import type { Load } from './load.js';
import { Pending } from './pending.js';

/**
 * What a target is taken to cost of which nothing is known (linkerd2-proxy's `default_rtt`). It is dear beside targets
 * that answer in 5 ms and cheap beside those that take 500 ms, decays like any other average, and what the target is
 * asked at first counts by its age: so it gets some of the traffic, and not all of it, before its first answer.
 */
export const UNKNOWN_MS = 30;

/** What a failure counts as (Linkerd: `load-biaser-penalty`, 5 s). */
export const PENALTY_MS = 5_000;

/** A doubtful failure counts as this many times the average, and at least as this: three of them in a row as the whole. */
export const DOUBT_FACTOR = 5;
export const DOUBT_MIN_MS = 200;

/** A target that asks to be left alone for longer is asked after this: it may be one that is wrong about its clock. */
export const RETRY_AFTER_MAX_MS = 60_000;

/** A sample makes the average this many times as large at most: four of them find a target that is a hundred times as slow. */
export const RISE_MAX = 4;
/** What the average is at least taken for in this: some milliseconds more are noise to a target that answers in none. */
export const RISE_FROM_MS = 1;

/** A target is explored when it has not been asked for this long, and for so many times as long as it is taken to need. */
export const EXPLORE_AFTER_MS = 1_000;
const EXPLORE_FACTOR = 10;

/** Below this, averages differ by our own noise; with it, what is in flight counts also after a long silence. */
export const COST_MIN_MS = 0.1;

export function createPeakEwma(decayMs: number, nowMs: number): Load {
  return new PeakEwma(decayMs, nowMs);
}

class PeakEwma implements Load {
  readonly isTimed = true;
  readonly #decayMs: number;
  readonly #pending = new Pending();
  readonly #blames = new Blames();
  #averageMs = UNKNOWN_MS;
  #updatedAtMs: number;
  #leaveAloneUntilMs = Number.NEGATIVE_INFINITY;
  #askedAtMs: number;
  /** Its last attempt has ended with an answer. What has failed, or was given up, is forgotten by time alone. */
  #hasAnswered = true;

  constructor(decayMs: number, nowMs: number) {
    this.#decayMs = decayMs;
    this.#updatedAtMs = nowMs;
    this.#askedAtMs = nowMs;
  }

  begin(nowMs: number): number {
    this.#askedAtMs = nowMs;
    return this.#pending.add(nowMs);
  }

  answered(token: number, nowMs: number): void {
    this.#observe(nowMs - this.#pending.answer(token), nowMs);
  }

  end(token: number, outcome: AttemptOutcome): void {
    const nowMs = outcome.endedAtMs;
    const blame = this.#blames.next(outcome);
    // NaN where the answer was there before, or the attempt never began: then it says nothing about time.
    const waitedMs = nowMs - (blame === 'good' ? this.#pending.answer(token) : this.#pending.remove(token));
    this.#hasAnswered = blame === 'good';
    if (blame === 'good') this.#observe(waitedMs, nowMs);
    else if (blame === 'bound' || blame === 'declined')
      this.#raise(Number.isNaN(waitedMs) ? 0 : Math.min(waitedMs, PENALTY_MS), nowMs);
    else this.#raise(blame === 'failed' ? PENALTY_MS : this.#doubt(nowMs), nowMs);
    if (outcome.retryAfterMs > 0) this.#leaveAlone(outcome.retryAfterMs, nowMs);
  }

  cost(nowMs: number, inFlight: number): number {
    const pressingMs = Math.max(COST_MIN_MS, this.#pending.pressingAgeMs(nowMs), this.#averageAt(nowMs));
    const oneMs = nowMs < this.#leaveAloneUntilMs ? Math.max(pressingMs, PENALTY_MS) : pressingMs;
    return oneMs * (inFlight + 1);
  }

  isDueToBeExplored(nowMs: number): boolean {
    if (!this.#hasAnswered || this.#pending.count > 1 || nowMs < this.#leaveAloneUntilMs) return false;
    return nowMs - this.#askedAtMs >= Math.max(EXPLORE_AFTER_MS, EXPLORE_FACTOR * this.#averageAt(nowMs));
  }

  /** What is under way at the former one is told there, so only what has ended counts. */
  adopt(former: Load, nowMs: number): void {
    if (!(former instanceof PeakEwma)) return;
    this.#averageMs = former.#averageAt(nowMs);
    this.#updatedAtMs = nowMs;
    this.#leaveAloneUntilMs = former.#leaveAloneUntilMs;
    this.#askedAtMs = former.#askedAtMs;
    this.#hasAnswered = former.#hasAnswered;
  }

  #averageAt(nowMs: number): number {
    return this.#averageMs * this.#weightAt(nowMs);
  }

  #weightAt(nowMs: number): number {
    const sinceMs = nowMs - this.#updatedAtMs;
    return sinceMs <= 0 ? 1 : Math.exp(-sinceMs / this.#decayMs);
  }

  #observe(latencyMs: number, nowMs: number): void {
    if (Number.isNaN(latencyMs)) return;
    const weight = this.#weightAt(nowMs);
    this.#averageMs =
      latencyMs >= this.#averageMs
        ? Math.min(latencyMs, RISE_MAX * Math.max(this.#averageMs, RISE_FROM_MS))
        : this.#averageMs * weight + latencyMs * (1 - weight);
    this.#updatedAtMs = nowMs;
  }

  /** At least this much; what is known to be worse stays. */
  #raise(boundMs: number, nowMs: number): void {
    if (boundMs <= this.#averageAt(nowMs)) return;
    this.#averageMs = boundMs;
    this.#updatedAtMs = nowMs;
  }

  #doubt(nowMs: number): number {
    return Math.min(PENALTY_MS, Math.max(DOUBT_MIN_MS, DOUBT_FACTOR * this.#averageAt(nowMs)));
  }

  #leaveAlone(forMs: number, nowMs: number): void {
    this.#leaveAloneUntilMs = Math.max(this.#leaveAloneUntilMs, nowMs + Math.min(forMs, RETRY_AFTER_MAX_MS));
  }
}
