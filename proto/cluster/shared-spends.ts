/**
 * One budget of one node: which callers it counts, what it tells the others of them, and what they have told (spend-count.ts). A machine
 * without clock or I/O; the driver (node/cluster/rates.ts) has one for each budget, and sends what `tell` returns.
 *
 * A window is that of one's own wall clock: nobody whose clock is off leads others into the next month. What others tell of a window that
 * has not come here is kept for it.
 *
 * Windows may be long and messages are lost, so what is told is told again now and then; and a node that has just come (or come back)
 * is told what is known of all lives, its own earlier ones among them. What all nodes have forgotten is forgotten.
 */
import type { SpendCount as ToldSpend } from '../events/spend-counts.js';
import { SpendCount } from './spend-count.js';
import { type SpendPeriod, windowAt, windowEndMs } from './spend-window.js';

export interface SpendLimit {
  readonly limit: number;
  readonly period: SpendPeriod;
}

export interface SpendVerdict {
  readonly allowed: boolean;
  /** Of all of it, as far as is known here; with this one taken, where it is allowed. */
  readonly remaining: number;
  /** Until the window is over. */
  readonly resetMs: number;
  /** 0: it is allowed. */
  readonly retryAfterMs: number;
  /** It fits, and others have to hear of what was admitted here before it may: that is soon. */
  readonly isShare: boolean;
  /** That it is to be settled in. */
  readonly window: number;
}

export const SPEND_TELL_MS = 100;
/** Beside the pause between two tellings: the way of a message, and the longest turn of a busy event loop. */
const HEARD_IN_MS = 150;
/** A telling that was lost is made good by then. */
export const RETELL_MS = 30_000;
const RETOLD_AT_ONCE = 64;
/** Where it would fit if calls in flight cost nothing: when they may have ended. */
const HELD_RETRY_MS = 5_000;
const KEYS_MAX = 100_000;

interface Keyed {
  /** Of this window, and what was told of the next one. */
  counts: SpendCount[];
  isUntold: boolean;
  toldMs: number;
}

export class SharedSpends {
  /** The least recently used first. */
  readonly #keys = new Map<string, Keyed>();
  #limit: SpendLimit;
  readonly #keysMax: number;
  #untold: string[] = [];
  /** Where telling again goes on. */
  #retelling: Iterator<readonly [string, Keyed]> | null = null;
  /** What is told is known to all after this long. */
  settleMs = SPEND_TELL_MS + HEARD_IN_MS;
  forgotten = 0;

  constructor(limit: SpendLimit, keysMax = KEYS_MAX) {
    this.#limit = limit;
    this.#keysMax = keysMax;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** A limit that is raised or lowered leaves what was spent as it is. */
  use(limit: SpendLimit): void {
    this.#limit = limit;
  }

  /** The driver tells this often. */
  set pauseMs(pauseMs: number) {
    this.settleMs = pauseMs + HEARD_IN_MS;
  }

  /** What `reserve` would say, with nothing taken. */
  peek(key: string, amount: number, members: number, wallMs: number, nowMs: number): SpendVerdict {
    const window = windowAt(this.#limit.period, wallMs);
    const count = this.#keys.get(key)?.counts.find((each) => each.window === window) ?? new SpendCount(window);
    return this.#judge(count, amount, members, wallMs, nowMs);
  }

  reserve(key: string, amount: number, members: number, wallMs: number, nowMs: number): SpendVerdict {
    const keyed = this.#keyed(key, nowMs);
    const count = this.#countOf(keyed, windowAt(this.#limit.period, wallMs));
    const verdict = this.#judge(count, amount, members, wallMs, nowMs);
    if (verdict.allowed) {
      count.reserve(amount);
      this.#mark(key, keyed);
    }
    return verdict;
  }

  /** It counts in the window in which it was reserved; one that is over counts no more. */
  settle(key: string, window: number, reserved: number, real: number): void {
    const keyed = this.#keys.get(key);
    const count = keyed?.counts.find((each) => each.window === window);
    if (keyed === undefined || count === undefined) return;
    // The key was forgotten and has begun again: what it does not hold is not released.
    const held = count.own.reserved - count.own.released;
    count.settle(Math.min(reserved, held), real);
    this.#mark(key, keyed);
  }

  /** What others must know; as much as fits into a message, the rest the next time. */
  tell(wallMs: number, nowMs: number, most: number): readonly ToldSpend[] {
    this.#markAgain(nowMs);
    const told: ToldSpend[] = [];
    let done = 0;
    for (const key of this.#untold) {
      if (told.length >= most) break;
      done += 1;
      const keyed = this.#keys.get(key);
      if (keyed === undefined) continue;
      keyed.isUntold = false;
      keyed.toldMs = nowMs;
      const window = windowAt(this.#limit.period, wallMs);
      const count = keyed.counts.find((each) => each.window === window);
      if (count === undefined || count.own.reserved + count.own.spent === 0) continue;
      const { reserved, released, spent } = count.tell(nowMs);
      told.push([key, window, reserved, released, spent]);
    }
    this.#untold = this.#untold.slice(done);
    return told;
  }

  /** What `tell` returned last was not sent: nobody has heard it. */
  untell(told: readonly ToldSpend[]): void {
    for (const [key, window] of told) {
      const keyed = this.#keys.get(key);
      if (keyed === undefined) continue;
      keyed.counts.find((each) => each.window === window)?.untell();
      this.#mark(key, keyed);
    }
  }

  /** All own counts are told once more: somebody has come who knows none. */
  tellAgain(): void {
    for (const [key, keyed] of this.#keys) this.#mark(key, keyed);
  }

  /** What is known of others, for one who has just come. */
  *known(wallMs: number): Iterable<readonly [life: string, told: ToldSpend]> {
    const window = windowAt(this.#limit.period, wallMs);
    for (const [key, { counts }] of this.#keys) {
      for (const count of counts) {
        if (count.window !== window) continue;
        for (const [life, { reserved, released, spent }] of count.others())
          yield [life, [key, window, reserved, released, spent]];
      }
    }
  }

  /** Returns whether it was news. */
  hearOne(life: string, [key, window, reserved, released, spent]: ToldSpend, wallMs: number, nowMs: number): boolean {
    const current = windowAt(this.#limit.period, wallMs);
    if (window !== current && window !== current + 1) return false;
    const keyed = this.#keyed(key, nowMs);
    return this.#countOf(keyed, window).hear(life, { reserved, released, spent });
  }

  forgetHeld(life: string): void {
    for (const { counts } of this.#keys.values()) for (const count of counts) count.forgetHeld(life);
  }

  /** Spent and held of all callers in the window that it is, for metrics. */
  committed(key: string, wallMs: number): number {
    const window = windowAt(this.#limit.period, wallMs);
    return this.#keys.get(key)?.counts.find((each) => each.window === window)?.committed ?? 0;
  }

  /** Reserved here, and perhaps not known to all. */
  fresh(key: string, window: number, nowMs: number): number {
    const count = this.#keys.get(key)?.counts.find((each) => each.window === window);
    return count?.fresh(this.settleMs, nowMs) ?? 0;
  }

  #judge(count: SpendCount, amount: number, members: number, wallMs: number, nowMs: number): SpendVerdict {
    const { limit, period } = this.#limit;
    const resetMs = Math.max(0, windowEndMs(period, count.window) - wallMs);
    const left = limit - count.committed;
    const { window } = count;
    // Each whole: this is asked for every call, and to spread one into another costs three times as much.
    if (amount > left) {
      const wouldFit = amount <= left + count.held;
      const retryAfterMs = Math.max(1, wouldFit ? Math.min(HELD_RETRY_MS, resetMs) : resetMs);
      return { allowed: false, remaining: Math.max(0, left), resetMs, retryAfterMs, isShare: false, window };
    }
    const fresh = members > 1 ? count.fresh(this.settleMs, nowMs) : 0;
    if (fresh > 0 && fresh + amount > left / (2 * members))
      return { allowed: false, remaining: left, resetMs, retryAfterMs: SPEND_TELL_MS, isShare: true, window };
    return { allowed: true, remaining: left - amount, resetMs, retryAfterMs: 0, isShare: false, window };
  }

  #keyed(key: string, nowMs: number): Keyed {
    const known = this.#keys.get(key);
    if (known !== undefined) {
      this.#keys.delete(key);
      this.#keys.set(key, known);
      return known;
    }
    const keyed: Keyed = { counts: [], isUntold: false, toldMs: nowMs };
    this.#keys.set(key, keyed);
    if (this.#keys.size > this.#keysMax) {
      const [oldest] = this.#keys.keys();
      if (oldest !== undefined) this.#keys.delete(oldest);
      this.forgotten += 1;
    }
    return keyed;
  }

  /** A clock that was set goes on in the window that it shows. */
  #countOf(keyed: Keyed, window: number): SpendCount {
    const known = keyed.counts.find((each) => each.window === window);
    if (known !== undefined) return known;
    const made = new SpendCount(window);
    keyed.counts = [...keyed.counts.filter((each) => Math.abs(each.window - window) <= 1), made];
    return made;
  }

  #mark(key: string, keyed: Keyed): void {
    if (keyed.isUntold) return;
    keyed.isUntold = true;
    this.#untold.push(key);
    // While nobody is there to be told, keys that were forgotten would stay in it.
    if (this.#untold.length >= 2 * this.#keysMax)
      this.#untold = [...this.#keys].flatMap(([each, { isUntold }]) => (isUntold ? [each] : []));
  }

  /** A few at a time, round and round. */
  #markAgain(nowMs: number): void {
    for (let i = 0; i < RETOLD_AT_ONCE; i += 1) {
      this.#retelling ??= this.#keys.entries();
      const next = this.#retelling.next();
      if (next.done === true) {
        this.#retelling = null;
        return;
      }
      const [key, keyed] = next.value;
      if (nowMs - keyed.toldMs >= RETELL_MS) this.#mark(key, keyed);
    }
  }
}
