/**
 * The limits of time on one stream: a pure machine that is told of content, and asked when to look and what has passed.
 *
 *   begun ──firstToken──▶ content ──betweenTokens──▶ content ── … ──▶ end
 *                            └── tokens a second, over ten of them ──┘
 *
 * Only content counts: neither the head, nor a role, nor a ping can reset anything, for a provider that says nothing and keeps its
 * connection warm is as silent as one that is dead. While the client does not take what there is, no limit runs.
 */

export interface StreamLimits {
  readonly firstTokenMs: number;
  readonly betweenTokensMs: number;
  /** 0: none. */
  readonly tokensPerSecondMin: number;
}

export type StreamTimer = 'firstToken' | 'betweenTokens' | 'tokenRate';

export const RATE_WINDOW_MS = 10_000;
const CELL_MS = 1_000;
/** Ten whole seconds, and the one that is not over. */
const CELLS = RATE_WINDOW_MS / CELL_MS + 1;

/** Nobody has counted them yet: four characters are about a token, and a piece is one at least. */
export function tokensIn(characters: number): number {
  return Math.max(1, Math.round(characters / 4));
}

export class StreamClock {
  readonly #limits: StreamLimits;
  readonly #startedAtMs: number;
  /** NaN: none has come. */
  #firstAtMs = Number.NaN;
  #lastAtMs: number;
  /** What may pass between the last content and the next. */
  #nextMs: number;
  #isHeld = false;
  /** When the window of the rate began to be filled. */
  #rateFromMs = Number.NaN;
  /** Tokens by second, the one of `#cellAtMs` first. */
  #cells: number[] = [];
  #cellAtMs = 0;

  constructor(limits: StreamLimits, startedAtMs: number) {
    this.#limits = limits;
    this.#startedAtMs = startedAtMs;
    this.#lastAtMs = startedAtMs;
    this.#nextMs = limits.betweenTokensMs;
  }

  /** NaN: none has come. */
  get firstTokenMs(): number {
    return this.#firstAtMs - this.#startedAtMs;
  }

  /** From the first content to the last; NaN: none has come. */
  get contentMs(): number {
    return this.#lastAtMs - this.#firstAtMs;
  }

  /** `nextMs`: where the next content may take longer than is stated for all. */
  content(tokens: number, nowMs: number, nextMs = this.#limits.betweenTokensMs): void {
    this.#nextMs = nextMs;
    if (Number.isNaN(this.#firstAtMs)) {
      this.#firstAtMs = nowMs;
      this.#restart(nowMs);
    }
    this.#lastAtMs = nowMs;
    // Without a limit nobody asks how many there were.
    if (this.#limits.tokensPerSecondMin === 0) return;
    this.#turn(nowMs);
    this.#cells[0] = (this.#cells[0] ?? 0) + tokens;
  }

  /** The client takes nothing more for now. */
  hold(): void {
    this.#isHeld = true;
  }

  release(nowMs: number): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#lastAtMs = nowMs;
    if (!Number.isNaN(this.#firstAtMs)) this.#restart(nowMs);
  }

  /** When to ask `passed` next; Infinity: not before something happens. */
  dueAtMs(): number {
    if (this.#isHeld) return Number.POSITIVE_INFINITY;
    if (Number.isNaN(this.#firstAtMs)) return this.#startedAtMs + this.#limits.firstTokenMs;
    const betweenMs = this.#lastAtMs + this.#nextMs;
    if (this.#limits.tokensPerSecondMin === 0) return betweenMs;
    return Math.min(betweenMs, Math.max(this.#rateFromMs + RATE_WINDOW_MS, this.#cellAtMs + CELL_MS));
  }

  /** The limit that has passed, null while none has. */
  passed(nowMs: number): StreamTimer | null {
    if (this.#isHeld) return null;
    if (Number.isNaN(this.#firstAtMs)) return nowMs >= this.dueAtMs() ? 'firstToken' : null;
    if (nowMs >= this.#lastAtMs + this.#nextMs) return 'betweenTokens';
    return this.#isTooSlow(nowMs) ? 'tokenRate' : null;
  }

  #isTooSlow(nowMs: number): boolean {
    const { tokensPerSecondMin } = this.#limits;
    if (tokensPerSecondMin === 0) return false;
    this.#turn(nowMs);
    if (nowMs < this.#rateFromMs + RATE_WINDOW_MS) return false;
    const tokens = this.#cells.reduce((sum, cell) => sum + cell, 0);
    return tokens < (tokensPerSecondMin * RATE_WINDOW_MS) / 1_000;
  }

  #restart(nowMs: number): void {
    if (this.#limits.tokensPerSecondMin === 0) return;
    this.#rateFromMs = nowMs;
    this.#cells = new Array<number>(CELLS).fill(0);
    this.#cellAtMs = nowMs;
  }

  /** Lets go of the seconds that are more than ten ago. */
  #turn(nowMs: number): void {
    const passed = Math.floor((nowMs - this.#cellAtMs) / CELL_MS);
    if (passed <= 0) return;
    for (let i = 0; i < Math.min(passed, CELLS); i += 1) {
      this.#cells.unshift(0);
      this.#cells.pop();
    }
    this.#cellAtMs += passed * CELL_MS;
  }
}
