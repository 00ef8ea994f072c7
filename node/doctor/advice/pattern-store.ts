/**
 * How often each pattern of calls was seen, and what its calls took. Owns the counts: of 256 patterns, those seen last. All of them lose half with
 * each `halve`, so that what was true long ago is not told for ever. No value of a path is kept, only whether there were several.
 */
import { hash32 } from '../../upstream/balance/hash.js';
import type { Effort, Seen } from './burst-patterns.js';

export const PATTERNS_MAX = 256;
/** Different clients or items that are told apart; a few are enough to know that there are several. */
const DISTINCT_MAX = 8;

/** Sums over all times that it was seen. */
export interface PatternCount extends Effort {
  readonly pattern: Seen;
  readonly times: number;
  /** Of different clients, or about different things; at most so many as are told apart. */
  readonly distinct: number;
}

interface Counted {
  pattern: Seen;
  times: number;
  calls: number;
  asked: number;
  askedAfter: number;
  spanMs: number;
  spanAfterMs: number;
  readonly distinct: Set<number>;
}

export class PatternStore {
  readonly #patterns = new Map<string, Counted>();

  add(pattern: Seen, session: number): void {
    const key = keyOf(pattern);
    const counted = this.#patterns.get(key) ?? {
      ...{ pattern, times: 0, calls: 0, asked: 0, askedAfter: 0, spanMs: 0, spanAfterMs: 0 },
      distinct: new Set<number>(),
    };
    counted.times += 1;
    counted.calls += pattern.calls;
    counted.asked += pattern.asked;
    counted.askedAfter += pattern.askedAfter;
    counted.spanMs += pattern.spanMs;
    counted.spanAfterMs += pattern.spanAfterMs;
    if (counted.distinct.size < DISTINCT_MAX) counted.distinct.add(hash32(pattern.values.join('\n'), session));
    // The one that was seen longest ago stands first.
    this.#patterns.delete(key);
    this.#patterns.set(key, counted);
    if (this.#patterns.size <= PATTERNS_MAX) return;
    const [oldest] = this.#patterns.keys();
    if (oldest !== undefined) this.#patterns.delete(oldest);
  }

  list(): readonly PatternCount[] {
    return [...this.#patterns.values()].map((counted) => ({ ...counted, distinct: counted.distinct.size }));
  }

  halve(): void {
    for (const [key, counted] of this.#patterns) {
      counted.times /= 2;
      counted.calls /= 2;
      counted.asked /= 2;
      counted.askedAfter /= 2;
      counted.spanMs /= 2;
      counted.spanAfterMs /= 2;
      if (counted.times < 0.5) this.#patterns.delete(key);
    }
  }

  /** Patterns of routes that are not named are of no use any more. */
  retainRoutes(routeIds: ReadonlySet<string>): void {
    for (const [key, { pattern }] of this.#patterns) {
      if (!routesOf(pattern).every((id) => routeIds.has(id))) this.#patterns.delete(key);
    }
  }
}

export function routesOf(pattern: Seen): readonly string[] {
  return pattern.kind === 'items' ? [pattern.routeId] : [...new Set(pattern.parts.map(({ routeId }) => routeId))];
}

/** One at a time and all together are two patterns: another change helps each. */
function keyOf(pattern: Seen): string {
  return pattern.kind === 'items'
    ? JSON.stringify([pattern.routeId, pattern.shape, pattern.isTogether])
    : JSON.stringify(pattern.parts);
}
