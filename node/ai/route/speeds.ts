/**
 * How fast models are: the time to a first token, and the tokens of a second behind it, as running means of what streams showed. And
 * the order of models by it. One that is slow gets few requests and so would stay slow in memory for ever: now and then, and after a
 * while without any, one goes to it. What fails is slow, or a model that refuses at once would be the fastest of all. Pure.
 *
 *   seen here within a minute ──────────▶ that counts, whatever others say
 *   else told by others within a minute ▶ the mean of what they tell: a node that has just started need not find out by its own callers
 *   else ───────────────────────────────▶ what was seen here last, if anything
 */
import type { Random } from '../../time/clock.js';

interface Speed {
  /** NaN: nothing is known. */
  firstTokenMs: number;
  tokensPerMs: number;
  /** When a request was last led to it, or came to it. */
  askedAtMs: number;
  /** When the last of it was seen here. */
  seenAtMs: number;
  told: { firstTokenMs: number; tokensPerMs: number; atMs: number } | null;
}

/** As others hear of it. */
export interface ToldSpeed {
  readonly model: string;
  readonly firstTokenMs: number;
  /** 0: nobody knows. */
  readonly tokensPerMs: number;
}

/** Own sight of it goes before what is told; and what was told is true no longer than that. */
export const SPEED_MS_MAX = 60_000;

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
    const speed = this.#seen(model, nowMs);
    speed.firstTokenMs = mean(speed.firstTokenMs, ms);
  }

  /** `ms`: what these took, without the wait for the first. */
  tokens(model: string, tokens: number, ms: number, nowMs: number): void {
    if (tokens <= 0 || ms <= 0) return;
    const speed = this.#seen(model, nowMs);
    speed.tokensPerMs = mean(speed.tokensPerMs, tokens / ms);
  }

  /** No first token came, after so long. */
  failed(model: string, ms: number, nowMs: number): void {
    const speed = this.#seen(model, nowMs);
    const known = Number.isNaN(speed.firstTokenMs) ? 0 : speed.firstTokenMs;
    speed.firstTokenMs = mean(speed.firstTokenMs, Math.min(SLOWEST_MS, Math.max(FAILED_MS, ms, known * 2)));
  }

  /** Another node has seen it. */
  heard({ model, firstTokenMs, tokensPerMs }: ToldSpeed, nowMs: number): void {
    const known = this.#speeds.get(model);
    // Nothing that was seen here is forgotten for what others say.
    if (known === undefined && this.#speeds.size >= MODELS_MAX) return;
    const speed = known ?? unknown(Number.NEGATIVE_INFINITY);
    if (known === undefined) this.#speeds.set(model, speed);
    const before = speed.told !== null && nowMs - speed.told.atMs <= SPEED_MS_MAX ? speed.told : null;
    speed.told = {
      firstTokenMs: mean(before?.firstTokenMs ?? Number.NaN, Math.min(SLOWEST_MS, firstTokenMs)),
      tokensPerMs: tokensPerMs > 0 ? mean(before?.tokensPerMs || Number.NaN, tokensPerMs) : (before?.tokensPerMs ?? 0),
      atMs: nowMs,
    };
  }

  /** What was seen here since, the latest first. */
  seenSince(sinceMs: number, most: number): readonly ToldSpeed[] {
    const seen = [...this.#speeds].filter(([, one]) => one.seenAtMs > sinceMs && one.firstTokenMs >= 0);
    seen.sort(([, one], [, other]) => other.seenAtMs - one.seenAtMs);
    return seen.slice(0, most).map(([model, { firstTokenMs, tokensPerMs }]) => ({
      ...{ model, firstTokenMs },
      tokensPerMs: tokensPerMs > 0 ? tokensPerMs : 0,
    }));
  }

  /** Until an answer of so many tokens is whole. 0: nothing is known, which is to be found out first of all. */
  answerMs(model: string, tokens: number, nowMs: number): number {
    const speed = this.#speeds.get(model);
    if (speed === undefined) return 0;
    const { told, seenAtMs } = speed;
    const isTold = told !== null && nowMs - told.atMs <= SPEED_MS_MAX && !(nowMs - seenAtMs <= SPEED_MS_MAX);
    const { firstTokenMs, tokensPerMs } = isTold ? told : speed;
    if (Number.isNaN(firstTokenMs)) return 0;
    return firstTokenMs + (tokensPerMs > 0 ? tokens / tokensPerMs : 0);
  }

  /** The fastest first, and now and then one that nobody has asked for a while. Of equals the first one given. */
  order(models: readonly string[], tokens: number, nowMs: number, random: Random): readonly string[] {
    const byTime = models.map((model) => ({ model, ms: this.answerMs(model, tokens, nowMs) }));
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

  #seen(model: string, nowMs: number): Speed {
    const speed = this.#at(model, nowMs);
    speed.seenAtMs = nowMs;
    return speed;
  }

  #at(model: string, nowMs: number): Speed {
    const speed = this.#speeds.get(model) ?? unknown(nowMs);
    speed.askedAtMs = nowMs;
    this.#speeds.delete(model);
    this.#speeds.set(model, speed);
    const [oldest] = this.#speeds.keys();
    if (this.#speeds.size > MODELS_MAX && oldest !== undefined) this.#speeds.delete(oldest);
    return speed;
  }
}

function unknown(askedAtMs: number): Speed {
  const none = { firstTokenMs: Number.NaN, tokensPerMs: Number.NaN };
  return { ...none, askedAtMs, seenAtMs: Number.NEGATIVE_INFINITY, told: null };
}

function mean(before: number, value: number): number {
  return Number.isNaN(before) ? value : before + NEWEST * (value - before);
}
