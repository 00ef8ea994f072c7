/** Media types: which of those that an operation takes a body has, and which of those it can answer a client wants. Pure. */
import { mediaTypeOf } from '@weir/proto/http/media-type.js';
import type { BodySpec, BodyTypeSpec } from '@weir/proto/snapshot/contract.js';

/** The narrowest that takes it; null: none does. */
export function bodyTypeOf(contentType: string, { types }: BodySpec): BodyTypeSpec | null {
  const type = mediaTypeOf(contentType);
  if (!/^[^/\s]+\/[^/\s]+$/.test(type)) return null;
  const range = `${type.slice(0, type.indexOf('/'))}/*`;
  return (
    types.find((one) => one.type === type) ??
    types.find((one) => one.type === range) ??
    types.find((one) => one.type === '*/*') ??
    null
  );
}

/** A body of a range may be anything; only what says that it is JSON is read as such. */
export function isJson(contentType: string): boolean {
  return /^application\/(?:[^/\s]+\+)?json$/.test(mediaTypeOf(contentType));
}

/** RFC 9110, §12.5.1: how much a client wants a type, 0 to 1; without the field all the same. */
export function acceptance(accept: string | undefined, type: string): number {
  if (accept === undefined || accept.trim() === '') return 1;
  const range = `${type.slice(0, type.indexOf('/'))}/*`;
  let best = { precision: -1, quality: 0 };
  for (const part of accept.split(',')) {
    const [name = '', ...parameters] = part.split(';').map((one) => one.trim().toLowerCase());
    const precision = ['*/*', range, type].indexOf(name);
    if (precision <= best.precision) continue;
    const stated = parameters.find((one) => one.startsWith('q='))?.slice(2);
    const quality = stated === undefined ? 1 : Number(stated);
    best = { precision, quality: Number.isFinite(quality) ? Math.min(1, Math.max(0, quality)) : 0 };
  }
  return best.quality;
}
