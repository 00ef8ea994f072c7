/**
 * Request ids: a random prefix for the process and a counter. Two nodes do not collide because of the prefix (80 bits),
 * two requests of a node because of the counter. They are names, not secrets: whoever sees one may guess the next.
 */

const SAFE_ID = /^[A-Za-z0-9._:@/+=-]{1,128}$/;

/** `seed` is at least ten random bytes, from a cryptographic source where several nodes run. */
export function requestIds(seed: Uint8Array): () => string {
  if (seed.byteLength < 10) throw new RangeError('a seed of request ids holds at least ten bytes');
  let prefix = '';
  for (const byte of seed.subarray(0, 10)) prefix += byte.toString(16).padStart(2, '0');
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}

/** True for an id that may be written into logs and header fields as it is. */
export function isSafeRequestId(id: string): boolean {
  return SAFE_ID.test(id);
}
