/** The shape of an answer, told to a model in a message: for providers that hold nothing to a schema, and callers who check. Pure. */
import type { JsonObject } from '../json.js';
import type { ChatRequest } from './chat-request.js';
import { type Message, textPart } from './part.js';

/** Null: the caller relies on the provider for it. */
export function withToldSchema(chat: ChatRequest): ChatRequest | null {
  const { answerFormat, messages } = chat;
  if (answerFormat?.kind !== 'schema' || answerFormat.isChecked !== true) return null;
  return { ...chat, answerFormat: null, messages: [schemaMessage(answerFormat.schema), ...messages] };
}

export function schemaMessage(schema: JsonObject): Message {
  const text = `Answer with JSON alone, without a word before or behind it. It has to fit this JSON Schema:\n${JSON.stringify(schema)}`;
  return { role: 'system', parts: [textPart(text)], name: null };
}
