/**
 * Long work beside traffic: a generator that gives way after each element, driven in one piece or in slices. A reload compiles
 * ten thousand routes while requests are served, and none of them may wait for all of it.
 */
import type { Clock } from './clock.js';

/** Gives way wherever it may be interrupted; what it returns is the result. */
export type Work<Result> = Generator<void, Result>;

/** Traffic may be stalled for this long at a time: less than a tick of the timers. */
export const SLICE_MS = 5;

export function atOnce<Result>(work: Work<Result>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/** `nextTurn` lets the sockets have their turn; where it rejects, the work ends with that error and may clean up. */
export async function inSlices<Result>(
  work: Work<Result>,
  clock: Pick<Clock, 'nowMs'>,
  nextTurn: () => Promise<unknown>,
): Promise<Result> {
  for (let untilMs = clock.nowMs() + SLICE_MS; ; ) {
    const { done, value } = work.next();
    if (done === true) return value;
    if (clock.nowMs() < untilMs) continue;
    try {
      await nextTurn();
    } catch (error) {
      work.throw(error);
      throw error;
    }
    untilMs = clock.nowMs() + SLICE_MS;
  }
}
