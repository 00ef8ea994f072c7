/**
 * A limiter that the nodes of a cluster keep together: the counters are proto/cluster/shared-rates.ts, which
 * node/cluster/rates.ts drives. On the bus a key is a digest behind the id of its limit: consumers and header values are
 * nobody else's business, and one is as long as the other. The digest is made once for each key that is remembered.
 */
import type { SharedHolds } from '@weir/proto/cluster/shared-holds.js';
import { type SharedLimit, type SharedRates, sharedLimitOf } from '@weir/proto/cluster/shared-rates.js';
import type { RateLimitSpec } from '@weir/proto/snapshot/snapshot.js';
import type { ClusterRatesCounts } from '../cluster/rates.js';
import type { Limiter } from './limiter.js';
import { boundedKeys } from './local-limiter.js';

export interface SharedCounters {
  readonly holds: SharedHolds;
  /** Nodes that share, this one included. */
  readonly members: number;
  /** The wall clock, which names windows, at a time of the other one. */
  wallMs(nowMs: number): number;
  /** The counters of a limit, the same each time. What others tell of it is heard from now on; at most so many keys are remembered. */
  ratesOf(limitId: string, limit: SharedLimit, keys: number): SharedRates;
  useHolds(limitId: string, limit: number): void;
  /** In letters of base64url, 22 at least. */
  digest(text: string): string;
  counts(): ClusterRatesCounts;
}

/** 66 bits, and 126 bits behind them. */
export const LIMIT_ID_LENGTH = 11;
const KEY_LENGTH = 21;

/** The same on all nodes that run the same limit. */
export function limitIdOf(identity: string, digest: (text: string) => string): string {
  return digest(identity).slice(0, LIMIT_ID_LENGTH);
}

/** What keys of callers are called on the bus; as many as the limit remembers. */
export function keyNames(
  limitId: string,
  keys: number,
  digest: SharedCounters['digest'],
): { get(key: string): string; peek(key: string): string } {
  const names = boundedKeys<string>(keys);
  const nameOf = (key: string): string => limitId + digest(limitId + key).slice(0, KEY_LENGTH);
  return {
    get(key) {
      const known = names.get(key);
      if (known !== undefined) return known;
      const name = nameOf(key);
      names.set(key, name);
      return name;
    },
    peek: (key) => names.peek(key) ?? nameOf(key),
  };
}

export function createSharedLimiter(spec: RateLimitSpec, limitId: string, shared: SharedCounters): Limiter {
  const names = keyNames(limitId, spec.keys, shared.digest);
  const limit = sharedLimitOf(spec);
  const rates = shared.ratesOf(limitId, limit, spec.keys);
  return {
    take: (key, nowMs) => rates.take(names.get(key), shared.members, shared.wallMs(nowMs), nowMs),
    peek: (key, nowMs) => rates.peek(names.peek(key), shared.members, shared.wallMs(nowMs), nowMs),
    used: () => void shared.ratesOf(limitId, limit, spec.keys),
  };
}
