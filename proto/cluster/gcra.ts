/**
 * The generic cell rate algorithm (ATM Forum, Traffic Management Specification 4.0, §4.4.2, virtual scheduling): a rate
 * limit whose whole state is one number.
 *
 *   interval = period / requests       the spacing of requests at the allowed rate
 *   arrival                            "theoretical arrival time": when the next request would come at that rate
 *
 *          now                arrival
 *   ────────┼───────────────────┼──────────▶ time      A request moves `arrival` one interval to the right, and is
 *           └── debt ≤ burst × interval ──┘            allowed when that leaves no more than a burst of debt. Time
 *                                                      that passes is debt that is paid off.
 *
 * In any stretch of time t no more than burst + t × requests / period requests are allowed. Compared with a token
 * bucket there is nothing to refill; compared with fixed windows there is no seam at which twice the limit fits.
 */
import type { RateLimitSpec } from '../snapshot/snapshot.js';

export interface LimitVerdict {
  readonly allowed: boolean;
  /** Requests that may still be made at once. */
  readonly remaining: number;
  /** Milliseconds until the limiter is back to its full burst. */
  readonly resetMs: number;
  /** Milliseconds until one more request would be allowed; 0 when one is. */
  readonly retryAfterMs: number;
}

export interface Gcra {
  readonly intervalMs: number;
  readonly burst: number;
}

/** A state in which nothing has ever been taken. */
export const NEVER = Number.NEGATIVE_INFINITY;

/** Sums of fractions of milliseconds are off by far less than this, and no request is worth an argument about it. */
const EPSILON_MS = 1e-6;

export function gcraOf(spec: Pick<RateLimitSpec, 'requests' | 'periodMs' | 'burst'>): Gcra {
  if (!(spec.requests > 0) || !(spec.periodMs > 0) || !(spec.burst >= 1)) {
    throw new Error(`a limit needs a positive rate and a burst of at least one: ${JSON.stringify(spec)}`);
  }
  return { intervalMs: spec.periodMs / spec.requests, burst: Math.floor(spec.burst) };
}

export interface GcraStep {
  /** The new state; where the request is refused, the old one: what is refused costs nothing. */
  readonly arrivalMs: number;
  readonly verdict: LimitVerdict;
}

/** One request at `nowMs` against the state that the step before has left. */
export function takeOne(gcra: Gcra, arrivalMs: number, nowMs: number): GcraStep {
  const { intervalMs, burst } = gcra;
  const before = Math.max(arrivalMs, nowMs);
  const after = before + intervalMs;
  const excessMs = after - nowMs - burst * intervalMs;
  if (excessMs > EPSILON_MS) {
    const verdict = { allowed: false, remaining: 0, resetMs: before - nowMs, retryAfterMs: excessMs };
    return { arrivalMs, verdict };
  }
  const left = Math.floor((nowMs + burst * intervalMs - after) / intervalMs + EPSILON_MS);
  const remaining = Math.min(burst - 1, Math.max(0, left));
  const retryAfterMs = Math.max(0, after + intervalMs - nowMs - burst * intervalMs);
  return { arrivalMs: after, verdict: { allowed: true, remaining, resetMs: after - nowMs, retryAfterMs } };
}
