/**
 * How much of its share a target gets that has become well just now: its caches are cold and its code is not compiled
 * yet, so it is led up to its full share (Envoy's slow start with aggression 1.0 and the same smallest share).
 */

/** A target that got nothing at all would learn nothing, and would not be warmer at the end. */
export const SHARE_MIN = 0.1;

/** In [SHARE_MIN, 1]; linear in the time since it became well. */
export function slowStartShare(wellSinceMs: number, slowStartMs: number, nowMs: number): number {
  const sinceMs = nowMs - wellSinceMs;
  return sinceMs >= slowStartMs ? 1 : Math.max(SHARE_MIN, sinceMs / slowStartMs);
}
