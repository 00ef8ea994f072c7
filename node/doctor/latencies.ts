/**
 * How long something usually takes: a histogram of the last half to whole minute beside one of the time before it, so
 * that "slow" can be told from "slower than it was".
 *
 * Four buckets to each doubling, a quarter of a millisecond at the fine end, so a quantile is off by an eighth at most.
 * Adding is a shift, a count of leading zeros and an increment: every answer pays for it. The slices turn when someone
 * adds or reads after their time; what lies further back counts half as much with each turn.
 *
 *   add ─▶ [ current ] ─turn─▶ [ last ] ─turn─▶ [ before ] = before / 2 + last
 *            └────── now ──────┘
 */
import type { Latency } from '@weir/proto/events/doctor.js';

export const SLICE_MS = 30_000;
const STEPS_PER_MS = 4;
const BUCKETS = 96;
/** After this many turns in a row nothing of what was before is left that could matter. */
const TURNS_MAX = 32;

/** Of all to which nothing was added yet: nobody writes to it. */
const NOTHING = new Uint32Array(BUCKETS);

export class Latencies {
  #current = NOTHING;
  #last = NOTHING;
  #before = NOTHING;
  readonly #sliceMs: number;
  #turnAtMs: number;

  constructor(nowMs: number, sliceMs = SLICE_MS) {
    this.#sliceMs = sliceMs;
    this.#turnAtMs = nowMs + sliceMs;
  }

  /** A duration that is not a number (a phase that was skipped) is nothing. */
  add(ms: number, nowMs: number): void {
    if (nowMs >= this.#turnAtMs) this.#turn(nowMs);
    if (!(ms >= 0)) return;
    if (this.#current === NOTHING) this.#begin();
    const bucket = bucketOf(ms);
    this.#current[bucket] = (this.#current[bucket] ?? 0) + 1;
  }

  now(nowMs: number): Latency {
    if (nowMs >= this.#turnAtMs) this.#turn(nowMs);
    const last = this.#last;
    return summarise(this.#current.map((count, bucket) => count + (last[bucket] ?? 0)));
  }

  before(nowMs: number): Latency {
    if (nowMs >= this.#turnAtMs) this.#turn(nowMs);
    return summarise(this.#before);
  }

  #begin(): void {
    this.#current = new Uint32Array(BUCKETS);
    this.#last = new Uint32Array(BUCKETS);
    this.#before = new Uint32Array(BUCKETS);
  }

  #turn(nowMs: number): void {
    const turns = 1 + Math.floor((nowMs - this.#turnAtMs) / this.#sliceMs);
    // Of nothing nothing comes.
    const first = this.#current === NOTHING ? 0 : Math.min(turns, TURNS_MAX);
    for (let turn = first; turn > 0; turn -= 1) {
      const before = this.#before;
      const last = this.#last;
      for (let i = 0; i < BUCKETS; i += 1) before[i] = ((before[i] ?? 0) >>> 1) + (last[i] ?? 0);
      this.#last = this.#current;
      this.#current = last.fill(0);
    }
    this.#turnAtMs += turns * this.#sliceMs;
  }
}

/** Bucket of a duration: the exponent and the two bits after the leading one, as in a float. */
function bucketOf(ms: number): number {
  const steps = Math.min(ms * STEPS_PER_MS, 0x3fff_ffff) | 0;
  if (steps < 4) return steps;
  const octave = 31 - Math.clz32(steps);
  return Math.min(BUCKETS - 1, ((octave - 1) << 2) + ((steps >> (octave - 2)) & 3));
}

/** The middle of a bucket, in milliseconds. */
function middleOf(bucket: number): number {
  if (bucket < 4) return (bucket + 0.5) / STEPS_PER_MS;
  const octave = (bucket >> 2) + 1;
  return ((4 + (bucket & 3) + 0.5) * 2 ** (octave - 2)) / STEPS_PER_MS;
}

function summarise(counts: Uint32Array): Latency {
  const count = counts.reduce((sum, each) => sum + each, 0);
  return { count, p50Ms: quantile(counts, count, 0.5), p95Ms: quantile(counts, count, 0.95) };
}

function quantile(counts: Uint32Array, count: number, share: number): number {
  let left = Math.max(1, Math.ceil(count * share));
  if (count === 0) return 0;
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    left -= counts[bucket] ?? 0;
    if (left <= 0) return middleOf(bucket);
  }
  return middleOf(counts.length - 1);
}
