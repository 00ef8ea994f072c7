/**
 * What was seen of an upstream since a moment ago: how long answers took, how many came, whether the limit held requests
 * back meanwhile. The adaptive limit moves once per window. Pure; one owner: the limit.
 */

/** Of a busy window the latest are looked at; a power of two. */
const SAMPLES_KEPT = 128;
/** Share of the slowest answers that is left out: a few stalls are no queue. */
const TRIMMED_SHARE = 0.1;
/** From this share of the limit on it holds requests back: several often end at once, before others have come. */
const NEAR_SHARE = 0.8;

export class LimitWindow {
  answers = 0;
  /** Given up because they took longer than their route allows. */
  timeouts = 0;
  /** Their clients left, who had waited long. */
  departures = 0;
  inFlightPeak = 0;
  #sinceMs = Number.NaN;
  #atLimit = 0;
  /** Made for the first: most upstreams of a large configuration stand still. */
  #latenciesMs: Float64Array | null = null;

  answered(latencyMs: number): void {
    this.#latenciesMs ??= new Float64Array(SAMPLES_KEPT);
    this.#latenciesMs[this.answers & (SAMPLES_KEPT - 1)] = latencyMs;
    this.answers += 1;
  }

  /** For each request that ended, in whatever way. */
  ended(inFlight: number, limit: number, nowMs: number): void {
    if (inFlight > this.inFlightPeak) this.inFlightPeak = inFlight;
    if (inFlight >= limit * NEAR_SHARE) this.#atLimit += 1;
    if (Number.isNaN(this.#sinceMs)) this.#sinceMs = nowMs;
  }

  get seen(): number {
    return this.answers + this.timeouts;
  }

  /** Most requests ended while hardly a place was free: the limit is what holds requests back. */
  get isBottleneck(): boolean {
    return this.#atLimit * 2 >= this.seen;
  }

  openMs(nowMs: number): number {
    return nowMs - this.#sinceMs;
  }

  /** Mean time of an answer, the slowest tenth left out; NaN without any. Sorts what it has kept, so it is asked once. */
  latencyMs(): number {
    if (this.#latenciesMs === null) return Number.NaN;
    const kept = this.#latenciesMs.subarray(0, Math.min(this.answers, SAMPLES_KEPT)).sort();
    const count = Math.ceil(kept.length * (1 - TRIMMED_SHARE));
    let sumMs = 0;
    for (let i = 0; i < count; i += 1) sumMs += kept[i] ?? 0;
    return sumMs / count;
  }

  restart(nowMs: number): void {
    this.answers = 0;
    this.timeouts = 0;
    this.departures = 0;
    this.inFlightPeak = 0;
    this.#atLimit = 0;
    this.#sinceMs = nowMs;
  }
}
