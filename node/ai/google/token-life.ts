/**
 * The life of one service account's access token: a pure machine that says whether there is one, and whether to ask for the next. Times
 * are those of a clock that never jumps.
 *
 *   none ──ask──▶ asking ──got──▶ valid ── soon over: ask ──▶ valid, asking ──got──▶ valid
 *                   └─failed─▶ none, with the reason, until the pause is over
 *
 * One is asked for at a time. While the old one lasts a failure is nobody's business: the next try comes after the pause.
 */
import type { ProviderError } from '../chat/provider-error.js';
import { type AccessToken, isStale } from './oauth.js';

export const PAUSE_FIRST_MS = 1_000;
export const PAUSE_MAX_MS = 60_000;
/** With less than this left, a request could come after the end of its token. */
const SPENT_MS = 10_000;

export class TokenLife {
  #token: AccessToken | null = null;
  #failure: ProviderError | null = null;
  #isAsking = false;
  #pauseMs = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  current(nowMs: number): string | null {
    return this.#token !== null && nowMs < this.#token.expiresAtMs - SPENT_MS ? this.#token.token : null;
  }

  /** Why there is none, where there is no use in waiting for one; null: there is one, or there is. */
  refusal(nowMs: number): ProviderError | null {
    return this.current(nowMs) === null && nowMs < this.#pausedUntilMs ? this.#failure : null;
  }

  shouldAsk(nowMs: number): boolean {
    if (this.#isAsking || nowMs < this.#pausedUntilMs) return false;
    return this.#token === null || this.current(nowMs) === null || isStale(this.#token, nowMs);
  }

  asked(): void {
    this.#isAsking = true;
  }

  got(result: AccessToken | ProviderError, nowMs: number): void {
    this.#isAsking = false;
    if ('token' in result) {
      this.#token = result;
      this.#failure = null;
      this.#pauseMs = 0;
      // A token that is stale from the start is not renewed with every request.
      this.#pausedUntilMs = isStale(result, nowMs) ? nowMs + PAUSE_FIRST_MS : Number.NEGATIVE_INFINITY;
      return;
    }
    this.#failure = result;
    this.#pauseMs = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_FIRST_MS, this.#pauseMs * 2));
    this.#pausedUntilMs = nowMs + this.#pauseMs;
  }

  /** It was not taken. */
  forget(): void {
    this.#token = null;
  }
}
