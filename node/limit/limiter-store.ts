/**
 * Limits that outlive snapshots: one limiter per (route, position, definition). Owns every counter of this node. A reload
 * that leaves a limit as it is leaves its counters as they are; one that changes it starts afresh.
 */
import type { ConcurrentLimitSpec, RateLimitSpec } from '@weir/proto/snapshot/snapshot.js';
import type { LimitCounts } from '../observe/limit-families.js';
import { KnownKeys } from '../pipeline/known-keys.js';
import { createHoldLimiter, createSharedHoldLimiter } from './hold-limiter.js';
import type { HoldLimiter, Limiter } from './limiter.js';
import { boundedKeys, createLimiter } from './local-limiter.js';
import { createSharedLimiter, limitIdOf, type SharedCounters } from './shared-limiter.js';
import type { StrictCounter } from './strict-counter.js';

export interface LimiterStore {
  /** The same object for the same route, position and definition as long as the node lives. */
  limiter(routeId: string, position: number, spec: RateLimitSpec): Limiter;
  holds(routeId: string, position: number, spec: ConcurrentLimitSpec): HoldLimiter;
  /** What strict limits ask; null where there is no Redis. */
  readonly strict: StrictCounter | null;
  counts(): LimitCounts;
}

/** As its owner has it. */
export interface OwnedLimiters extends LimiterStore {
  /** Another snapshot begins to ask. */
  nextSnapshot(): void;
}

export interface LimiterStoreParts {
  /** Null: this node is by itself, and what is shared is counted here alone. */
  readonly shared?: SharedCounters | null;
  readonly strict?: StrictCounter | null;
  /** Limiters of all snapshots since the node began, the least recently compiled forgotten first. */
  readonly limitersMax?: number;
}

/** Two for each of ten thousand managed services. A limiter that counts nothing yet is small. */
const LIMITERS_MAX = 20_000;

export function createLimiterStore({
  shared = null,
  strict = null,
  limitersMax = LIMITERS_MAX,
}: LimiterStoreParts = {}): OwnedLimiters {
  const limiters = boundedKeys<Limiter>(limitersMax);
  const holds = boundedKeys<HoldLimiter>(limitersMax);
  const make = (spec: RateLimitSpec, identity: string): Limiter =>
    spec.mode === 'local' || shared === null
      ? createLimiter(spec)
      : createSharedLimiter(spec, limitIdOf(identity, shared.digest), shared);
  const identities = new KnownKeys<RateLimitSpec>();
  return {
    strict,
    nextSnapshot: () => identities.nextSnapshot(),
    counts: () => ({ shared: shared?.counts() ?? null, strict: strict?.counts() ?? null }),
    limiter(routeId, position, spec) {
      const identity = identities.of(spec, [routeId, position], saidOf);
      const known = limiters.get(identity);
      known?.used?.();
      if (known !== undefined) return known;
      const made = make(spec, identity);
      limiters.set(identity, made);
      return made;
    },
    holds(routeId, position, spec) {
      const { requests, by, mode } = spec;
      const identity = JSON.stringify(['concurrent', routeId, position, requests, by, mode]);
      const known = holds.get(identity);
      if (known !== undefined) return known;
      const made =
        mode === 'local' || shared === null
          ? createHoldLimiter(spec)
          : createSharedHoldLimiter(spec, limitIdOf(identity, shared.digest), shared);
      holds.set(identity, made);
      return made;
    },
  };
}

function saidOf({ requests, periodMs, burst, by, mode, keys }: RateLimitSpec): readonly unknown[] {
  return [requests, periodMs, burst, by, mode, keys];
}
