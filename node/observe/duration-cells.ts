/** Histograms of durations as plain cells, for all that counts some; cells.ts says why they are not prom-client's. */

/** Upper bounds in milliseconds; half a millisecond is a fast answer from the same host, a minute a patient client. */
export const bucketsMs: readonly number[] = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000,
];

/** Of all that have counted nothing yet: nobody writes to it. */
const NO_COUNTS = new Float64Array(bucketsMs.length + 1);

/** A histogram with the buckets above. `counts` is not cumulative; its last cell is what lies above all bounds. */
export class DurationCells {
  counts = NO_COUNTS;
  count = 0;
  sumMs = 0;

  observe(ms: number): void {
    if (this.counts === NO_COUNTS) this.counts = new Float64Array(NO_COUNTS.length);
    let bucket = 0;
    // Most durations are short, so a scan from below beats a binary search.
    while (bucket < bucketsMs.length && ms > (bucketsMs[bucket] ?? 0)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.count += 1;
    this.sumMs += ms;
  }
}
