/**
 * How a target compares with its peers: the arithmetic of outliers, without state.
 *
 * After Envoy's success-rate ejection (mean − k · deviation of all hosts), with two departures. A target is measured
 * against the others and not against a mean that it is part of: of n values none can lie more than √(n−1) deviations
 * from their common mean, so with three targets Envoy's rule could not see one that fails everything. And the deviation
 * is at least what chance alone makes of that many answers: peers that all answered well deviate by 0, and one failure
 * would be infinitely far from them.
 *
 *   peers 100 of 100 and 99 of 100 good, this one 90 of 100, k = 3:
 *   expected (1 + 199) / (2 + 200) = 0.990, deviation √(0.990 · 0.010 / 100) = 0.010, bound 0.990 − 0.030 → it is one
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

/** The share of good answers below which a target is an outlier; negative when none can be. */
export function shareBound(own: Answers, peers: readonly Answers[], deviations: number): number {
  const total = sum(peers.map((peer) => peer.total));
  const good = sum(peers.map((peer) => peer.good));
  // Laplace's rule of succession: a hundred good answers of a hundred do not promise the next.
  const expected = (good + 1) / (total + 2);
  const shares = peers.map((peer) => peer.good / peer.total);
  const mean = sum(shares) / shares.length;
  const spread = Math.sqrt(sum(shares.map((share) => (share - mean) ** 2)) / shares.length);
  const chance = Math.sqrt((expected * (1 - expected)) / own.total);
  return expected - Math.max(deviations * Math.max(spread, chance), GAP_MIN);
}

/** The median latency above which a target is an outlier, from the medians of its peers. */
export function medianBoundMs(peerMediansMs: readonly number[], factor: number): number {
  return Math.max(median(peerMediansMs), MEDIAN_MS_MIN) * factor;
}

/** The middle value; of an even number the lower of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

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
