/** SHA-256, and of megabytes beside traffic. */
import { createHash } from 'node:crypto';

/** 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

/** Hashed before others get their turn: some milliseconds of a slow core. */
const SLICE_BYTES = 2 * 1024 * 1024;

/** Of pieces one behind the other, as hexadecimal digits. */
export async function sha256InSlices(pieces: readonly Uint8Array[], pause: () => Promise<unknown>): Promise<string> {
  const hash = createHash('sha256');
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += SLICE_BYTES) {
      hash.update(piece.subarray(at, at + SLICE_BYTES));
      if (at + SLICE_BYTES < piece.length) await pause();
    }
  }
  return hash.digest('hex');
}
