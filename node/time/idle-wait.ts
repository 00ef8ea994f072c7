/** Waits until nothing is under way any more, or a limit has passed: a drain. Whoever counts tells when he has come to none. */
import type { Timers } from './clock.js';

export class IdleWait {
  #end: () => void = () => {};

  within(limitMs: number, timers: Timers): Promise<void> {
    return new Promise((resolve) => {
      const timer = timers.create(resolve);
      timer.arm(limitMs);
      this.#end = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  reached(): void {
    this.#end();
  }
}
