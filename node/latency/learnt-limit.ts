/**
 * A limit that is stated, or learnt: a quantile of the route's own latency times a factor, never outside of its bounds.
 * Until a hundred answers are known it is the stated cold value: the 95th percentile then rests on five answers that
 * took longer. A higher one rests on the slowest alone, which errs on the side of waiting.
 *
 * Read for every request and computed every quarter of a second at most: between two computations it is a field.
 */
import type { LearntLimitSpec } from '@weir/proto/snapshot/resilience.js';
import type { LatencyWindow } from './latency-window.js';
import type { Reading } from './quantiles.js';

type AdaptiveSpec = Extract<LearntLimitSpec, { kind: 'adaptive' }>;

export const ANSWERS_MIN = 100;
export const KEPT_MS = 250;

/** Whole milliseconds, since it is shown to people; `quantileMs` is that of `spec.quantile`. */
export function limitFrom(spec: AdaptiveSpec, answers: number, quantileMs: number): number {
  if (answers < ANSWERS_MIN) return spec.coldMs;
  return Math.min(spec.maxMs, Math.max(spec.minMs, Math.ceil(quantileMs * spec.factor)));
}

/** A limit with what it is learnt from. */
export class LearntLimit {
  readonly #spec: AdaptiveSpec;
  readonly #window: LatencyWindow;
  readonly #reading: Reading;
  #limitMs = 0;
  #keptUntilMs = Number.NEGATIVE_INFINITY;

  constructor(spec: AdaptiveSpec, window: LatencyWindow, reading: Reading) {
    this.#spec = spec;
    this.#window = window;
    this.#reading = reading;
  }

  /** An answer came after this time. */
  answered(ms: number, nowMs: number): void {
    this.#window.answered(ms, nowMs);
  }

  /** There was no answer in this time, and nobody waited any longer. */
  gaveUp(afterMs: number, nowMs: number): void {
    this.#window.gaveUp(afterMs, nowMs);
  }

  /** The limit that is in force. */
  at(nowMs: number): number {
    if (nowMs >= this.#keptUntilMs) {
      const quantileMs = this.#window.quantile(this.#spec.quantile, this.#reading, nowMs);
      this.#limitMs = limitFrom(this.#spec, this.#window.answers(nowMs), quantileMs);
      this.#keptUntilMs = nowMs + KEPT_MS;
    }
    return this.#limitMs;
  }
}
