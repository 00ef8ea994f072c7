/**
 * Entity tags (RFC 9110 §8.8.3): how a server names one state of a resource, strongly (byte for byte) or weakly (as good
 * as). They are compared as they were sent, so a tag is kept as its text.
 *
 * A tag without its quotes is let pass, since some servers send one and know it again when it comes back; it never equals
 * the quoted one. Anything else that is malformed is no tag: it validates nothing.
 */

/** Text of an entity tag, `"…"`, `W/"…"` or a bare word. */
export type EntityTag = string;

/** RFC 9110 §8.8.3: in quotes whatever is visible but a quote, also beyond ASCII; and what may stand for it without them. */
const TAG = /^(?:(?:W\/)?"[\x21\x23-\x7e\x80-\uffff]*"|[A-Za-z0-9._:+/=-]+)$/;

/** What stands between commas; a comma inside quotes belongs to its tag. */
const MEMBER = /(?:"[^"]*"|[^,"])+/g;

/** The tag, or null when this is none. */
export function parseEntityTag(text: string): EntityTag | null {
  const trimmed = text.trim();
  return TAG.test(trimmed) ? trimmed : null;
}

export function isWeak(tag: EntityTag): boolean {
  return tag.startsWith('W/"');
}

/** RFC 9110 §8.8.3.2: equal, and neither of them weak. */
export function matchesStrongly(a: EntityTag, b: EntityTag): boolean {
  return a === b && !isWeak(a);
}

/** RFC 9110 §8.8.3.2: the same opaque text, weak or not. */
export function matchesWeakly(a: EntityTag, b: EntityTag): boolean {
  return opaque(a) === opaque(b);
}

function opaque(tag: EntityTag): string {
  return isWeak(tag) ? tag.slice(2) : tag;
}

/** What If-None-Match and If-Match name: any state, or these. Members that are no tags are left out. */
export type TagList = '*' | readonly EntityTag[];

export function parseTagList(value: string): TagList {
  if (value.trim() === '*') return '*';
  const tags: EntityTag[] = [];
  for (const member of value.match(MEMBER) ?? []) {
    const tag = parseEntityTag(member);
    if (tag !== null) tags.push(tag);
  }
  return tags;
}

/** Whether one of them names this state; `null` is a representation without a tag, which only `*` means. */
export function listMatches(
  list: TagList,
  tag: EntityTag | null,
  equal: (a: EntityTag, b: EntityTag) => boolean,
): boolean {
  if (list === '*') return true;
  return tag !== null && list.some((member) => equal(member, tag));
}
