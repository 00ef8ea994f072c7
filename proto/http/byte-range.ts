/**
 * Byte ranges (RFC 9110 §14): what a request asks for, what it comes to for a representation of known length, and what
 * a partial answer says that it holds. Positions are inclusive on both ends, as on the wire.
 */

/** As asked: from a position to another or to the end, or so many bytes at the end. */
export type RangeSpec =
  | { readonly kind: 'from'; readonly first: number; readonly last: number | null }
  | { readonly kind: 'suffix'; readonly length: number };

/** A part of a representation. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** A request for more pieces than this is an attack on whoever would have to assemble them (RFC 9110 §17.15). */
export const RANGES_MAX = 16;

const FROM = /^([0-9]{1,15})-([0-9]{1,15})?$/;
const SUFFIX = /^-([0-9]{1,15})$/;

/** The ranges of a Range field, or null when it is to be ignored: another unit, malformed, or too many. */
export function parseRange(value: string): readonly RangeSpec[] | null {
  const equals = value.indexOf('=');
  if (value.slice(0, equals).toLowerCase() !== 'bytes') return null;
  const specs: RangeSpec[] = [];
  for (const member of value.slice(equals + 1).split(',')) {
    const text = member.trim();
    if (text === '') continue;
    const spec = parseSpec(text);
    if (spec === null || specs.length === RANGES_MAX) return null;
    specs.push(spec);
  }
  return specs.length === 0 ? null : specs;
}

function parseSpec(text: string): RangeSpec | null {
  const from = FROM.exec(text);
  if (from !== null) {
    const first = Number(from[1]);
    const last = from[2] === undefined ? null : Number(from[2]);
    return last !== null && last < first ? null : { kind: 'from', first, last };
  }
  const suffix = SUFFIX.exec(text);
  return suffix === null ? null : { kind: 'suffix', length: Number(suffix[1]) };
}

/** What it comes to for a representation of this length, or null when no byte of it is meant (RFC 9110 §14.1.2). */
export function resolveRange(spec: RangeSpec, totalBytes: number): ByteRange | null {
  const end = totalBytes - 1;
  if (spec.kind === 'suffix') {
    if (spec.length === 0 || totalBytes === 0) return null;
    return { first: Math.max(0, totalBytes - spec.length), last: end };
  }
  if (spec.first > end) return null;
  return { first: spec.first, last: spec.last === null ? end : Math.min(spec.last, end) };
}

export function rangeBytes({ first, last }: ByteRange): number {
  return last - first + 1;
}

export function contains(outer: ByteRange, inner: ByteRange): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

/** A Content-Range: the part, null in a 416; the whole length, null where the sender does not know it. */
export interface ContentRange {
  readonly range: ByteRange | null;
  readonly totalBytes: number | null;
}

const CONTENT_RANGE = /^bytes (?:([0-9]{1,15})-([0-9]{1,15})|\*)\/([0-9]{1,15}|\*)$/i;

/** Null when it is malformed, or says what can't be (RFC 9110 §14.4). */
export function parseContentRange(value: string): ContentRange | null {
  const match = CONTENT_RANGE.exec(value.trim());
  if (match === null) return null;
  const totalBytes = match[3] === '*' ? null : Number(match[3]);
  if (match[1] === undefined) return totalBytes === null ? null : { range: null, totalBytes };
  const range = { first: Number(match[1]), last: Number(match[2]) };
  if (range.last < range.first || (totalBytes !== null && range.last >= totalBytes)) return null;
  return { range, totalBytes };
}

export function formatContentRange({ range, totalBytes }: ContentRange): string {
  const part = range === null ? '*' : `${range.first}-${range.last}`;
  return `bytes ${part}/${totalBytes ?? '*'}`;
}
