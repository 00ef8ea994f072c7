/** Whether a stream of events has said all: every choice that began has ended, and there was one. Pure. */
import type { ChatEvent } from '../chat/chat-answer.js';

export class Wholeness {
  readonly #open = new Set<number>();
  #hasFinished = false;

  see(event: ChatEvent): void {
    if (!('choice' in event)) return;
    if (event.kind === 'finish') {
      this.#open.delete(event.choice);
      this.#hasFinished = true;
    } else this.#open.add(event.choice);
  }

  get isWhole(): boolean {
    return this.#hasFinished && this.#open.size === 0;
  }
}
