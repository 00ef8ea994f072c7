/**
 * What most answers are, one text that ended by itself, as JSON text. `JSON.stringify` over the objects of answer.ts takes three times as
 * long, most of it for names that are always the same. plain-answer.test.ts holds it to answer.ts, letter by letter. Pure.
 */
import type { ChatAnswer, Usage } from '../../chat/chat-answer.js';
import type { AnswerTerms } from '../../format.js';
import { finishWords } from '../openai-words/finish.js';

/** Null: it holds more than that. */
export function plainAnswerText(answer: ChatAnswer, { id, model, nowS }: AnswerTerms): string | null {
  const [choice] = answer.choices;
  if (choice === undefined || answer.choices.length > 1 || choice.logprobs !== null) return null;
  const [part] = choice.parts;
  if (part?.kind !== 'text' || choice.parts.length > 1 || part.citations.length > 0) return null;
  const { finish_reason, native_finish_reason } = finishWords(choice.finish, false);
  const native = native_finish_reason === undefined ? '' : `,"native_finish_reason":${quoted(native_finish_reason)}`;
  return (
    `{"id":${quoted(id)},"object":"chat.completion","created":${answer.createdS ?? nowS},"model":${quoted(model)},` +
    `"choices":[{"index":0,"message":{"role":"assistant","content":${quoted(part.text)},"refusal":null},"logprobs":null,` +
    `"finish_reason":${quoted(finish_reason)}${native}}]${answer.usage === null ? '' : usageText(answer.usage)}}`
  );
}

const quoted = (text: string): string => JSON.stringify(text);

function usageText({ input, output, cachedInput, cacheWrite, reasoning }: Usage): string {
  const written = cacheWrite > 0 ? `,"cache_write_tokens":${cacheWrite}` : '';
  return (
    `,"usage":{"prompt_tokens":${input},"completion_tokens":${output},"total_tokens":${input + output},` +
    `"prompt_tokens_details":{"cached_tokens":${cachedInput}${written}},` +
    `"completion_tokens_details":{"reasoning_tokens":${reasoning}}}`
  );
}
