/**
 * Whose turn it is among controls that all see the same thing to be done: each one's comes after those of the controls before it in the
 * order of names, counted from when it has seen itself that this is due. Nobody is asked; two that act at once are told apart by
 * the log. Owns what is due, since when: the latest of each kind. Pure.
 */

/** Between the turns of two controls. */
export const TURN_MS = 500;

/** What a control may be about to do; more than one of each kind is never due. */
export type Task = 'publish' | 'refresh' | 'remember' | 'announce' | 'step';

export class Turns {
  readonly #due = new Map<Task, { readonly what: string; readonly sinceMs: number }>();

  /** `rank`: of how many others the turn comes before. Another `what` of a task is another thing to be done. */
  isMine(task: Task, what: string, rank: number, nowMs: number): boolean {
    const known = this.#due.get(task);
    const sinceMs = known?.what === what ? known.sinceMs : nowMs;
    this.#due.set(task, { what, sinceMs });
    return nowMs - sinceMs >= rank * TURN_MS;
  }

  /** There is another stage, and all that is due in it is due anew. */
  forget(): void {
    this.#due.clear();
  }

  /** How many are remembered. */
  get size(): number {
    return this.#due.size;
  }
}
