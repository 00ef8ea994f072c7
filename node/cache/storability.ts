/**
 * Whether an answer may be stored by a shared cache (RFC 9111 §3), and if not, why: the reason is told in Cache-Status and
 * to whoever inspects the cache. Pure.
 */
import type { CacheDirectives } from '@weir/proto/http/cache-control.js';
import { type HeaderList, hasField } from '@weir/proto/http/headers.js';
import type { ResponseDirectives } from '@weir/proto/http/targeted-cache-control.js';
import { varyNames } from '@weir/proto/http/vary.js';
import type { CacheSpec } from '@weir/proto/snapshot/cache.js';
import { type Ask, isAuthorized } from './ask.js';
import { isSaidReusable, type Reuse } from './freshness.js';
import type { Refusal } from './refusals.js';
import { isNewState, isOfAResource, isUnderstood, mayAnswerRange } from './statuses.js';
import { storedPart } from './stored.js';

export type NotStored =
  | 'method'
  | 'status'
  | 'broken'
  | 'request-no-store'
  | 'no-store'
  | 'private'
  | 'authorization'
  | 'not-said'
  | 'vary'
  | 'set-cookie'
  | 'partial'
  | 'useless';

/** Null: it may be stored. */
export function whyNotStored(
  ask: Ask,
  asked: CacheDirectives,
  status: number,
  headers: HeaderList,
  said: ResponseDirectives,
  reuse: Reuse,
  spec: CacheSpec,
): NotStored | null {
  const { directives } = said;
  if (ask.method !== 'GET') return 'method';
  if (!isOfAResource(status) || (hasField(ask.headers, 'range') && !mayAnswerRange(status))) return 'status';
  if (directives.isBroken) return 'broken';
  if (asked.noStore) return 'request-no-store';
  if (directives.mustUnderstand) {
    // Whoever understands must-understand reads no-store as meant for those who don't (RFC 9111 §5.2.2.3).
    if (!isUnderstood(status)) return 'status';
  } else if (directives.noStore) return 'no-store';
  if (directives.isPrivate === true) return 'private';
  if (isAuthorized(ask, spec) && !isForAllWhoAreAllowed(directives, spec)) return 'authorization';
  if (!isSaidReusable(headers, status, said, spec.freshness)) return 'not-said';
  if (varyNames(headers) === '*') return 'vary';
  if (hasField(headers, 'set-cookie') && !isForOthersToo(said, spec)) return 'set-cookie';
  if (status === 206 && storedPart(status, headers) === null) return 'partial';
  return isUseless(headers, reuse) ? 'useless' : null;
}

/** About this request, or this moment: they say nothing of what is stored for others. */
const OF_ONE_REQUEST: ReadonlySet<Refusal> = new Set([
  ...(['method', 'request-no-store', 'authorization', 'no-room', 'incomplete', 'overtaken', 'not-admitted'] as const),
]);

/**
 * Whether an answer that is not stored has taken the place of what is: a copy that the origin has replaced by something
 * private, or taken back, would otherwise be used stale for as long as it may (RFC 9111 §4.3.3).
 */
export function supersedes(why: Refusal, status: number): boolean {
  return !OF_ONE_REQUEST.has(why) && isNewState(status);
}

/** RFC 9111 §3.5; or nobody else gets it, since the operator has made who asks a part of the key. */
function isForAllWhoAreAllowed(directives: CacheDirectives, spec: CacheSpec): boolean {
  if (directives.isPublic || directives.mustRevalidate || directives.sMaxageS !== null) return true;
  return spec.storesAuthorized;
}

/**
 * An answer that sets a cookie is mostly made for one client (RFC 9111 §7.3). It is stored where the origin addresses shared
 * caches, or the operator says that its cookies mean nothing, or the same to all; which decides what becomes of them.
 */
function isForOthersToo({ directives, target }: ResponseDirectives, spec: CacheSpec): boolean {
  return spec.setCookie !== 'refuse' || directives.isPublic || directives.sMaxageS !== null || target !== null;
}

/**
 * It could never be used: not fresh, nothing to validate it with, and no leave to use it stale. One that the origin has
 * called stale in so many words is kept for clients that take it so (max-stale); one of which it says nothing is not.
 */
function isUseless(headers: HeaderList, reuse: Reuse): boolean {
  if (hasField(headers, 'etag') || hasField(headers, 'last-modified')) return false;
  if (reuse.alwaysAsks) return true;
  if (reuse.freshMs > 0 || reuse.staleWhileRevalidateMs > 0 || reuse.staleIfErrorMs > 0) return false;
  return reuse.source === 'none' || !reuse.isClientsChoice;
}
