/** Time that passes when a test says so, for buses in memory and who sits on them. Only tests import this file. */
import type { BusClock } from '../../bus/bus.js';

export class TestClock implements BusClock {
  #now = 0;
  #waiting: { readonly atMs: number; readonly run: () => void }[] = [];

  nowMs(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): () => void {
    const waiting = { atMs: this.#now + delayMs, run };
    this.#waiting.push(waiting);
    return () => {
      this.#waiting = this.#waiting.filter((one) => one !== waiting);
    };
  }

  async pass(ms: number): Promise<void> {
    for (const untilMs = this.#now + ms; this.#now < untilMs; ) {
      this.#now += 50;
      const due = this.#waiting.filter(({ atMs }) => atMs <= this.#now);
      this.#waiting = this.#waiting.filter((one) => !due.includes(one));
      for (const { run } of due) run();
      await settled();
    }
  }
}

/** Until what is under way on buses in memory has arrived. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
