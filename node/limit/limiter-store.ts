/** Rate-limit state that outlives snapshots: one limiter per (route, position, definition). */
import type { LimitSpec } from '@weir/proto/snapshot/snapshot.js';

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
}

export interface LimiterStore {
  /** The same object for the same route, position and definition as long as the node lives. */
  limiter(routeId: string, position: number, spec: LimitSpec): Limiter;
}
