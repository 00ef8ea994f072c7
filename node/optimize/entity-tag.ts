/**
 * Entity tags of what is made here of an answer: a part of its fields, or its compressed form. Each is another representation (RFC 9110 §8.8.3), so it
 * needs a tag of its own, from which that of the answer can be read again when a client shows it. Pure.
 *
 *     "abc"  ──▶ "abc;w=br"       W/"abc" ──▶ W/"abc;w=f1x"
 */

/** What stands behind the answer's own tag; letters, digits and hyphens. */
export type Mark = string;

const MARK = /;w=([A-Za-z0-9-]{1,64})(")$/;
const TAG = /(?:W\/)?"[^"]*"/g;
/** Of If-None-Match; what has more is taken for one that matches nothing. */
const TAGS_MAX = 64;

/** The tag of a representation that is made of one with that tag. */
export function markedTag(tag: string, mark: Mark): string {
  return tag.endsWith('"') ? `${tag.slice(0, -1)};w=${mark}"` : tag;
}

/**
 * If-None-Match as it is asked below: tags with that mark without it; those with a mark that takes its place (of another coding, of other
 * fields) can't match and are left out; all others as they are, for a layer below may have made them, or the answer may be one of
 * which nothing is made. Null: nothing is left to ask.
 */
export function conditionBelow(value: string, mark: Mark, takesItsPlace: (other: Mark) => boolean): string | null {
  if (value.trim() === '*') return '*';
  const tags = value.match(TAG) ?? [];
  if (tags.length > TAGS_MAX) return null;
  const asked = tags.flatMap((tag) => {
    const own = MARK.exec(tag)?.[1];
    if (own === undefined || !(own === mark || takesItsPlace(own))) return [tag];
    return own === mark ? [tag.replace(MARK, '$2')] : [];
  });
  return asked.length === 0 ? null : asked.join(', ');
}

/** The tag of a 304, whose client has shown that condition: of what it has. */
export function tagOfUnchanged(tag: string, mark: Mark, condition: string | undefined): string {
  const marked = markedTag(tag, mark);
  return condition !== undefined && matchesAny(condition, marked) ? marked : tag;
}

/** RFC 9110 §13.1.2: by the weak comparison. */
export function matchesAny(condition: string, tag: string): boolean {
  if (condition.trim() === '*') return true;
  const opaque = (each: string): string => each.replace(/^W\//, '');
  const tags = condition.match(TAG) ?? [];
  return tags.length <= TAGS_MAX && tags.some((each) => opaque(each) === opaque(tag));
}
