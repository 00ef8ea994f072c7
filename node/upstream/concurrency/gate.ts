/**
 * The gate before an upstream: so many requests are inside at once, the others wait in three lines or are refused.
 * Owns the count of those inside, the lines, and what is learnt from both.
 *
 *                 ┌ critical   ─┐
 *   request ──▶ a │ default     │ ──▶ inside (limit, adaptive or fixed) ──▶ leave ──▶ the next is admitted
 *    place free?  └ background ─┘
 *    yes: in        queue full: the newest of the lowest line gives way, or the request itself is refused
 *
 * A place that becomes free goes to the highest line that is not empty, and in it to the oldest, or to the newest while
 * that line stands (standing-queue.ts). Each line judges for itself, so that an overload of background work does not
 * turn the order of critical requests around. A request that cannot be answered within its deadline is refused when it
 * comes and not when it is too late, and again when its turn comes: a place is not spent on an answer that nobody takes.
 *
 * What the upstream is judged by is time in which this gateway was awake: `nowMs - stalledMs`, where `stalledMs` is for how long it has stood
 * still so far. One that is not given the processor sees every answer late and every line long, of an upstream that answers at once, and
 * refused most of what it could have had answered. Clients wait in the time of the clock, so deadlines are in that.
 *
 * Invariant: while someone waits, no place is free. Pure: the caller passes the time in and owns all timers.
 */
import type { ConcurrencySpec } from '@weir/proto/snapshot/resilience.js';
import { AdaptiveLimit } from './adaptive-limit.js';
import { Line, type PriorityRank, type Waiter } from './line.js';
import { standingWaitMs } from './standing-queue.js';
import { WaitEstimate } from './wait-estimate.js';

/** - `full`: no room to wait. - `displaced`: gave way to a higher priority. - `standing`: the queue stands. - `deadline`: too late. */
export type RefusalKind = 'full' | 'displaced' | 'standing' | 'deadline';

export interface Refusal {
  readonly kind: RefusalKind;
  /** Whole seconds until it is likely to be this request's turn, 1 at least. */
  readonly retryAfterS: number;
}

/**
 * What a request inside has come to.
 * - `answered`: its latency tells how busy the upstream is.
 * - `slow`: given up because it took longer than its route allows.
 * - `abandoned`: its client left before an answer began, or had stated a deadline; it would have taken at least this long.
 * - `untold`: it says nothing; a fast error is not a sign of strength.
 */
export type Departure = 'answered' | 'slow' | 'abandoned' | 'untold';

/** A standing upstream frees no place, and its estimate has no end; a client is told to come back after this, in seconds. */
const RETRY_AFTER_MAX_S = 60;

/**
 * Critical requests may wait this many times as long while their line stands. They get every place that becomes free, so
 * it is enough for all of them while they alone are no overload; chance would otherwise drop some, and keep it standing.
 */
const CRITICAL_PATIENCE = 4;

/** From this share of an adaptive limit on a gate is tight: an upstream that was overrun has nothing to spare. */
const TIGHT_SHARE = 0.5;

export class Gate {
  /** Requests inside. */
  inFlight = 0;
  /** Requests that wait. */
  queued = 0;
  #queueMax: number;
  #adaptive: AdaptiveLimit | null;
  #fixed: number;
  readonly #estimate = new WaitEstimate();
  /** By rank. */
  readonly #lines: readonly [Line, Line, Line] = [new Line(), new Line(), new Line()];
  #isAdmitting = false;
  /** As it was told last. */
  #stalledMs = 0;

  constructor(spec: ConcurrencySpec) {
    this.#queueMax = spec.queue;
    this.#adaptive = spec.mode === 'adaptive' ? new AdaptiveLimit(spec) : null;
    this.#fixed = spec.limitMax;
  }

  /**
   * Other terms from now on. Who is inside stays and counts, and who waits goes on waiting, even where the new queue has
   * less room; where the limit has risen they are admitted before this returns.
   */
  change(spec: ConcurrencySpec, nowMs: number): void {
    this.#queueMax = spec.queue;
    this.#fixed = spec.limitMax;
    if (spec.mode === 'fixed') this.#adaptive = null;
    else if (this.#adaptive === null) this.#adaptive = new AdaptiveLimit(spec);
    else this.#adaptive.change(spec);
    if (this.queued > 0) this.#admitNext(nowMs);
  }

  get limit(): number {
    return this.#adaptive === null ? this.#fixed : this.#adaptive.limit;
  }

  /**
   * Takes a place when one is free. The deadline is not asked here: the place would serve nobody else, and what is
   * refused by an estimate can't prove it wrong.
   */
  enter(): boolean {
    // While places are being given away those who wait come first, though for a moment one looks free.
    if (this.inFlight >= this.limit || this.queued > 0) return false;
    this.inFlight += 1;
    return true;
  }

  /** After `enter` was refused: the request waits (null), or is refused in turn. It may be admitted before this returns. */
  wait(waiter: Waiter, nowMs: number, stalledMs = 0): Refusal | null {
    this.#stalledMs = stalledMs;
    const line = this.#lines[waiter.priority];
    this.#look(nowMs);
    // The limit may be one that nothing has come near for long.
    if (this.#adaptive !== null && this.queued === 0) {
      this.#adaptive.look(nowMs - stalledMs);
      if (this.enter()) {
        waiter.admit(nowMs);
        return null;
      }
    }
    const places = this.#placesUntil(waiter.priority);
    const waitMs = this.#estimate.waitMs(places, this.inFlight, nowMs);
    if (nowMs + waitMs + this.#estimate.typicalMs > waiter.deadlineAtMs) return this.#refusal('deadline', nowMs);
    const displaced = this.queued < this.#queueMax ? null : this.#newestBelow(waiter.priority);
    if (displaced === null && this.queued >= this.#queueMax) {
      line.standing.dropped(nowMs - stalledMs);
      return this.#refusal('full', nowMs);
    }
    if (this.queued === 0) this.#estimate.waitingBegan(nowMs);
    line.push(waiter, nowMs, nowMs - stalledMs);
    this.queued += 1;
    // Last, for whoever hears of it may come to this gate again, and must find it whole.
    if (displaced !== null) this.#drop(displaced, 'displaced', nowMs);
    return null;
  }

  /** Milliseconds that a waiter may wait from now on, where its line does not allow what its route does. */
  waitLimitMs(waiter: Waiter, routeMs: number, nowMs: number): number {
    const line = this.#lines[waiter.priority];
    return line.standing.stands ? Math.min(routeMs, this.#standingWaitMs(line, nowMs)) : routeMs;
  }

  /** Its time to wait is over by the limit that `waitLimitMs` gave: it is refused. */
  expire(waiter: Waiter, nowMs: number): void {
    this.#drop(waiter, 'standing', nowMs);
  }

  /** It waits no longer, for a reason of its own. */
  abandon(waiter: Waiter, nowMs: number): void {
    if (waiter.line === null) return;
    waiter.line.remove(waiter);
    this.queued -= 1;
    if (this.queued === 0) this.#estimate.waitingEnded(nowMs);
  }

  /** A request gives its place back. `latencyMs` is read for `answered`: the time until its answer began. Both times are awake ones. */
  leave(departure: Departure, latencyMs: number, tookMs: number, nowMs: number, stalledMs = 0): void {
    this.#stalledMs = stalledMs;
    const awakeMs = nowMs - stalledMs;
    if (departure === 'answered') {
      if (this.#adaptive?.answered(latencyMs, this.inFlight, awakeMs))
        for (const line of this.#lines) line.standing.begin(awakeMs);
      this.#estimate.answered(tookMs);
    } else if (departure === 'slow') {
      this.#adaptive?.timedOut(this.inFlight, awakeMs);
    } else if (departure === 'abandoned') {
      this.#adaptive?.abandoned(tookMs, this.inFlight, awakeMs);
    }
    this.inFlight -= 1;
    if (this.queued === 0) return;
    this.#estimate.freed(nowMs);
    this.#admitNext(nowMs);
  }

  /** Whole seconds until all who wait now are likely to have had their turn. */
  retryAfterS(nowMs: number): number {
    const waitMs = this.#estimate.waitMs(this.queued + 1, this.inFlight, nowMs);
    return Math.min(RETRY_AFTER_MAX_S, Math.max(1, Math.ceil(waitMs / 1000)));
  }

  /** There is little or nothing to spare, or there may not be: a second attempt beside a first one had better not be made. */
  get isTight(): boolean {
    if (this.#adaptive?.isSlow === true) return true;
    return this.queued > 0 || this.inFlight >= (this.#adaptive === null ? 1 : TIGHT_SHARE) * this.limit;
  }

  /** Gives free places away. One that is admitted may end at once and leave again: then the loop that runs goes on. */
  #admitNext(nowMs: number): void {
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    try {
      this.#look(nowMs);
      while (this.inFlight < this.limit) {
        const waiter = this.#lines[0].next ?? this.#lines[1].next ?? this.#lines[2].next;
        if (waiter === null) return;
        const { line } = waiter;
        this.abandon(waiter, nowMs);
        if (nowMs + this.#estimate.typicalMs > waiter.deadlineAtMs) {
          waiter.refuse(this.#refusal('deadline', nowMs), nowMs);
        } else {
          line?.standing.served();
          this.inFlight += 1;
          waiter.admit(nowMs);
        }
      }
    } finally {
      this.#isAdmitting = false;
    }
  }

  /** Looks whether lines stand, and drops those who have waited too long where one does. */
  #look(nowMs: number): void {
    const awakeMs = nowMs - this.#stalledMs;
    for (const line of this.#lines) {
      const { standing } = line;
      if (line.length > 0 || standing.stands) standing.look(line.oldestMs(awakeMs), this.#estimate.typicalMs, awakeMs);
      if (!standing.stands) continue;
      const waitMs = this.#standingWaitMs(line, nowMs);
      for (
        let oldest = line.overdue;
        oldest !== null && awakeMs - oldest.sinceAwakeMs > waitMs;
        oldest = line.overdue
      ) {
        this.#drop(oldest, 'standing', nowMs);
      }
    }
  }

  #standingWaitMs(line: Line, nowMs: number): number {
    // An adaptive limit leaves the upstream a queue of its own, which keeps it busy; a fixed one may be just what it can do.
    const placeMs = this.#adaptive === null ? this.#estimate.waitMs(1, this.inFlight, nowMs) : 0;
    const waitMs = standingWaitMs(placeMs);
    return line === this.#lines[0] ? waitMs * CRITICAL_PATIENCE : waitMs;
  }

  /** Places that have to become free until it is the turn of a request that comes now. */
  #placesUntil(priority: PriorityRank): number {
    let places = 1;
    for (let rank = 0; rank < priority; rank += 1) places += this.#lines[rank]?.length ?? 0;
    const own = this.#lines[priority];
    return own.standing.stands ? places : places + own.length;
  }

  /** Who gives way: the newest of the lowest priority, when that is below this one. */
  #newestBelow(priority: PriorityRank): Waiter | null {
    if (this.#lines[2].length > 0) return priority < 2 ? this.#lines[2].newest : null;
    return priority < 1 ? this.#lines[1].newest : null;
  }

  #drop(waiter: Waiter, kind: RefusalKind, nowMs: number): void {
    waiter.line?.standing.dropped(nowMs - this.#stalledMs);
    this.abandon(waiter, nowMs);
    waiter.refuse(this.#refusal(kind, nowMs), nowMs);
  }

  #refusal(kind: RefusalKind, nowMs: number): Refusal {
    return { kind, retryAfterS: this.retryAfterS(nowMs) };
  }
}
