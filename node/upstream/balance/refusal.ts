/** Why nobody is asked, and when it is worth coming back. Pure. */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import type { Health } from '../health/standing.js';

/** `targets`: of the upstream; whichever may be tried first decides. */
export function noTarget(upstreamId: string, targets: readonly { readonly health: Health }[], nowMs: number): Failure {
  // Of one that probes hold out nobody knows when it will be well again.
  const known = targets.map(({ health }) => secondsUntil(health.outUntilMs, nowMs)).filter((each) => each !== null);
  const retryAfterS = known.length === 0 ? 1 : Math.min(...known);
  return failure('no_target', `upstream "${upstreamId}" has no target that is well`, { retryAfterS });
}

export function circuitOpen(upstreamId: string, { reason, outUntilMs }: Health, nowMs: number): Failure {
  const why = reason === '' ? '' : `: ${reason}`;
  const retryAfterS = secondsUntil(outUntilMs, nowMs) ?? 1;
  return failure('circuit_open', `upstream "${upstreamId}" is left alone${why}`, { retryAfterS });
}

/** At least one, for Retry-After has no smaller unit, and 0 would mean "at once"; null where it is not known. */
function secondsUntil(untilMs: number | undefined, nowMs: number): number | null {
  const leftMs = (untilMs ?? Number.NaN) - nowMs;
  return Number.isFinite(leftMs) ? Math.max(1, Math.ceil(leftMs / 1_000)) : null;
}
