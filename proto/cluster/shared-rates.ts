/**
 * All shared limits of one node: which keys it counts, what it tells the others of them, and what they have told. A machine
 * without clock or I/O; the driver sends what `tell` returns each TELL_EVERY_MS while the bus is there, and not otherwise.
 * The bound on keys forgets the one that was used least recently: it begins again, which errs on the side of serving.
 */
import { type RateCount, type RateCounts, rateCountsMax } from '../events/rate-counts.js';
import { SharedCount } from './shared-count.js';

export const TELL_EVERY_MS = 100;
export const sharedKeysMax = 100_000;

export interface SharedLimit {
  readonly limit: number;
  readonly windowMs: number;
}

export class SharedRates {
  /** The least recently used first. */
  readonly #counts = new Map<string, SharedCount>();
  readonly #limitOf: (key: string) => SharedLimit | null;
  readonly #keysMax: number;
  /** Counts that have changed since they were told. */
  readonly #untold = new Set<string>();
  forgotten = 0;

  /** `limitOf`: null for keys of limits that this node does not have, of which others may tell. */
  constructor(limitOf: (key: string) => SharedLimit | null, keysMax = sharedKeysMax) {
    this.#limitOf = limitOf;
    this.#keysMax = keysMax;
  }

  /** `wallMs` names the window, `nowMs` measures how long something was told. */
  take(key: string, members: number, wallMs: number, nowMs: number): boolean {
    const limit = this.#limitOf(key);
    if (limit === null) return true;
    // A window that another node has reached is not left again: of clocks that differ, the one that is ahead leads.
    const window = Math.max(Math.floor(wallMs / limit.windowMs), this.#counts.get(key)?.window ?? 0);
    this.#untold.add(key);
    return this.#countOf(key, limit, window).take(members, nowMs);
  }

  /** The window that this node counts a key in; null: it counts none. */
  windowOf(key: string): number | null {
    return this.#counts.get(key)?.window ?? null;
  }

  /** Admitted in that window, and perhaps not known to all. */
  unsettled(key: string, nowMs: number): number {
    return this.#counts.get(key)?.unsettled(nowMs) ?? 0;
  }

  /** What others must know; as much as fits into a message, the rest the next time. */
  tell(nowMs: number): readonly RateCount[] {
    const told: RateCount[] = [];
    for (const key of this.#untold) {
      if (told.length === rateCountsMax) break;
      this.#untold.delete(key);
      const count = this.#counts.get(key);
      if (count === undefined) continue;
      const { admitted, asked } = count.tell(nowMs);
      told.push([key, count.window, admitted, asked]);
    }
    return told;
  }

  /** Of the window that it is, and the one behind it; a clock that is further off than that leads nobody. */
  hear({ id, counts }: RateCounts, wallMs: number): void {
    for (const [key, window, admitted, asked] of counts) {
      const limit = this.#limitOf(key);
      if (limit === null) continue;
      const current = Math.floor(wallMs / limit.windowMs);
      const known = this.#counts.get(key)?.window ?? 0;
      if (window < Math.max(current, known) || window > current + 1) continue;
      this.#countOf(key, limit, window).hear(id, { admitted, asked });
    }
  }

  #countOf(key: string, { limit }: SharedLimit, window: number): SharedCount {
    const known = this.#counts.get(key) ?? null;
    const count = known?.window === window && known.limit === limit ? known : new SharedCount(limit, window, known);
    this.#counts.delete(key);
    this.#counts.set(key, count);
    if (this.#counts.size > this.#keysMax) {
      const [oldest] = this.#counts.keys();
      if (oldest !== undefined) this.#counts.delete(oldest);
      this.forgotten += 1;
    }
    return count;
  }
}
