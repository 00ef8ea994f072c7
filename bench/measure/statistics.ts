/**
 * Medians and percentiles of small samples. Rounds are summed up by their median, because one disturbed round (a
 * neighbour on the machine, a garbage collection) moves a mean and leaves a median where it was.
 */

/** The middle value; of an even count the mean of the two middle ones. NaN when there is nothing to sum up. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? Number.NaN : (lower + upper) / 2;
}

/** The nearest-rank percentile: the least value that at least `share` (0 to 1) of all values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[Math.min(rank, sorted.length) - 1] ?? Number.NaN;
}

/**
 * How far the rounds lie apart: (largest − smallest) / median. A reader sees from it how much of a difference between
 * two rows may be noise.
 */
export function spread(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : (Math.max(...values) - Math.min(...values)) / median(values);
}
