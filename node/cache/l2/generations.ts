/**
 * Purges as Redis remembers them: one hash, in which each purge has a number, and what it means leads to the latest number.
 *
 *   epoch  seq  all  h:HOST  u:URL  t:TAG  p:HOST          HOST, TAG: digests; URL: 18 bits of one
 *
 * A fetch keeps the epoch and the number that were in force when it began. What it fetched is good as long as the epoch is
 * still that one, and nothing that means it has a higher number; so whatever comes late, comes with its old number.
 *
 * The epoch is drawn at random whenever the hash is new to Redis or Redis is new to the hash (it was flushed, evicted,
 * restarted, with or without what it had saved). All marks are in one hash with the epoch, so that none of them can be lost
 * without it: a loss reads as a purge of everything. Pure: digests are passed in.
 */
import {
  markedAuthority,
  markedPath,
  markedUrl,
  type PurgeSubject,
  type PurgeTarget,
  withoutPort,
} from '../purge/marks.js';

/** How far purges had come, as a node knew it when a fetch began. */
export interface Generation {
  readonly epoch: string;
  readonly seq: number;
}

/** SHA-256 in base64url. */
export type Digest = (text: string) => string;

/** Without padding, of which half is enough: two that are equal by chance would purge more than was asked, never less. */
const MARK_DIGEST_LENGTH = 22;

/**
 * URLs have so many places together, for a write of a client costs one: whoever may write much takes no place from others'
 * marks, and makes no purge of everything of them.
 */
export const URL_PLACES = 262_144;
const urlPlace = (digest: Digest, url: string): string => `u:${digest(url).slice(0, 3)}`;

/** The latest hard and the latest soft purge that a mark stands for; 0: none. */
export interface Mark {
  readonly hard: number;
  readonly soft: number;
  /** When that one was: milliseconds of Redis. */
  readonly softAtMs: number;
}

/** Where a purge is written, and for a prefix what of. */
export interface MarkPlace {
  readonly field: string;
  readonly prefix: { readonly length: number; readonly digest: string } | null;
}

const shortDigest = (digest: Digest, text: string): string => digest(text).slice(0, MARK_DIGEST_LENGTH);

export function placeOf(target: PurgeTarget, digest: Digest): MarkPlace {
  switch (target.kind) {
    case 'all':
      return { field: 'all', prefix: null };
    case 'host':
      return { field: `h:${shortDigest(digest, markedAuthority(target.authority))}`, prefix: null };
    case 'tag':
      return { field: `t:${shortDigest(digest, target.tag)}`, prefix: null };
    case 'url': {
      const url = markedUrl(target.authority, target.path, target.query);
      return { field: urlPlace(digest, url), prefix: null };
    }
    case 'prefix': {
      const path = markedPath(target.prefix);
      const prefix = { length: path.length, digest: shortDigest(digest, path) };
      return { field: `p:${shortDigest(digest, markedAuthority(target.authority))}`, prefix };
    }
  }
}

/** Of a response without tags. */
export const FIELDS_MIN = 5;

/** Where everything is written that may mean this response; that of the prefixes is the last. */
export function fieldsOf({ authority, url, tags }: PurgeSubject, digest: Digest): string[] {
  const host = shortDigest(digest, authority);
  // A mark of a host without a port means all of its ports.
  const bare = shortDigest(digest, withoutPort(authority) ?? authority);
  const fields = ['all', `h:${host}`, `h:${bare}`, urlPlace(digest, url)];
  for (const tag of tags) fields.push(`t:${shortDigest(digest, tag)}`);
  fields.push(`p:${host}`);
  return fields;
}

/** Whether what is written there means this response, whose parts are hashed once however many are asked for. */
export function meaning(subject: PurgeSubject, digest: Digest): (place: MarkPlace) => boolean {
  const fields = new Set(fieldsOf(subject, digest));
  const prefixes = new Map<number, string>();
  const prefixOf = (length: number): string => {
    const known = prefixes.get(length) ?? shortDigest(digest, subject.path.slice(0, length));
    prefixes.set(length, known);
    return known;
  };
  return ({ field, prefix }) => {
    if (!fields.has(field)) return false;
    return prefix === null || (subject.path.length >= prefix.length && prefixOf(prefix.length) === prefix.digest);
  };
}

function beginsWith(path: string, length: number, prefixDigest: string, digest: Digest): boolean {
  return path.length >= length && shortDigest(digest, path.slice(0, length)) === prefixDigest;
}

const MARK = /^(\d{1,15}) (\d{1,15}) (\d{1,15})$/;
const PREFIX_MARK = /^(\d{1,6}) ([\w-]{1,43}) (\d{1,15}) (\d{1,15}) (\d{1,15})$/;

/** As it is written in Redis; null for anything else. */
export function parseMark(text: string): Mark | null {
  const [, hard, soft, softAtMs] = MARK.exec(text) ?? [];
  return softAtMs === undefined ? null : { hard: Number(hard), soft: Number(soft), softAtMs: Number(softAtMs) };
}

export type Judgement =
  /** Nothing means it. */
  | { readonly kind: 'valid' }
  /** Stale since then: milliseconds of Redis. */
  | { readonly kind: 'soft'; readonly atMs: number }
  | { readonly kind: 'purged' };

const PURGED: Judgement = { kind: 'purged' };

/**
 * What has become of a response that was fetched at `began`. `values` are those of `fieldsOf`, in that order. What can't be
 * read may have been a mark.
 */
export function judge(
  began: Generation,
  present: Generation,
  path: string,
  values: readonly (string | null)[],
  digest: Digest,
): Judgement {
  // A number from the future is one from another past.
  if (began.epoch !== present.epoch || began.seq > present.seq) return PURGED;
  let atMs = Number.POSITIVE_INFINITY;
  for (const [i, value] of values.entries()) {
    if (value === null) continue;
    const marks = i === values.length - 1 ? prefixMarks(value, path, digest) : marksOf(value);
    if (marks === null) return PURGED;
    for (const mark of marks) {
      if (mark.hard > began.seq) return PURGED;
      if (mark.soft > began.seq) atMs = Math.min(atMs, mark.softAtMs);
    }
  }
  return atMs === Number.POSITIVE_INFINITY ? { kind: 'valid' } : { kind: 'soft', atMs };
}

function marksOf(text: string): readonly Mark[] | null {
  const mark = parseMark(text);
  return mark === null ? null : [mark];
}

/** Those of the prefixes of a host that this path begins with. */
function prefixMarks(lines: string, path: string, digest: Digest): readonly Mark[] | null {
  const meant: Mark[] = [];
  for (const line of lines.split('\n')) {
    if (line === '') continue;
    const [, length, of, hard, soft, softAtMs] = PREFIX_MARK.exec(line) ?? [];
    if (softAtMs === undefined) return null;
    if (!beginsWith(path, Number(length), of ?? '', digest)) continue;
    meant.push({ hard: Number(hard), soft: Number(soft), softAtMs: Number(softAtMs) });
  }
  return meant;
}
