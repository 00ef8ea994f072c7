/**
 * Where long work beside traffic gives way. The sockets have their turn; and what the work has made leaves the young generation in a turn of its
 * own, a little at a time. Left to V8 it is collected when 8 to 16 MiB have come together, of which nearly all lives on while thousands of routes
 * are compiled, and each such collection stalls requests for 10 to 19 ms.
 *
 * Works that go on at once (a reload, a scrape, a snapshot that comes) go on in turns of their own: two slices in one would be twice the stall,
 * and more while V8 marks, which it goes on with for 5 ms at a time where something is made.
 *
 * Owns who goes on next, what is left of its patience, and how much there was after the last collection.
 */
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';

/** Of what lives on, a collection moves some 600 bytes in a microsecond. Small reloads never make so much. */
const COLLECT_EVERY_BYTES = 2 * 1_048_576;

/**
 * The loop comes round in less than this where traffic and V8 leave room. While V8 marks it does not: each request costs some of its steps, and a
 * slice between them would be the fifth in a turn (of up to 34 ms, in one that was watched). So a slice waits for a round that was quick.
 */
const QUICK_MS = 4;
/**
 * No longer than the first at a time, nor than the second in all, of which a tenth of the time comes back: V8 marks for half a second, and where
 * all rounds are slow, the node has too much to do, and a reload has to come to its end as well.
 */
const PATIENCE_MS = 40;
const PATIENCE_IN_ALL_MS = 2_000;
const PATIENCE_BACK = 0.1;

const patience = { leftMs: PATIENCE_IN_ALL_MS, asOfMs: 0 };
let afterwardsBytes = 0;
/** Until the last of those who have given way has its turn. */
let lastTurn: Promise<void> = Promise.resolve();

/** Never rejects. */
export function giveWay(): Promise<void> {
  lastTurn = lastTurn.then(turn);
  return lastTurn;
}

async function turn(): Promise<void> {
  await quickRound();
  // Of a process that was started with `gc` (deploy/up/node-flags.ts); elsewhere V8 decides by itself.
  if (globalThis.gc === undefined) return;
  const usedBytes = bytesNow();
  afterwardsBytes = Math.min(afterwardsBytes, usedBytes);
  if (usedBytes - afterwardsBytes < COLLECT_EVERY_BYTES) return;
  globalThis.gc({ type: 'minor' });
  afterwardsBytes = bytesNow();
  await nextTurn();
}

async function quickRound(): Promise<void> {
  const askedMs = performance.now();
  await nextTurn();
  const roundMs = performance.now();
  if (roundMs - askedMs < QUICK_MS) return;
  patience.leftMs = Math.min(PATIENCE_IN_ALL_MS, patience.leftMs + (roundMs - patience.asOfMs) * PATIENCE_BACK);
  const untilMs = roundMs + Math.min(PATIENCE_MS, patience.leftMs);
  let atMs = roundMs;
  for (let fromMs = roundMs; atMs < untilMs; fromMs = atMs) {
    await nextTurn();
    atMs = performance.now();
    if (atMs - fromMs < QUICK_MS) break;
  }
  patience.leftMs = Math.max(0, patience.leftMs - (atMs - roundMs)); // The last round may have taken any time.
  patience.asOfMs = atMs;
}

/** Buffers, too: the sum of them makes V8 mark the whole heap, and hurry. */
function bytesNow(): number {
  const { used_heap_size: heapBytes, external_memory: bufferBytes } = getHeapStatistics();
  return heapBytes + bufferBytes;
}
