/**
 * Rate-limit state that outlives snapshots: one limiter per (route, position, definition). Owns every counter of this
 * node. A reload that leaves a limit as it is leaves its counters as they are; one that changes it starts afresh.
 */
import type { LimitSpec } from '@weir/proto/snapshot/snapshot.js';
import { LRUCache } from 'lru-cache';
import { gcraOf, NEVER, takeOne } from './gcra.js';

export interface LimitVerdict {
  readonly allowed: boolean;
  /** Requests that may still be made at once. */
  readonly remaining: number;
  /** Milliseconds until the limiter is back to its full burst. */
  readonly resetMs: number;
  /** Milliseconds until one more request would be allowed; 0 when one is. */
  readonly retryAfterMs: number;
}

export interface Limiter {
  take(key: string, nowMs: number): LimitVerdict;
  /** What `take` would say now, with nothing taken: a request that another limit refuses must not cost this one. */
  peek(key: string, nowMs: number): LimitVerdict;
}

export interface LimiterStore {
  /** The same object for the same route, position and definition as long as the node lives. */
  limiter(routeId: string, position: number, spec: LimitSpec): Limiter;
}

/** Limiters of all snapshots since the node began, the least recently compiled forgotten first. */
const LIMITERS_MAX = 10_000;

export function createLimiterStore(limitersMax = LIMITERS_MAX): LimiterStore {
  const limiters = new LRUCache<string, Limiter>({ max: limitersMax });
  return {
    limiter(routeId, position, spec) {
      const identity = JSON.stringify([
        routeId,
        position,
        spec.requests,
        spec.periodMs,
        spec.burst,
        spec.by,
        spec.mode,
        spec.keys,
      ]);
      const known = limiters.get(identity);
      if (known !== undefined) return known;
      const made = createLimiter(spec);
      limiters.set(identity, made);
      return made;
    },
  };
}

/**
 * One limiter over many keys. At most `spec.keys` of them are remembered, and the one that was used least recently is
 * forgotten: it starts again with a full burst, which errs on the side of serving.
 */
export function createLimiter(spec: Pick<LimitSpec, 'requests' | 'periodMs' | 'burst' | 'keys'>): Limiter {
  const gcra = gcraOf(spec);
  // The state is kept in a cell that is written in place: one look-up per request instead of two.
  // Bounded by a size of one each instead of by a number: for a number the library reserves all its memory at once,
  // and a thousand limited routes would reserve gigabytes and stall the reload that makes them.
  const cells = new LRUCache<string, { arrivalMs: number }>({ maxSize: Math.max(1, spec.keys), sizeCalculation: one });
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

function one(): number {
  return 1;
}
