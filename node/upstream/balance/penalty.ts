/**
 * The memory of failures for the policies that go by anything but latency (after Linkerd's load biaser). A target that
 * refuses within a millisecond always has the fewest attempts in flight, so without a memory the emptiest target is the
 * broken one. What a failure leaves makes the target count as so many times as loaded, and fades.
 *
 *   weight after a failure     PENALTY_FACTOR, or after a doubtful one (blame.ts) DOUBT_FACTOR times what it was
 *   read, t later              1 + (weight − 1) × e^(−t / decay)
 *
 * A Retry-After is believed as by peak EWMA: until then the whole penalty, no longer than a bound. An answer takes
 * nothing away: that a target answers one path says little about the next.
 */
import type { AttemptOutcome } from '../health/standing.js';
import { Blames } from './blame.js';
import type { Load } from './load.js';
import { RETRY_AFTER_MAX_MS } from './peak-ewma.js';

/** As five seconds, which peak EWMA takes a failure for, are to a hundred milliseconds. */
export const PENALTY_FACTOR = 50;
export const DOUBT_FACTOR = 5;
/** Less than this is nothing: a hundredth of one attempt in flight. */
const FORGOTTEN = 1.01;

export function createPenalty(decayMs: number): Load {
  return new Penalty(decayMs);
}

class Penalty implements Load {
  readonly isTimed = false;
  readonly #decayMs: number;
  readonly #blames = new Blames();
  #weight = 1;
  #updatedAtMs = 0;
  #leaveAloneUntilMs = Number.NEGATIVE_INFINITY;

  constructor(decayMs: number) {
    this.#decayMs = decayMs;
  }

  begin(): number {
    return 0;
  }

  answered(): void {}

  end(_token: number, outcome: AttemptOutcome): void {
    const nowMs = outcome.endedAtMs;
    const blame = this.#blames.next(outcome);
    if (blame === 'failed') this.#set(PENALTY_FACTOR, nowMs);
    else if (blame === 'doubtful') this.#set(this.#weightAt(nowMs) * DOUBT_FACTOR, nowMs);
    if (!(outcome.retryAfterMs > 0)) return;
    const untilMs = nowMs + Math.min(outcome.retryAfterMs, RETRY_AFTER_MAX_MS);
    this.#leaveAloneUntilMs = Math.max(this.#leaveAloneUntilMs, untilMs);
  }

  cost(nowMs: number, inFlight: number): number {
    const asked = nowMs < this.#leaveAloneUntilMs ? PENALTY_FACTOR : 1;
    return Math.max(asked, this.#weightAt(nowMs)) * (inFlight + 1);
  }

  /** What is dear by this has failed. */
  isDueToBeExplored(): boolean {
    return false;
  }

  adopt(former: Load, nowMs: number): void {
    if (!(former instanceof Penalty)) return;
    this.#weight = former.#weightAt(nowMs);
    this.#updatedAtMs = nowMs;
    this.#leaveAloneUntilMs = former.#leaveAloneUntilMs;
  }

  #weightAt(nowMs: number): number {
    // Nearly all targets nearly always have none, and then nothing need be computed.
    if (this.#weight === 1) return 1;
    const weight = 1 + (this.#weight - 1) * Math.exp(-Math.max(0, nowMs - this.#updatedAtMs) / this.#decayMs);
    if (weight >= FORGOTTEN) return weight;
    this.#weight = 1;
    return 1;
  }

  /** Never less than it was: it is the whole, or several times what it was. */
  #set(weight: number, nowMs: number): void {
    this.#weight = Math.min(weight, PENALTY_FACTOR);
    this.#updatedAtMs = nowMs;
  }
}
