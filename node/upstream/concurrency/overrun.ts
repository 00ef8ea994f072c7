/**
 * Whether an upstream is being overrun: more is asked of it than it answers. While nothing speaks for that its limit
 * stays wide open (adaptive-limit.ts), so a slow upstream may hold thousands of requests; this is what speaks for it.
 *
 * A slow answer alone does not, nor do many requests under way: either may be how the upstream is. A queue shows when
 * all of these hold for the same stretch of time, which begins with a slow answer and ends when most are quick again:
 *
 *   answers take three times as long as usual, and who comes now would wait a fifth of a second and more
 *   more and more are under way, beyond what chance does
 *   answers come no faster for it: an upstream that is slow and not busy would answer more the more it is asked (rate-evidence.ts)
 *   or they take the longer the later they were asked for, which shows sooner (order-evidence.ts): both are added up
 *   half of what is under way keeps it busy: fewer could be tried (trial.ts) only by leaving some of it idle
 *
 * Where nothing is answered at all there is nothing to judge by, and nothing is judged: an upstream that holds all of its
 * answers back, for a while or by design, can't be told from one that stands still, and others look after that
 * (timers, breaker). Requests whose client has left count as under way, because most servers work on them all the same.
 *
 * Pure: the caller passes the time in. One owner: the limit.
 */
import { OrderEvidence } from './order-evidence.js';
import { RateEvidence } from './rate-evidence.js';

/** An answer is slow that took this many times as long as usual. */
const SLOW_FACTOR = 3;
/** Below this many answers chance decides; a power of two. */
const ANSWERS_MIN = 16;
/** Share of them that must be slow. */
const SLOW_SHARE_MIN = 0.75;
/**
 * What is under way has grown by so many times the root of the answers (by chance √2 of it), by this share of them (where
 * one in twenty hangs, that is no queue), and by this share of itself.
 */
const GROWTH_ROOTS = 4;
const GROWTH_ANSWERS = 0.08;
const GROWTH_SHARE = 0.5;
/** A line shorter than this is borne; it is also what an upstream may answer late by without anyone calling it busy. */
const WAIT_MIN_MS = 200;
/** A queue must be so many times likelier: to refuse what could be answered is worse than to find out later. */
const EVIDENCE_MIN = Math.log(100);
/** The first answers of a stretch tell how long one takes without the queue; the line must be so many times as long. */
const ANSWERS_FIRST = 8;
const WAIT_FACTOR = 2.5;

/** Nobody writes to it. */
const NONE_MS = new Float64Array(ANSWERS_MIN);

export class Overrun {
  readonly #evidence = new RateEvidence();
  readonly #order = new OrderEvidence();
  /** Made for the first that is slow. */
  #latenciesMs: Float64Array = NONE_MS;
  #answers = 0;
  #slow = 0;
  /** Mean of the first answers. */
  #firstMs = 0;
  /** Under way when the stretch began. */
  #atFirst = 0;
  /** Left since then without an answer. */
  #gone = 0;

  /** Mean of the latest answers, for who has just been told of an overrun. */
  get latencyMs(): number {
    return this.#latenciesMs.reduce((sumMs, latencyMs) => sumMs + latencyMs, 0) / ANSWERS_MIN;
  }

  /** From one answer to the next, in the stretch that was told of last. */
  get everyMs(): number {
    return this.#evidence.everyMs;
  }

  get underWayMean(): number {
    return this.#evidence.underWayMean;
  }

  /** Under way when an answer takes as long as the first of the stretch did: as many as the upstream works on, by Little's law. */
  get workedOn(): number {
    return this.#firstMs / this.#evidence.everyMs;
  }

  /** Most answers are slow of late, whatever the reason: another attempt would be as slow. */
  get areMostSlow(): boolean {
    return this.#answers >= ANSWERS_FIRST && this.#slow >= SLOW_SHARE_MIN * this.#answers;
  }

  /** An answer came; `inFlight` counts it. `usualMs` NaN: not known yet. True: overrun, and a new stretch begins. */
  answered(latencyMs: number, usualMs: number, inFlight: number, nowMs: number): boolean {
    const isSlow = latencyMs > SLOW_FACTOR * usualMs;
    if (this.#answers === 0) {
      if (!isSlow) return false;
      this.#firstMs = 0;
      this.#atFirst = inFlight;
      this.#evidence.begin(inFlight, nowMs);
      this.#order.begin();
    } else {
      this.#evidence.answered(inFlight + this.#gone, nowMs);
    }
    this.#order.answered(latencyMs, nowMs);
    if (this.#latenciesMs === NONE_MS) this.#latenciesMs = new Float64Array(ANSWERS_MIN);
    this.#latenciesMs[this.#answers & (ANSWERS_MIN - 1)] = latencyMs;
    this.#answers += 1;
    if (isSlow) this.#slow += 1;
    if (this.#answers <= ANSWERS_FIRST) this.#firstMs += latencyMs / ANSWERS_FIRST;
    const underWay = inFlight + this.#gone;
    const isOverrun = this.#isOverrun(underWay, usualMs);
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

  #isOverrun(underWay: number, usualMs: number): boolean {
    if (this.#answers < ANSWERS_MIN || this.#slow < SLOW_SHARE_MIN * this.#answers) return false;
    const growth = underWay - this.#atFirst;
    const byChance = Math.max(GROWTH_ROOTS * Math.sqrt(this.#answers), GROWTH_ANSWERS * this.#answers);
    if (growth < byChance || growth < GROWTH_SHARE * this.#atFirst) return false;
    // Little's law: so many before one who comes now, and they leave at that rate.
    const { everyMs, underWayMean, forQueue } = this.#evidence;
    if (underWay * everyMs < Math.max(WAIT_MIN_MS, SLOW_FACTOR * usualMs)) return false;
    if (underWayMean * everyMs < WAIT_FACTOR * this.#firstMs) return false;
    return forQueue + this.#order.forQueue >= EVIDENCE_MIN;
  }
}
