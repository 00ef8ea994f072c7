/** Token counts, probabilities and sources, in the words of chat completions. Pure. */
import type { TokenLogprob, Usage } from '../../chat/chat-answer.js';
import { isObject, type JsonObject, numberOf, textOf } from '../../json.js';

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

export interface CitedUrl {
  readonly url: string;
  readonly title: string;
  readonly start: number;
  readonly end: number;
}

/** A source as any of the providers says it, if it is a page of the web: `url` beside its title, or in `url_citation`. */
export function citedUrl(citation: JsonObject): CitedUrl | null {
  const told = isObject(citation['url_citation']) ? citation['url_citation'] : citation;
  const url = textOf(told['url']) ?? textOf(told['uri']);
  if (url === null) return null;
  const start = numberOf(told['start_index']) ?? 0;
  return { url, title: textOf(told['title']) ?? '', start, end: numberOf(told['end_index']) ?? start };
}
