/** A whole answer of Anthropic's Messages API, and what it shares with a streamed one. Pure. */
import type { ChatAnswer, Finish, FinishReason, Usage } from '../../chat/chat-answer.js';
import type { Part } from '../../chat/part.js';
import type { ProviderError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf, numberOf, textOf } from '../../json.js';
import { countOf, malformed, objectOf, wordIn } from '../untrusted.js';
import { errorOf } from './error.js';

export function answer(body: unknown): ChatAnswer | ProviderError {
  if (!isObject(body)) return malformed('The answer is not a JSON object');
  if (body['type'] === 'error') return errorOf(body['error'], null);
  if (!Array.isArray(body['content'])) return malformed('The answer has no `content`');
  const finish = finishOf(body);
  if (finish === null) return malformed('The answer does not say why it ended');
  const parts = body['content'].flatMap((block) => partOf(objectOf(block)) ?? []);
  return {
    id: textOf(body['id']) ?? '',
    model: textOf(body['model']) ?? '',
    createdS: null,
    choices: [{ parts, finish, logprobs: null }],
    usage: isObject(body['usage']) ? usageOf(body['usage']) : null,
  };
}

/** Null for kinds that are still to come and say nothing to the caller. */
function partOf(block: JsonObject): Part | null {
  switch (block['type']) {
    case 'text':
      return {
        kind: 'text',
        text: textOf(block['text']) ?? '',
        cache: null,
        citations: listOf(block['citations']).filter(isObject),
      };
    case 'thinking':
      return {
        kind: 'reasoning',
        text: textOf(block['thinking']) ?? '',
        signature: textOf(block['signature']) || null,
        redacted: null,
      };
    case 'redacted_thinking':
      return { kind: 'reasoning', text: '', signature: null, redacted: textOf(block['data']) ?? '' };
    case 'tool_use':
      return {
        kind: 'toolCall',
        id: textOf(block['id']) ?? '',
        name: textOf(block['name']) ?? '',
        arguments: JSON.stringify(block['input'] ?? {}),
      };
    default:
      return isNative(block) ? { kind: 'native', family: 'anthropic', raw: block } : null;
  }
}

/** Tools that Anthropic ran itself, and their results: what the caller gives back as it came. */
export function isNative(block: JsonObject): boolean {
  return /^(?:server_tool_use|mcp_tool_use|container_upload|\w+_tool_result)$/.test(textOf(block['type']) ?? '');
}

const reasons: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'toolCalls',
  pause_turn: 'pause',
  refusal: 'refusal',
  model_context_window_exceeded: 'contextExceeded',
};

/** Null while nothing has been said. `delta` is an answer, or what a stream says about it at its end. */
export function finishOf(delta: JsonObject): Finish | null {
  const native = textOf(delta['stop_reason']);
  if (native === null) return null;
  return { reason: wordIn(reasons, native) ?? 'other', native, stopSequence: textOf(delta['stop_sequence']) };
}

/**
 * Anthropic counts the three kinds of input beside each other. What a stream says at its end replaces what it said at its
 * beginning, but for what it does not say again.
 */
export function usageOf(usage: JsonObject, before: Usage | null = null): Usage {
  const said = (name: string): number | null => (numberOf(usage[name]) === null ? null : countOf(usage[name]));
  const cachedInput = said('cache_read_input_tokens') ?? before?.cachedInput ?? 0;
  const cacheWrite = said('cache_creation_input_tokens') ?? before?.cacheWrite ?? 0;
  const uncached =
    said('input_tokens') ?? (before === null ? 0 : before.input - before.cachedInput - before.cacheWrite);
  const details = objectOf(usage['output_tokens_details']);
  return {
    input: uncached + cachedInput + cacheWrite,
    output: said('output_tokens') ?? before?.output ?? 0,
    cachedInput,
    cacheWrite,
    reasoning:
      numberOf(details['thinking_tokens']) === null ? (before?.reasoning ?? 0) : countOf(details['thinking_tokens']),
    isEstimated: false,
  };
}
