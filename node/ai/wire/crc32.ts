/**
 * CRC-32 of ISO 3309 (that of gzip and of AWS event streams): polynomial 0x04c11db7, reflected, one table look-up per byte.
 * Its own, for `zlib.crc32` came to Node with 20.15 only, and this has to be pure. Source: RFC 1952 §8.
 */
const table = new Uint32Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  table[byte] = crc;
}

/** Of the bytes from `from` to before `to`. */
export function crc32(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0xffffffff;
  for (let at = from; at < to; at += 1) crc = (table[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
