/**
 * Token counts in OpenAI's words, and in the dialects of them. Pure.
 *
 * Parts stand in their sums at OpenAI. xAI counts reasoning beside `completion_tokens` (docs.x.ai, "Reasoning": the total is
 * the sum of all three); the total gives it away, so whoever resells it is read rightly as well.
 */
import type { Usage } from '../chat/chat-answer.js';
import { isObject, type JsonObject, numberOf } from '../json.js';

/** Null where nothing was counted. */
export function readUsage(usage: unknown): Usage | null {
  if (!isObject(usage)) return null;
  const input = count(usage['prompt_tokens']);
  const output = count(usage['completion_tokens']);
  if (input === null && output === null) return null;
  const inputDetails = objectOf(usage['prompt_tokens_details']);
  const outputDetails = objectOf(usage['completion_tokens_details']);
  const reasoning = count(outputDetails['reasoning_tokens']) ?? count(usage['reasoning_tokens']) ?? 0;
  const isBeside = reasoning > 0 && count(usage['total_tokens']) === (input ?? 0) + (output ?? 0) + reasoning;
  return {
    input: input ?? 0,
    output: (output ?? 0) + (isBeside ? reasoning : 0),
    // In this order: OpenAI; DeepSeek ("KV Cache"); Moonshot ("Chat completion").
    cachedInput:
      count(inputDetails['cached_tokens']) ??
      count(usage['prompt_cache_hit_tokens']) ??
      count(usage['cached_tokens']) ??
      0,
    // OpenRouter ("Prompt caching"); DashScope ("Context cache").
    cacheWrite: count(inputDetails['cache_write_tokens']) ?? count(inputDetails['cache_creation_input_tokens']) ?? 0,
    reasoning,
    isEstimated: false,
  };
}

export function writeUsage(usage: Usage): JsonObject {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: {
      cached_tokens: usage.cachedInput,
      ...(usage.cacheWrite > 0 ? { cache_write_tokens: usage.cacheWrite } : {}),
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  };
}

function count(value: unknown): number | null {
  const number = numberOf(value);
  return number === null || number < 0 ? null : Math.round(number);
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
