/**
 * Writes answers of the Responses API, whole or as events; both are made by the same steps. Source:
 * https://platform.openai.com/docs/api-reference/responses-streaming. Pure.
 *
 * A failed stream ends with `error` and `response.failed`. The published `error` event has its members at its top, at which the
 * official client does not throw; it throws at a member `error`, which OpenAI's servers really send. Here both are there.
 */
import type { ChatAnswer, ChatEvent, Finish, Usage } from '../../chat/chat-answer.js';
import { eventsOf } from '../../chat/gather.js';
import { type ProviderError, providerError } from '../../chat/provider-error.js';
import type { AnswerTerms, StreamWriter } from '../../format.js';
import type { JsonObject } from '../../json.js';
import { errorObject } from '../openai-words/errors.js';
import { Output } from './output.js';
import { endingOf, type Progress, responseObject } from './response.js';

/** No provider lets a model write as much; the events that end an item say the whole of it again, so it has to be kept. */
const CHARACTERS_MAX = 32 * 1024 * 1024;

export function responsesStream(terms: AnswerTerms): StreamWriter {
  return new ResponsesStream(terms);
}

export function responsesAnswer(answer: ChatAnswer, terms: AnswerTerms): JsonObject {
  // A response is one choice: requests of this format ask for no more.
  const { parts = [], finish = NO_CHOICE, logprobs = null } = answer.choices[0] ?? {};
  const output = new Output(terms.id, null);
  for (const event of eventsOf({ ...answer, choices: [{ parts, finish, logprobs }] })) {
    if (event.kind !== 'start' && event.kind !== 'usage' && event.kind !== 'error' && event.kind !== 'finish')
      output.add(event);
  }
  const ending = endingOf(finish, output.hasRefused);
  output.end(ending.status);
  const createdS = answer.createdS ?? terms.nowS;
  return responseObject(terms, { createdS, ...ending, output: output.items, usage: answer.usage, error: null });
}

/** No provider answers without a choice; if one did, it would not look like a good end. */
const NO_CHOICE: Finish = { reason: 'other', native: null, stopSequence: null };

class ResponsesStream implements StreamWriter {
  readonly #terms: AnswerTerms;
  readonly #output: Output;
  #written = '';
  #sequence = 0;
  #createdS: number;
  #hasBegun = false;
  #hasFailed = false;
  #characters = 0;
  #finish: Finish | null = null;
  #usage: Usage | null = null;

  constructor(terms: AnswerTerms) {
    this.#terms = terms;
    this.#createdS = terms.nowS;
    this.#output = new Output(terms.id, (type, members) => this.#tell(type, members));
  }

  write(event: ChatEvent): string {
    if (this.#hasFailed) return '';
    switch (event.kind) {
      case 'start':
        if (!this.#hasBegun) this.#createdS = event.createdS ?? this.#createdS;
        return '';
      case 'usage':
        this.#usage = event.usage;
        return '';
      case 'error':
        return this.fail(event.error);
      default:
        if (event.choice !== 0) return '';
    }
    this.#begin();
    if ('text' in event) this.#characters += event.text.length;
    if (this.#characters > CHARACTERS_MAX)
      return this.fail(providerError('malformed', 'The answer is longer than any model writes.'));
    if (event.kind === 'finish') this.#finish = event.finish;
    else this.#output.add(event);
    return this.#taken();
  }

  fail(error: ProviderError): string {
    if (this.#hasFailed) return '';
    this.#hasFailed = true;
    this.#begin();
    const words = errorObject(error);
    this.#say('error', { ...words, error: words });
    this.#say('response.failed', { response: this.#response('failed', null, error) });
    return this.#taken();
  }

  end(): string {
    if (this.#hasFailed) return '';
    if (this.#finish === null) return this.fail(providerError('cut', 'The stream ended before the answer did.'));
    const { status, reason } = endingOf(this.#finish, this.#output.hasRefused);
    this.#output.end(status);
    this.#say(`response.${status}`, { response: this.#response(status, reason, null) });
    return this.#taken();
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const response = this.#response('in_progress', null, null);
    this.#say('response.created', { response });
    this.#say('response.in_progress', { response });
  }

  #response(status: Progress['status'], reason: string | null, error: ProviderError | null): JsonObject {
    const usage = status === 'in_progress' ? null : this.#usage;
    // Items that were cut are not told again as if they were something.
    const output = status === 'failed' ? [] : this.#output.items;
    return responseObject(this.#terms, {
      createdS: this.#createdS,
      status,
      reason,
      output,
      usage,
      error,
    });
  }

  /** The type of an event is the event's: an error has one of its own, which is told in `error`. */
  #say(type: string, { type: _, ...fields }: JsonObject): void {
    this.#tell(type, JSON.stringify(fields).slice(1, -1));
  }

  #tell(type: string, members: string): void {
    this.#written += `event: ${type}\ndata: {"type":"${type}","sequence_number":${this.#sequence},${members}}\n\n`;
    this.#sequence += 1;
  }

  #taken(): string {
    const written = this.#written;
    this.#written = '';
    return written;
  }
}
