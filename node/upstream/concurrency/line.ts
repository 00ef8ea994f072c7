/**
 * The requests of one priority that wait for a place, in the order in which they came. A doubly linked ring through the
 * waiters themselves, so that one that is cancelled in the middle leaves in O(1) and waiting allocates nothing here.
 *
 *   oldest ⇄ … ⇄ newest      calm: the oldest goes first       standing: the newest goes first
 */
import type { Refusal } from './gate.js';
import { StandingQueue } from './standing-queue.js';

/** One request that waits. Whoever makes it sets the first part; the rest is the line's. */
export abstract class Waiter {
  abstract readonly priority: PriorityRank;
  abstract readonly deadlineAtMs: number;
  /** Its turn has come: it holds a place now, which it must give back with `Gate.leave`. Must not throw. */
  abstract admit(nowMs: number): void;
  /** It waits no longer. Must not throw. */
  abstract refuse(refusal: Refusal, nowMs: number): void;

  sinceMs = Number.NaN;
  /** The same, in time in which the gateway was awake. */
  sinceAwakeMs = Number.NaN;
  older: Waiter | null = null;
  newer: Waiter | null = null;
  line: Line | null = null;
}

/** 0 goes first. */
export type PriorityRank = 0 | 1 | 2;

export class Line {
  readonly standing = new StandingQueue();
  length = 0;
  #oldest: Waiter | null = null;
  #newest: Waiter | null = null;

  /** While the queue stands: who is to be dropped first; null while some wait who came before it stood. */
  get overdue(): Waiter | null {
    return this.#oldest !== null && this.#oldest.sinceAwakeMs >= this.standing.stoodSinceMs ? this.#oldest : null;
  }

  /** Who gives way to a request of a higher priority. */
  get newest(): Waiter | null {
    return this.#newest;
  }

  /** Whose turn is next. */
  get next(): Waiter | null {
    return this.standing.stands && this.overdue !== null ? this.#newest : this.#oldest;
  }

  /** NaN when nobody waits. */
  oldestMs(awakeMs: number): number {
    return this.#oldest === null ? Number.NaN : awakeMs - this.#oldest.sinceAwakeMs;
  }

  push(waiter: Waiter, nowMs: number, awakeMs = nowMs): void {
    waiter.sinceMs = nowMs;
    waiter.sinceAwakeMs = awakeMs;
    waiter.line = this;
    waiter.older = this.#newest;
    if (this.#newest === null) this.#oldest = waiter;
    else this.#newest.newer = waiter;
    this.#newest = waiter;
    this.length += 1;
  }

  remove(waiter: Waiter): void {
    if (waiter.older === null) this.#oldest = waiter.newer;
    else waiter.older.newer = waiter.newer;
    if (waiter.newer === null) this.#newest = waiter.older;
    else waiter.newer.older = waiter.older;
    waiter.older = null;
    waiter.newer = null;
    waiter.line = null;
    this.length -= 1;
  }
}
