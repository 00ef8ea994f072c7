/**
 * The keys of one provider, and which of them a request goes by. Pure.
 *
 * One that is due for its trial is taken first, for somebody has to find out, and a request that it is refused for goes on by another
 * key, unseen. Among those that can be used a draw decides by weight: chance, or what requests have in common.
 * key, unseen. Among those that can be used, chance decides by weight; those that another node doubts come behind all others.
 */
import type { KeyStanding } from './key-standing.js';

export interface PoolKey {
  /** For logs, metrics and status; never the key. */
  readonly id: string;
  readonly weight: number;
  readonly standing: KeyStanding;
}

export class KeyPool<Key extends PoolKey> {
  readonly keys: readonly Key[];

  constructor(keys: readonly Key[]) {
    this.keys = keys;
  }

  /** Null: none can be used for the model now, but those that were tried. */
  pick(model: string, tried: ReadonlySet<Key>, nowMs: number, draw: (key: Key) => number): Key | null {
    const left = this.keys.filter((key) => !tried.has(key));
    const due = left.find(({ standing }) => standing.state(nowMs, model) === 'due');
    if (due !== undefined) return due;
    const well = left.filter(({ standing }) => standing.state(nowMs, model) === 'usable');
    const usable = well.length > 0 ? well : left.filter(({ standing }) => standing.state(nowMs, model) === 'doubted');
    // As targets are drawn (candidates.ts); a key always has a weight.
    let first: Key | null = null;
    let firstAt = Number.POSITIVE_INFINITY;
    for (const key of usable) {
      const at = -Math.log(1 - draw(key)) / key.weight;
      if (first !== null && at >= firstAt) continue;
      first = key;
      firstAt = at;
    }
    return first;
  }

  hasOther(model: string, tried: ReadonlySet<Key>, nowMs: number): boolean {
    return this.keys.some((key) => !tried.has(key) && isOpen(key, model, nowMs));
  }

  /** Until the first of them can be used for the model; 0: one can. */
  waitMs(model: string, nowMs: number): number {
    return Math.min(...this.keys.map(({ standing }) => standing.readyAtMs(model, nowMs) - nowMs));
  }

  /** None is left that only rests: all were refused. */
  isRefused(model: string, nowMs: number): boolean {
    return this.keys.every(({ standing }) => ['out', 'onTrial'].includes(standing.state(nowMs, model)));
  }
}

function isOpen({ standing }: PoolKey, model: string, nowMs: number): boolean {
  const state = standing.state(nowMs, model);
  return state === 'usable' || state === 'doubted' || state === 'due';
}
