/**
 * Node → all: what answers of its routes took lately, as sketches that can be merged. The form of a sketch is its own
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

export interface LatencySketch {
  readonly route: string;
  readonly phase: 'firstByte' | 'total';
  readonly bytes: Uint8Array;
}

export const sketchesMax = 200;
/** 436 buckets, each with a distance and a count. */
const SKETCH_BYTES_MAX = 4_096;
const ROUTE_MAX = 256;

export function readLatencySketches(value: unknown): LatencySketches | null {
  if (!isFields(value)) return null;
  const { id, seq, sketches } = value;
  if (!isName(id) || !isCount(seq) || !isListOf(sketches, sketchesMax, isSketch)) return null;
  return { kind: 'latency', id, seq, sketches: sketches.map(({ route, phase, bytes }) => ({ route, phase, bytes })) };
}

function isSketch(value: unknown): value is LatencySketch {
  if (!isFields(value)) return false;
  const { route, phase, bytes } = value;
  return isText(route, ROUTE_MAX) && (phase === 'firstByte' || phase === 'total') && isBytes(bytes, SKETCH_BYTES_MAX);
}
