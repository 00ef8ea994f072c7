/**
 * A wait for a client with a limit of ours, where the server library has one of its own.
 *
 * The library closes a connection that is 8 to 12 s without progress (its clock ticks in steps of 4 s), silently, and
 * also one that sends less than 16 KB a second. Its `resume()` starts that clock anew, paused or not, so a wait that is
 * meant to last longer, or to end with an answer, renews it every 4 s until our own limit has passed.
 */
import type { Timer, Timers } from '../../time/clock.js';

const RENEW_MS = 4_000;

export class Patience {
  readonly #timer: Timer;
  readonly #renew: () => void;
  readonly #spent: () => void;
  #leftMs = 0;
  #sliceMs = 0;

  constructor(timers: Timers, renew: () => void, spent: () => void) {
    this.#renew = renew;
    this.#spent = spent;
    this.#timer = timers.create(() => this.#slicePassed());
  }

  /** Starts, or starts anew. Infinity only keeps the library from closing. */
  wait(limitMs: number): void {
    this.#leftMs = limitMs;
    this.#armSlice();
  }

  stop(): void {
    this.#timer.cancel();
  }

  #armSlice(): void {
    this.#sliceMs = Math.min(this.#leftMs, RENEW_MS);
    this.#timer.arm(this.#sliceMs);
  }

  #slicePassed(): void {
    this.#leftMs -= this.#sliceMs;
    if (this.#leftMs <= 0) {
      this.#spent();
      return;
    }
    this.#renew();
    this.#armSlice();
  }
}
