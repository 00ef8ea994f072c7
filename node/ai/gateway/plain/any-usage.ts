/**
 * What an answer says of its usage, whichever operation of whichever provider it is: for what passes unread. The words of OpenAI (chats,
 * and responses), Anthropic, Google, Cohere and Ollama, of which no two mean different things. Pure.
 */
import type { Usage } from '../../chat/chat-answer.js';
import { isObject, type JsonObject, numberOf } from '../../json.js';
import { readUsage } from '../../openai-words/usage.js';

/** Null where nothing was counted. */
export function anyUsage(body: unknown): Usage | null {
  if (!isObject(body)) return null;
  const said = (value: unknown): JsonObject | null => (isObject(value) ? value : null);
  const usage = said(body['usage']) ?? said(said(body['response'])?.['usage']);
  if (usage !== null) return readUsage(usage) ?? namedUsage(usage);
  const google = said(body['usageMetadata']);
  if (google !== null) return googleUsage(google);
  const cohere = said(said(body['meta'])?.['billed_units']);
  if (cohere !== null) return namedUsage(cohere);
  return usageOf(count(body['prompt_eval_count']), count(body['eval_count']));
}

/** OpenAI's responses, whose input has its cached part in it; and Anthropic, whose input has not. */
function namedUsage(usage: JsonObject): Usage | null {
  const details = (name: string): JsonObject => (isObject(usage[name]) ? usage[name] : {});
  const beside = count(usage['cache_read_input_tokens']) ?? 0;
  const cacheWrite = count(usage['cache_creation_input_tokens']) ?? 0;
  const input = count(usage['input_tokens']);
  return usageOf(input === null ? null : input + beside + cacheWrite, count(usage['output_tokens']), {
    cachedInput: beside + (count(details('input_tokens_details')['cached_tokens']) ?? 0),
    cacheWrite,
    reasoning: count(details('output_tokens_details')['reasoning_tokens']) ?? 0,
  });
}

function googleUsage(usage: JsonObject): Usage | null {
  const reasoning = count(usage['thoughtsTokenCount']) ?? 0;
  const output = count(usage['candidatesTokenCount']) ?? count(usage['responseTokenCount']);
  return usageOf(count(usage['promptTokenCount']), (output ?? 0) + reasoning, {
    cachedInput: count(usage['cachedContentTokenCount']) ?? 0,
    reasoning,
  });
}

function usageOf(input: number | null, output: number | null, more: Partial<Usage> = {}): Usage | null {
  if (input === null && output === null) return null;
  const none = { cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: false };
  return { input: input ?? 0, output: output ?? 0, ...none, ...more };
}

function count(value: unknown): number | null {
  const number = numberOf(value);
  return number === null || number < 0 ? null : Math.round(number);
}
