/**
 * Tags of a response, by which it can be purged with others: `Surrogate-Key` names them between spaces, `Cache-Tag` between
 * commas. They are compared as they are sent; there is no case in which an origin's own names are the same. Pure.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';

/** More, or longer ones, are not kept for a response; it is not stored then, for a purge of one left out would miss it. */
export const TAGS_MAX = 256;
export const TAG_LENGTH_MAX = 256;

const separators: Readonly<Partial<Record<string, RegExp>>> = { 'surrogate-key': /[ \t]+/, 'cache-tag': /,/ };

const NONE: readonly string[] = [];

/** Each once, in order; null: more than can be kept. */
export function tagsOf(headers: HeaderList): readonly string[] | null {
  let tags: Set<string> | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    const separator = separators[headers[i] ?? ''];
    if (separator === undefined) continue;
    tags ??= new Set();
    for (const part of (headers[i + 1] ?? '').split(separator)) {
      const tag = part.trim();
      if (tag.length > TAG_LENGTH_MAX) return null;
      if (tag !== '') tags.add(tag);
    }
    if (tags.size > TAGS_MAX) return null;
  }
  return tags === null ? NONE : [...tags];
}
