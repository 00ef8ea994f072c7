/**
 * Writes answers of the completions API, whole or in chunks. It has texts only: reasoning has no place in it, and calls can't be
 * asked for. Source: https://platform.openai.com/docs/api-reference/completions/object. Pure.
 */
import type { ChatAnswer, Choice, TokenLogprob } from '../../chat/chat-answer.js';
import type { AnswerTerms, StreamWriter } from '../../format.js';
import type { JsonObject } from '../../json.js';
import { writeUsage } from '../../openai-words/usage.js';
import { type ChoiceEvent, Chunks } from '../openai-words/chunks.js';
import { type FinishWords, finishWords } from '../openai-words/finish.js';

export function completionsAnswer(answer: ChatAnswer, terms: AnswerTerms): JsonObject {
  return {
    id: terms.id,
    object: 'text_completion',
    created: answer.createdS ?? terms.nowS,
    model: terms.model,
    choices: answer.choices.map((choice, index) => choiceWords(choice, index)),
    ...(answer.usage === null ? {} : { usage: writeUsage(answer.usage) }),
  };
}

function choiceWords({ parts, finish, logprobs }: Choice, index: number): JsonObject {
  const text = parts.map((part) => (part.kind === 'text' || part.kind === 'refusal' ? part.text : '')).join('');
  const hasRefused = parts.some((part) => part.kind === 'refusal');
  return { text, index, logprobs: logprobs === null ? null : logprobWords(logprobs, 0), ...ending(finish, hasRefused) };
}

/** A refusal is text like any other here, so that it is one has to be said by the reason. */
function ending(finish: Choice['finish'], hasRefused: boolean): FinishWords {
  return finishWords(hasRefused && finish.reason === 'stop' ? { ...finish, reason: 'refusal' } : finish, false);
}

/** `offset` is where the first of them lies in the text, in characters. */
function logprobWords(logprobs: readonly TokenLogprob[], offset: number): JsonObject {
  let at = offset;
  const text_offset = logprobs.map(({ token }) => {
    const from = at;
    at += token.length;
    return from;
  });
  return {
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ top }) => Object.fromEntries(top.map(({ token, logprob }) => [token, logprob]))),
    text_offset,
  };
}

export function completionsStream(terms: AnswerTerms): StreamWriter {
  return new CompletionsStream(terms);
}

interface Begun {
  offset: number;
  hasRefused: boolean;
}

class CompletionsStream extends Chunks {
  readonly #choices = new Map<number, Begun>();

  constructor(terms: AnswerTerms) {
    super(terms, 'text_completion');
  }

  protected override ofChoice(event: ChoiceEvent): string {
    switch (event.kind) {
      case 'text':
        return this.#text(event.choice, event.text, event.logprobs);
      case 'refusal':
        this.#begun(event.choice).hasRefused = true;
        return this.#text(event.choice, event.text, null);
      case 'finish': {
        const { hasRefused } = this.#begun(event.choice);
        this.finished(event.choice);
        const words = { text: '', index: event.choice, logprobs: null, ...ending(event.finish, hasRefused) };
        return this.line(JSON.stringify([words]));
      }
      default:
        this.#begun(event.choice);
        return '';
    }
  }

  #begun(choice: number): Begun {
    const known = this.#choices.get(choice);
    if (known !== undefined) return known;
    const begun = { offset: 0, hasRefused: false };
    this.#choices.set(choice, begun);
    this.begun(choice);
    return begun;
  }

  #text(choice: number, text: string, told: readonly TokenLogprob[] | null): string {
    const begun = this.#begun(choice);
    const logprobs = told === null ? null : logprobWords(told, begun.offset);
    for (const { token } of told ?? []) begun.offset += token.length;
    return this.line(JSON.stringify([{ text, index: choice, logprobs, finish_reason: null }]));
  }
}
