/** A whole answer of Cohere. Pure. */
import type { ChatAnswer } from '../../chat/chat-answer.js';
import type { Part } from '../../chat/part.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import { isObject, type JsonObject, listOf, textOf } from '../../json.js';
import { readErrorBody, toProviderError } from '../../openai-words/errors.js';
import { listed, readLogprobs, readReason, readUsage } from './words.js';

export function readAnswer(body: unknown): ChatAnswer | ProviderError {
  const message = isObject(body) ? body['message'] : null;
  if (!isObject(body) || !isObject(message)) {
    const found = readErrorBody(body);
    return found === null ? malformed('the answer has no message') : toProviderError(0, found);
  }
  const id = textOf(body['id']) ?? '';
  const parts = readParts(message, id);
  if (parts === null) return malformed('a tool call has no name');
  const found = readReason(body['finish_reason'], body['error']);
  if (found !== null && 'kind' in found) return found;
  if (found === null && parts.length === 0) return malformed('the answer is empty and does not say why');
  const finish = { reason: found?.reason ?? 'other', native: found?.native ?? null, stopSequence: null };
  const logprobs = readLogprobs(body['logprobs']);
  return { id, model: '', createdS: null, choices: [{ parts, finish, logprobs }], usage: readUsage(body['usage']) };
}

/** Null if a call can't be told. The plan behind calls is what the model thought. */
function readParts(message: JsonObject, answerId: string): Part[] | null {
  let text = '';
  let thought = textOf(message['tool_plan']) ?? '';
  const content = message['content'];
  for (const part of typeof content === 'string' ? [{ type: 'text', text: content }] : listOf(content)) {
    if (!isObject(part)) continue;
    if (part['type'] === 'thinking') thought += textOf(part['thinking']) ?? '';
    else if (part['type'] === 'text') text += textOf(part['text']) ?? '';
  }
  const citations = listOf(message['citations']).filter(isObject);
  const parts: Part[] = [];
  if (thought !== '') parts.push({ kind: 'reasoning', text: thought, signature: null, redacted: null });
  if (text !== '' || citations.length > 0) parts.push({ kind: 'text', text, cache: null, citations });
  for (const [index, call] of listed(message['tool_calls']).entries()) {
    const made = call['function'];
    const name = isObject(made) ? textOf(made['name']) : null;
    if (!isObject(made) || name === null || name === '') return null;
    const id = textOf(call['id']) || madeCallId(answerId, index);
    parts.push({ kind: 'toolCall', id, name, arguments: textOf(made['arguments']) ?? '' });
  }
  return parts;
}

export function madeCallId(answerId: string, call: number): string {
  return `call_${answerId === '' ? 'answer' : answerId}_${call}`;
}

export function malformed(message: string): ProviderError {
  return providerError('malformed', message);
}
