/**
 * What is asked of the upstream on behalf of the cache, and what a 304 or the answer to a HEAD makes of a stored response
 * (RFC 9111 §4.3, §3.2). Pure.
 */
import type { CacheDirectives } from '@weir/proto/http/cache-control.js';
import { isWeak, matchesStrongly, matchesWeakly, parseEntityTag } from '@weir/proto/http/entity-tag.js';
import { type HeaderList, hasField, headerValue, type MutableHeaderList } from '@weir/proto/http/headers.js';
import { formatHttpDate } from '@weir/proto/http/http-date.js';
import { responseDirectives } from '@weir/proto/http/targeted-cache-control.js';
import type { CacheSpec } from '@weir/proto/snapshot/cache.js';
import type { Ask } from './ask.js';
import { lastModifiedOf, type Moments } from './freshness.js';
import { type NotStored, whyNotStored } from './storability.js';
import { controlOf, type Stored, storedFrom, storedHeaders } from './stored.js';

/** The client's preconditions: the cache answers those itself, so that what comes can be stored for all. */
const OWN_CONDITIONS: ReadonlySet<string> = new Set(['if-none-match', 'if-modified-since']);
const RANGE_FIELDS: ReadonlySet<string> = new Set(['range', 'if-range']);

/** A request for the whole, with the validators of the copy where there is one (RFC 9111 §4.3.1). */
export function validatingHeaders(headers: HeaderList, stored: Stored | null): HeaderList {
  const sent: MutableHeaderList = withoutFields(
    headers,
    OWN_CONDITIONS,
    stored === null || stored.part !== null ? null : RANGE_FIELDS,
  );
  if (stored === null || stored.part !== null) return sent;
  if (stored.etag !== null) sent.push('if-none-match', stored.etag);
  const lastModified = headerValue(stored.headers, 'last-modified');
  if (lastModified !== undefined && stored.lastModifiedMs !== null) sent.push('if-modified-since', lastModified);
  return sent;
}

/** Whether a 304 to such a request could come at all. */
export function hasValidator(stored: Stored): boolean {
  return stored.part === null && (stored.etag !== null || stored.lastModifiedMs !== null);
}

function withoutFields(
  headers: HeaderList,
  names: ReadonlySet<string>,
  more: ReadonlySet<string> | null,
): MutableHeaderList {
  const kept: MutableHeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!names.has(name) && more?.has(name) !== true) kept.push(name, headers[i + 1] ?? '');
  }
  return kept;
}

/**
 * Whether a 304 speaks of this copy (RFC 9111 §4.3.4). A strong tag must be the same one; without it, a weak tag and the
 * date must not contradict. A 304 that names nothing speaks of the one copy that it was asked about: servers that leave
 * the tag out are common, and the question had only one answer.
 */
export function confirms(stored: Stored, headers: HeaderList, wallMs: number): boolean {
  const etag = headerValue(headers, 'etag');
  const tag = etag === undefined ? null : parseEntityTag(etag);
  if (tag !== null) {
    if (stored.etag === null) return false;
    return isWeak(tag) ? matchesWeakly(tag, stored.etag) : matchesStrongly(tag, stored.etag);
  }
  const modifiedMs = lastModifiedOf(headers, wallMs);
  return modifiedMs === null || modifiedMs === stored.lastModifiedMs;
}

export interface Freshened {
  readonly stored: Stored;
  /** What came of it may not be kept for others: it is an answer like any other. */
  readonly why: NotStored | null;
}

/** The copy with what the 304 says in place of what it said before, as old as the 304 is; by whom it was asked counts anew. */
export function freshened(
  ask: Ask,
  asked: CacheDirectives,
  stored: Stored,
  headers: HeaderList,
  moments: Moments,
  spec: CacheSpec,
): Freshened {
  const merged = mergedHeaders([...stored.headers, ...stored.control], headers, spec, moments.receivedWallMs);
  const said = responseDirectives(merged, spec.targets, spec.surrogate);
  const next = storedFrom(stored.status, merged, said, moments, spec);
  // The answer to a HEAD is judged as the GET that it speaks of.
  const why = whyNotStored({ ...ask, method: 'GET' }, asked, stored.status, merged, said, next.reuse, spec);
  // The age that counts is that of the 304; an Age of the stored response went when it was stored.
  return { stored: { ...next, part: stored.part }, why };
}

/**
 * RFC 9111 §3.2: about the body, which a 304 does not bring, it can say nothing new. Digests of content are of what came
 * with their own message (RFC 9530 §2, RFC 1864), and that was nothing.
 */
const OF_THE_BODY: ReadonlySet<string> = new Set([
  ...['content-length', 'content-encoding', 'content-range', 'content-digest', 'content-md5'],
]);

function mergedHeaders(stored: HeaderList, update: HeaderList, spec: CacheSpec, wallMs: number): HeaderList {
  const age = headerValue(update, 'age');
  const said = responseDirectives(update, spec.targets, spec.surrogate);
  const news = [...storedHeaders(update, said, spec), ...controlOf(update, spec)];
  // With the date of the stored response, one that was just confirmed would be as old as ever.
  if (!hasField(update, 'date')) news.push('date', formatHttpDate(wallMs));
  const replaced = new Set<string>();
  const taken: MutableHeaderList = [];
  for (let i = 0; i < news.length; i += 2) {
    const name = news[i] ?? '';
    if (OF_THE_BODY.has(name)) continue;
    replaced.add(name);
    taken.push(name, news[i + 1] ?? '');
  }
  const merged: MutableHeaderList = withoutFields(stored, replaced, null);
  merged.push(...taken);
  if (age !== undefined) merged.push('age', age);
  return merged;
}

/**
 * What a 200 to a HEAD tells about a stored answer to GET (RFC 9111 §4.3.5): the same state, with news; or another state,
 * so that the copy is stale from now on. Null: it tells nothing.
 */
export function afterHead(
  ask: Ask,
  asked: CacheDirectives,
  stored: Stored,
  bodyBytes: number,
  status: number,
  headers: HeaderList,
  moments: Moments,
  spec: CacheSpec,
): Freshened | null {
  if (status !== 200 || stored.status !== 200) return null;
  const length = headerValue(headers, 'content-length');
  const isSameLength = length === undefined || length === String(bodyBytes);
  if (isSameLength && confirmsByHead(stored, headers, moments.receivedWallMs)) {
    return freshened(ask, asked, stored, headers, moments, spec);
  }
  return { stored: { ...stored, reuse: { ...stored.reuse, freshMs: 0 } }, why: null };
}

function confirmsByHead(stored: Stored, headers: HeaderList, wallMs: number): boolean {
  const etag = headerValue(headers, 'etag');
  if (etag !== undefined && parseEntityTag(etag) !== stored.etag) return false;
  if (!hasField(headers, 'last-modified')) return true;
  return lastModifiedOf(headers, wallMs) === stored.lastModifiedMs;
}
