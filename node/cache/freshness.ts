/**
 * How old a response is, how long it is fresh, and what may be done with it afterwards (RFC 9111 §4.2, RFC 5861).
 *
 *        born        received                    fresh until              stale limits
 *   ──────┼──────────────┼────────────────────────────┼──────────────────────┼──────▶ monotonic time
 *         ├─ initial age ┤
 *         ├────────────── lifetime ───────────────────┼─ while revalidating, ┤
 *                                                        if error or slow
 *
 * A response keeps the moment at which its age was zero, on the monotonic clock: from then on, its age is a subtraction,
 * and an operator who sets the wall clock makes nothing younger. Pure: all times are passed in.
 */
import type { CacheDirectives } from '@weir/proto/http/cache-control.js';
import { ageSeconds, DELTA_SECONDS_MAX } from '@weir/proto/http/delta-seconds.js';
import { combinedValue, type HeaderList, headerValue, listTokens } from '@weir/proto/http/headers.js';
import { parseHttpDate } from '@weir/proto/http/http-date.js';
import type { ResponseDirectives } from '@weir/proto/http/targeted-cache-control.js';
import type { CacheSpec, FreshnessSpec } from '@weir/proto/snapshot/cache.js';
import { isHeuristicallyCacheable } from './statuses.js';

/** When a response was asked for and came: monotonic, and the second one on the wall as well. */
export interface Moments {
  readonly askedAtMs: number;
  readonly receivedAtMs: number;
  readonly receivedWallMs: number;
}

export type LifetimeSource =
  | 'override'
  | 'target'
  | 's-maxage'
  | 'max-age'
  | 'expires'
  | 'default'
  | 'heuristic'
  | 'none';

/** What may be done with a response, and for how long; spans in milliseconds. */
export interface Reuse {
  readonly freshMs: number;
  readonly source: LifetimeSource;
  /** Beyond freshness. */
  readonly staleWhileRevalidateMs: number;
  /** Beyond freshness: when the upstream fails, or is slow. */
  readonly staleIfErrorMs: number;
  /** The origin set that limit itself, so that nobody goes beyond it. */
  readonly isErrorLimitOfOrigin: boolean;
  /** A client may accept it stale (max-stale, stale-if-error). */
  readonly isClientsChoice: boolean;
  /** Never without asking, however fresh (no-cache). */
  readonly alwaysAsks: boolean;
  /** Not worth asking about while fresh (RFC 8246). */
  readonly immutable: boolean;
}

/** The Date of a response, or when it came where it has none that can be read (RFC 9110 §6.6.1). */
export function dateOf(headers: HeaderList, receivedWallMs: number): number {
  const date = headerValue(headers, 'date');
  const parsed = date === undefined ? null : parseHttpDate(date, receivedWallMs);
  return parsed ?? receivedWallMs;
}

/** RFC 9111 §4.2.3, in whole seconds where the wire has no finer ones. */
export function initialAgeMs(headers: HeaderList, { askedAtMs, receivedAtMs, receivedWallMs }: Moments): number {
  const dateMs = dateOf(headers, receivedWallMs);
  const apparentMs = Math.max(0, Math.floor(receivedWallMs / 1000) - Math.floor(dateMs / 1000)) * 1000;
  const correctedMs = (ageSeconds(headers) ?? 0) * 1000 + (receivedAtMs - askedAtMs);
  return Math.max(apparentMs, correctedMs);
}

export function reuseOf(
  status: number,
  headers: HeaderList,
  said: ResponseDirectives,
  spec: CacheSpec,
  receivedWallMs: number,
): Reuse {
  const { directives } = said;
  const { freshS, source } = lifetime(status, headers, said, spec.freshness, receivedWallMs);
  const alwaysAsks = directives.noCache === true;
  const neverStale = alwaysAsks || directives.mustRevalidate || directives.proxyRevalidate;
  // s-maxage means proxy-revalidate (RFC 9111 §5.2.2.10), yet frameworks write `s-maxage=1, stale-while-revalidate=59` and
  // mean both. So it takes back what operators and clients allow, and not what the origin itself says beside it.
  const isOriginsAlone = neverStale || directives.sMaxageS !== null;
  const granted = (byOrigin: number | null, byOperator: number): number => {
    if (neverStale) return 0;
    return seconds(byOrigin ?? (isOriginsAlone ? 0 : byOperator));
  };
  return {
    freshMs: seconds(freshS),
    source,
    staleWhileRevalidateMs: granted(directives.staleWhileRevalidateS, spec.staleWhileRevalidateS),
    staleIfErrorMs: granted(directives.staleIfErrorS, spec.staleIfErrorS),
    isErrorLimitOfOrigin: directives.staleIfErrorS !== null,
    isClientsChoice: !isOriginsAlone,
    alwaysAsks,
    immutable: directives.immutable,
  };
}

const seconds = (span: number): number => span * 1000;

interface Lifetime {
  readonly freshS: number;
  readonly source: LifetimeSource;
}

/** RFC 9111 §4.2.1: the first that applies. */
function lifetime(
  status: number,
  headers: HeaderList,
  said: ResponseDirectives,
  spec: FreshnessSpec,
  receivedWallMs: number,
): Lifetime {
  const isNegative = status >= 400;
  const bounded = (freshS: number, source: LifetimeSource): Lifetime => {
    return { freshS: Math.min(freshS, isNegative ? spec.negativeMaxS : DELTA_SECONDS_MAX), source };
  };
  if (spec.overrideS !== null && !isNegative) return bounded(spec.overrideS, 'override');
  const explicit = explicitLifetime(headers, said, receivedWallMs);
  if (explicit !== null) return bounded(explicit.freshS, explicit.source);
  if (!isHeuristicallyCacheable(status) && !said.directives.isPublic) return { freshS: 0, source: 'none' };
  if (said.target === null && refusesByPragma(headers)) return { freshS: 0, source: 'none' };
  if (isNegative && spec.negativeDefaultS > 0) return bounded(spec.negativeDefaultS, 'default');
  if (!isNegative && spec.defaultS !== null) return bounded(spec.defaultS, 'default');
  const heuristicS = heuristicLifetime(headers, spec, receivedWallMs);
  return heuristicS > 0 ? bounded(heuristicS, 'heuristic') : { freshS: 0, source: 'none' };
}

/** What the origin says itself, or null. Expires counts only beside Cache-Control (RFC 9213 §2.2). */
function explicitLifetime(headers: HeaderList, said: ResponseDirectives, receivedWallMs: number): Lifetime | null {
  const { directives, target } = said;
  if (directives.sMaxageS !== null)
    return { freshS: directives.sMaxageS, source: target === null ? 's-maxage' : 'target' };
  if (directives.maxAgeS !== null)
    return { freshS: directives.maxAgeS, source: target === null ? 'max-age' : 'target' };
  const expires = target === null ? combinedValue(headers, 'expires') : undefined;
  if (expires === undefined) return null;
  // One that can't be read, or is there twice, is in the past (RFC 9111 §5.3).
  const expiresMs = parseHttpDate(expires, receivedWallMs) ?? Number.NEGATIVE_INFINITY;
  return { freshS: Math.max(0, (expiresMs - dateOf(headers, receivedWallMs)) / 1000), source: 'expires' };
}

/** RFC 9111 §4.2.2. */
function heuristicLifetime(headers: HeaderList, spec: FreshnessSpec, receivedWallMs: number): number {
  const modifiedMs = lastModifiedOf(headers, receivedWallMs);
  if (modifiedMs === null) return 0;
  const unchangedS = Math.max(0, (dateOf(headers, receivedWallMs) - modifiedMs) / 1000);
  return Math.min(unchangedS * spec.heuristicShare, spec.heuristicMaxS);
}

export function lastModifiedOf(headers: HeaderList, receivedWallMs: number): number | null {
  const value = headerValue(headers, 'last-modified');
  return value === undefined ? null : parseHttpDate(value, receivedWallMs);
}

/** In answers it never had a meaning (RFC 9111 §5.4), but nobody writes it to be cached by guesswork. */
function refusesByPragma(headers: HeaderList): boolean {
  const pragma = headerValue(headers, 'pragma');
  return pragma !== undefined && listTokens(pragma).includes('no-cache');
}

/** RFC 9111 §3, the last condition: something says that it may be reused. */
export function isSaidReusable(
  headers: HeaderList,
  status: number,
  said: ResponseDirectives,
  spec: FreshnessSpec,
): boolean {
  const { directives, target }: { directives: CacheDirectives; target: string | null } = said;
  if (directives.isPublic || directives.maxAgeS !== null || directives.sMaxageS !== null) return true;
  if (target === null && headerValue(headers, 'expires') !== undefined) return true;
  return isHeuristicallyCacheable(status) || spec.overrideS !== null;
}
