/**
 * The answer that a stored response makes to a request: whole, not modified, a part of it, or none of it (RFC 9111 §4.3.2,
 * RFC 9110 §13.2.2 and §14.2). Preconditions and ranges are the client's, so they are judged for a fresh copy, for one that
 * was just validated, and for an answer that is on its way into the cache all the same. Pure.
 */
import { type ByteRange, contains, formatContentRange, parseRange, resolveRange } from '@weir/proto/http/byte-range.js';
import {
  listMatches,
  matchesStrongly,
  matchesWeakly,
  parseEntityTag,
  parseTagList,
} from '@weir/proto/http/entity-tag.js';
import {
  combinedValue,
  countField,
  type HeaderList,
  headerValue,
  type MutableHeaderList,
} from '@weir/proto/http/headers.js';
import { parseHttpDate } from '@weir/proto/http/http-date.js';
import type { Ask } from './ask.js';
import { ageMs, type Stored } from './stored.js';

export interface Reply {
  readonly status: number;
  readonly headers: HeaderList;
  /** Bytes of the stored body that are sent: positions in that body; null: none. `all` where the length is not known yet. */
  readonly body: ByteRange | 'all' | null;
}

/** `bodyBytes` is the length of the stored body, null while it is still coming and nobody knows. */
export function replyTo(ask: Ask, stored: Stored, bodyBytes: number | null, nowMs: number, wallMs: number): Reply {
  const isWhole = stored.status === 200;
  if ((isWhole || stored.part !== null) && isNotModified(ask, stored, wallMs)) return notModified(stored, nowMs);
  if (isWhole && bodyBytes !== null) {
    const asked = askedRange(ask, stored, wallMs);
    if (asked !== null) return partial(ask, stored, asked, bodyBytes, nowMs);
  }
  if (stored.part !== null) return partOf(ask, stored, stored.part.range, bodyBytes, nowMs, wallMs);
  const body = bodyBytes === null ? 'all' : bodyBytes === 0 ? null : { first: 0, last: bodyBytes - 1 };
  return { status: stored.status, headers: withAge(stored.headers, stored, nowMs), body: bodyOf(ask, body) };
}

/** Whether the answer to a request without preconditions and ranges is just what is stored, and all of it. */
export function isWholeReply(ask: Ask, stored: Stored): boolean {
  return stored.part === null && ask.method === 'GET';
}

/** To HEAD there comes no body (RFC 9110 §9.3.2). */
function bodyOf(ask: Ask, body: Reply['body']): Reply['body'] {
  return ask.method === 'HEAD' ? null : body;
}

/** RFC 9110 §13.2.2: tags first, and the date only where no tags were sent. */
function isNotModified(ask: Ask, stored: Stored, wallMs: number): boolean {
  const tags = combinedValue(ask.headers, 'if-none-match');
  if (tags !== undefined) return listMatches(parseTagList(tags), stored.etag, matchesWeakly);
  const since = headerValue(ask.headers, 'if-modified-since');
  if (since === undefined || countField(ask.headers, 'if-modified-since') > 1) return false;
  const sinceMs = parseHttpDate(since, wallMs);
  // Where the origin does not say when it was modified, it was not after it was sent (RFC 9111 §4.3.2).
  return sinceMs !== null && (stored.lastModifiedMs ?? stored.dateMs) <= sinceMs;
}

/** RFC 9110 §15.4.5: what a 200 would have had of these, and what the client needs to update its copy. */
const IN_NOT_MODIFIED: ReadonlySet<string> = new Set([
  ...['cache-control', 'content-location', 'date', 'etag', 'expires', 'vary', 'last-modified', 'cdn-cache-control'],
]);

function notModified(stored: Stored, nowMs: number): Reply {
  const headers: MutableHeaderList = [];
  for (let i = 0; i < stored.headers.length; i += 2) {
    const name = stored.headers[i] ?? '';
    if (IN_NOT_MODIFIED.has(name)) headers.push(name, stored.headers[i + 1] ?? '');
  }
  return { status: 304, headers: withAge(headers, stored, nowMs), body: null };
}

/** The one range that is asked for; null when all of it is (RFC 9110 §14.2: several may be ignored, and are). */
function askedRange(ask: Ask, stored: Stored, wallMs: number): ReturnType<typeof onlyRange> {
  if (ask.method !== 'GET') return null;
  const range = onlyRange(ask.headers);
  return range !== null && holdsIfRange(ask, stored, wallMs) ? range : null;
}

export function onlyRange(headers: HeaderList) {
  const value = headerValue(headers, 'range');
  if (value === undefined || countField(headers, 'range') > 1) return null;
  const specs = parseRange(value);
  return specs?.length === 1 ? (specs[0] ?? null) : null;
}

/** RFC 9110 §13.1.5: the very same state, told by a strong tag, or by a date that is strong (§8.8.2.2). */
function holdsIfRange(ask: Ask, stored: Stored, wallMs: number): boolean {
  const value = headerValue(ask.headers, 'if-range');
  if (value === undefined) return true;
  const date = parseHttpDate(value, wallMs);
  if (date !== null) return stored.lastModifiedMs === date && stored.dateMs - date >= STRONG_AFTER_MS;
  const tag = parseEntityTag(value);
  return tag !== null && stored.etag !== null && matchesStrongly(tag, stored.etag);
}

/** Two changes within a second have the same date. */
const STRONG_AFTER_MS = 1_000;

function partial(
  ask: Ask,
  stored: Stored,
  asked: NonNullable<ReturnType<typeof onlyRange>>,
  bodyBytes: number,
  nowMs: number,
): Reply {
  const range = resolveRange(asked, bodyBytes);
  if (range === null) {
    const headers = ['content-range', formatContentRange({ range: null, totalBytes: bodyBytes })];
    return { status: 416, headers: withAge(headers, stored, nowMs), body: null };
  }
  const headers = [...stored.headers, 'content-range', formatContentRange({ range, totalBytes: bodyBytes })];
  return { status: 206, headers: withAge(headers, stored, nowMs), body: bodyOf(ask, range) };
}

/** From a part: what is asked for of it. An origin that has answered with another part is passed on as it is. */
function partOf(
  ask: Ask,
  stored: Stored,
  held: ByteRange | null,
  bodyBytes: number | null,
  nowMs: number,
  wallMs: number,
): Reply {
  const wanted = wantedOf(ask, stored, wallMs);
  if (wanted === null || held === null || bodyBytes === null || !contains(held, wanted)) {
    return { status: 206, headers: withAge(stored.headers, stored, nowMs), body: bodyOf(ask, 'all') };
  }
  const said = formatContentRange({ range: wanted, totalBytes: stored.part?.totalBytes ?? null });
  const headers = stored.headers.map((text, i) =>
    i % 2 === 1 && stored.headers[i - 1] === 'content-range' ? said : text,
  );
  const body = { first: wanted.first - held.first, last: wanted.last - held.first };
  return { status: 206, headers: withAge(headers, stored, nowMs), body: bodyOf(ask, body) };
}

/** Whether a stored part can answer this request: it asks for one range, and all of it is here (RFC 9111 §3.3). */
export function servesFromPart(ask: Ask, stored: Stored, wallMs: number): boolean {
  const held = stored.part?.range ?? null;
  const wanted = wantedOf(ask, stored, wallMs);
  return held !== null && wanted !== null && contains(held, wanted);
}

function wantedOf(ask: Ask, stored: Stored, wallMs: number): ByteRange | null {
  const asked = askedRange(ask, stored, wallMs);
  if (asked === null) return null;
  const totalBytes = stored.part?.totalBytes ?? null;
  if (totalBytes !== null) return resolveRange(asked, totalBytes);
  // The end of something of unknown length is nowhere; both ends must have been asked for.
  return asked.kind === 'from' && asked.last !== null ? { first: asked.first, last: asked.last } : null;
}

export const ageText = (stored: Stored, nowMs: number): string => String(Math.floor(ageMs(stored, nowMs) / 1000));

/** RFC 9111 §5.1: its age now, in whole seconds. */
function withAge(headers: HeaderList, stored: Stored, nowMs: number): HeaderList {
  return [...headers, 'age', ageText(stored, nowMs)];
}
