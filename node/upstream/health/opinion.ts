/**
 * The state of one opinion that real attempts form: well, out for a time, and the one attempt that is the way back.
 * Outlier ejection and breakers decide when to put out and for how long; the way itself is the same for both.
 *
 *            putOut(for)              time is over            begin
 *   ┌──────┐ ─────────▶ ┌─────┐ ─────────────────▶ ┌───────┐ ─────────▶ ┌──────────────┐
 *   │ well │            │ out │                    │ trial │            │ trial, taken │
 *   └──────┘            └─────┘ ◀──┐               └───────┘ ◀───────── └──────────────┘
 *       ▲                          │                   ▲      setFree      │   │   │
 *       │                          └── putOut(longer) ─┼───────────────────┘   │   │
 *       └───────────────────────────── bringBack ──────┼───────────────────────┘   │
 *                                                      └── TRIAL_MS_MAX passed ────┘
 *
 * Sole owner of the epoch (after linkerd2-proxy's `consecutive_failures.rs`). Each change begins a new one, and an
 * outcome counts only if its attempt began in the epoch that is still on: an answer from before an ejection can neither
 * prolong nor end it, and of all the attempts that panic may send to a target that is out, none decides but the trial.
 */
import type { Standing } from './standing.js';

/** The epoch of attempts that may not decide anything. */
export const NO_EPOCH = 0;
/**
 * Epochs stay below this, so that three fit into one number (target-health.ts); then they begin again at 1. Each takes a
 * change of opinion, so no attempt lives long enough to meet its own again.
 */
export const EPOCHS = 2 ** 17;
/**
 * A trial that has not ended by then (a long stream, a tunnel) counts as given up: it has not failed, yet to wait on for
 * it would keep its target out for hours. Longer than the default limits of an attempt, so a mere slow answer is awaited.
 */
export const TRIAL_MS_MAX = 60_000;
/** After a trial that was given up without an answer, the next one waits this many times as long as that one lasted. */
const PAUSE_FACTOR = 10;

/** What an outcome may do: count among others, decide the trial, or nothing. */
export type Weight = 'counts' | 'decides' | 'late';

export class Opinion {
  /** When it became well again; -Infinity when it always was. */
  wellSinceMs = Number.NEGATIVE_INFINITY;
  #epoch = 1;
  #isWell = true;
  #outUntilMs = Number.NEGATIVE_INFINITY;
  /** When the trial that is on began; NaN: the place is free. */
  #trialAtMs = Number.NaN;

  get isWell(): boolean {
    return this.#isWell;
  }

  /** When one that is out may be tried; -Infinity while it is well. */
  get outUntilMs(): number {
    return this.#isWell ? Number.NEGATIVE_INFINITY : this.#outUntilMs;
  }

  standing(nowMs: number): Standing {
    if (this.#isWell) return 'well';
    if (nowMs < this.#outUntilMs) return 'out';
    return this.#isTaken(nowMs) ? 'out' : 'trial';
  }

  /** An attempt begins, whatever the standing is; takes the trial if there is one to take. */
  begin(nowMs: number): number {
    if (this.#isWell) return this.#epoch;
    if (nowMs < this.#outUntilMs || this.#isTaken(nowMs)) return NO_EPOCH;
    this.#trialAtMs = nowMs;
    return this.#nextEpoch();
  }

  /** What an attempt that ends now may do. `decides` is said once for each trial, and must be followed by one of the below. */
  weigh(epoch: number): Weight {
    if (epoch !== this.#epoch) return 'late';
    // Where it is not well, only a trial was given an epoch since the last change.
    return this.#isWell ? 'counts' : 'decides';
  }

  putOut(nowMs: number, forMs: number): void {
    this.#isWell = false;
    this.#outUntilMs = nowMs + forMs;
    this.#trialAtMs = Number.NaN;
    this.#nextEpoch();
  }

  bringBack(nowMs: number): void {
    this.#isWell = true;
    this.wellSinceMs = nowMs;
    this.#trialAtMs = Number.NaN;
    this.#nextEpoch();
  }

  /**
   * The trial was given up and has decided nothing. One that was silent meant a wait for some client, so the next is not
   * let in at once: a target that swallows requests costs a tenth of the time of one client, and not all of it.
   */
  setFree(nowMs: number, wasSilent: boolean, pauseMsMax: number): void {
    const lastedMs = nowMs - this.#trialAtMs;
    this.#trialAtMs = Number.NaN;
    if (wasSilent) this.#outUntilMs = nowMs + Math.min(lastedMs * PAUSE_FACTOR, pauseMsMax);
    this.#nextEpoch();
  }

  /**
   * Goes on from the opinion that another one had of the same: after a reload. A trial that is on there decides there, so
   * here the place is free.
   */
  adopt(former: Opinion): void {
    this.#isWell = former.#isWell;
    this.#outUntilMs = former.#outUntilMs;
    this.wellSinceMs = former.wellSinceMs;
    this.#trialAtMs = Number.NaN;
    this.#nextEpoch();
  }

  /** False for NaN as well, which is a place that is free. */
  #isTaken(nowMs: number): boolean {
    return nowMs < this.#trialAtMs + TRIAL_MS_MAX;
  }

  #nextEpoch(): number {
    this.#epoch = this.#epoch + 1 < EPOCHS ? this.#epoch + 1 : 1;
    return this.#epoch;
  }
}
