/**
 * Writes a stream as chat completion chunks. Source: https://platform.openai.com/docs/api-reference/chat/streaming, and what
 * the official client's parser throws at: a chunk with `error` in it. Pure.
 */
import type { Finish, TokenLogprob } from '../../chat/chat-answer.js';
import type { AnswerTerms, StreamWriter } from '../../format.js';
import type { JsonObject } from '../../json.js';
import { writeLogprobs } from '../../openai-words/logprobs.js';
import { type ChoiceEvent, Chunks } from '../openai-words/chunks.js';
import { finishWords } from '../openai-words/finish.js';
import { annotation } from './answer.js';
import { ReasoningDetails } from './reasoning.js';

export function chatStream(terms: AnswerTerms): StreamWriter {
  return new ChatStream(terms);
}

interface Begun {
  readonly details: ReasoningDetails;
  hasRefused: boolean;
}

type Delta = Readonly<Record<string, string | null | readonly JsonObject[]>>;

class ChatStream extends Chunks {
  readonly #choices = new Map<number, Begun>();

  constructor(terms: AnswerTerms) {
    super(terms, 'chat.completion.chunk');
  }

  protected override ofChoice(event: ChoiceEvent): string {
    const begun = this.#choices.get(event.choice);
    return begun === undefined ? this.#begin(event) : this.#piece(event, begun);
  }

  #begin(event: ChoiceEvent): string {
    const begun = { details: new ReasoningDetails(), hasRefused: false };
    this.#choices.set(event.choice, begun);
    this.begun(event.choice);
    return this.#chunk(event.choice, { role: 'assistant', content: '', refusal: null }) + this.#piece(event, begun);
  }

  #piece(event: ChoiceEvent, begun: Begun): string {
    const { choice } = event;
    if (event.kind !== 'reasoning' && event.kind !== 'reasoningSignature') begun.details.ended();
    switch (event.kind) {
      case 'text':
        return event.logprobs === null
          ? this.#content(choice, event.text)
          : this.#chunk(choice, { content: event.text }, event.logprobs);
      case 'refusal':
        begun.hasRefused = true;
        return this.#chunk(choice, { refusal: event.text });
      case 'reasoning':
        begun.details.said(event.text);
        return this.#chunk(choice, { reasoning_content: event.text });
      case 'reasoningSignature':
        return this.#chunk(choice, { reasoning_details: [begun.details.signed(event.signature)] });
      case 'reasoningRedacted':
        return this.#chunk(choice, { reasoning_details: [begun.details.hidden(event.redacted)] });
      case 'native':
        // What a provider's own tools did has no place in this format; what came of it is in the text.
        return '';
      case 'citation':
        return this.#chunk(choice, { annotations: [annotation(event.citation)] });
      case 'toolCall': {
        const { call, id, name } = event;
        return this.#chunk(choice, {
          tool_calls: [{ index: call, id, type: 'function', function: { name, arguments: '' } }],
        });
      }
      case 'toolArguments':
        return this.#chunk(choice, { tool_calls: [{ index: event.call, function: { arguments: event.text } }] });
      case 'finish':
        return this.#finish(choice, event.finish, begun.hasRefused);
    }
  }

  #finish(choice: number, finish: Finish, hasRefused: boolean): string {
    this.finished(choice);
    const words = JSON.stringify(finishWords(finish, hasRefused)).slice(1, -1);
    return this.line(`[{"index":${choice},"delta":{},"logprobs":null,${words}}]`);
  }

  /** What most chunks of a stream are, so most of it stands here as it is sent. */
  #content(choice: number, text: string): string {
    const delta = `{"content":${JSON.stringify(text)}}`;
    return this.line(`[{"index":${choice},"delta":${delta},"logprobs":null,"finish_reason":null}]`);
  }

  #chunk(choice: number, delta: Delta, logprobs: readonly TokenLogprob[] | null = null): string {
    const words = `"delta":${JSON.stringify(delta)},"logprobs":${JSON.stringify(writeLogprobs(logprobs))}`;
    return this.line(`[{"index":${choice},${words},"finish_reason":null}]`);
  }
}
