/**
 * Efforts, and numbers of tokens to think with. One family of callers says the one, another the other, and most providers take one of them;
 * a client that can't be told otherwise (an agent that always names a number) would be refused by all of those.
 *
 * Nobody has published one table for both. Here each step is about twice the one before, and ends where Anthropic's clients end; a number is
 * a bound, so it becomes the most effort that stays within it. Pure.
 */
import type { ReasoningEffort } from './chat-request.js';

export const tokensOfEffort: Readonly<Record<Exclude<ReasoningEffort, 'none'>, number>> = {
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 24_576,
  max: 31_999,
};

/** What every model of a provider knows that knows efforts at all; the others are for some of its models only. */
const safeEfforts = ['high', 'medium', 'low'] as const;

/** The most effort within a number of tokens that a provider knows, or its least; null: it knows none. */
export function effortWithin(tokens: number, known: readonly ReasoningEffort[]): ReasoningEffort | null {
  const safe = safeEfforts.filter((effort) => known.includes(effort));
  return safe.find((effort) => tokensOfEffort[effort] <= tokens) ?? safe.at(-1) ?? null;
}
