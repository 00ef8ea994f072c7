/**
 * One limiter over many keys, of this node alone. At most `spec.keys` of them are remembered, and the one that was used least
 * recently is forgotten: it starts again with a full burst, which errs on the side of serving.
 */
import { gcraOf, NEVER, takeOne } from '@weir/proto/cluster/gcra.js';
import type { RateLimitSpec } from '@weir/proto/snapshot/snapshot.js';
import { LRUCache } from 'lru-cache';
import type { Limiter } from './limiter.js';

export function createLimiter(spec: Pick<RateLimitSpec, 'requests' | 'periodMs' | 'burst' | 'keys'>): Limiter {
  const gcra = gcraOf(spec);
  // The state is kept in a cell that is written in place: one look-up per request instead of two.
  const cells = boundedKeys<{ arrivalMs: number }>(spec.keys);
  return {
    take(key, nowMs) {
      let cell = cells.get(key);
      if (cell === undefined) {
        cell = { arrivalMs: NEVER };
        cells.set(key, cell);
      }
      const step = takeOne(gcra, cell.arrivalMs, nowMs);
      cell.arrivalMs = step.arrivalMs;
      return step.verdict;
    },
    peek: (key, nowMs) => takeOne(gcra, cells.peek(key)?.arrivalMs ?? NEVER, nowMs).verdict,
  };
}

/**
 * Bounded by a size of one each instead of by a number: for a number the library reserves all its memory at once, and a
 * thousand limited routes would reserve gigabytes and stall the reload that makes them.
 */
export function boundedKeys<V extends NonNullable<unknown>>(keys: number): LRUCache<string, V> {
  return new LRUCache<string, V>({ maxSize: Math.max(1, keys), sizeCalculation: () => 1 });
}
