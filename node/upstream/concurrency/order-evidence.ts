/**
 * Whether answers take the longer the later they were asked for. Before a queue that grows everyone waits longer than
 * whoever came before; where answers are only slow, or of several kinds, the next one is as likely to be among the
 * quicker as among the slower ones. It shows after a few answers, long before their rate does (rate-evidence.ts).
 *
 * Of each answer it is asked what share of those before it came earlier and took less time. Without a queue that share
 * is no higher than evenly spread, and independent of the shares before (Rényi, "Théorie des éléments saillants d'une
 * suite d'observations", 1962); with one it is mostly near 1. The logarithms of how much likelier it is then are added
 * up as in Page's test ("Continuous inspection schemes", 1954): what speaks against a queue is forgotten beyond a bound,
 * because many workers who all begin at once answer all at once, too, before the first one who waited is answered.
 * Pure; one owner: what looks for an overrun (overrun.ts).
 */

/** Answers that are compared with; a power of two. */
const KEPT = 64;
/** With a queue a share of u has this density; the floor is for what comes out of order, such as another kind of request. */
const FLOOR = 0.1;
const density = (share: number): number => FLOOR + (1 - FLOOR) * 4 * share ** 3;
/** Longer by less than this is no longer: timers and chance of a few milliseconds. */
const NOISE_SHARE = 1.05;
const NOISE_MS = 2;
/** What speaks against a queue counts for this much at most. */
const AGAINST_MAX = Math.log(3);

const NOTHING = new Float64Array(0);

export class OrderEvidence {
  /** Logarithm of how much likelier a queue is, as far as the latest answers tell. */
  forQueue = 0;
  /** Made for the first that is compared with. */
  #latenciesMs = NOTHING;
  #sentAtMs = NOTHING;
  #answers = 0;

  begin(): void {
    this.forQueue = 0;
    this.#answers = 0;
  }

  answered(latencyMs: number, nowMs: number): void {
    const sentAtMs = nowMs - latencyMs;
    const known = Math.min(this.#answers, KEPT);
    let overtaken = 0;
    for (let i = 0; i < known; i += 1) {
      const isLonger = latencyMs > (this.#latenciesMs[i] ?? 0) * NOISE_SHARE + NOISE_MS;
      if (isLonger && sentAtMs > (this.#sentAtMs[i] ?? 0)) overtaken += 1;
    }
    if (known > 0) this.forQueue = Math.max(-AGAINST_MAX, this.forQueue + Math.log(density(overtaken / known)));
    if (this.#latenciesMs === NOTHING) {
      this.#latenciesMs = new Float64Array(KEPT);
      this.#sentAtMs = new Float64Array(KEPT);
    }
    const at = this.#answers & (KEPT - 1);
    this.#latenciesMs[at] = latencyMs;
    this.#sentAtMs[at] = sentAtMs;
    this.#answers += 1;
  }
}
