/**
 * What an inbound format is to the gateway: pure translators between a client's words and the chat vocabulary. One file (or
 * folder) per format in `formats/`.
 */
import type { ChatAnswer, ChatEvent } from './chat/chat-answer.js';
import type { ChatRequest, Unsupported } from './chat/chat-request.js';
import type { ProviderError } from './chat/provider-error.js';
import type { JsonObject } from './json.js';

/** A request that can't be read: a 400 in the format's own words. */
export interface Misread {
  /** The field in the format's own words: `messages[2].content`; empty: the body itself. */
  readonly field: string;
  /** A sentence with the cure in it. */
  readonly message: string;
}

export interface FormatError {
  readonly status: number;
  readonly body: JsonObject;
}

/** Writes one stream. What it returns is text to be sent as it is, and is empty where an event has no place in the format. */
export interface StreamWriter {
  write(event: ChatEvent): string;
  /** The error event that the format has, and all that must follow for a client to see the stream as failed, never as whole. */
  fail(error: ProviderError): string;
  /** Behind the last event of a whole stream. */
  end(): string;
}

/** What answers are told that is not the provider's to say. */
export interface AnswerTerms {
  /** The id that the client sees; its form is the format's (`chatcmpl-…`, `msg_…`). */
  readonly id: string;
  /** The model by the name that the client used. */
  readonly model: string;
  readonly nowS: number;
  readonly request: ChatRequest;
}

export interface ChatFormat {
  readonly name: string;
  /** What it asks for, in OpenTelemetry's words; left out: `chat`. */
  readonly operation?: string;
  read(body: unknown): ChatRequest | Misread;
  answer(answer: ChatAnswer, terms: AnswerTerms): JsonObject;
  /** The same as JSON text, of answers that are written faster than by way of objects; null: not of this one. */
  answerText?(answer: ChatAnswer, terms: AnswerTerms): string | null;
  stream(terms: AnswerTerms): StreamWriter;
  error(error: ProviderError): FormatError;
  /** Also for a request that could be read and not be done. */
  misread(misread: Misread): FormatError;
  /** The name of a field that a provider can't do, in the client's words: `logit_bias`, `messages[3].content[1]`. */
  fieldName(unsupported: Unsupported, request: ChatRequest): string;
}

export function isMisread(reading: ChatRequest | Misread): reading is Misread {
  return !('messages' in reading);
}
