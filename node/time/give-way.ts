/**
 * Where long work beside traffic gives way. The sockets have their turn; and what the work has made leaves the young generation in a turn of its
 * own, a little at a time. Left to V8 it is collected when 8 to 16 MiB have come together, of which nearly all lives on while thousands of routes
 * are compiled, and each such collection stalls requests for 10 to 19 ms.
 *
 * Owns how much there was after the last one.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';

/** Of what lives on, a collection moves some 600 bytes in a microsecond. Small reloads never make so much. */
const COLLECT_EVERY_BYTES = 2 * 1_048_576;

let afterwardsBytes = 0;

export async function giveWay(): Promise<void> {
  await nextTurn();
  // Of a process that was started with `gc` (deploy/up/node-flags.ts); elsewhere V8 decides by itself.
  if (globalThis.gc === undefined) return;
  const usedBytes = bytesNow();
  afterwardsBytes = Math.min(afterwardsBytes, usedBytes);
  if (usedBytes - afterwardsBytes < COLLECT_EVERY_BYTES) return;
  globalThis.gc({ type: 'minor' });
  afterwardsBytes = bytesNow();
  await nextTurn();
}

/** Buffers, too: the sum of them makes V8 mark the whole heap, and hurry. */
function bytesNow(): number {
  const { used_heap_size: heapBytes, external_memory: bufferBytes } = getHeapStatistics();
  return heapBytes + bufferBytes;
}
