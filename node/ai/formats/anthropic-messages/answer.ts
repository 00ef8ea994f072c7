/** Writes a whole answer as a message object. Source: https://docs.anthropic.com/en/api/messages. Pure. */
import type { ChatAnswer } from '../../chat/chat-answer.js';
import type { Part } from '../../chat/part.js';
import type { AnswerTerms } from '../../format.js';
import { isObject, type Json, type JsonObject, parsedJson } from '../../json.js';
import { citationWords, messageUsage, stopReason } from './words.js';

/** A message is one choice: requests of this format ask for no more. */
export function messagesAnswer(answer: ChatAnswer, terms: AnswerTerms): JsonObject {
  const { parts = [], finish = CUT } = answer.choices[0] ?? {};
  const hasRefused = parts.some((part) => part.kind === 'refusal');
  return {
    id: terms.id,
    type: 'message',
    role: 'assistant',
    model: terms.model,
    content: parts.flatMap(blockWords),
    ...stopReason(finish, hasRefused),
    usage: messageUsage(answer.usage),
  };
}

/** No provider answers without a choice; if one did, it would not look like a good end. */
const CUT = { reason: 'other', native: null, stopSequence: null } as const;

function blockWords(part: Part): JsonObject[] {
  switch (part.kind) {
    case 'text': {
      // Where there are none, the field is left out as Anthropic does, though its types allow null: there are clients that throw at it.
      const citations = part.citations.map(citationWords);
      return [{ type: 'text', text: part.text, ...(citations.length === 0 ? {} : { citations }) }];
    }
    case 'refusal':
      return [{ type: 'text', text: part.text }];
    case 'reasoning':
      if (part.redacted !== null) return [{ type: 'redacted_thinking', data: part.redacted }];
      return [{ type: 'thinking', thinking: part.text, signature: part.signature ?? '' }];
    case 'toolCall':
      return [{ type: 'tool_use', id: part.id, name: part.name, input: inputOf(part.arguments) }];
    case 'native':
      return [part.raw];
    default:
      return [];
  }
}

/** An object; or what the model wrote, as it is, where that is none: whoever calls the tool has to know. */
function inputOf(text: string): Json {
  if (text.trim() === '') return {};
  const input = parsedJson(text);
  return isObject(input) ? input : text;
}
