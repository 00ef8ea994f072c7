/**
 * One timer wheel for all waits of a node: arming, re-arming and cancelling are O(1) and allocate nothing.
 *
 * A hashed wheel (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987, scheme 6): slot = due tick modulo
 * the number of slots, each slot a doubly linked ring of timers. Each `advance` visits the slots between the last tick
 * and now, and fires those whose due tick has come; those that are due in a later round stay. A timer is never early
 * and at most one tick late. With 512 slots of 8 ms a round takes 4.1 s; a 30 s timer is looked at seven times.
 *
 *   slots  [0]──▶ ring: head ⇄ timer ⇄ timer ⇄ (head)
 *          [1]──▶ ring: head ⇄ (head)
 *          [2]──▶ …
 */
import type { Clock, Timer, Timers } from './clock.js';

export const TICK_MS = 8;
const SLOTS = 512;

interface Link {
  previous: Link;
  next: Link;
}

class WheelTimer implements Timer, Link {
  previous: Link = this;
  next: Link = this;
  dueTick = 0;
  readonly #wheel: TimerWheel;
  readonly #fire: () => void;

  constructor(wheel: TimerWheel, fire: () => void) {
    this.#wheel = wheel;
    this.#fire = fire;
  }

  arm(delayMs: number, nowMs?: number): void {
    this.cancel();
    this.#wheel.place(this, delayMs, nowMs);
  }

  cancel(): void {
    if (this.next === this) return;
    this.unlink();
    this.#wheel.armed -= 1;
  }

  unlink(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this;
    this.next = this;
  }

  fire(): void {
    this.#fire();
  }
}

const ring = (): Link => {
  const head = {} as Link; // Both fields are set on the next line, before anyone sees the object.
  head.previous = head;
  head.next = head;
  return head;
};

const rethrow = (error: unknown): never => {
  throw error;
};

export class TimerWheel implements Timers {
  /** Timers that are armed now. */
  armed = 0;
  readonly #clock: Clock;
  readonly #onBug: (error: unknown) => void;
  readonly #slots: readonly Link[] = Array.from({ length: SLOTS }, ring);
  #tick: number;

  /** `onBug` hears what a callback threw: one exchange's bug must not stop the timers of the others. */
  constructor(clock: Clock, onBug: (error: unknown) => void = rethrow) {
    this.#clock = clock;
    this.#onBug = onBug;
    this.#tick = Math.floor(clock.nowMs() / TICK_MS);
  }

  create(fire: () => void): Timer {
    return new WheelTimer(this, fire);
  }

  place(timer: WheelTimer, delayMs: number, nowMs = this.#clock.nowMs()): void {
    // Rounded up, and behind the tick that was visited last: a timer never fires early and never waits for a round.
    const due = Math.ceil((nowMs + Math.max(0, delayMs)) / TICK_MS);
    timer.dueTick = Math.max(due, this.#tick + 1);
    const head = this.#slotOf(timer.dueTick);
    timer.previous = head.previous;
    timer.next = head;
    head.previous.next = timer;
    head.previous = timer;
    this.armed += 1;
  }

  /** Fires what is due. Called by the driver once per tick; late calls catch up. */
  advance(): void {
    const nowTick = Math.floor(this.#clock.nowMs() / TICK_MS);
    // After a long pause each slot needs to be visited once only.
    const firstTick = Math.max(this.#tick + 1, nowTick - SLOTS + 1);
    this.#tick = nowTick;
    for (let tick = firstTick; tick <= nowTick; tick += 1) this.#fireSlot(this.#slotOf(tick), nowTick);
  }

  #fireSlot(head: Link, nowTick: number): void {
    // What is due is moved to a list of its own first: a callback may arm or cancel any timer, in this slot too.
    const due = ring();
    for (let link = head.next; link !== head; ) {
      const timer = link as WheelTimer; // Only timers are linked behind a head.
      link = link.next;
      if (timer.dueTick > nowTick) continue;
      timer.unlink();
      timer.previous = due.previous;
      timer.next = due;
      due.previous.next = timer;
      due.previous = timer;
    }
    while (due.next !== due) {
      const timer = due.next as WheelTimer; // As above.
      timer.cancel();
      try {
        timer.fire();
      } catch (error) {
        this.#onBug(error);
      }
    }
  }

  #slotOf(tick: number): Link {
    // The remainder, as SLOTS is a power of two: of a number that may not be a small one it takes a third of the time.
    const slot = this.#slots[tick & (SLOTS - 1)];
    if (slot === undefined) throw new Error(`timer wheel has no slot for tick ${tick}`);
    return slot;
  }
}
