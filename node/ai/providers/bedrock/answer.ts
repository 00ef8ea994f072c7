/** A whole answer of Bedrock's Converse, and what it shares with a streamed one. Pure. */
import type { ChatAnswer, Finish, FinishReason, Usage } from '../../chat/chat-answer.js';
import { type Part, textPart } from '../../chat/part.js';
import type { ProviderError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf, textOf } from '../../json.js';
import { bedrockRedacted } from '../signatures.js';
import { countOf, malformed, objectOf, wordIn } from '../untrusted.js';

/** Converse names neither the answer nor its model. */
export function answer(body: unknown): ChatAnswer | ProviderError {
  if (!isObject(body)) return malformed('The answer is not a JSON object');
  const content = objectOf(objectOf(body['output'])['message'])['content'];
  if (!Array.isArray(content)) return malformed('The answer has no `output.message.content`');
  const finish = finishOf(body);
  if (finish === null) return malformed('The answer does not say why it ended');
  const parts = content.map((block) => partOf(objectOf(block))).filter((part) => part !== null);
  return {
    id: '',
    model: '',
    createdS: null,
    choices: [{ parts, finish, logprobs: null }],
    usage: usageOf(body['usage']),
  };
}

function partOf(block: JsonObject): Part | null {
  const text = textOf(block['text']);
  if (text !== null) return textPart(text);
  if (isObject(block['citationsContent'])) return citedPart(block['citationsContent']);
  if (isObject(block['toolUse'])) {
    const { toolUseId, name, input } = block['toolUse'];
    return {
      kind: 'toolCall',
      id: textOf(toolUseId) ?? '',
      name: textOf(name) ?? '',
      arguments: JSON.stringify(input ?? {}),
    };
  }
  if (!isObject(block['reasoningContent'])) return null;
  const redacted = textOf(block['reasoningContent']['redactedContent']);
  if (redacted !== null) return { kind: 'reasoning', text: '', signature: null, redacted: bedrockRedacted(redacted) };
  const said = objectOf(block['reasoningContent']['reasoningText']);
  return {
    kind: 'reasoning',
    text: textOf(said['text']) ?? '',
    signature: textOf(said['signature']) || null,
    redacted: null,
  };
}

function citedPart(cited: JsonObject): Part {
  const texts = listOf(cited['content']).map((piece) => textOf(objectOf(piece)['text']) ?? '');
  return { kind: 'text', text: texts.join(''), cache: null, citations: listOf(cited['citations']).filter(isObject) };
}

const reasons: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'toolCalls',
  guardrail_intervened: 'contentFilter',
  content_filtered: 'contentFilter',
  malformed_tool_use: 'malformedToolCall',
  model_context_window_exceeded: 'contextExceeded',
};

/** Null while nothing has been said. */
export function finishOf(body: JsonObject): Finish | null {
  const native = textOf(body['stopReason']);
  return native === null ? null : { reason: wordIn(reasons, native) ?? 'other', native, stopSequence: null };
}

/** Bedrock counts the three kinds of input beside each other. */
export function usageOf(usage: unknown): Usage | null {
  if (!isObject(usage)) return null;
  const cachedInput = countOf(usage['cacheReadInputTokens']);
  const cacheWrite = countOf(usage['cacheWriteInputTokens']);
  return {
    input: countOf(usage['inputTokens']) + cachedInput + cacheWrite,
    output: countOf(usage['outputTokens']),
    cachedInput,
    cacheWrite,
    reasoning: 0,
    isEstimated: false,
  };
}
