/**
 * A body of any length that both ends can make without holding it: blocks of fixed noise, each with its own number in
 * front, so a block that is lost, doubled or out of place changes the digest.
 */
import { createHash } from 'node:crypto';

export const BLOCK_BYTES = 65_536;

const noise = Buffer.alloc(BLOCK_BYTES);
// A linear congruential generator (Numerical Recipes): cheap, the same everywhere, and nothing that compresses.
for (let at = 0, state = 1; at < BLOCK_BYTES; at += 4) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  noise.writeUInt32LE(state, at);
}

/** The blocks of a body of `totalBytes`, one after the other; each is the receiver's to keep. */
export function* patternBlocks(totalBytes: number): Generator<Buffer> {
  for (let at = 0; at < totalBytes; at += BLOCK_BYTES) {
    const block = Buffer.from(noise);
    block.writeUInt32BE(at / BLOCK_BYTES, 0);
    yield block.subarray(0, Math.min(BLOCK_BYTES, totalBytes - at));
  }
}

export function patternDigest(totalBytes: number): string {
  const hash = createHash('sha256');
  for (const block of patternBlocks(totalBytes)) hash.update(block);
  return hash.digest('hex');
}
