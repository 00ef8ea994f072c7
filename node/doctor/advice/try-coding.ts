/** What compression leaves of a body that came by, done as the gateway would do it, in another thread. */
import type { Encoding } from '@weir/proto/snapshot/optimize.js';
import { Compressor } from '../../optimize/compress/compressor.js';
import type { Trial } from './answer-stats.js';

export function tryCoding(
  { pieces, bytes }: { readonly pieces: readonly Uint8Array[]; readonly bytes: number },
  encoding: Encoding,
  tell: (trial: Trial | null) => void,
): void {
  let leftBytes = 0;
  const compressor = new Compressor(encoding, null, {
    onData: (chunk) => {
      leftBytes += chunk.length;
      return true;
    },
    onEnd: () => tell({ wholeBytes: bytes, leftBytes }),
    onError: () => tell(null),
    onDrain: () => {},
  });
  // It is bounded, and all of it is in memory already.
  for (const piece of pieces) compressor.write(piece);
  compressor.end();
}
