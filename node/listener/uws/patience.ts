/**
 * A wait for a client with a limit of ours, where the server library has one of its own.
 *
 * The library closes a connection that is 8 to 12 s without progress (its clock ticks in steps of 4 s), silently, and
 * also one that sends less than 16 KB a second. Pausing and resuming starts that clock anew, so a wait that is meant to last
 * longer, or to end with an answer, renews it every 4 s until our own limit has passed. Progress moves the deadline and
 * leaves the timer alone: a trickle must not put the renewal off, and a busy body costs no re-arming.
 */
import type { Clock, Timer, Timers } from '../../time/clock.js';

const RENEW_MS = 4_000;

export class Patience {
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #renew: () => void;
  readonly #spent: () => void;
  #deadlineMs = 0;
  /** When the timer fires next; Infinity while it is idle. */
  #wakeMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, timers: Timers, renew: () => void, spent: () => void) {
    this.#clock = clock;
    this.#renew = renew;
    this.#spent = spent;
    this.#timer = timers.create(() => this.#wake());
  }

  /** Starts, or moves the deadline. Infinity only keeps the library from closing. */
  wait(limitMs: number): void {
    const nowMs = this.#clock.nowMs();
    this.#deadlineMs = nowMs + limitMs;
    if (this.#wakeMs === Number.POSITIVE_INFINITY || this.#wakeMs > this.#deadlineMs) this.#sleep(nowMs);
  }

  stop(): void {
    this.#timer.cancel();
    this.#wakeMs = Number.POSITIVE_INFINITY;
  }

  #sleep(nowMs: number): void {
    this.#wakeMs = Math.min(this.#deadlineMs, nowMs + RENEW_MS);
    this.#timer.arm(this.#wakeMs - nowMs);
  }

  #wake(): void {
    this.#wakeMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.nowMs();
    if (nowMs >= this.#deadlineMs) {
      this.#spent();
      return;
    }
    this.#renew();
    this.#sleep(nowMs);
  }
}
