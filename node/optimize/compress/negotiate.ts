/** Whether an answer is worth compressing, and how its client takes it (RFC 9110 §12.5.3). Pure. */
import { cacheControl } from '@weir/proto/http/cache-control.js';
import { combinedValue, type HeaderList, hasField, headerValue, listTokens } from '@weir/proto/http/headers.js';
import { mediaTypeOf } from '@weir/proto/http/media-type.js';
import type { CompressSpec, Encoding } from '@weir/proto/snapshot/optimize.js';
import { isStream } from '../stream-type.js';

/** Among those that a client likes alike the first one of the spec's order is taken. Null: as it is. */
export function encodingFor(acceptEncoding: string | undefined, offered: readonly Encoding[]): Encoding | null {
  if (acceptEncoding === undefined) return null;
  const weights = weightsOf(acceptEncoding);
  const weightOf = (encoding: string): number =>
    weights.get(encoding) ?? (encoding === 'gzip' ? weights.get('x-gzip') : undefined) ?? weights.get('*') ?? 0;
  let best: Encoding | null = null;
  let bestWeight = 0;
  for (const encoding of offered) {
    const weight = weightOf(encoding);
    if (weight > bestWeight) [best, bestWeight] = [encoding, weight];
  }
  // Whoever likes the plain form better says so; not naming it says nothing.
  const plain = weights.get('identity') ?? 0;
  return plain > bestWeight ? null : best;
}

function weightsOf(value: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const item of value.slice(0, 1_024).split(',')) {
    const [coding = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const weight = q === undefined ? 1 : /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q) ? Number(q) : 0;
    if (coding !== '' && !weights.has(coding)) weights.set(coding, weight);
  }
  return weights;
}

export interface AnswerHead {
  readonly status: number;
  readonly headers: HeaderList;
  /** Null: not known. */
  readonly lengthBytes: number | null;
}

/** Whether it may be sent in another coding at all, whatever its client takes: then it varies by that. */
export function isCompressible({ status, headers, lengthBytes }: AnswerHead, spec: CompressSpec): boolean {
  // A part of a representation is a part of that one (206); without content there is nothing to compress.
  if (status < 200 || status === 204 || status === 205 || status === 206 || status === 304) return false;
  if (lengthBytes !== null && lengthBytes < spec.minBytes) return false;
  if (hasField(headers, 'content-encoding') || hasField(headers, 'content-range')) return false;
  const type = mediaTypeOf(headerValue(headers, 'content-type'));
  if (isStream(headers, lengthBytes) || !spec.types.some((known) => isOfType(type, known))) return false;
  // RFC 9110 §7.7, RFC 9111 §5.2.2.6.
  return !cacheControl(headers).noTransform;
}

/** `text/*`, `*+json`, or exactly. */
function isOfType(type: string, known: string): boolean {
  if (known.endsWith('/*')) return type.startsWith(known.slice(0, -1));
  if (known.startsWith('*+')) return type.endsWith(known.slice(1));
  return type === known;
}

/** The answer varies by the coding that was asked for (RFC 9110 §12.5.5). */
export function withVary(headers: HeaderList, field: string): HeaderList {
  const vary = combinedValue(headers, 'vary');
  if (vary === undefined) return [...headers, 'vary', field];
  const named = listTokens(vary).map((name) => name.toLowerCase());
  return named.includes('*') || named.includes(field) ? headers : [...headers, 'vary', field];
}
