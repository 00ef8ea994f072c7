/** When a request stops being waited for and becomes a job: what the route offers, what the client wishes. Pure. */
import type { AsyncSpec } from '@weir/proto/snapshot/jobs.js';
import type { AsyncWish } from './prefer.js';

export interface HandOverPlan {
  /** From the receipt of the request on. */
  readonly afterMs: number;
  /** Value of Preference-Applied (RFC 7240 §3); null where the client wished for nothing. */
  readonly applied: string | null;
}

/** The 202 must still reach a client that has set itself a limit; making the job takes a part of this. */
const RESERVE_MS = 500;
const RESERVE_SHARE = 0.2;

/** `limitMs` is how long this client would be made to wait otherwise. Null: it waits. */
export function handOverPlan(
  spec: AsyncSpec,
  { respondAsync, waitS }: AsyncWish,
  limitMs: number,
): HandOverPlan | null {
  const isWished = respondAsync && spec.prefer;
  // `wait` alone is patience and not consent to a 202, so it only shortens what the route does by itself.
  if (!isWished && spec.afterMs === null) return null;
  const waitMs = waitS === null ? (isWished ? spec.waitMs : Number.POSITIVE_INFINITY) : waitS * 1_000;
  const latestMs = limitMs - Math.min(RESERVE_MS, limitMs * RESERVE_SHARE);
  const afterMs = Math.max(0, Math.min(waitMs, spec.afterMs ?? Number.POSITIVE_INFINITY, latestMs));
  if (!isWished) return { afterMs, applied: null };
  return { afterMs, applied: waitS === null ? 'respond-async' : `respond-async, wait=${waitS}` };
}
