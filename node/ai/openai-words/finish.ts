/**
 * Why a choice ended, in OpenAI's words: `finish_reason` of chat completions. Pure.
 *
 * Its clients know five words. What has none of its own there is passed on as the nearest word that does not lie, else as the
 * native one: never as `stop`, which would tell that all is well.
 */
import type { Finish, FinishReason } from '../chat/chat-answer.js';
import { textOf } from '../json.js';

const reasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'toolCalls',
  function_call: 'toolCalls',
  content_filter: 'contentFilter',
};

/**
 * Null while nothing has been said: several servers send an empty text instead of null before the last chunk. `words` are
 * those that a provider has beside OpenAI's.
 */
export function readFinishReason(
  word: unknown,
  words: Readonly<Record<string, FinishReason>> = {},
): { readonly reason: FinishReason; readonly native: string } | null {
  const native = textOf(word);
  if (native === null || native === '') return null;
  return { reason: ownValue(words, native) ?? ownValue(reasons, native) ?? 'other', native };
}

/** A choice that calls tools ends for their sake, though OpenAI says `stop` where the caller had named the tool. */
export function withCalls(reason: FinishReason, hasCalls: boolean): FinishReason {
  return reason === 'stop' && hasCalls ? 'toolCalls' : reason;
}

const words: Readonly<Record<FinishReason, string | null>> = {
  stop: 'stop',
  length: 'length',
  toolCalls: 'tool_calls',
  contentFilter: 'content_filter',
  refusal: 'content_filter',
  contextExceeded: 'length',
  pause: null,
  malformedToolCall: null,
  other: null,
};

/** What clients take for a good end. What some other provider calls by one of these names is not passed on as it. */
const cleanWords: ReadonlySet<string> = new Set(['stop', 'tool_calls', 'function_call']);

/** `unknown` where a provider has ended a choice without a word. */
export function finishWord(finish: Finish): string {
  const word = words[finish.reason];
  if (word !== null) return word;
  if (finish.native !== null && finish.native !== '' && !cleanWords.has(finish.native)) return finish.native;
  return finish.reason === 'malformedToolCall' ? 'malformed_tool_call' : 'unknown';
}

/** A word from outside may be `constructor`: only what a table has itself counts. */
function ownValue<Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
