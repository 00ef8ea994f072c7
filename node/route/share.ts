/**
 * Which part of all callers a request belongs to: a hash of what the caller is told by is a point between 0 and 100 percent, the same
 * one each time and on each node, so who has met a new release keeps meeting it. The hash is FNV-1a with the finalizer of MurmurHash3,
 * without which names that differ in their last letter alone would lie close together. It is no secret: who may choose its own
 * credential or address may choose its part. Pure.
 */
import { combinedValue, headerValue } from '@weir/proto/http/headers.js';
import type { ShareSpec } from '@weir/proto/snapshot/snapshot.js';
import type { RequestLine } from './router.js';

/** Longest part of a field that tells callers apart, in characters. */
const KEY_LENGTH_MAX = 512;

export function compileShare({ from, to, by, of }: ShareSpec): (request: RequestLine) => boolean {
  const seed = mixedIn(FNV_OFFSET, `${of}\0`);
  return (request) => {
    const point = pointOf(seed, keyOf(by, request));
    return point >= from && point < to;
  };
}

function keyOf(by: ShareSpec['by'], request: RequestLine): string {
  const { headers, exchange } = request;
  if (by === 'request') return exchange?.id ?? '';
  if (by === 'address') return exchange?.clientAddress ?? '';
  if (by === 'caller')
    return headerValue(headers, 'x-api-key') ?? headerValue(headers, 'authorization') ?? exchange?.clientAddress ?? '';
  return combinedValue(headers, by.header) ?? '';
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

function mixedIn(hash: number, text: string): number {
  let mixed = hash;
  const end = Math.min(text.length, KEY_LENGTH_MAX);
  for (let i = 0; i < end; i += 1) mixed = Math.imul(mixed ^ text.charCodeAt(i), FNV_PRIME);
  return mixed;
}

/** From 0 to below 100. */
function pointOf(seed: number, key: string): number {
  let hash = mixedIn(seed, key);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * 100;
}
