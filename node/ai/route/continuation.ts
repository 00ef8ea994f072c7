/**
 * Whether an answer that broke off in the middle can be carried on by another attempt, and how that one is asked. Pure.
 *
 * Only what is text and nothing else can be: a call that has begun would be made twice, half an object is no object, and reasoning that
 * was not signed is nobody's. What the caller wanted of the whole answer (a schema, probabilities, several choices) can't be had of two
 * halves. Everything else ends as it does without: with an error that the client sees.
 */
import type { ChatEvent } from '../chat/chat-answer.js';
import type { ChatRequest } from '../chat/chat-request.js';
import { type Message, textPart } from '../chat/part.js';
import type { ProviderErrorKind } from '../chat/provider-error.js';
import { anchorOf, Seam, type SeamKind } from './seam.js';

/** What is kept of an answer for the case that it breaks off. A longer one is not carried on. */
export const SAID_CHARACTERS_MAX = 200_000;

/** Failures that say nothing about what was asked: the provider broke, stalled or was overloaded. */
const passing: ReadonlySet<ProviderErrorKind> = new Set([
  ...(['timeout', 'cut', 'server', 'overloaded', 'malformed', 'rateLimited'] as const),
]);

export const carriesOn = (error: ProviderErrorKind): boolean => passing.has(error);

/** Nothing that a part of an answer could not have. */
export function mayEverContinue({ choices, answerFormat, logprobs, messages }: ChatRequest): boolean {
  return (
    (choices ?? 1) === 1 &&
    (answerFormat === null || answerFormat.kind === 'text') &&
    logprobs === null &&
    // The caller has begun the answer itself, so where it has got to is not known here.
    messages.at(-1)?.role !== 'assistant'
  );
}

/** What a client was told of an answer. */
export class Said {
  #text = '';
  #isTextOnly = true;

  see(event: ChatEvent): void {
    switch (event.kind) {
      case 'text':
        this.#text += event.text;
        if (event.choice !== 0 || this.#text.length > SAID_CHARACTERS_MAX) this.#forget();
        break;
      case 'reasoning':
      case 'reasoningSignature':
      case 'reasoningRedacted':
        // Before the text it is over and done with; behind it the text is not the end.
        if (this.#text !== '') this.#forget();
        break;
      case 'toolCall':
      case 'toolArguments':
      case 'native':
      case 'refusal':
      case 'finish':
        this.#forget();
        break;
      default:
    }
  }

  /** What there is to go on from; null: it can't be carried on. */
  get text(): string | null {
    return this.#isTextOnly && this.#text.trim() !== '' ? this.#text : null;
  }

  #forget(): void {
    this.#isTextOnly = false;
    this.#text = '';
  }
}

/** The question to whoever goes on. */
export function continued(chat: ChatRequest, said: string, kind: SeamKind, saidTokens: number): ChatRequest {
  const text = said.trimEnd();
  const answer: Message = { role: 'assistant', parts: [textPart(text)], name: null };
  const maxTokens = chat.maxTokens === null ? null : Math.max(1, chat.maxTokens - saidTokens);
  if (kind !== 'instruction') {
    return { ...chat, maxTokens, messages: [...chat.messages, { ...answer, isUnfinished: true }] };
  }
  const instruction: Message = { role: 'user', parts: [textPart(instructionFor(text))], name: null };
  return { ...chat, maxTokens, messages: [...chat.messages, answer, instruction] };
}

function instructionFor(text: string): string {
  return (
    'Your last message was cut off before its end. Write the rest of it. Begin with its last words, exactly as they stand ' +
    `between these marks: <<<${anchorOf(text)}>>> and go on from there, without the marks. ` +
    'Repeat nothing that is before them, and say nothing about the interruption.'
  );
}

/** Turns the events of an attempt that goes on into those that the client is told. */
export class Continuing {
  readonly #seam: Seam;
  readonly kind: SeamKind;

  constructor(said: string, kind: SeamKind) {
    this.#seam = new Seam(said, kind);
    this.kind = kind;
  }

  read(events: readonly ChatEvent[]): readonly ChatEvent[] {
    return events.flatMap((event) => this.#read(event));
  }

  #read(event: ChatEvent): readonly ChatEvent[] {
    switch (event.kind) {
      // The answer has begun, and goes by the name that it began with.
      case 'start':
      // It would stand in the middle of the text, and belong to half of it.
      case 'reasoning':
      case 'reasoningSignature':
      case 'reasoningRedacted':
        return [];
      case 'text': {
        const text = this.#seam.push(event.text);
        return text === '' ? [] : [{ ...event, text }];
      }
      case 'usage':
      case 'error':
        return [event];
      default: {
        const rest = this.#seam.end();
        return rest === '' ? [event] : [{ kind: 'text', choice: 0, text: rest, logprobs: null }, event];
      }
    }
  }
}
