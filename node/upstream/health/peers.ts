/**
 * How a target compares with its peers: the arithmetic of outliers, without state. All of it is linear in the number of
 * targets once they are sorted.
 *
 * After Envoy's success-rate ejection (mean − k · deviation of all hosts), with two departures. Middle and spread are the
 * median and the median distance from it, scaled to a standard deviation (MAD): of n values none can lie more than √(n−1)
 * deviations from their common mean, so with three targets Envoy's rule could not see one that fails everything, and two
 * bad ones among five widen the deviation until neither is found. Less than half of the targets can't move a median by
 * much, whatever they do. And the spread is at least what chance alone makes of that many answers: peers that all answered
 * well differ by 0, and one failure would be infinitely far from them.
 *
 *   100 of 100 and 99 of 100 good, this one 90 of 100, k = 3: median 0.99, distances 0, 0.01, 0.09, MAD 0.01 · 1.48,
 *   expected (1 + 0.99 · 200) / (2 + 200) = 0.985, by chance √(0.985 · 0.015 / 100) = 0.012, bound 0.985 − 0.044 → it is one
 */

/** Targets with enough answers below which nobody is compared: of two, each is the other's outlier. */
export const COMPARED_MIN = 3;
/** A share of good answers this close to the peers' is not worth doing without a target, however sure it is. */
const GAP_MIN = 0.05;
/** Medians below this are noise of the machine; a factor of them tells nothing. */
const MEDIAN_MS_MIN = 1;

export interface Answers {
  readonly total: number;
  readonly good: number;
}

/** The median distance of normal values from their median is the deviation divided by this. */
const MAD_TO_DEVIATION = 1.4826;

/** What all targets that are compared do together. */
export interface Shares {
  readonly total: number;
  readonly median: number;
  readonly deviation: number;
}

export function sharesOf(all: readonly Answers[]): Shares {
  const shares = all.map(({ total, good }) => good / total);
  // The upper of two in the middle: half of the targets being bad does not make bad what is usual.
  const middle = upperMedian(shares);
  const distances = shares.map((share) => Math.abs(share - middle));
  const total = all.reduce((sum, answers) => sum + answers.total, 0);
  return { total, median: middle, deviation: MAD_TO_DEVIATION * median(distances) };
}

/** The share of good answers below which this one of them is an outlier; negative when none can be. */
export function shareBound(own: Answers, all: Shares, deviations: number): number {
  const peersTotal = all.total - own.total;
  // Laplace's rule of succession: a hundred good answers of a hundred do not promise the next.
  const expected = (all.median * peersTotal + 1) / (peersTotal + 2);
  const chance = Math.sqrt((expected * (1 - expected)) / own.total);
  return expected - Math.max(deviations * Math.max(all.deviation, chance), GAP_MIN);
}

/** The median latency above which a target is an outlier: from the medians of all, sorted upwards, but the one at `own`. */
export function medianBoundMs(sortedMediansMs: readonly number[], own: number, factor: number): number {
  const middle = Math.ceil((sortedMediansMs.length - 1) / 2) - 1;
  const ofPeers = sortedMediansMs[middle < own ? middle : middle + 1] ?? Number.NaN;
  return Math.max(ofPeers, MEDIAN_MS_MIN) * factor;
}

/** The middle value; of an even number the lower of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
}

function upperMedian(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Buckets grow by a tenth: the median that is read off is at most that much above the true one. */
const GROWTH = 1.1;
const LOWEST_MS = 0.1;
/** Up to 0.1 ms · 1.1^175, which is half an hour; whatever takes longer counts as that. */
const BUCKETS = 176;

/** Latencies of one interval in a fixed number of buckets, for their median. */
export class LatencyTally {
  count = 0;
  readonly #buckets = new Uint32Array(BUCKETS);

  add(ms: number): void {
    const bucket = Math.ceil(Math.log(ms / LOWEST_MS) / Math.log(GROWTH));
    const at = Math.min(Math.max(bucket, 0), BUCKETS - 1);
    this.#buckets[at] = (this.#buckets[at] ?? 0) + 1;
    this.count += 1;
  }

  /** Upper bound of the bucket that the median lies in, in milliseconds; NaN when there is nothing. */
  medianMs(): number {
    if (this.count === 0) return Number.NaN;
    const rank = Math.ceil(this.count / 2);
    let seen = 0;
    let at = 0;
    while (at < BUCKETS) {
      seen += this.#buckets[at] ?? 0;
      if (seen >= rank) break;
      at += 1;
    }
    return LOWEST_MS * GROWTH ** at;
  }

  clear(): void {
    this.#buckets.fill(0);
    this.count = 0;
  }
}
