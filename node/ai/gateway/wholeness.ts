/** Whether a stream of events has said all: every choice that began has ended, and there was one. Pure. */
import type { ChatEvent } from '../chat/chat-answer.js';

export class Wholeness {
  /** Null: none has begun, as of all that is not streamed. */
  #open: Set<number> | null = null;
  /** The one that said something last: most streams have one, and most events are its. */
  #lastOpen = -1;
  #hasFinished = false;

  see(event: ChatEvent): void {
    if (!('choice' in event)) return;
    const { choice } = event;
    if (event.kind === 'finish') {
      this.#open?.delete(choice);
      this.#lastOpen = -1;
      this.#hasFinished = true;
    } else if (choice !== this.#lastOpen) {
      this.#open ??= new Set();
      this.#open.add(choice);
      this.#lastOpen = choice;
    }
  }

  get isWhole(): boolean {
    return this.#hasFinished && (this.#open === null || this.#open.size === 0);
  }
}
