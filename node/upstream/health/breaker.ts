/**
 * Circuit breaker: stops asking when most answers of a rolling window are failures. One for each target and one for the
 * upstream as a whole.
 *
 *             failed ≥ failureShare of ≥ requestsMin
 *   ┌────────┐ ───────────────────────────────────▶ ┌──────┐   openMs    ┌───────────┐
 *   │ closed │                                      │ open │ ──────────▶ │ half-open │ one attempt at a time
 *   └────────┘ ◀────────────────┐                   └──────┘             └───────────┘
 *                               │                       ▲  bad: twice openMs   │
 *                               │                       └──────────────────────┤
 *                               └───────────── good: the window starts empty ──┘
 *
 * Failures are what the gateway itself met, and 502, 503 and 504; a plain 500 is an answer (verdict.ts), unless `every5xx`.
 * Late answers from before a change count nowhere, see opinion.ts. How long an upstream asks to be left alone
 * (Retry-After) is granted up to `openMaxMs`.
 */
import type { BreakerSpec } from '@weir/proto/snapshot/resilience.js';
import { FailureWindow } from './failure-window.js';
import { Opinion } from './opinion.js';
import { type AttemptOutcome, percent, type Tell } from './standing.js';
import { type Verdict, verdictOf } from './verdict.js';

export class Breaker {
  readonly opinion = new Opinion();
  /** Why it is open, empty while it is closed. */
  reason = '';
  readonly #spec: BreakerSpec;
  readonly #window: FailureWindow;
  readonly #tell: Tell;
  readonly #mayOpen: (nowMs: number) => boolean;
  #openMs = 0;

  /** `mayOpen` has the last word when it would open; that of a whole upstream asks whether any target still answers. */
  constructor(spec: BreakerSpec, tell: Tell, mayOpen: (nowMs: number) => boolean = () => true) {
    this.#spec = spec;
    this.#window = new FailureWindow(spec.windowMs);
    this.#tell = tell;
    this.#mayOpen = mayOpen;
  }

  /** Whether what the window holds is mostly failures, however few they are. Open counts as failing. */
  isFailing(nowMs: number): boolean {
    if (!this.opinion.isWell) return true;
    this.#window.advance(nowMs);
    const { total, failed } = this.#window;
    return total > 0 && failed >= this.#spec.failureShare * total;
  }

  /** See Opinion. What the other has counted is not taken over: its window may be another. */
  adopt(former: Breaker): void {
    this.opinion.adopt(former.opinion);
    this.reason = former.reason;
    this.#openMs = Math.min(former.#openMs, this.#spec.openMaxMs);
  }

  end(epoch: number, outcome: AttemptOutcome): void {
    const verdict = verdictOf(outcome, this.#spec.every5xx);
    const nowMs = outcome.endedAtMs;
    const weight = this.opinion.weigh(epoch);
    if (weight === 'late') return;
    if (weight === 'decides') this.#decide(verdict, outcome);
    else if (verdict !== 'none') {
      this.#window.add(verdict === 'bad', nowMs);
      if (verdict === 'bad') this.#look(outcome);
    }
  }

  #look(outcome: AttemptOutcome): void {
    const { failureShare, requestsMin, openMs } = this.#spec;
    const { total, failed } = this.#window;
    if (total < requestsMin || failed < failureShare * total || !this.#mayOpen(outcome.endedAtMs)) return;
    const evidence = { failed, requests: total };
    const reason = `${failed} of the last ${total} requests failed (${percent(failed / total)})`;
    this.#open('well', openMs, reason, evidence, outcome);
  }

  #decide(verdict: Verdict, outcome: AttemptOutcome): void {
    const nowMs = outcome.endedAtMs;
    switch (verdict) {
      case 'none':
        this.opinion.setFree(nowMs, Number.isNaN(outcome.headAtMs), this.#spec.openMs);
        break;
      case 'good':
        this.opinion.bringBack(nowMs);
        this.#window.clear();
        this.reason = '';
        this.#tell('breaker', 'trial', 'well', '', { openedForMs: this.#openMs }, nowMs);
        break;
      case 'bad':
        this.#open('trial', this.#openMs * 2, 'the request that tried it failed as well', {}, outcome);
        break;
    }
  }

  #open(
    from: 'well' | 'trial',
    wantedMs: number,
    reason: string,
    evidence: Readonly<Record<string, number>>,
    outcome: AttemptOutcome,
  ): void {
    const { openMaxMs } = this.#spec;
    this.#openMs = Math.min(wantedMs, openMaxMs);
    // What was asked for is granted this time, and does not set the pace of the doubling.
    const askedMs = Number.isNaN(outcome.retryAfterMs) ? 0 : Math.min(outcome.retryAfterMs, openMaxMs);
    const forMs = Math.max(this.#openMs, askedMs);
    this.reason = `breaker open: ${reason}`;
    this.opinion.putOut(outcome.endedAtMs, forMs);
    this.#tell('breaker', from, 'out', this.reason, { ...evidence, forMs }, outcome.endedAtMs);
  }
}
