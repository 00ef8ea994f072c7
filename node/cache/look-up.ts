/**
 * What to do with a request for which the cache holds this, or nothing (RFC 9111 §4).
 *
 *                 ┌─ fresh enough for the client ───────────────▶ hit
 *   found? ──yes──┼─ stale, but the client takes it so ─────────▶ hit (stale)
 *     │           ├─ stale, may be used while revalidating ─────▶ hit, and refresh behind it
 *     │           └─ otherwise ─────────────────────────────────▶ ask, with validators; stale as a last resort until …
 *     no ───────────────────────────────────────────────────────▶ ask
 *                 …only-if-cached instead of asking ────────────▶ unavailable (504)
 *
 * Pure: the caller has made sure that the copy belongs to this request (key, Vary) and was not purged. A soft purge is
 * passed in, as the monotonic time since when the copy is stale whatever its age; Infinity: there was none. `mayServe`: false where it
 * is not known what was purged (`serve-gate.ts`).
 */
import type { CacheDirectives } from '@weir/proto/http/cache-control.js';
import type { ForwardReason } from '@weir/proto/http/cache-status.js';
import { ageMs, remainingMs, type Stored } from './stored.js';

export type Verdict =
  | { readonly kind: 'hit'; readonly stored: Stored; readonly isStale: boolean; readonly refreshes: boolean }
  | {
      readonly kind: 'ask';
      readonly reason: ForwardReason;
      /** To be validated, or to fall back on; null: there is nothing. */
      readonly stored: Stored | null;
      /** The copy may stand in for a failure, or for an answer that is too slow, until then: monotonic. */
      readonly standsInUntilMs: number;
    }
  | { readonly kind: 'unavailable' };

const NOT_AT_ALL = Number.NEGATIVE_INFINITY;

export function lookUp(
  stored: Stored | null,
  asked: CacheDirectives,
  softPurgedAtMs: number,
  missReason: ForwardReason,
  nowMs: number,
  mayServe = true,
): Verdict {
  if (stored === null) return askUnlessForbidden(asked, null, missReason, NOT_AT_ALL);
  // Its origin says whether it still is what it was; without that word it is nothing.
  if (!mayServe) return askUnlessForbidden(asked, stored, 'stale', NOT_AT_ALL);
  const leftMs = Math.min(remainingMs(stored, nowMs), softPurgedAtMs - nowMs);
  const demand = demandOf(stored, asked, leftMs, nowMs);
  if (demand === null) {
    return { kind: 'hit', stored, isStale: leftMs <= 0, refreshes: false };
  }
  const untilMs = standsInUntil(stored, asked, leftMs, nowMs);
  const isWithin = leftMs <= 0 && -leftMs < stored.reuse.staleWhileRevalidateMs;
  if (demand === 'stale' && isWithin) {
    // Who forbids that anything is asked gets what is there, and leaves the refresh to the next one.
    return { kind: 'hit', stored, isStale: true, refreshes: !asked.onlyIfCached };
  }
  return askUnlessForbidden(asked, stored, demand, untilMs);
}

function askUnlessForbidden(
  asked: CacheDirectives,
  stored: Stored | null,
  reason: ForwardReason,
  standsInUntilMs: number,
): Verdict {
  // RFC 9111 §5.2.1.7.
  return asked.onlyIfCached ? { kind: 'unavailable' } : { kind: 'ask', reason, stored, standsInUntilMs };
}

/** Why the copy can't be used as it is: the copy is stale, or the client demands more than it is. Null: it can. */
function demandOf(stored: Stored, asked: CacheDirectives, leftMs: number, nowMs: number): 'stale' | 'request' | null {
  const { reuse } = stored;
  if (reuse.alwaysAsks) return 'stale';
  const isFresh = leftMs > 0;
  if (demandsMore(stored, asked, isFresh, nowMs, leftMs)) return 'request';
  return isFresh || takesStale(stored, asked, -leftMs) ? null : 'stale';
}

/** RFC 9111 §5.2.1.1, §5.2.1.3, §5.2.1.4. */
function demandsMore(stored: Stored, asked: CacheDirectives, isFresh: boolean, nowMs: number, leftMs: number): boolean {
  if (asked.noCache !== false) return true;
  if (asked.minFreshS !== null && leftMs < asked.minFreshS * 1000) return true;
  if (asked.maxAgeS === null) return false;
  // A reload of what never changes while it is fresh (RFC 8246 §2); no-cache is the way to insist.
  if (stored.reuse.immutable && isFresh) return false;
  return ageMs(stored, nowMs) > asked.maxAgeS * 1000 || asked.maxAgeS === 0;
}

/** RFC 9111 §5.2.1.2, where nothing in the response forbids it. */
function takesStale({ reuse }: Stored, asked: CacheDirectives, staleMs: number): boolean {
  return asked.maxStaleS !== null && reuse.isClientsChoice && staleMs <= asked.maxStaleS * 1000;
}

/**
 * Until when the copy may stand in for an answer that fails or does not come (RFC 5861 §4). The client may widen or narrow
 * what the operator allows, and only narrow what the origin has said itself. Whoever asked for validation by no-cache
 * still gets the copy when there is no answer at all: that is what the limit was set for.
 */
function standsInUntil(stored: Stored, asked: CacheDirectives, leftMs: number, nowMs: number): number {
  const { reuse } = stored;
  let limitMs = reuse.staleIfErrorMs;
  if (asked.staleIfErrorS !== null && (reuse.isClientsChoice || limitMs > 0)) {
    const clientMs = asked.staleIfErrorS * 1000;
    limitMs = reuse.isErrorLimitOfOrigin || !reuse.isClientsChoice ? Math.min(limitMs, clientMs) : clientMs;
  }
  if (limitMs === 0 && leftMs <= 0) return NOT_AT_ALL;
  if (reuse.alwaysAsks) return NOT_AT_ALL;
  return nowMs + leftMs + limitMs;
}
