/**
 * The shortest time to a first token that each model was seen to need of late: what has less time left than that is not begun. The
 * least and not the usual one, for an attempt that may just fit is better than none. Pure.
 */

/** What is older than two of these is forgotten: providers grow faster and slower with the hour. */
const WINDOW_MS = 5 * 60_000;
/** Names of models come from callers where a route allows all of a provider's. */
const MODELS_MAX = 1_024;

interface Window {
  startedAtMs: number;
  leastMs: number;
  beforeMs: number;
}

export class LeastWaits {
  readonly #windows = new Map<string, Window>();

  seen(model: string, firstTokenMs: number, nowMs: number): void {
    const window = this.#at(model, nowMs);
    window.leastMs = Math.min(window.leastMs, firstTokenMs);
    this.#windows.delete(model);
    this.#windows.set(model, window);
    const [oldest] = this.#windows.keys();
    if (this.#windows.size > MODELS_MAX && oldest !== undefined) this.#windows.delete(oldest);
  }

  /** 0: nobody knows. */
  leastMs(model: string, nowMs: number): number {
    if (!this.#windows.has(model)) return 0;
    const { leastMs, beforeMs } = this.#at(model, nowMs);
    const least = Math.min(leastMs, beforeMs);
    return Number.isFinite(least) ? least : 0;
  }

  #at(model: string, nowMs: number): Window {
    const none = Number.POSITIVE_INFINITY;
    const window = this.#windows.get(model) ?? { startedAtMs: nowMs, leastMs: none, beforeMs: none };
    const passed = Math.floor((nowMs - window.startedAtMs) / WINDOW_MS);
    if (passed > 0) {
      window.beforeMs = passed === 1 ? window.leastMs : none;
      window.leastMs = none;
      window.startedAtMs += passed * WINDOW_MS;
    }
    return window;
  }
}
