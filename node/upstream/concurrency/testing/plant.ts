/**
 * A model of an upstream in virtual time: so many workers, one queue before them, service times drawn at random (M/M/c
 * when they are exponential). It is what a limit has to find out about. Only tests import this file.
 */
import type { Random } from '../../../time/clock.js';

export interface PlantOptions {
  /** Requests that it works on at once; asking it more at once makes them wait, not faster. */
  readonly workers: number;
  readonly random: Random;
  /** Milliseconds of work of a request that begins at this time. */
  readonly serviceMs: (nowMs: number, random: Random) => number;
}

export const exponential = (meanMs: number, random: Random): number => -Math.log(1 - random()) * meanMs;

/** Events in the order of their time; of those of one time, in the order in which they were set. */
export class Agenda {
  nowMs = 0;
  #events: { atMs: number; order: number; run: () => void }[] = [];
  #order = 0;

  at(atMs: number, run: () => void): void {
    const event = { atMs, order: this.#order++, run };
    let low = 0;
    let high = this.#events.length;
    // The latest stands first, so that the next one is popped off the end.
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#events[middle];
      if (other !== undefined && (other.atMs > atMs || (other.atMs === atMs && other.order < event.order)))
        low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
  }

  runUntil(endMs: number): void {
    for (let next = this.#events.at(-1); next !== undefined && next.atMs <= endMs; next = this.#events.at(-1)) {
      this.#events.pop();
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = endMs;
  }
}

export class Plant {
  readonly #agenda: Agenda;
  readonly #options: PlantOptions;
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  constructor(agenda: Agenda, options: PlantOptions) {
    this.#agenda = agenda;
    this.#options = options;
  }

  /** Takes a request; `onDone` runs when it has been worked on. */
  send(onDone: () => void): void {
    if (this.#busy < this.#options.workers) this.#work(onDone);
    else this.#waiting.push(onDone);
  }

  #work(onDone: () => void): void {
    this.#busy += 1;
    const { serviceMs, random } = this.#options;
    this.#agenda.at(this.#agenda.nowMs + serviceMs(this.#agenda.nowMs, random), () => {
      this.#busy -= 1;
      const next = this.#waiting.shift();
      if (next !== undefined) this.#work(next);
      onDone();
    });
  }
}
