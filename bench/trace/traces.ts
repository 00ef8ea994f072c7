/**
 * Requests for objects, as clients of a cache make them: seeded, so that each policy meets the same ones. Popularity after
 * Zipf: the object of rank r is asked for in proportion to 1 / r^skew, with what real traffic adds to it: objects that
 * are asked for once, a crawler that walks through everything, and popularity that moves on. Pure.
 */
import { normal, seededRandom } from './random.js';

export interface Trace {
  readonly id: string;
  /** Which object is asked for, in order. */
  readonly requests: Uint32Array;
  /** By object, those that are never asked for again among them. */
  readonly bytes: Uint32Array;
  /** Of the objects that popularity is spread over: what a cache would need to hold them all. */
  readonly catalogueBytes: number;
}

export interface TraceSpec {
  readonly id: string;
  readonly skew: number;
  readonly hasEqualSizes?: boolean;
  /** Share of requests for an object that was never asked for, and never will be again. */
  readonly onceShare?: number;
  /** In the middle, so many times the catalogue is walked through, in objects that nobody else asks for. */
  readonly scans?: number;
  /** So many times in a trace, all of the hottest hundredth of the objects become others. */
  readonly shifts?: number;
  /** Each so many requests, a new favourite takes the place of one of the hottest fiftieth. */
  readonly favouriteEvery?: number;
}

export const traceSpecs: readonly TraceSpec[] = [
  { id: 'zipf 0.6', skew: 0.6 },
  { id: 'zipf 0.8', skew: 0.8 },
  { id: 'zipf 1.0', skew: 1 },
  { id: 'zipf 1.2', skew: 1.2 },
  { id: 'zipf 0.8, equal sizes', skew: 0.8, hasEqualSizes: true },
  { id: 'zipf 1.0, equal sizes', skew: 1, hasEqualSizes: true },
  { id: 'zipf 0.9, 40 % asked for once', skew: 0.9, onceShare: 0.4 },
  { id: 'zipf 0.9, a scan', skew: 0.9, scans: 1 },
  { id: 'zipf 0.9, shifts', skew: 0.9, shifts: 10 },
  { id: 'zipf 0.9, new favourites', skew: 0.9, favouriteEvery: 50 },
];

export interface TraceLength {
  readonly objects: number;
  readonly requests: number;
}

export function makeTrace(spec: TraceSpec, { objects, requests }: TraceLength, seed: number): Trace {
  const random = seededRandom(seed);
  const rankOf = zipf(objects, spec.skew, random);
  /** By rank. */
  const ranked = shuffled(objects, random);
  const asked: number[] = [];
  let known = objects;
  const scanAt = spec.scans === undefined ? -1 : Math.floor(requests / 2);
  for (let i = 0; i < requests; i += 1) {
    if (spec.shifts !== undefined && i > 0 && i % Math.ceil(requests / spec.shifts) === 0) shift(ranked, random);
    if (spec.favouriteEvery !== undefined && i % spec.favouriteEvery === 0) favour(ranked, random);
    if (i === scanAt) for (let n = 0; n < objects * (spec.scans ?? 0); n += 1) asked.push(known++);
    if (spec.onceShare !== undefined && random() < spec.onceShare) asked.push(known++);
    else asked.push(ranked[rankOf()] ?? 0);
  }
  const bytes = Uint32Array.from({ length: known }, () =>
    spec.hasEqualSizes === true ? EQUAL_BYTES : webBytes(random),
  );
  const catalogueBytes = bytes.subarray(0, objects).reduce((sum, one) => sum + one, 0);
  return { id: spec.id, requests: Uint32Array.from(asked), bytes, catalogueBytes };
}

const EQUAL_BYTES = 10 * 1024;

/**
 * Sizes of web objects after Barford and Crovella ("Generating Representative Web Workloads", SIGMETRICS 1998): a lognormal
 * body, and 7 % in a Pareto tail; cut off at 4 MiB, as caches have a largest object.
 */
function webBytes(random: () => number): number {
  const BYTES_MAX = 4 * 1024 * 1024;
  const isTail = random() < 0.07;
  const bytes = isTail ? 133_000 / (1 - random()) ** (1 / 1.1) : Math.exp(9.357 + 1.318 * normal(random));
  return Math.ceil(Math.min(BYTES_MAX, Math.max(100, bytes)));
}

/** Draws ranks from 0 on, by bisection of the summed-up probabilities. */
function zipf(objects: number, skew: number, random: () => number): () => number {
  const upTo = new Float64Array(objects);
  let sum = 0;
  for (let rank = 0; rank < objects; rank += 1) {
    sum += 1 / (rank + 1) ** skew;
    upTo[rank] = sum;
  }
  return () => {
    const drawn = random() * sum;
    let low = 0;
    let high = objects - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((upTo[middle] ?? 0) > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** Fisher and Yates. */
function shuffled(objects: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length: objects }, (_, i) => i);
  for (let i = objects - 1; i > 0; i -= 1) swap(order, i, Math.floor(random() * (i + 1)));
  return order;
}

function swap(order: Uint32Array, a: number, b: number): void {
  const kept = order[a] ?? 0;
  order[a] = order[b] ?? 0;
  order[b] = kept;
}

const anyOf = (count: number, random: () => number): number => Math.floor(random() * count);

function shift(ranked: Uint32Array, random: () => number): void {
  for (let rank = 0; rank < ranked.length / 100; rank += 1) swap(ranked, rank, anyOf(ranked.length, random));
}

function favour(ranked: Uint32Array, random: () => number): void {
  swap(ranked, anyOf(Math.ceil(ranked.length / 50), random), anyOf(ranked.length, random));
}
