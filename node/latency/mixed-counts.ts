/**
 * Sketches of several nodes as one, with weights. Pure.
 *
 * What others have learnt is worth at most as much as what this node has, or as the hundred answers without which nothing is
 * concluded: so a node that knows nothing yet starts with the cluster's values, and one that knows much is moved by no more
 * than half. Of the others each is worth the same hundred, however busy it is; and where there are at least three, those whose median
 * is far from the median of all medians are left out. So one slow or odd node moves nothing.
 */
import { median } from '../upstream/health/peers.js';
import type { Counts } from './quantiles.js';
import { BUCKETS, estimateOf, LARGEST_MS, type Sketch } from './sketch.js';

/** What other nodes have learnt, together. */
export interface Heard {
  readonly answered: Counts;
  readonly givenUp: Counts;
}

export interface LearntByOne {
  readonly answered: Sketch;
  readonly givenUp: Sketch;
}

/** As many answers of one node count; the same number without which learnt-limit.ts concludes nothing. */
export const ANSWERS_OF_ONE = 100;
/** Medians further from the median of all than this many times are of another world. */
export const MEDIANS_APART_MAX = 3;
/** Of fewer none can be said to be the odd one. */
const COMPARED_MIN = 3;

/** Products and sums of shares are off by far less than this. */
const EPSILON = 1e-6;

/** Counts that are not whole, since they are weighed. */
export class MixedCounts implements Counts {
  count = 0;
  readonly #counts = new Float32Array(BUCKETS);

  add(counts: Counts, weight: number): void {
    if (counts.count === 0 || weight === 0) return;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const added = counts.countAt(bucket) * weight;
      if (added > 0) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + added;
    }
    this.count += counts.count * weight;
  }

  countAt(bucket: number): number {
    return this.#counts[bucket] ?? 0;
  }

  quantile(q: number): number {
    if (this.count === 0) return Number.NaN;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      seen += this.countAt(bucket);
      if (seen > 0 && seen >= q * this.count - EPSILON * this.count) return estimateOf(bucket);
    }
    return LARGEST_MS;
  }
}

/** `own`: of this node, to compare with; it is not counted in. Null when nothing is left that counts. */
export function heardFrom(others: readonly LearntByOne[], own: Sketch | null): Heard | null {
  const answered = new MixedCounts();
  const givenUp = new MixedCounts();
  for (const each of notOdd(
    others.filter((one) => one.answered.count > 0),
    own,
  )) {
    const weight = Math.min(1, ANSWERS_OF_ONE / each.answered.count);
    answered.add(each.answered, weight);
    givenUp.add(each.givenUp, weight);
  }
  return answered.count === 0 ? null : { answered, givenUp };
}

function notOdd(others: readonly LearntByOne[], own: Sketch | null): readonly LearntByOne[] {
  const medians = others.map(({ answered }) => answered.quantile(0.5));
  const all = own !== null && own.count >= ANSWERS_OF_ONE ? [...medians, own.quantile(0.5)] : medians;
  if (all.length < COMPARED_MIN) return others;
  const middle = median(all);
  return others.filter((_, i) => {
    const one = medians[i] ?? middle;
    return one <= middle * MEDIANS_APART_MAX && one >= middle / MEDIANS_APART_MAX;
  });
}

/** What of the heard counts, so that it is worth no more than what this node knows, or the hundred. */
export function shareOfHeard(ownAnswers: number, { answered }: Heard): number {
  return Math.min(1, Math.max(ANSWERS_OF_ONE, ownAnswers) / answered.count);
}

export function mixed(own: Counts, heard: Counts, share: number): Counts {
  if (heard.count === 0) return own;
  const both = new MixedCounts();
  both.add(own, 1);
  both.add(heard, share);
  return both;
}
