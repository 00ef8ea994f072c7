/**
 * Writes a stream as chat completion chunks. Source: https://platform.openai.com/docs/api-reference/chat/streaming, and what
 * the official client's parser throws at: a chunk with `error` in it. After such a chunk there is no `[DONE]`, for that would
 * say that the stream is whole. Pure.
 *
 * What is the same in each chunk is written once. With `include_usage`, every chunk says `usage: null`, and one more
 * chunk without choices says the figures.
 */
import type { ChatEvent, Finish, TokenLogprob, Usage } from '../../chat/chat-answer.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import type { AnswerTerms, StreamWriter } from '../../format.js';
import type { JsonObject } from '../../json.js';
import { errorWords } from '../openai-words/errors.js';
import { finishWords } from '../openai-words/finish.js';
import { logprobWords, usageWords } from '../openai-words/usage.js';
import { sseData } from '../sse.js';
import { annotation } from './answer.js';
import { ReasoningDetails } from './reasoning.js';

export function chatStream(terms: AnswerTerms): StreamWriter {
  return new ChatStream(terms);
}

interface Begun {
  readonly details: ReasoningDetails;
  hasRefused: boolean;
  isFinished: boolean;
}

class ChatStream implements StreamWriter {
  readonly #terms: AnswerTerms;
  readonly #wantsUsage: boolean;
  readonly #choices = new Map<number, Begun>();
  #createdS: number;
  #head: string | null = null;
  #usage: Usage | null = null;
  #hasFailed = false;

  constructor(terms: AnswerTerms) {
    this.#terms = terms;
    this.#wantsUsage = terms.request.wantsStreamUsage;
    this.#createdS = terms.nowS;
  }

  write(event: ChatEvent): string {
    if (this.#hasFailed) return '';
    switch (event.kind) {
      case 'start':
        if (this.#head === null) this.#createdS = event.createdS ?? this.#createdS;
        return '';
      case 'usage':
        this.#usage = event.usage;
        return '';
      case 'error':
        return this.fail(event.error);
      default:
        return this.#begin(event.choice) + this.#piece(event);
    }
  }

  fail(error: ProviderError): string {
    if (this.#hasFailed) return '';
    this.#hasFailed = true;
    return sseData({ error: errorWords(error) });
  }

  end(): string {
    if (this.#hasFailed) return '';
    const isWhole = this.#choices.size > 0 && [...this.#choices.values()].every((choice) => choice.isFinished);
    if (!isWhole) return this.fail(providerError('cut', 'The stream ended before the answer did.'));
    const usage = this.#usage !== null && this.#wantsUsage ? this.#usageChunk(this.#usage) : '';
    return `${usage}data: [DONE]\n\n`;
  }

  #begin(choice: number): string {
    if (this.#choices.has(choice)) return '';
    this.#choices.set(choice, { details: new ReasoningDetails(), hasRefused: false, isFinished: false });
    return this.#chunk(choice, { role: 'assistant', content: '', refusal: null });
  }

  #piece(event: Exclude<ChatEvent, { kind: 'start' | 'usage' | 'error' }>): string {
    const { choice } = event;
    const begun = this.#choices.get(choice);
    switch (event.kind) {
      case 'text':
        begun?.details.ended();
        return this.#chunk(choice, { content: event.text }, event.logprobs);
      case 'refusal':
        if (begun !== undefined) begun.hasRefused = true;
        begun?.details.ended();
        return this.#chunk(choice, { refusal: event.text });
      case 'reasoning':
        begun?.details.said(event.text);
        return this.#chunk(choice, { reasoning_content: event.text });
      case 'reasoningSignature':
        return this.#chunk(choice, { reasoning_details: [begun?.details.signed(event.signature)] });
      case 'reasoningRedacted':
        return this.#chunk(choice, { reasoning_details: [begun?.details.hidden(event.redacted)] });
      case 'citation':
        return this.#chunk(choice, { annotations: [annotation(event.citation)] });
      case 'toolCall': {
        const { call, id, name } = event;
        begun?.details.ended();
        return this.#chunk(choice, {
          tool_calls: [{ index: call, id, type: 'function', function: { name, arguments: '' } }],
        });
      }
      case 'toolArguments':
        return this.#chunk(choice, { tool_calls: [{ index: event.call, function: { arguments: event.text } }] });
      case 'finish':
        return this.#finish(choice, event.finish);
    }
  }

  #finish(choice: number, finish: Finish): string {
    const begun = this.#choices.get(choice);
    if (begun !== undefined) begun.isFinished = true;
    const words = JSON.stringify(finishWords(finish, begun?.hasRefused ?? false)).slice(1, -1);
    return this.#line(`[{"index":${choice},"delta":{},"logprobs":null,${words}}]`, this.#tail);
  }

  #chunk(choice: number, delta: JsonDelta, logprobs: readonly TokenLogprob[] | null = null): string {
    const probabilities = logprobs === null ? null : { content: logprobs.map(logprobWords), refusal: null };
    const words = `"delta":${JSON.stringify(delta)},"logprobs":${JSON.stringify(probabilities)}`;
    return this.#line(`[{"index":${choice},${words},"finish_reason":null}]`, this.#tail);
  }

  #usageChunk(usage: Usage): string {
    return this.#line('[]', `,"usage":${JSON.stringify(usageWords(usage))}}`);
  }

  get #tail(): string {
    return this.#wantsUsage ? ',"usage":null}' : '}';
  }

  #line(choices: string, tail: string): string {
    this.#head ??= this.#headOf();
    return `data: ${this.#head}${choices}${tail}\n\n`;
  }

  #headOf(): string {
    const { id, model } = this.#terms;
    const head = JSON.stringify({ id, object: 'chat.completion.chunk', created: this.#createdS, model });
    return `${head.slice(0, -1)},"choices":`;
  }
}

type JsonDelta = Readonly<Record<string, string | null | readonly (JsonObject | undefined)[]>>;
