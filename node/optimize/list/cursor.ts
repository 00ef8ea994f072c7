/**
 * Where a page begins, as a text that clients hand back unread: the position, and a signature over it, the route and the question that it belongs to.
 * So a cursor of another list, of another filter, or of somebody's own making is known as such. Pure.
 *
 *     base64url(a120) "." signature         behind 120 elements
 *     base64url(c3:ZXlK…) "." signature     behind three elements of the upstream's page that its own cursor names
 */

export type Position =
  /** So many elements come before it. */
  | { readonly kind: 'at'; readonly at: number }
  /** Of an upstream with cursors: its page (null: the first one), and so many elements of that come before it. */
  | { readonly kind: 'behind'; readonly cursor: string | null; readonly skip: number };

/** Of a text; 43 letters at least of the alphabet of base64url. */
export type Sign = (text: string) => string;

/** Of a cursor as clients send it. */
export const cursorLengthMax = 2_048;
/** Of the upstream's own: it has to fit into ours, and into a URL. */
export const upstreamCursorMax = 1_024;
/** Letters of the signature: 132 bits. */
const SIGNATURE_LENGTH = 22;

const CURSOR = /^([A-Za-z0-9_-]{1,2000})\.([A-Za-z0-9_-]{22})$/;
const AT = /^a(0|[1-9]\d{0,14})$/;
const BEHIND = /^([cd])(0|[1-9]\d{0,8}):(.*)$/s;

export function cursorOf(position: Position, sign: Sign): string {
  const text = textOf(position);
  return `${Buffer.from(text, 'utf8').toString('base64url')}.${sign(text).slice(0, SIGNATURE_LENGTH)}`;
}

/** Null: it is no cursor, or one of something else. */
export function positionOf(cursor: string, sign: Sign): Position | null {
  if (cursor.length > cursorLengthMax) return null;
  const [, written = '', signature = ''] = CURSOR.exec(cursor) ?? [];
  if (written === '') return null;
  const text = Buffer.from(written, 'base64url').toString('utf8');
  return isSame(sign(text).slice(0, SIGNATURE_LENGTH), signature) ? readPosition(text) : null;
}

function textOf(position: Position): string {
  if (position.kind === 'at') return `a${position.at}`;
  return position.cursor === null ? `d${position.skip}:` : `c${position.skip}:${position.cursor}`;
}

function readPosition(text: string): Position | null {
  const at = AT.exec(text)?.[1];
  if (at !== undefined) return { kind: 'at', at: Number(at) };
  const [, kind, skip, cursor = ''] = BEHIND.exec(text) ?? [];
  if (kind === undefined) return null;
  return { kind: 'behind', cursor: kind === 'd' ? null : cursor, skip: Number(skip) };
}

/** In a time that says nothing of where they differ. */
function isSame(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let i = 0; i < one.length; i += 1) difference |= one.charCodeAt(i) ^ other.charCodeAt(i);
  return difference === 0;
}
