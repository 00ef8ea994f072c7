/**
 * How long models take to a first token, as sketches of the last minute: for the moment of a hedge. By model and not by route, for all
 * routes of a gateway ask the same one. What was given up before its first token counts as longer than that (latency/quantiles.ts).
 */
import type { LearntLimitSpec } from '@weir/proto/snapshot/resilience.js';
import { LatencyWindow } from '../../latency/latency-window.js';
import { LearntLimit } from '../../latency/learnt-limit.js';

/** 12 to 24 KiB each. Names of models come from callers where a route allows all of a provider's; the least recent is forgotten. */
const MODELS_MAX = 256;

export class FirstTokens {
  readonly #windows = new Map<string, LatencyWindow>();

  window(model: string): LatencyWindow {
    const window = this.#windows.get(model) ?? new LatencyWindow();
    this.#windows.delete(model);
    this.#windows.set(model, window);
    const [oldest] = this.#windows.keys();
    if (this.#windows.size > MODELS_MAX && oldest !== undefined) this.#windows.delete(oldest);
    return window;
  }
}

/** When a stream of each model is hedged, on one route. */
export class HedgeDelays {
  readonly #after: LearntLimitSpec;
  readonly #seen: FirstTokens;
  /** As bounded as the windows: a limit goes with its window. */
  readonly #limits = new WeakMap<LatencyWindow, LearntLimit>();

  constructor(after: LearntLimitSpec, seen: FirstTokens) {
    this.#after = after;
    this.#seen = seen;
  }

  delayMs(model: string, nowMs: number): number {
    const after = this.#after;
    if (after.kind === 'fixed') return after.ms;
    const window = this.#seen.window(model);
    let limit = this.#limits.get(window);
    if (limit === undefined) {
      // Prompt: a hedge that is too early costs some of its budget, one that is too late costs the client.
      limit = new LearntLimit(after, window, 'prompt');
      this.#limits.set(window, limit);
    }
    return limit.at(nowMs);
  }
}
