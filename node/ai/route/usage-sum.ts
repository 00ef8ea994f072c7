/** What attempts took together, and what one of them took without the others. Pure. */
import type { Usage } from '../chat/chat-answer.js';

export function addUsage(one: Usage | null, other: Usage): Usage {
  if (one === null) return other;
  return {
    input: one.input + other.input,
    output: one.output + other.output,
    cachedInput: one.cachedInput + other.cachedInput,
    cacheWrite: one.cacheWrite + other.cacheWrite,
    reasoning: one.reasoning + other.reasoning,
    isEstimated: one.isEstimated || other.isEstimated,
  };
}

/** Never less than nothing: what the others took may be an estimate. */
export function withoutUsage(all: Usage, others: readonly Usage[]): Usage {
  const rest = (of: keyof Omit<Usage, 'isEstimated'>): number =>
    others.reduce((left, usage) => Math.max(0, left - usage[of]), all[of]);
  return {
    input: rest('input'),
    output: rest('output'),
    cachedInput: rest('cachedInput'),
    cacheWrite: rest('cacheWrite'),
    reasoning: rest('reasoning'),
    isEstimated: all.isEstimated,
  };
}
