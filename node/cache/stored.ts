/**
 * A stored response as decisions see it: its head, and what follows from it, worked out once when it is stored. Its body is
 * the store's business. Immutable: what freshens a response makes another one (§4.3.4).
 */
import { type ContentRange, parseContentRange, rangeBytes } from '@weir/proto/http/byte-range.js';
import { type EntityTag, parseEntityTag } from '@weir/proto/http/entity-tag.js';
import {
  combinedValue,
  type HeaderList,
  hasField,
  headerValue,
  type MutableHeaderList,
  withoutField,
} from '@weir/proto/http/headers.js';
import { connectionNamed, isHopByHop } from '@weir/proto/http/hop-by-hop.js';
import { formatHttpDate } from '@weir/proto/http/http-date.js';
import { SURROGATE_CONTROL } from '@weir/proto/http/surrogate-control.js';
import { type ResponseDirectives, responseDirectives } from '@weir/proto/http/targeted-cache-control.js';
import { varyNames } from '@weir/proto/http/vary.js';
import type { CacheSpec } from '@weir/proto/snapshot/cache.js';
import { dateOf, initialAgeMs, lastModifiedOf, type Moments, type Reuse, reuseOf } from './freshness.js';

export interface Stored {
  readonly status: number;
  /** As they are sent again, but for Age. */
  readonly headers: HeaderList;
  /** What was meant for this gateway alone; a 304 that leaves it out does not take it back. */
  readonly control: HeaderList;
  readonly reuse: Reuse;
  /** Monotonic time at which its age was zero. */
  readonly bornAtMs: number;
  /** When its fetch, or its last validation, began: monotonic. */
  readonly askedAtMs: number;
  readonly etag: EntityTag | null;
  /** On the wall; null where the origin does not say. */
  readonly lastModifiedMs: number | null;
  readonly dateMs: number;
  /** Which bytes these are, where they are not all (206). */
  readonly part: ContentRange | null;
  readonly vary: readonly string[];
}

export function storedOf(status: number, headers: HeaderList, moments: Moments, spec: CacheSpec): Stored {
  return storedFrom(status, headers, responseDirectives(headers, spec.targets, spec.surrogate), moments, spec);
}

export function storedFrom(
  status: number,
  headers: HeaderList,
  said: ResponseDirectives,
  moments: Moments,
  spec: CacheSpec,
): Stored {
  const etag = headerValue(headers, 'etag');
  const names = varyNames(headers);
  return {
    status,
    headers: dated(storedHeaders(headers, said, spec), moments.receivedWallMs),
    control: controlOf(headers, spec),
    reuse: reuseOf(status, headers, said, spec, moments.receivedWallMs),
    bornAtMs: moments.receivedAtMs - initialAgeMs(headers, moments),
    askedAtMs: moments.askedAtMs,
    etag: etag === undefined ? null : parseEntityTag(etag),
    lastModifiedMs: lastModifiedOf(headers, moments.receivedWallMs),
    dateMs: dateOf(headers, moments.receivedWallMs),
    part: storedPart(status, headers),
    vary: names === '*' ? [] : names,
  };
}

/** The part that a 206 holds; null when it holds several, or does not say which, or says two things of its length. */
export function storedPart(status: number, headers: HeaderList): ContentRange | null {
  if (status !== 206) return null;
  const value = headerValue(headers, 'content-range');
  const said = value === undefined ? null : parseContentRange(value);
  if (said === null || said.range === null) return null;
  const length = headerValue(headers, 'content-length');
  return length !== undefined && Number(length) !== rangeBytes(said.range) ? null : said;
}

/** Bytes that a body must have to be what its head says; null where the head does not say. */
export function partBytes({ part }: Stored): number | null {
  return part === null || part.range === null ? null : rangeBytes(part.range);
}

/** Made anew for each answer, or meant for one client or one cache alone. */
const NEVER_STORED: ReadonlySet<string> = new Set([
  ...['age', 'cache-status', 'content-length', 'proxy-authentication-info'],
]);

/** Likewise, unless the operator says otherwise. */
const COOKIES: ReadonlySet<string> = new Set(['set-cookie', 'set-cookie2']);

/** Meant for this gateway alone: heeded, and not sent on. */
const OWN_CONTROL = ['weir-cache-control'];
/** Likewise by whoever has said to be a surrogate (Edge Architecture 1.0 §2.2). */
const SURROGATES_CONTROL = [...OWN_CONTROL, SURROGATE_CONTROL];

const ownControl = ({ surrogate }: CacheSpec): readonly string[] =>
  surrogate === undefined ? OWN_CONTROL : SURROGATES_CONTROL;

/** RFC 9111 §3.1, §5.2.2.4, §5.2.2.7: without what belongs to the connection, and what was restricted by name. */
export function storedHeaders(headers: HeaderList, { directives }: ResponseDirectives, spec: CacheSpec): HeaderList {
  const own = ownControl(spec);
  const keepsCookies = spec.setCookie === 'keep';
  const named = connectionNamed(headers);
  const restricted = new Set([...namesIn(directives.noCache), ...namesIn(directives.isPrivate)]);
  const kept: MutableHeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (NEVER_STORED.has(name) || own.includes(name) || isHopByHop(name)) continue;
    if (named.has(name) || restricted.has(name) || (!keepsCookies && COOKIES.has(name))) continue;
    kept.push(name, headers[i + 1] ?? '');
  }
  return kept;
}

export function controlOf(headers: HeaderList, spec: CacheSpec): HeaderList {
  return ownControl(spec).flatMap((name) => {
    const value = combinedValue(headers, name);
    return value === undefined ? [] : [name, value];
  });
}

/** Without what is meant for this gateway alone. */
export function withoutControl(headers: HeaderList, spec: CacheSpec): HeaderList {
  return ownControl(spec).reduce((left, name) => (hasField(left, name) ? withoutField(left, name) : left), headers);
}

/** RFC 9110 §6.6.1: what comes without a date gets that of its arrival. */
function dated(headers: HeaderList, receivedWallMs: number): HeaderList {
  return hasField(headers, 'date') ? headers : [...headers, 'date', formatHttpDate(receivedWallMs)];
}

const namesIn = (restriction: boolean | readonly string[]): readonly string[] =>
  typeof restriction === 'boolean' ? [] : restriction;

/** RFC 9111 §4.2.3. */
export function ageMs(stored: Stored, nowMs: number): number {
  return Math.max(0, nowMs - stored.bornAtMs);
}

/** What is left of its freshness; negative when it is stale. */
export function remainingMs(stored: Stored, nowMs: number): number {
  return stored.reuse.freshMs - ageMs(stored, nowMs);
}

/** Stale beyond what it may stand in for, with nothing to validate it by: only a client that takes anything would get it. */
export function isSpent(stored: Stored, nowMs: number): boolean {
  const { staleWhileRevalidateMs, staleIfErrorMs } = stored.reuse;
  if (stored.etag !== null || stored.lastModifiedMs !== null) return false;
  return remainingMs(stored, nowMs) + Math.max(staleWhileRevalidateMs, staleIfErrorMs) < 0;
}

/** Whether it may answer others than the one who has asked (RFC 9111 §4). */
export function isReusable(stored: Stored, nowMs: number): boolean {
  return !stored.reuse.alwaysAsks && remainingMs(stored, nowMs) > 0;
}
