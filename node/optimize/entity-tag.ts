/**
 * Entity tags of what is made here of an answer: a part of its fields, a page of its list, or its compressed form. Each is another representation
 * (RFC 9110 §8.8.3), so it needs a tag of its own, from which that of the answer can be read again when a client shows it. Pure.
 *
 *     "abc"  ──▶ "abc;w=br"       W/"abc" ──▶ W/"abc;w=f1x"
 *
 * What a client shows is asked below in the answer's own tag, and never as it is where that would mean something else:
 *
 *     GET, HEAD   If-None-Match   the own mark comes off; tags of what else is made here can't match, and are left out
 *                 If-Match        the own mark comes off strong tags; all else stays, and what comes is compared once more (`meets`)
 *     others      both            each mark of ours comes off: what was shown is that state of the resource, in whatever form it was read
 */

import { listMatches, matchesStrongly, matchesWeakly, parseTagList } from '@weir/proto/http/entity-tag.js';
import { combinedValue, type HeaderList, withField, withoutField } from '@weir/proto/http/headers.js';

/** What stands behind the answer's own tag; letters, digits and hyphens. */
export type Mark = string;

const MARK = /;w=([A-Za-z0-9-]{1,64})(")$/;
const TAG = /(?:W\/)?"[^"]*"/g;
/** On one tag: of a page, of its fields, of the coding. */
const MARKS_MAX = 3;
/** Of If-None-Match; what has more is taken for one that matches nothing. */
const TAGS_MAX = 64;

/** The tag of a representation that is made of one with that tag. */
export function markedTag(tag: string, mark: Mark): string {
  return tag.endsWith('"') ? `${tag.slice(0, -1)};w=${mark}"` : tag;
}

export interface Making {
  /** Of what is made of the answer to this request; null: nothing is. */
  readonly mark: Mark | null;
  /** Marks that are made here, of this request or of others. */
  readonly isOurs: (mark: Mark) => boolean;
}

/** The fields of a request as they are asked below; the same list where there is nothing to change. */
export function conditionsBelow(method: string, headers: HeaderList, { mark, isOurs }: Making): HeaderList {
  const none = combinedValue(headers, 'if-none-match');
  const match = combinedValue(headers, 'if-match');
  if (none === undefined && match === undefined) return headers;
  const isRead = method === 'GET' || method === 'HEAD';
  if (isRead && mark === null) return headers;
  const isTakenOff = (other: Mark): boolean => (isRead ? other === mark : isOurs(other));
  let told = headers;
  if (none !== undefined) {
    const below = isRead && mark !== null ? conditionBelow(none, mark, isOurs) : unmarked(none, isTakenOff);
    told = below === null ? withoutField(told, 'if-none-match') : withField(told, 'if-none-match', below);
  }
  // It is never left out: without it the request would be one without a condition.
  if (match !== undefined) told = withField(told, 'if-match', unmarked(match, isTakenOff, isStrong));
  return told;
}

const isStrong = (tag: string): boolean => !tag.startsWith('W/');

function unmarked(
  value: string,
  isTakenOff: (mark: Mark) => boolean,
  isMeant: (tag: string) => boolean = () => true,
): string {
  return value.replace(TAG, (tag) => {
    let bare = tag;
    for (let marks = 0; marks < MARKS_MAX && isMeant(tag); marks += 1) {
      const own = MARK.exec(bare)?.[1];
      if (own === undefined || !isTakenOff(own)) break;
      bare = bare.replace(MARK, '$2');
    }
    return bare;
  });
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
  const tags = parseTagList(condition);
  return (tags === '*' || tags.length <= TAGS_MAX) && listMatches(tags, tag, matchesWeakly);
}

/**
 * Whether an answer to GET or HEAD that was made here is what its request's If-Match names (RFC 9110 §13.1.1: by the strong comparison). Below that
 * was asked of the answer that it was made of, which is another one.
 */
export function meets(method: string, headers: HeaderList, tag: string | undefined): boolean {
  const match = combinedValue(headers, 'if-match');
  if (match === undefined || tag === undefined || (method !== 'GET' && method !== 'HEAD')) return true;
  return listMatches(parseTagList(match), tag, matchesStrongly);
}
