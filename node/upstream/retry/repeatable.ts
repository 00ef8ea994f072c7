/**
 * Whether sending a request twice is as good as sending it once: by its method (RFC 9110 §9.2.2), or because its sender
 * says so with an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), by which the upstream knows the second
 * one for the first. Methods that are not listed are unknown, and an unknown method may do anything.
 */
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import { isIdempotent } from '@weir/proto/http/methods.js';

export function isRepeatable(method: string, headers: HeaderList): boolean {
  if (isIdempotent(method)) return true;
  const key = headerValue(headers, 'idempotency-key');
  return key !== undefined && key.trim() !== '';
}
