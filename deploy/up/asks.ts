/**
 * Questions to a node that are under way: each has a number, waits so long for its answer and no longer, and is
 * settled once. Owns the numbers and who waits.
 */
import type { CacheAnswer } from '@weir/proto/events/node-link.js';

export type Asked<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer; readonly ms: number }
  /** The process has ended, and all that it had in memory with it. */
  | { readonly kind: 'ended'; readonly ms: number }
  | { readonly kind: 'failed'; readonly reason: string };

/** At once; an operator's script that asks more than this has to wait for answers. */
export const ASKS_MAX = 256;

interface Waiting {
  readonly sinceMs: number;
  readonly timeout: NodeJS.Timeout;
  readonly settle: (asked: Asked<CacheAnswer>) => void;
}

export class Asks {
  readonly #withinMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;

  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  /** `send` is given the number under which the answer comes. */
  ask(send: (number: number) => void): Promise<Asked<CacheAnswer>> {
    if (this.#waiting.size >= ASKS_MAX) {
      return Promise.resolve({ kind: 'failed', reason: `has ${ASKS_MAX} orders to answer already` });
    }
    this.#count += 1;
    const number = this.#count;
    return new Promise((resolve) => {
      const reason = `did not answer within ${this.#withinMs / 1_000} s`;
      const timeout = setTimeout(() => this.#settle(number, { kind: 'failed', reason }), this.#withinMs);
      this.#waiting.set(number, { sinceMs: performance.now(), timeout, settle: resolve });
      send(number);
    });
  }

  /** An answer that comes too late is nobody's. */
  answered(answer: CacheAnswer): void {
    const { number } = answer;
    if (answer.kind === 'cache.failed') this.#settle(number, { kind: 'failed', reason: `failed: ${answer.reason}` });
    else this.#settle(number, { kind: 'answer', answer, ms: this.#since(number) });
  }

  /** The process that was asked is gone. */
  ended(): void {
    for (const number of [...this.#waiting.keys()]) this.#settle(number, { kind: 'ended', ms: this.#since(number) });
  }

  #since(number: number): number {
    return performance.now() - (this.#waiting.get(number)?.sinceMs ?? performance.now());
  }

  #settle(number: number, asked: Asked<CacheAnswer>): void {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) return;
    this.#waiting.delete(number);
    clearTimeout(waiting.timeout);
    waiting.settle(asked);
  }
}
