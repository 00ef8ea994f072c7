/**
 * How fast models are: the time to a first token, and the tokens of a second behind it, as running means of what streams showed. And
 * the order of models by it. One that is slow gets few requests and so would stay slow in memory for ever: now and then, and after a
 * while without any, one goes to it. What fails is slow, or a model that refuses at once would be the fastest of all. Pure.
 */
import type { Random } from '../../time/clock.js';

interface Speed {
  /** NaN: nothing is known. */
  firstTokenMs: number;
  tokensPerMs: number;
  /** When a request was last led to it, or came to it. */
  askedAtMs: number;
}

/** Weight of what came last. */
const NEWEST = 0.3;
/** Names of models come from callers where a route allows all of a provider's. */
const MODELS_MAX = 1_024;
/** An answer is compared by this many tokens, or by as many as the caller allows. */
export const ANSWER_TOKENS = 300;
/** What a failure counts as at least. */
export const FAILED_MS = 5_000;
const SLOWEST_MS = 120_000;
/** Of the requests, for finding out whether a slower one is slow still. */
export const EXPLORED_SHARE = 0.05;
/** One that was asked more recently than this is known well enough. */
export const EXPLORE_AFTER_MS = 10_000;

export class Speeds {
  readonly #speeds = new Map<string, Speed>();

  firstToken(model: string, ms: number, nowMs: number): void {
    const speed = this.#at(model, nowMs);
    speed.firstTokenMs = mean(speed.firstTokenMs, ms);
  }

  /** `ms`: what these took, without the wait for the first. */
  tokens(model: string, tokens: number, ms: number, nowMs: number): void {
    if (tokens <= 0 || ms <= 0) return;
    const speed = this.#at(model, nowMs);
    speed.tokensPerMs = mean(speed.tokensPerMs, tokens / ms);
  }

  /** No first token came, after so long. */
  failed(model: string, ms: number, nowMs: number): void {
    const speed = this.#at(model, nowMs);
    const known = Number.isNaN(speed.firstTokenMs) ? 0 : speed.firstTokenMs;
    speed.firstTokenMs = mean(speed.firstTokenMs, Math.min(SLOWEST_MS, Math.max(FAILED_MS, ms, known * 2)));
  }

  /** Until an answer of so many tokens is whole. 0: nothing is known, which is to be found out first of all. */
  answerMs(model: string, tokens: number): number {
    const speed = this.#speeds.get(model);
    if (speed === undefined || Number.isNaN(speed.firstTokenMs)) return 0;
    return speed.firstTokenMs + (speed.tokensPerMs > 0 ? tokens / speed.tokensPerMs : 0);
  }

  /** The fastest first, and now and then one that nobody has asked for a while. Of equals the first one given. */
  order(models: readonly string[], tokens: number, nowMs: number, random: Random): readonly string[] {
    const byTime = models.map((model) => ({ model, ms: this.answerMs(model, tokens) }));
    byTime.sort((one, other) => one.ms - other.ms);
    const sorted = byTime.map(({ model }) => model);
    const explored = random() < EXPLORED_SHARE ? this.#longAgo(sorted, nowMs) : null;
    const order = explored === null ? sorted : [explored, ...sorted.filter((model) => model !== explored)];
    const [first] = order;
    if (first !== undefined) this.#at(first, nowMs);
    return order;
  }

  #longAgo(models: readonly string[], nowMs: number): string | null {
    let oldest: string | null = null;
    let oldestAtMs = nowMs - EXPLORE_AFTER_MS;
    for (const model of models) {
      const askedAtMs = this.#speeds.get(model)?.askedAtMs ?? Number.NEGATIVE_INFINITY;
      if (askedAtMs > oldestAtMs) continue;
      oldest = model;
      oldestAtMs = askedAtMs;
    }
    return oldest;
  }

  #at(model: string, nowMs: number): Speed {
    const none = { firstTokenMs: Number.NaN, tokensPerMs: Number.NaN, askedAtMs: nowMs };
    const speed = this.#speeds.get(model) ?? none;
    speed.askedAtMs = nowMs;
    this.#speeds.delete(model);
    this.#speeds.set(model, speed);
    const [oldest] = this.#speeds.keys();
    if (this.#speeds.size > MODELS_MAX && oldest !== undefined) this.#speeds.delete(oldest);
    return speed;
  }
}

function mean(before: number, value: number): number {
  return Number.isNaN(before) ? value : before + NEWEST * (value - before);
}
