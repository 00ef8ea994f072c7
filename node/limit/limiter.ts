/** What a limit says of a request, and how it is asked. */
import type { LimitVerdict } from '@weir/proto/cluster/gcra.js';

export type { LimitVerdict };

export interface Limiter {
  take(key: string, nowMs: number): LimitVerdict;
  /** What `take` would say now, with nothing taken: a request that another limit refuses must not cost this one. */
  peek(key: string, nowMs: number): LimitVerdict;
  /** A snapshot has it, still or again. */
  used?(): void;
}

/** Of requests in flight: each that was taken is given back, once. */
export interface HoldLimiter extends Limiter {
  giveBack(key: string): void;
}
