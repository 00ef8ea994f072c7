/**
 * What a cache may do with an answer that was made of several: no more than with any of them. Fresh as long as the least of them, for one
 * consumer if one of them is, different wherever one of them is different, and purged with each. Pure.
 */
import { cacheControl } from '@weir/proto/http/cache-control.js';
import { ageSeconds } from '@weir/proto/http/delta-seconds.js';
import { type HeaderList, headerValue, type MutableHeaderList } from '@weir/proto/http/headers.js';
import { parseHttpDate } from '@weir/proto/http/http-date.js';
import { isSafe } from '@weir/proto/http/methods.js';
import { varyNames } from '@weir/proto/http/vary.js';
import { TAGS_MAX, tagsOf } from '../../cache/purge/tags.js';
import { isOfMessage } from '../../calls/caller-fields.js';

export interface AnsweredPart {
  readonly method: string;
  readonly headers: HeaderList;
}

export interface WholeTerms {
  /** Some part has failed: what is answered is good for now, and for nobody else. */
  readonly isPartial: boolean;
  readonly isPrivate: boolean;
  /** Request fields that the answer depends on; `*`: all. */
  readonly varies: readonly string[];
  /** How long a part is fresh that does not say, in seconds; null: not at all. */
  readonly defaultS: number | null;
  readonly nowWallMs: number;
}

const NO_STORE: MutableHeaderList = ['cache-control', 'no-store'];

export function cacheFieldsOf(parts: readonly AnsweredPart[], terms: WholeTerms): MutableHeaderList {
  const said = parts.map(({ headers }) => cacheControl(headers));
  const names = parts.map(({ headers }) => varyNames(headers));
  const tags = parts.map(({ headers }) => tagsOf(headers));
  const isUnstorable =
    terms.isPartial ||
    parts.some(({ method }) => !isSafe(method)) ||
    said.some(({ noStore, isBroken }) => noStore || isBroken) ||
    [...names, ...terms.varies].includes('*') ||
    tags.includes(null);
  if (isUnstorable) return [...NO_STORE];
  const allTags = new Set(tags.flatMap((some) => some ?? []));
  if (allTags.size > TAGS_MAX) return [...NO_STORE];
  const directives: string[] = [];
  if (terms.isPrivate || said.some(({ isPrivate }) => isPrivate !== false)) directives.push('private');
  else if (said.every(({ isPublic, sMaxageS }) => isPublic || sMaxageS !== null)) directives.push('public');
  const freshS = said.map((one, index) => freshSeconds(one, parts[index]?.headers ?? [], terms));
  const known = freshS.filter((seconds) => seconds !== null);
  if (known.length === parts.length && known.length > 0) directives.push(`max-age=${Math.min(...known)}`);
  const vary = new Set([...names.flatMap((some) => (some === '*' ? [] : some)), ...terms.varies]);
  const fields: MutableHeaderList = directives.length === 0 ? [] : ['cache-control', directives.join(', ')];
  // Fields that no part is shown can't make a difference.
  const different = [...vary].filter((name) => terms.varies.includes(name) || !isOfMessage(name)).sort();
  if (different.length > 0) fields.push('vary', different.join(', '));
  // One of them separates tags by spaces, the other by commas; a tag stands where it is not cut.
  const spaced = [...allTags].filter((tag) => /[ \t]/.test(tag));
  const plain = [...allTags].filter((tag) => !spaced.includes(tag));
  if (plain.length > 0) fields.push('surrogate-key', plain.join(' '));
  if (spaced.length > 0) fields.push('cache-tag', spaced.join(','));
  return fields;
}

function freshSeconds(
  said: ReturnType<typeof cacheControl>,
  headers: HeaderList,
  { defaultS, nowWallMs }: WholeTerms,
): number | null {
  if (said.noCache !== false) return 0;
  const lifetimeS = said.sMaxageS ?? said.maxAgeS ?? untilExpiry(headers, nowWallMs) ?? defaultS;
  return lifetimeS === null ? null : Math.max(0, Math.floor(lifetimeS - (ageSeconds(headers) ?? 0)));
}

function untilExpiry(headers: HeaderList, nowWallMs: number): number | null {
  const written = headerValue(headers, 'expires');
  if (written === undefined) return null;
  const expires = parseHttpDate(written, nowWallMs);
  const date = parseHttpDate(headerValue(headers, 'date') ?? '', nowWallMs) ?? nowWallMs;
  // A date that can't be read is in the past (RFC 9111 §5.3).
  return expires === null ? 0 : Math.max(0, (expires - date) / 1000);
}
