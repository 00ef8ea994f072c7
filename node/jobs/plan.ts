/** When a request stops being waited for and becomes a job: what the route offers, what the client wishes. Pure. */
import type { AsyncSpec } from '@weir/proto/snapshot/jobs.js';
import type { AsyncWish } from './prefer.js';

export interface HandOverPlan {
  /** From the receipt of the request on. */
  readonly afterMs: number;
  /** How long the client would be made to wait without a job. */
  readonly limitMs: number;
  /** The client's wish is what is followed, and not the route alone. */
  readonly isWished: boolean;
  /** Seconds that the client wished to wait, where it does wait for so long; null where it is spared a part. */
  readonly waitS: number | null;
}

/** Value of Preference-Applied (RFC 7240 §3): what was honoured, and nothing else. Null: nothing was wished for. */
export function preferenceApplied({ isWished, waitS }: HandOverPlan, isOnTime: boolean): string | null {
  if (!isWished) return null;
  return waitS === null || !isOnTime ? 'respond-async' : `respond-async, wait=${waitS}`;
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
  return { afterMs, limitMs, isWished, waitS: isWished && waitS !== null && afterMs === waitMs ? waitS : null };
}
