/**
 * Purges that Redis has not been told of. As long as there is one that can't be told, nothing is read from there: it may be
 * what was purged. So many at most; one more, and they become one purge of everything, which means more and never less.
 * Sole owner of them. Pure.
 *
 *           add                 take                done
 *   purge ──────▶ waiting ─────────────▶ being told ──────▶ told
 *                    ▲                       │
 *                    └──────── back ─────────┘  no answer: told again, for it may not have been heard
 */
import type { PurgeTarget } from '../purge/marks.js';
import type { MarkPlace } from './generations.js';

/** What Redis is told: of a purge, for the other nodes in words too, or that a key was forgotten. */
export type Notice =
  | { readonly kind: 'mark'; readonly place: MarkPlace; readonly target: PurgeTarget; readonly isSoft: boolean }
  | { readonly kind: 'forget'; readonly key: string };

export interface PendingPurge {
  readonly notice: Notice;
  readonly waiters: readonly Waiter[];
}

/** Someone who waits for a purge to be told. */
export interface Waiter {
  /** Null: not any more. */
  told: (() => void) | null;
}

/** With texts of 300 characters some 6 MiB. */
export const PENDING_MAX = 10_000;

const EVERYTHING: Notice = {
  ...{ kind: 'mark', place: { field: 'all', prefix: null } },
  ...{ target: { kind: 'all' }, isSoft: false },
};

export class PendingPurges {
  /** How often they became one purge of everything. */
  collapses = 0;
  readonly #max: number;
  #waiting = new Map<string, PendingPurge>();
  readonly #beingTold = new Set<PendingPurge>();

  constructor(max = PENDING_MAX) {
    this.#max = max;
  }

  /** All that Redis has not confirmed. */
  get size(): number {
    return this.#waiting.size + this.#beingTold.size;
  }

  /** Those that were not even sent. */
  get waiting(): number {
    return this.#waiting.size;
  }

  add(notice: Notice, waiter?: Waiter): void {
    this.#put({ notice, waiters: waiter === undefined ? [] : [waiter] });
  }

  /** Up to so many, the oldest first, to be told now. */
  take(max: number): readonly PendingPurge[] {
    const taken: PendingPurge[] = [];
    for (const [name, pending] of this.#waiting) {
      if (taken.length >= max) break;
      this.#waiting.delete(name);
      this.#beingTold.add(pending);
      taken.push(pending);
    }
    return taken;
  }

  done(pending: PendingPurge): void {
    if (!this.#beingTold.delete(pending)) return;
    for (const waiter of pending.waiters) waiter.told?.();
  }

  /** Nobody knows whether Redis has heard it. */
  back(pending: PendingPurge): void {
    if (this.#beingTold.delete(pending)) this.#put(pending);
  }

  /** The connection on which they were being told is no more. */
  backAll(): void {
    for (const pending of [...this.#beingTold]) this.back(pending);
  }

  #put(pending: PendingPurge): void {
    this.#join(pending);
    if (this.#waiting.size <= this.#max) return;
    this.collapses += 1;
    const waiters = [...this.#waiting.values()].flatMap((other) => other.waiters);
    this.#waiting = new Map();
    this.#join({ notice: EVERYTHING, waiters });
  }

  /** What several have asked for is told once; who has given up is not kept. */
  #join({ notice, waiters }: PendingPurge): void {
    const name = nameOf(notice);
    const before = this.#waiting.get(name)?.waiters ?? [];
    this.#waiting.set(name, { notice, waiters: [...before, ...waiters].filter(({ told }) => told !== null) });
  }
}

function nameOf(notice: Notice): string {
  if (notice.kind === 'forget') return `k ${notice.key}`;
  const { field, prefix } = notice.place;
  return `${notice.isSoft ? 's' : 'h'} ${field} ${prefix === null ? '' : `${prefix.length} ${prefix.digest}`}`;
}
