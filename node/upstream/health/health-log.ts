/**
 * The latest changes of opinion of a node, and how many there were. Owns both; every upstream of the node tells it, status
 * and metrics read it.
 */
import type { HealthChange, OpinionKind, Standing } from '@weir/proto/events/health.js';

/** Changes that are kept; the oldest go first. */
export const CHANGES_KEPT = 256;

/** How often an opinion of one kind about one target, or upstream, has come to a standing. */
export interface ChangeCount {
  readonly upstream: string;
  readonly target: string | null;
  readonly kind: OpinionKind;
  readonly to: Standing;
  count: number;
}

export class HealthLog {
  readonly #ring: HealthChange[] = [];
  #next = 0;
  readonly #counts = new Map<string, ChangeCount>();

  readonly tell = (change: HealthChange): void => {
    this.#ring[this.#next] = change;
    this.#next = (this.#next + 1) % CHANGES_KEPT;
    const { upstream, target, kind, to } = change;
    const key = JSON.stringify([upstream, target, kind, to]);
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { upstream, target, kind, to, count: 1 });
    else known.count += 1;
  };

  /** At most `max` changes, the newest last. */
  latest(max: number): HealthChange[] {
    const inOrder = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
    return inOrder.slice(Math.max(0, inOrder.length - max));
  }

  counts(): Iterable<ChangeCount> {
    return this.#counts.values();
  }

  /** Forgets the counts of what is not named any more, so that they are bounded by the configuration. */
  retain(isNamed: (upstream: string, target: string | null) => boolean): void {
    for (const [key, { upstream, target }] of this.#counts) {
      if (!isNamed(upstream, target)) this.#counts.delete(key);
    }
  }
}
