/**
 * When upstreams end. Owns which of them are alive, and which of those only wait for their last exchange: they are of
 * former snapshots, and an exchange that began under one may go to them still.
 *
 *   begin ──▶ alive ──▶ retired (no probes, connections end with their work) ──▶ forgotten, behind its last exchange
 */
import type { Timer, Timers } from '../time/clock.js';
import type { LiveUpstream } from './live-upstream.js';

/** How often it is looked whether upstreams of former snapshots carry anything still; only while there are some. */
const LINGER_LOOK_MS = 1000;

/** When an upstream retired that no exchange has ever known. */
export const NEVER_USED = Number.NEGATIVE_INFINITY;

export class Lifetimes {
  /** Everything that `close` has to end; those of it that only wait for their last exchange are retired. */
  readonly #alive = new Set<LiveUpstream>();
  /** With the time: what was received later knows nothing of them. */
  readonly #retired = new Map<LiveUpstream, number>();
  readonly #oldestExchangeAtMs: () => number;
  readonly #look: Timer;

  constructor(timers: Timers, oldestExchangeAtMs: () => number) {
    this.#oldestExchangeAtMs = oldestExchangeAtMs;
    this.#look = timers.create(() => this.#forgetIdle());
  }

  get lingering(): number {
    return this.#retired.size;
  }

  /** A copy: retiring them may forget them. */
  alive(): LiveUpstream[] {
    return [...this.#alive];
  }

  begin(upstreams: Iterable<LiveUpstream>): void {
    for (const upstream of upstreams) this.#alive.add(upstream);
  }

  retireAllBut(kept: Iterable<LiveUpstream>, among: Iterable<LiveUpstream>, atMs: number): void {
    const keeps = new Set(kept);
    for (const upstream of among) {
      if (keeps.has(upstream) || this.#retired.has(upstream)) continue;
      upstream.retire();
      this.#retired.set(upstream, atMs);
    }
    this.#forgetIdle();
  }

  close(): void {
    this.#look.cancel();
    this.#retired.clear();
    for (const upstream of this.#alive) for (const target of upstream.targets) target.destroy();
    this.#alive.clear();
  }

  /**
   * Lets go of retired upstreams whose last exchange is over. Looked for now and then rather than told by each exchange:
   * that would cost every request something, for the sake of a few after a reload. Attempts alone don't tell: an
   * exchange that waits for a place, or to try again, has none under way.
   */
  #forgetIdle(): void {
    const oldestAtMs = this.#oldestExchangeAtMs();
    for (const [upstream, retiredAtMs] of this.#retired) {
      if (oldestAtMs <= retiredAtMs || upstream.targets.some((target) => target.inFlight > 0)) continue;
      this.#retired.delete(upstream);
      this.#alive.delete(upstream);
    }
    if (this.#retired.size > 0) this.#look.arm(LINGER_LOOK_MS);
  }
}
