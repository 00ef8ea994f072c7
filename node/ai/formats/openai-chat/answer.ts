/** Writes a whole answer as a chat completion object. Source: https://platform.openai.com/docs/api-reference/chat/object. Pure. */
import type { ChatAnswer, Choice } from '../../chat/chat-answer.js';
import type { Part } from '../../chat/part.js';
import type { AnswerTerms } from '../../format.js';
import type { JsonObject } from '../../json.js';
import { writeLogprobs } from '../../openai-words/logprobs.js';
import { writeUsage } from '../../openai-words/usage.js';
import { citedUrl } from '../cited-url.js';
import { finishWords } from '../openai-words/finish.js';
import { ReasoningDetails } from './reasoning.js';

export function chatAnswer(answer: ChatAnswer, terms: AnswerTerms): JsonObject {
  return {
    id: terms.id,
    object: 'chat.completion',
    created: answer.createdS ?? terms.nowS,
    model: terms.model,
    choices: answer.choices.map((choice, index) => choiceWords(choice, index)),
    ...(answer.usage === null ? {} : { usage: writeUsage(answer.usage) }),
  };
}

function choiceWords({ parts, finish, logprobs }: Choice, index: number): JsonObject {
  const refusal = textOfKind(parts, 'refusal');
  return {
    index,
    message: messageWords(parts, refusal),
    logprobs: writeLogprobs(logprobs),
    ...finishWords(finish, refusal !== null),
  };
}

function messageWords(parts: readonly Part[], refusal: string | null): JsonObject {
  const calls = parts.filter((part) => part.kind === 'toolCall');
  const text = textOfKind(parts, 'text');
  const annotations = parts.flatMap((part) => (part.kind === 'text' ? part.citations.map(annotation) : []));
  return {
    role: 'assistant',
    // An answer that holds nothing else is an empty text; null says that something else was answered.
    content: text ?? (refusal === null && calls.length === 0 ? '' : null),
    refusal,
    ...(annotations.length === 0 ? {} : { annotations }),
    ...reasoningWords(parts),
    ...(calls.length === 0
      ? {}
      : { tool_calls: calls.map(({ id, name, arguments: args }) => callWords(id, name, args)) }),
  };
}

function callWords(id: string, name: string, args: string): JsonObject {
  return { id, type: 'function', function: { name, arguments: args } };
}

function reasoningWords(parts: readonly Part[]): JsonObject {
  const details = new ReasoningDetails();
  const told: JsonObject[] = [];
  for (const part of parts) {
    if (part.kind !== 'reasoning') {
      details.ended();
      continue;
    }
    details.said(part.text);
    if (part.redacted !== null) told.push(details.hidden(part.redacted));
    else if (part.signature !== null) told.push(details.signed(part.signature));
  }
  const text = textOfKind(parts, 'reasoning');
  return {
    ...(text === null ? {} : { reasoning_content: text }),
    ...(told.length === 0 ? {} : { reasoning_details: told }),
  };
}

/** Null: the answer has nothing of the kind. */
function textOfKind(parts: readonly Part[], kind: 'text' | 'refusal' | 'reasoning'): string | null {
  const texts = parts.flatMap((part) => (part.kind === kind ? [part.text] : []));
  return texts.length === 0 ? null : texts.join('');
}

/** Pages of the web in OpenAI's words; any other source as its provider says it. */
export function annotation(citation: JsonObject): JsonObject {
  const cited = citedUrl(citation);
  if (cited === null) return citation;
  const { url, title, start, end } = cited;
  return { type: 'url_citation', url_citation: { start_index: start, end_index: end, url, title } };
}
