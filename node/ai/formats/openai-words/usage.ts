/** Token counts and probabilities, in the words of chat completions. Pure. */
import type { TokenLogprob, Usage } from '../../chat/chat-answer.js';
import type { JsonObject } from '../../json.js';

export function usageWords(usage: Usage): JsonObject {
  const { input, output, cachedInput, cacheWrite, reasoning } = usage;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: {
      cached_tokens: cachedInput,
      ...(cacheWrite > 0 ? { cache_write_tokens: cacheWrite } : {}),
    },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}

export function logprobWords({ token, logprob, bytes, top }: TokenLogprob): JsonObject {
  const top_logprobs = top.map((other) => ({ token: other.token, logprob: other.logprob, bytes: other.bytes }));
  return { token, logprob, bytes, top_logprobs };
}
