/**
 * Answers of writes by their Idempotency-Key, so that a request whose answer was lost is answered once more, with the secret that it may have
 * made, and is not done twice. In the memory of this process and for ten minutes; what comes later, or to another control, is known again by the
 * registry, which says that it has been done, and shows no secret any more. No clock: time is passed in.
 */
import { keyOfId } from '../../registry/entry.js';
import type { ApiAnswer } from './api-route.js';

export type KeptAnswer =
  /** The first of its kind: to be settled by `keep` or `drop`. */
  | { readonly kind: 'first' }
  | { readonly kind: 'again'; readonly answer: ApiAnswer }
  | { readonly kind: 'under way' }
  /** The key was used for something else. */
  | { readonly kind: 'other' };

interface Entry {
  /** With the fingerprint of all else that the request says. */
  readonly id: string;
  readonly untilMs: number;
  /** Null: under way. */
  answer: ApiAnswer | null;
}

const KEPT_MS = 10 * 60_000;
/** Who sends more within ten minutes has the oldest known by the registry alone. */
const ENTRIES_MAX = 1_000;
const ANSWER_CHARS_MAX = 64 * 1024;

export class KeptAnswers {
  /** By the keys of their ids, in the order in which they came, and so of their ends. */
  readonly #entries = new Map<string, Entry>();

  begin(id: string, nowMs: number): KeptAnswer {
    this.#forget(nowMs);
    const key = keyOfId(id);
    const known = this.#entries.get(key);
    if (known === undefined) {
      this.#entries.set(key, { id, untilMs: nowMs + KEPT_MS, answer: null });
      return { kind: 'first' };
    }
    if (known.id !== id) return { kind: 'other' };
    return known.answer === null ? { kind: 'under way' } : { kind: 'again', answer: known.answer };
  }

  /** Only what was done is kept: a refusal may be another one the next time. */
  settle(id: string, answer: ApiAnswer | null): void {
    const key = keyOfId(id);
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.id !== id || entry.answer !== null) return;
    const isKept = answer !== null && 'status' in answer && !('text' in answer) && isSmall(answer);
    if (isKept) entry.answer = answer;
    else this.#entries.delete(key);
  }

  #forget(nowMs: number): void {
    for (const [id, { untilMs }] of this.#entries) {
      if (untilMs > nowMs && this.#entries.size < ENTRIES_MAX) return;
      this.#entries.delete(id);
    }
  }
}

function isSmall(answer: ApiAnswer): boolean {
  return !('body' in answer) || (JSON.stringify(answer.body)?.length ?? 0) <= ANSWER_CHARS_MAX;
}
