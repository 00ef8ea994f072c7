/** Bytes, deflated: a contract of 5 MiB has to fit into an entry. An edge, for the platform's zlib. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Of what is inflated. All designs that one entry may hold are far below it. */
const INFLATED_BYTES_MAX = 64 * 1024 * 1024;

export function deflated(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(deflateRawSync(bytes));
}

/** Null for what is no such thing, or would be too long. */
export function inflated(bytes: Uint8Array): Uint8Array | null {
  try {
    return new Uint8Array(inflateRawSync(bytes, { maxOutputLength: INFLATED_BYTES_MAX }));
  } catch {
    return null;
  }
}
