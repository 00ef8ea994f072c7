/**
 * Quantiles of how long answers take, when some were not waited for. An attempt that lost its race, whose timer fired or
 * whose client left after 300 ms says nothing but "longer than 300 ms": it is censored, in the word of statistics. To drop
 * these would make every upstream look as fast as our patience; to count them as answers of 300 ms, faster still.
 *
 * What is learnt serves two decisions that may err in opposite directions, so there are two readings:
 *
 * - `patient`, for limits that end an attempt: the estimator of Kaplan and Meier ("Nonparametric estimation from
 *   incomplete observations", 1958). Whoever was given up is taken to be as slow as those that were waited for longer.
 *   When too many were given up to tell, the quantile is beyond all limits: a limit that cuts off more than it should is
 *   thereby let go up to its maximum, and learns anew. Counting lower bounds as values would keep it where it is, cutting
 *   off everything, when the upstream has become slower for good.
 * - `prompt`, for the moment of a hedge: whoever was given up counts as what it was given up at where that lies above the
 *   quantile, which is then right wherever the true value lies; below, it says nothing about the quantile and is left
 *   out. When a tenth of all answers stall, the 95th percentile becomes the stall, or unknown, and a hedge that waits
 *   for that long helps nobody. This reading grows by no more than the hedges themselves take, and a hedge that
 *   is too early is bounded by its budget.
 */
import { BUCKETS, estimateOf, LARGEST_MS } from './sketch.js';

export type Reading = 'patient' | 'prompt';

/** A sketch, or several of them with weights. */
export interface Counts {
  readonly count: number;
  countAt(bucket: number): number;
  quantile(q: number): number;
}

/** Products of shares are off by far less than this. */
const EPSILON = 1e-9;

/** NaN where nothing was answered. */
export function quantileOf(answered: Counts, givenUp: Counts, q: number, reading: Reading): number {
  if (answered.count === 0) return Number.NaN;
  // Most of the time nothing was given up, and then all readings are the same.
  if (givenUp.count === 0) return answered.quantile(q);
  return reading === 'patient' ? patientQuantile(answered, givenUp, q) : promptQuantile(answered, givenUp, q);
}

/** The share that takes longer is the product, over all moments, of the share that outlived each. */
function patientQuantile(answered: Counts, givenUp: Counts, q: number): number {
  let waiting = answered.count + givenUp.count;
  let longerShare = 1;
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    const ended = answered.countAt(bucket);
    if (ended > 0) {
      longerShare *= 1 - ended / waiting;
      if (longerShare <= 1 - q + EPSILON) return estimateOf(bucket);
    }
    waiting -= ended + givenUp.countAt(bucket);
  }
  return LARGEST_MS;
}

function promptQuantile(answered: Counts, givenUp: Counts, q: number): number {
  let shorter = 0;
  let givenUpLater = givenUp.count;
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    shorter += answered.countAt(bucket);
    // Of those in this bucket only its lower end is certain, so they may be longer.
    if (shorter > 0 && shorter >= q * (answered.count + givenUpLater) - EPSILON) return estimateOf(bucket);
    givenUpLater -= givenUp.countAt(bucket);
  }
  return LARGEST_MS;
}
