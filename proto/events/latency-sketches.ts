/**
 * Node → all: what answers took lately of which it learns limits, as sketches that can be merged. Told whole each time, and of
 * its own answers alone, so that a message may be lost, doubled or late without harm. The form of a sketch is its own
 * (node/latency/sketch.ts, which refuses bytes that it has not made); here it is bytes of a bounded length.
 */
import { isBytes, isCount, isFields, isListOf, isName, isText } from './guards.js';

export interface LatencySketches {
  readonly kind: 'latency';
  readonly id: string;
  /** Of the stream `latency`. */
  readonly seq: number;
  readonly sketches: readonly LatencySketch[];
}

/**
 * Which wait is learnt:
 *
 * - `firstByte`: request sent → head of the response, of one attempt
 * - `attempt`: one attempt, from its first phase to the end of its answer
 * - `answer`: an attempt given to the chain → its answer begun, or whole where it is held back (`protect`)
 * - `fetch`: a request made on behalf of the cache → its answer begun, with all that was tried for it
 */
export const learntWaits = ['firstByte', 'attempt', 'answer', 'fetch'] as const;
export type LearntWait = (typeof learntWaits)[number];

export interface LatencySketch {
  readonly route: string;
  readonly upstream: string;
  readonly wait: LearntWait;
  readonly answered: Uint8Array;
  /** There was no answer in these times, and nobody waited any longer. */
  readonly givenUp: Uint8Array;
}

export const sketchesMax = 200;
/** 436 buckets, each with a distance and a count. */
const SKETCH_BYTES_MAX = 4_096;
const NAME_MAX = 256;

export function readLatencySketches(value: unknown): LatencySketches | null {
  if (!isFields(value)) return null;
  const { id, seq, sketches } = value;
  if (!isName(id) || !isCount(seq) || !isListOf(sketches, sketchesMax, isSketch)) return null;
  const plain = sketches.map(({ route, upstream, wait, answered, givenUp }) => ({
    ...{ route, upstream, wait },
    ...{ answered, givenUp },
  }));
  return { kind: 'latency', id, seq, sketches: plain };
}

function isSketch(value: unknown): value is LatencySketch {
  if (!isFields(value)) return false;
  const { route, upstream, wait, answered, givenUp } = value;
  if (!isText(route, NAME_MAX) || !isText(upstream, NAME_MAX) || !learntWaits.some((one) => one === wait)) return false;
  return isBytes(answered, SKETCH_BYTES_MAX) && isBytes(givenUp, SKETCH_BYTES_MAX);
}
