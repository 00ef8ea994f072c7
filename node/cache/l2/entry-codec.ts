/**
 * The head of a stored response as bytes in Redis: a version byte, then MessagePack of one list.
 *
 *   [ status, headers, control, reuse, born, asked, etag, last-modified, date, vary, authority, path, url, tags, bytes ]
 *
 * What comes back is not trusted: others may write to that Redis, by mistake or on purpose. So a head is read only if each
 * member is what it must be, and no field of it can break the framing of an answer. Everything else is a miss: an older
 * version, a newer one, garbage. Pure; times are those of Redis, which all nodes share.
 */
import { isPlainPack } from '@weir/proto/events/plain-pack.js';
import { parseEntityTag } from '@weir/proto/http/entity-tag.js';
import { isHopByHop } from '@weir/proto/http/hop-by-hop.js';
import { Packr } from 'msgpackr';
import type { LifetimeSource, Reuse } from '../freshness.js';
import { TAG_LENGTH_MAX, TAGS_MAX } from '../purge/tags.js';
import type { Stored } from '../stored.js';

export const HEAD_VERSION = 1;

/** Longer ones are not kept: they would be most of what a look-up waits for. */
export const HEAD_BYTES_MAX = 128 * 1024;

/** What is kept of a response beside its body. */
export interface KeptHead {
  /** A whole response, never a part. Its two monotonic times are in milliseconds of Redis here. */
  readonly stored: Stored;
  readonly authority: string;
  readonly path: string;
  readonly url: string;
  readonly tags: readonly string[];
  /** Length of the body. */
  readonly bytes: number;
}

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true, int64AsType: 'number' });

/** Null when it is longer than what is kept. */
export function encodeHead({ stored, authority, path, url, tags, bytes }: KeptHead): Uint8Array | null {
  const { reuse } = stored;
  const body = packr.pack([
    ...[stored.status, stored.headers, stored.control],
    [
      ...[reuse.freshMs, reuse.source, reuse.staleWhileRevalidateMs, reuse.staleIfErrorMs],
      ...[reuse.isErrorLimitOfOrigin, reuse.isClientsChoice, reuse.alwaysAsks, reuse.immutable],
    ],
    ...[stored.bornAtMs, stored.askedAtMs, stored.etag, stored.lastModifiedMs, stored.dateMs, stored.vary],
    ...[authority, path, url, tags, bytes],
  ]);
  if (body.length >= HEAD_BYTES_MAX) return null;
  const encoded = new Uint8Array(body.length + 1);
  encoded[0] = HEAD_VERSION;
  encoded.set(body, 1);
  return encoded;
}

/** Null for what this version has not written. Never throws. */
export function decodeHead(encoded: Uint8Array): KeptHead | null {
  if (encoded[0] !== HEAD_VERSION || encoded.length > HEAD_BYTES_MAX) return null;
  // A copy: the decoder may keep views into what it is given.
  const packed = encoded.slice(1);
  if (!isPlainPack(packed, 'lists')) return null;
  let value: unknown;
  try {
    value = packr.unpack(packed);
  } catch {
    return null;
  }
  return Array.isArray(value) && value.length === MEMBERS ? headOf(value) : null;
}

const MEMBERS = 15;

function headOf(members: readonly unknown[]): KeptHead | null {
  const [status, headers, control, reuse, bornAtMs, askedAtMs, etag, lastModifiedMs, dateMs, vary] = members;
  const [authority, path, url, tags, bytes] = members.slice(10);
  const reusable = reuseFrom(reuse);
  if (!isWhole(status) || status < 200 || status > 599 || status === 206 || status === 304) return null;
  if (!isFieldList(headers) || !isFieldList(control) || reusable === null) return null;
  if (!isNumber(bornAtMs) || !isNumber(askedAtMs) || !isNumber(dateMs)) return null;
  if (!(lastModifiedMs === null || isNumber(lastModifiedMs)) || !isTagOrNull(etag)) return null;
  if (!isTextList(vary) || !vary.every(isFieldName)) return null;
  if (!isText(authority) || !isText(path) || !isText(url)) return null;
  if (!isTextList(tags) || tags.length > TAGS_MAX || tags.some((tag) => tag.length > TAG_LENGTH_MAX)) return null;
  if (!isWhole(bytes) || bytes < 0) return null;
  const times = { bornAtMs, askedAtMs, lastModifiedMs, dateMs };
  const stored: Stored = { status, headers, control, reuse: reusable, ...times, etag, part: null, vary };
  return { stored, authority, path, url, tags, bytes };
}

function reuseFrom(value: unknown): Reuse | null {
  if (!Array.isArray(value) || value.length !== 8) return null;
  const members: readonly unknown[] = value;
  const [freshMs, source, staleWhileRevalidateMs, staleIfErrorMs] = members;
  const [isErrorLimitOfOrigin, isClientsChoice, alwaysAsks, immutable] = members.slice(4);
  if (!isSpan(freshMs) || !isSpan(staleWhileRevalidateMs) || !isSpan(staleIfErrorMs) || !isSource(source)) return null;
  if (!isFlag(isErrorLimitOfOrigin) || !isFlag(isClientsChoice) || !isFlag(alwaysAsks) || !isFlag(immutable)) {
    return null;
  }
  const spans = { freshMs, staleWhileRevalidateMs, staleIfErrorMs };
  return { ...spans, source, isErrorLimitOfOrigin, isClientsChoice, alwaysAsks, immutable };
}

const FIELD_NAME = /^[a-z0-9!#$%&'*+\-.^_`|~]+$/;
/** RFC 9110 §5.5, with the obsolete octets that an origin may have sent. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\uffff]*$/;

/** All of them: the compiler misses one that is left out. */
const SOURCES: Readonly<Record<LifetimeSource, true>> = {
  ...{ override: true, target: true, 's-maxage': true, 'max-age': true },
  ...{ expires: true, default: true, heuristic: true, none: true },
};

const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isNumber = (value: unknown): value is number => Number.isFinite(value);
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
const isSpan = (value: unknown): value is number => isNumber(value) && value >= 0;
const isTextList = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isFieldName = (value: string): boolean => FIELD_NAME.test(value);
const isSource = (value: unknown): value is LifetimeSource => isText(value) && Object.hasOwn(SOURCES, value);
const isTagOrNull = (value: unknown): value is string | null =>
  value === null || (isText(value) && parseEntityTag(value) === value);

/** Names and values that can be sent, none of which says where a message ends or who speaks with whom. */
function isFieldList(value: unknown): value is string[] {
  if (!isTextList(value) || value.length % 2 !== 0) return false;
  return value.every((text, i) =>
    i % 2 === 0 ? isFieldName(text) && text !== 'content-length' && !isHopByHop(text) : FIELD_VALUE.test(text),
  );
}
