/**
 * The frame of a stream of chunks, for the two formats that have it: chat completions and completions. What is the same in each
 * chunk is written once. With `include_usage`, every chunk says `usage: null`, and one more chunk without choices says the
 * figures. Behind an error there is no `[DONE]`, for that would say that the stream is whole. Pure.
 */
import type { ChatEvent, Usage } from '../../chat/chat-answer.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import type { AnswerTerms, StreamWriter } from '../../format.js';
import { writeUsage } from '../../openai-words/usage.js';
import { sseData } from '../sse.js';
import { errorObject } from './errors.js';

/** What belongs to one choice, and not to the whole stream. */
export type ChoiceEvent = Exclude<ChatEvent, { kind: 'start' | 'usage' | 'error' }>;

export abstract class Chunks implements StreamWriter {
  readonly #terms: AnswerTerms;
  readonly #object: string;
  readonly #unfinished = new Set<number>();
  #hasChoices = false;
  #createdS: number;
  #head: string | null = null;
  #usage: Usage | null = null;
  #hasFailed = false;

  constructor(terms: AnswerTerms, object: string) {
    this.#terms = terms;
    this.#object = object;
    this.#createdS = terms.nowS;
  }

  protected abstract ofChoice(event: ChoiceEvent): string;

  write(event: ChatEvent): string {
    if (this.#hasFailed) return '';
    switch (event.kind) {
      case 'start':
        // Counts for chunks to come, if none has gone out.
        if (this.#head === null) this.#createdS = event.createdS ?? this.#createdS;
        return '';
      case 'usage':
        this.#usage = event.usage;
        return '';
      case 'error':
        return this.fail(event.error);
      default:
        return this.ofChoice(event);
    }
  }

  protected begun(choice: number): void {
    this.#hasChoices = true;
    this.#unfinished.add(choice);
  }

  protected finished(choice: number): void {
    this.#unfinished.delete(choice);
  }

  /** `choices` is the JSON of the list. */
  protected line(choices: string): string {
    return this.#line(choices, this.#terms.request.wantsStreamUsage ? ',"usage":null}' : '}');
  }

  fail(error: ProviderError): string {
    if (this.#hasFailed) return '';
    this.#hasFailed = true;
    return sseData({ error: errorObject(error) });
  }

  end(): string {
    if (this.#hasFailed) return '';
    if (!this.#hasChoices || this.#unfinished.size > 0) {
      return this.fail(providerError('cut', 'The stream ended before the answer did.'));
    }
    return `${this.#usageLine()}data: [DONE]\n\n`;
  }

  #usageLine(): string {
    if (this.#usage === null || !this.#terms.request.wantsStreamUsage) return '';
    return this.#line('[]', `,"usage":${JSON.stringify(writeUsage(this.#usage))}}`);
  }

  #line(choices: string, tail: string): string {
    this.#head ??= this.#headOf();
    return `data: ${this.#head}${choices}${tail}\n\n`;
  }

  #headOf(): string {
    const { id, model } = this.#terms;
    const head = JSON.stringify({ id, object: this.#object, created: this.#createdS, model });
    return `${head.slice(0, -1)},"choices":`;
  }
}
