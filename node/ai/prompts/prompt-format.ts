/**
 * What callers of a prompt read: `{ output, prompt, version, model, finish, usage }`, or events that end with the same. As a format it
 * stands where OpenAI's and Anthropic's do, so that budgets, fallbacks, caches and guards know nothing of prompts.
 *
 *   event: start  {"prompt","version","model"}
 *   event: delta  {"text"}                        any number; of an output with a schema it is JSON as the model writes it
 *   event: done   {"output",…} as of a whole answer, the output checked        or   event: error  {"error"}
 */
import type { ChatAnswer, ChatEvent, FinishReason, Usage } from '../chat/chat-answer.js';
import type { ChatField } from '../chat/chat-request.js';
import type { AnswerTerms, ChatFormat, StreamWriter } from '../format.js';
import { fieldNameIn } from '../formats/field-name.js';
import { errorObject, openaiError, openaiMisread } from '../formats/openai-words/errors.js';
import { sseEvent } from '../formats/sse.js';
import type { Json, JsonObject } from '../json.js';
import type { PromptVersion } from './compiled-prompt.js';
import { fitted } from './fit.js';
import { readPromptRequest } from './prompt-request.js';

const finishWords: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  toolCalls: 'tool_calls',
  contentFilter: 'content_filter',
  refusal: 'refusal',
  pause: 'pause',
  contextExceeded: 'length',
  malformedToolCall: 'malformed_tool_call',
  other: 'other',
};

/** What a provider can't do is in the template, and is named as it is there. */
const fieldNames: Readonly<Partial<Record<ChatField, string>>> = {
  answerFormat: 'output.schema',
  maxTokens: 'parameters.maxTokens',
  temperature: 'parameters.temperature',
  topP: 'parameters.topP',
  frequencyPenalty: 'parameters.frequencyPenalty',
  presencePenalty: 'parameters.presencePenalty',
  seed: 'parameters.seed',
  stop: 'parameters.stop',
  reasoning: 'parameters.effort',
};

export function promptFormat(version: PromptVersion, isStream: boolean): ChatFormat {
  return {
    name: 'prompt',
    read: (body) => readPromptRequest(body, version.spec, isStream),
    answer: (answer, terms) => promptAnswer(answer, version, terms),
    stream: (terms) => new PromptStream(version, terms),
    error: openaiError,
    misread: openaiMisread,
    fieldName: (unsupported, request) => fieldNameIn(fieldNames, unsupported, request),
  };
}

function promptAnswer({ choices, usage }: ChatAnswer, version: PromptVersion, terms: AnswerTerms): JsonObject {
  const [first] = choices;
  const finish = first?.finish.reason ?? 'other';
  return whole(version, terms, first === undefined ? '' : textOf(first.parts), finish, usage);
}

export function textOf(parts: ChatAnswer['choices'][number]['parts']): string {
  return parts.map((part) => (part.kind === 'text' || part.kind === 'refusal' ? part.text : '')).join('');
}

function whole(
  { prompt, spec, fit }: PromptVersion,
  terms: AnswerTerms,
  text: string,
  finish: FinishReason,
  usage: Usage | null,
): JsonObject {
  const read = fit === null ? null : fitted(text, finish, fit);
  // What does not fit has failed before it comes here (fitting.ts).
  const output: Json = read === null ? text : read.ok ? read.value : null;
  return {
    output,
    prompt,
    version: spec.id,
    model: terms.model,
    finish: finishWords[finish],
    usage: usageWords(usage),
  };
}

function usageWords(usage: Usage | null): JsonObject | null {
  if (usage === null) return null;
  const { input, output, isEstimated } = usage;
  const figures = { inputTokens: input, outputTokens: output, totalTokens: input + output };
  return isEstimated ? { ...figures, estimated: true } : figures;
}

class PromptStream implements StreamWriter {
  readonly #version: PromptVersion;
  readonly #terms: AnswerTerms;
  #hasBegun = false;
  #text = '';
  #finish: FinishReason = 'other';
  #usage: Usage | null = null;

  constructor(version: PromptVersion, terms: AnswerTerms) {
    this.#version = version;
    this.#terms = terms;
  }

  write(event: ChatEvent): string {
    switch (event.kind) {
      case 'usage':
        this.#usage = event.usage;
        return '';
      case 'text':
      case 'refusal':
        if (event.choice !== 0 || event.text === '') return '';
        this.#text += event.text;
        return this.#begin() + sseEvent('delta', { text: event.text });
      case 'finish':
        if (event.choice === 0) this.#finish = event.finish.reason;
        return '';
      case 'start':
        return this.#begin();
      default:
        return '';
    }
  }

  fail(error: Parameters<StreamWriter['fail']>[0]): string {
    return sseEvent('error', { error: errorObject(error) });
  }

  end(): string {
    const done = whole(this.#version, this.#terms, this.#text, this.#finish, this.#usage);
    return this.#begin() + sseEvent('done', done);
  }

  #begin(): string {
    if (this.#hasBegun) return '';
    this.#hasBegun = true;
    const { prompt, spec } = this.#version;
    return sseEvent('start', { prompt, version: spec.id, model: this.#terms.model });
  }
}
