/** What two attempts took together. Pure. */
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
