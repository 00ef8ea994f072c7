/**
 * Whether an upstream is being overrun: more is asked of it than it answers. While nothing speaks for that its limit
 * stays wide open (adaptive-limit.ts), so a slow upstream may hold thousands of requests; this is what speaks for it.
 *
 * A slow answer alone does not, nor do many requests under way: either may be how the upstream is. A queue shows when
 * all of these hold for the same stretch of time, which begins with a slow answer and ends when most are quick again:
 *
 *   answers take three times as long as usual, and who comes now would wait a fifth of a second and more
 *   more and more are under way, beyond what chance does
 *   answers come no faster for it: an upstream that is slow and not busy would answer more the more it is asked
 *
 * Where nothing is answered at all there is nothing to judge by, and nothing is judged: an upstream that holds all of its
 * answers back, for a while or by design, can't be told from one that stands still, and others look after that
 * (timers, breaker). Requests whose client has left count as under way, because most servers work on them all the same.
 *
 * Pure: the caller passes the time in. One owner: the limit.
 */

/** An answer is slow that took this many times as long as usual. */
const SLOW_FACTOR = 3;
/** Below this many answers chance decides; a power of two. */
const ANSWERS_MIN = 16;
/** Share of them that must be slow. */
const SLOW_SHARE_MIN = 0.75;
/** What is under way has grown by so many times the root of the answers (by chance √2 of it), and by this share of itself. */
const GROWTH_ROOTS = 4;
const GROWTH_SHARE = 0.5;
/** A line shorter than this is borne; it is also what an upstream may answer late by without anyone calling it busy. */
const WAIT_MIN_MS = 200;
/** Who would wait this long is better off with a refusal, whatever the reason is. */
const WAIT_LONG_MS = 1_500;
/** The later half of the answers took at least this share of the time that the earlier half took: no faster, but for chance. */
const STEADY_SHARE = 0.67;
/** The latest answers, by which their rate is judged; a power of two. */
const KEPT = 64;

export class Overrun {
  readonly #answeredAtMs = new Float64Array(KEPT);
  readonly #latenciesMs = new Float64Array(ANSWERS_MIN);
  #answers = 0;
  #slow = 0;
  /** Under way when the stretch began. */
  #atFirst = 0;
  /** Left since then without an answer. */
  #gone = 0;

  /** Mean of the latest answers, for who has just been told of an overrun. */
  get latencyMs(): number {
    return this.#latenciesMs.reduce((sumMs, latencyMs) => sumMs + latencyMs, 0) / ANSWERS_MIN;
  }

  /** An answer came; `inFlight` counts it. `usualMs` NaN: not known yet. True: overrun, and a new stretch begins. */
  answered(latencyMs: number, usualMs: number, inFlight: number, nowMs: number): boolean {
    const isSlow = latencyMs > SLOW_FACTOR * usualMs;
    if (this.#answers === 0) {
      if (!isSlow) return false;
      this.#atFirst = inFlight;
    }
    this.#answeredAtMs[this.#answers & (KEPT - 1)] = nowMs;
    this.#latenciesMs[this.#answers & (ANSWERS_MIN - 1)] = latencyMs;
    this.#answers += 1;
    if (isSlow) this.#slow += 1;
    const underWay = inFlight + this.#gone;
    const isOverrun = this.#isOverrun(underWay, usualMs, nowMs);
    if (isOverrun || this.#slow * 2 < this.#answers || underWay < this.#atFirst) this.clear();
    return isOverrun;
  }

  /** A request left without an answer. */
  gone(): void {
    if (this.#answers > 0) this.#gone += 1;
  }

  clear(): void {
    this.#answers = 0;
    this.#slow = 0;
    this.#gone = 0;
  }

  #isOverrun(underWay: number, usualMs: number, nowMs: number): boolean {
    if (this.#answers < ANSWERS_MIN || this.#slow < SLOW_SHARE_MIN * this.#answers) return false;
    const growth = underWay - this.#atFirst;
    if (growth < GROWTH_ROOTS * Math.sqrt(this.#answers) || growth < GROWTH_SHARE * this.#atFirst) return false;
    const kept = Math.min(this.#answers, KEPT);
    const sinceMs = this.#atMs(kept);
    const middleMs = this.#atMs(kept >> 1);
    // Little's law: so many before one who comes now, and they leave at that rate.
    const waitMs = (underWay * (nowMs - sinceMs)) / kept;
    if (waitMs < Math.max(WAIT_MIN_MS, SLOW_FACTOR * usualMs)) return false;
    return waitMs >= WAIT_LONG_MS || nowMs - middleMs >= STEADY_SHARE * (middleMs - sinceMs);
  }

  /** When the answer came that is so many back, the latest being 1. */
  #atMs(back: number): number {
    return this.#answeredAtMs[(this.#answers - back) & (KEPT - 1)] ?? 0;
  }
}
