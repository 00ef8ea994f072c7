/**
 * Long work beside traffic: a generator that gives way after each element, driven in one piece or in slices. A reload compiles
 * ten thousand routes while requests are served, and none of them may wait for all of it.
 */
import type { Clock } from './clock.js';

/** Gives way wherever it may be interrupted; what it returns is the result. */
export type Work<Result> = Generator<void, Result>;

/** Traffic may be stalled for this long at a time, and as long again by the collection of what was made (give-way.ts): less than a tick of the timers. */
export const SLICE_MS = 2;

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

/**
 * Of work on a whole list its result, remembered by the list: a snapshot has the very list of the one before where none of its entries has
 * changed (proto/snapshot/snapshot-reader.ts), so ten thousand routes are not looked through for each key that comes or goes.
 */
export function ofList<List extends object, Result>(work: (list: List) => Work<Result>): (list: List) => Work<Result> {
  const known = new WeakMap<List, { readonly result: Result }>();
  return function* (list) {
    const before = known.get(list);
    if (before !== undefined) return before.result;
    const result = yield* work(list);
    known.set(list, { result });
    return result;
  };
}
