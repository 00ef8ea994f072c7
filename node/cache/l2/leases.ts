/**
 * One node of all fetches what none of them has: it holds a lease in Redis, and the others look now and then whether it is
 * over. A lease ends with what was fetched, in the same step in which that can be found; at once when there will be nothing
 * to find; and by itself when its node is not heard of any more. Whatever goes wrong with Redis, each fetches for itself.
 *
 *   lease ──▶ leads ──────▶ keep, or release
 *         └─▶ follows ────▶ follow: over? ──no, for so long at most──▶ over? …
 *         └─▶ alone
 *
 * Owns the leases that this node holds, and its waits for others.
 */
import type { CollapseAcrossNodesSpec } from '@weir/proto/snapshot/cache.js';
import type { Calls } from '../../redis/redis-link.js';
import type { Clock, Random, Timer, Timers } from '../../time/clock.js';
import type { Following, L2Found, Lease, LeaseOutcome } from './l2.js';
import type { ScriptName } from './scripts.js';

export interface LeasesOptions {
  readonly calls: Calls<ScriptName>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly token: () => string;
  /** Null: each for itself. */
  readonly spec: () => CollapseAcrossNodesSpec | null;
  readonly answerWithinMs: () => number;
}

/** Leases that this node holds, and waits for others: beyond it, each for itself. */
export const LEASES_MAX = 10_000;
export const FOLLOWS_MAX = 1_000;

/** No fetch is led for longer; then it is as if its node were gone. */
export const LED_MAX_MS = 60_000;

/** How long nobody waits for what is not stored. */
export const FOR_ALL_MS = 5_000;

const LOOK_FIRST_MS = 8;
const LOOK_MAX_MS = 50;

const ALONE: LeaseOutcome = { kind: 'alone' };
const FOLLOWS: LeaseOutcome = { kind: 'follows' };

export class Leases {
  readonly #options: LeasesOptions;
  readonly #held = new Set<HeldLease>();
  readonly #follows = new Set<Wait>();

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  async take(at: string): Promise<LeaseOutcome> {
    const { calls, token, answerWithinMs } = this.#options;
    const spec = this.#options.spec();
    if (spec === null || this.#held.size >= LEASES_MAX) return ALONE;
    const own = token();
    let answer: unknown;
    try {
      answer = await calls.script('lease', [at], [own, spec.leaseMs], answerWithinMs());
    } catch {
      // Redis may have given it, or will when it goes on, and others would follow a node that does not know that it leads.
      calls.script('hold', [at], [own, 0, 0], spec.leaseMs).catch(() => {});
      return ALONE;
    }
    if (answer === 0) return FOLLOWS;
    if (answer !== 1) return ALONE;
    const lease = new HeldLease(at, own, spec.leaseMs, this.#options, () => this.#held.delete(lease));
    this.#held.add(lease);
    return { kind: 'leads', lease };
  }

  /** `find` is asked once, when the lease is over. */
  follow(at: string, find: () => Promise<L2Found | null>): Following {
    const spec = this.#options.spec();
    if (spec === null || this.#follows.size >= FOLLOWS_MAX) return { found: Promise.resolve(null), cancel: () => {} };
    const wait = new Wait(at, find, spec.waitMs, this.#options, () => this.#follows.delete(wait));
    this.#follows.add(wait);
    return { found: wait.found, cancel: () => wait.end(null) };
  }

  close(): void {
    for (const lease of this.#held) lease.stop();
    for (const wait of this.#follows) wait.end(null);
  }
}

class HeldLease implements Lease {
  readonly token: string;
  readonly #at: string;
  readonly #options: LeasesOptions;
  /** Of the spec under which it was taken. */
  readonly #leaseMs: number;
  readonly #onEnd: () => void;
  readonly #renewal: Timer;
  readonly #untilMs: number;
  #isOver = false;

  constructor(at: string, token: string, leaseMs: number, options: LeasesOptions, onEnd: () => void) {
    this.#at = at;
    this.#leaseMs = leaseMs;
    this.token = token;
    this.#options = options;
    this.#onEnd = onEnd;
    this.#untilMs = options.clock.nowMs() + LED_MAX_MS;
    this.#renewal = options.timers.create(() => this.#renew());
    this.#renewal.arm(leaseMs / 3);
  }

  release(isForAll: boolean): void {
    if (this.#isOver) return;
    this.stop();
    this.#hold(0, isForAll ? FOR_ALL_MS : 0);
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#renewal.cancel();
    this.#onEnd();
  }

  #renew(): void {
    if (this.#options.clock.nowMs() >= this.#untilMs) {
      this.stop();
      return;
    }
    this.#hold(this.#leaseMs, 0);
    this.#renewal.arm(this.#leaseMs / 3);
  }

  #hold(ttlMs: number, forAllMs: number): void {
    const { calls, answerWithinMs } = this.#options;
    // Unheard, it ends by itself.
    calls.script('hold', [this.#at], [this.token, ttlMs, forAllMs], answerWithinMs()).catch(() => {});
  }
}

class Wait {
  readonly found: Promise<L2Found | null>;
  readonly #at: string;
  readonly #find: () => Promise<L2Found | null>;
  readonly #options: LeasesOptions;
  readonly #onEnd: () => void;
  readonly #next: Timer;
  readonly #untilMs: number;
  #pauseMs = LOOK_FIRST_MS;
  #resolve: ((found: L2Found | null) => void) | null = null;

  constructor(
    at: string,
    find: () => Promise<L2Found | null>,
    waitMs: number,
    options: LeasesOptions,
    onEnd: () => void,
  ) {
    this.#at = at;
    this.#find = find;
    this.#options = options;
    this.#onEnd = onEnd;
    this.#untilMs = options.clock.nowMs() + waitMs;
    this.#next = options.timers.create(() => this.#look());
    this.found = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#next.arm(this.#pauseMs);
  }

  end(found: L2Found | null): void {
    const resolve = this.#resolve;
    if (resolve === null) return;
    this.#resolve = null;
    this.#next.cancel();
    this.#onEnd();
    resolve(found);
  }

  #look(): void {
    const { calls, answerWithinMs } = this.#options;
    calls.command('GET', [this.#at], answerWithinMs()).then(
      (holder) => this.#heard(holder),
      () => this.end(null),
    );
  }

  #heard(holder: unknown): void {
    if (this.#resolve === null) return;
    if (holder === null) {
      this.#find().then(
        (found) => this.end(found),
        () => this.end(null),
      );
      return;
    }
    const { clock, random } = this.#options;
    if (String(holder) === '-' || clock.nowMs() >= this.#untilMs) {
      this.end(null);
      return;
    }
    this.#pauseMs = Math.min(LOOK_MAX_MS, this.#pauseMs * 1.5);
    this.#next.arm(Math.min(this.#pauseMs * (0.5 + random()), this.#untilMs - clock.nowMs()));
  }
}
