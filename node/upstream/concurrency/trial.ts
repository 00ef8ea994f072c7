/**
 * Whether it was right to let fewer requests through, asked of what came of it. Of half as many at once, an upstream that
 * was overrun answers just as many per second; one that is only slow answers half as many, and nobody should be refused
 * for that. Pure; one owner: the limit.
 *
 *   came down ──as many answered as were under way──▶ only those of the lower limit are left ──so many more──▶ it was right
 *       └──────────────────── time is over before ────────────────────┴──▶ it was wrong
 *
 * The time is half-way, by their ratio, between what a queue and what a slow upstream takes for the latter part. Answers
 * of before may have been the quick ones of a kind, and those who were under way come back faster: then that is the pace.
 */

/** Answers that are waited for when those who were under way have theirs; chance makes an eighth of a difference. */
const ANSWERS = 64;
/** So many times faster is no chance. */
const FASTER = 2;
/** An upstream that is kept less busy is a little less fast. */
const LEEWAY = 1.05;
const WEIGHT_LATENCY = 0.05;

/** What is known: nothing yet or no more, that it was right, or that it was wrong. */
export type Finding = 'open' | 'right' | 'wrong';

export interface Before {
  /** From one answer to the next. */
  readonly everyMs: number;
  readonly latencyMs: number;
  readonly underWayMean: number;
}

export class Trial {
  isOn = false;
  /** How long an answer takes, lately. */
  latencyMs = 0;
  #isDraining = false;
  #left = 0;
  #everyMs = 0;
  /** The root of how many more were under way, on average, than may be now. */
  #root = 1;
  #sinceMs = 0;
  #underWay = 0;
  #gone = 0;
  #untilMs = 0;

  /** So many are under way, so many may be from now on; this is how answers came with so many under way on average. */
  begin(underWay: number, limit: number, before: Before, nowMs: number): void {
    const { everyMs, latencyMs, underWayMean } = before;
    this.isOn = true;
    this.#isDraining = true;
    this.latencyMs = latencyMs;
    this.#everyMs = everyMs;
    this.#root = Math.sqrt(Math.max(1, underWayMean / limit));
    this.#sinceMs = nowMs;
    this.#underWay = underWay;
    this.#gone = 0;
    this.#left = underWay;
    this.#untilMs = nowMs + (underWay + ANSWERS * this.#root) * everyMs * LEEWAY;
  }

  answered(latencyMs: number, nowMs: number): Finding {
    this.latencyMs += (latencyMs - this.latencyMs) * WEIGHT_LATENCY;
    this.#left -= 1;
    return this.look(nowMs);
  }

  /** One of those who were under way was given up: it is not waited for, and says nothing of the pace. */
  gone(nowMs: number): Finding {
    if (this.#isDraining) {
      this.#left -= 1;
      this.#gone += 1;
    }
    return this.look(nowMs);
  }

  /** Where nothing is answered, time goes by all the same. */
  look(nowMs: number): Finding {
    if (!this.isOn) return 'open';
    const isLate = nowMs > this.#untilMs;
    if (!isLate && this.#left > 0) return 'open';
    if (!isLate && this.#isDraining) {
      this.#drained(nowMs);
      return 'open';
    }
    this.isOn = false;
    return isLate ? 'wrong' : 'right';
  }

  #drained(nowMs: number): void {
    this.#isDraining = false;
    const drainedMs = (nowMs - this.#sinceMs) / Math.max(1, this.#underWay - this.#gone);
    const everyMs = drainedMs * FASTER < this.#everyMs ? drainedMs : this.#everyMs;
    this.#left = ANSWERS;
    this.#untilMs = nowMs + ANSWERS * this.#root * everyMs * LEEWAY;
  }
}
