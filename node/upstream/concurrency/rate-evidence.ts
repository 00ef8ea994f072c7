/**
 * Whether answers come faster the more requests are under way, as they do from an upstream that is slow and not busy, or
 * just as fast, as they do from one before which they queue. Nothing else tells the two apart: answers take longer, and
 * more and more are under way, in both.
 *
 * Answers are taken for points of a process whose rate is c × n, with n under way, or c. With the c that fits each best,
 * A answers in a time t, at n₁ … n_A, are likelier with a queue by the factor exp(e) with
 *
 *   e = A × (ln(mean of n over t) − mean of ln nᵢ over answers)
 *
 * It says nothing where n does not change. Looked at after each answer it is Wald's sequential test ("Sequential tests
 * of statistical hypotheses", 1945): a bound of ln 100 is passed by chance about once in a hundred times.
 * Pure; one owner: what looks for an overrun (overrun.ts).
 */
export class RateEvidence {
  #answers = 0;
  #logs = 0;
  #area = 0;
  #tookMs = 0;
  #underWay = 0;
  #atMs = 0;

  /** The first answer, from which on the others are counted. */
  begin(underWay: number, nowMs: number): void {
    this.#answers = 0;
    this.#logs = 0;
    this.#area = 0;
    this.#tookMs = 0;
    this.#underWay = underWay;
    this.#atMs = nowMs;
  }

  /** An answer came; `underWay` counts it. */
  answered(underWay: number, nowMs: number): void {
    const passedMs = nowMs - this.#atMs;
    this.#answers += 1;
    this.#logs += Math.log(Math.max(1, underWay));
    this.#area += ((Math.max(1, underWay) + Math.max(1, this.#underWay)) / 2) * passedMs;
    this.#tookMs += passedMs;
    this.#underWay = underWay;
    this.#atMs = nowMs;
  }

  /** From one answer to the next, in milliseconds. */
  get everyMs(): number {
    return this.#tookMs / this.#answers;
  }

  get underWayMean(): number {
    return this.#area / this.#tookMs;
  }

  /** Logarithm of how much likelier a queue is; below 0 that the upstream is slow and no more. */
  get forQueue(): number {
    return this.#tookMs > 0 ? this.#answers * Math.log(this.#area / this.#tookMs) - this.#logs : 0;
  }
}
