/** An answer that was stored, told to one who asked: whole, or as a stream at the pace of the route. */
import type { Clock, Timer, Timers } from '../../time/clock.js';
import type { ChatAnswer } from '../chat/chat-answer.js';
import type { ChatAnswering, ChatAsker } from '../gateway/chat-layer.js';
import { Pacing, type PacingTerms } from './pacing.js';

export interface ReplayTerms extends Pick<PacingTerms, 'tokensPerSecond' | 'endsByMs'> {
  readonly isStream: boolean;
  readonly clock: Clock;
  readonly timers: Timers;
}

export class Replay implements ChatAnswering {
  readonly #answer: ChatAnswer;
  readonly #asker: ChatAsker;
  readonly #terms: ReplayTerms;
  readonly #timer: Timer;
  #pacing: Pacing | null = null;
  #isOpen = true;
  #isOver = false;

  constructor(answer: ChatAnswer, asker: ChatAsker, terms: ReplayTerms) {
    this.#answer = answer;
    this.#asker = asker;
    this.#terms = terms;
    this.#timer = terms.timers.create(() => this.#tell());
  }

  begin(): void {
    if (!this.#terms.isStream) {
      this.#isOver = true;
      this.#asker.answered(this.#answer);
      return;
    }
    const { tokensPerSecond, endsByMs, clock } = this.#terms;
    this.#pacing = new Pacing(this.#answer, { tokensPerSecond, endsByMs, nowMs: clock.nowMs() });
    this.#tell();
  }

  resume(): void {
    if (this.#isOpen || this.#isOver) return;
    this.#isOpen = true;
    this.#tell();
  }

  giveUp(): void {
    this.#isOver = true;
    this.#timer.cancel();
  }

  #tell(): void {
    const pacing = this.#pacing;
    const { clock } = this.#terms;
    while (!this.#isOver && this.#isOpen && pacing !== null && !pacing.isOver) {
      const events = pacing.take(clock.nowMs());
      if (events.length > 0) this.#isOpen = this.#asker.events(events);
      else {
        this.#timer.arm(Math.max(0, pacing.dueAtMs(clock.nowMs()) - clock.nowMs()));
        return;
      }
    }
    if (this.#isOver || pacing?.isOver !== true) return;
    this.#isOver = true;
    this.#asker.ended();
  }
}
