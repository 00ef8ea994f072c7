/**
 * Why a choice ended, in the words of chat completions. The published words are few; whatever they can't say keeps a word of its
 * own, so that no client takes it for a clean `stop`, and `native_finish_reason` (as OpenRouter has it) says the provider's. Pure.
 */
import type { Finish, FinishReason } from '../../chat/chat-answer.js';

/** Null: the provider's own word is used, or this one's name. */
const words: Readonly<Record<FinishReason, string | null>> = {
  stop: 'stop',
  length: 'length',
  toolCalls: 'tool_calls',
  contentFilter: 'content_filter',
  // Unless the model itself has said why: then it is an answer like others, and `refusal` holds it.
  refusal: 'content_filter',
  pause: null,
  // The window was full before the answer was.
  contextExceeded: 'length',
  malformedToolCall: null,
  other: null,
};

const OWN_WORDS: Readonly<Partial<Record<FinishReason, string>>> = {
  pause: 'pause',
  malformedToolCall: 'malformed_tool_call',
  other: 'other',
};

/** What clients take for a good end. A word that is not known here is never passed on as one of these. */
const CLEAN = new Set(['stop', 'tool_calls', 'function_call']);

export interface FinishWords {
  readonly finish_reason: string;
  readonly native_finish_reason?: string;
}

/** `hasRefused`: the choice holds a refusal in the model's words. */
export function finishWords({ reason, native }: Finish, hasRefused: boolean): FinishWords {
  const finish_reason = reason === 'refusal' && hasRefused ? 'stop' : (words[reason] ?? ownWord(reason, native));
  return native === null || native === finish_reason
    ? { finish_reason }
    : { finish_reason, native_finish_reason: native };
}

function ownWord(reason: FinishReason, native: string | null): string {
  return native === null || native === '' || CLEAN.has(native) ? (OWN_WORDS[reason] ?? reason) : native;
}
