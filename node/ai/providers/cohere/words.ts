/** What requests, answers and streams of Cohere share. Pure. */
import type { FinishReason, TokenLogprob, Usage } from '../../chat/chat-answer.js';
import { type ProviderError, type ProviderErrorKind, providerError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf, numberOf, textOf } from '../../json.js';

/** "Chat V2", `finish_reason`. */
const reasons: Readonly<Record<string, FinishReason>> = {
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop',
  MAX_TOKENS: 'length',
  TOOL_CALL: 'toolCalls',
  ERROR_TOXIC: 'contentFilter',
  ERROR_LIMIT: 'contextExceeded',
};

const failures: Readonly<Record<string, ProviderErrorKind>> = { ERROR: 'server', TIMEOUT: 'timeout' };

/** Null where there is none. `said` is what Cohere adds to a failure. */
export function readReason(
  word: unknown,
  said: unknown,
): { readonly reason: FinishReason; readonly native: string } | ProviderError | null {
  const native = textOf(word);
  if (native === null || native === '') return null;
  const failure = Object.hasOwn(failures, native) ? failures[native] : undefined;
  if (failure !== undefined)
    return providerError(failure, textOf(said) ?? `the answer ended with ${native}`, { native });
  return { reason: (Object.hasOwn(reasons, native) ? reasons[native] : undefined) ?? 'other', native };
}

/** `billed_units` are what is paid for; `tokens` hold Cohere's own words around a prompt as well, and are the second choice. */
export function readUsage(usage: unknown): Usage | null {
  if (!isObject(usage)) return null;
  const counted = [usage['billed_units'], usage['tokens']]
    .filter(isObject)
    .find((each) => count(each['input_tokens']) !== null);
  if (counted === undefined) return null;
  return {
    input: count(counted['input_tokens']) ?? 0,
    output: count(counted['output_tokens']) ?? 0,
    cachedInput: count(usage['cached_tokens']) ?? 0,
    cacheWrite: 0,
    reasoning: 0,
    isEstimated: false,
  };
}

function count(value: unknown): number | null {
  const number = numberOf(value);
  return number === null || number < 0 ? null : Math.round(number);
}

/** An entry is a text of one or more tokens, with a logarithm for each: that of the text is their sum. */
export function readLogprobs(entries: unknown): readonly TokenLogprob[] | null {
  const list = Array.isArray(entries) ? entries : [entries];
  const read = list.filter(isObject).flatMap((entry) => {
    const logprobs = listOf(entry['logprobs']).map(numberOf);
    const token = textOf(entry['text']);
    if (token === null || logprobs.length === 0) return [];
    return [{ token, logprob: logprobs.reduce<number>((sum, each) => sum + (each ?? 0), 0), bytes: null, top: [] }];
  });
  return read.length === 0 ? null : read;
}

/** Events hold one call or citation, answers a list of them. */
export function listed(value: unknown): readonly JsonObject[] {
  return (Array.isArray(value) ? value : [value]).filter(isObject);
}
