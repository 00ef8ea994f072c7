/**
 * What a provider can do beside chats: a pure translator for each operation, from the caller's question to the provider's own HTTP
 * API and back. A provider without one does not have that operation, and whoever asks it for it is told so.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { ChatRequest } from '../chat/chat-request.js';
import type { ProviderError } from '../chat/provider-error.js';
import type { JsonObject } from '../json.js';
import type { ProviderPlace, ProviderRequest } from '../provider.js';
import type { TokenCount } from './count-tokens.js';
import type { Embeddings, EmbeddingsRequest } from './embeddings.js';
import type { Images, ImagesRequest } from './images.js';
import type { Moderations, ModerationsRequest } from './moderations.js';
import type { Reranking, RerankRequest } from './rerank.js';
import type { SpeechRequest } from './speech.js';
import type { Transcript, TranscriptionRequest } from './transcriptions.js';

/** A field that a provider can't do. */
export interface Lack {
  /** In the caller's words: `dimensions`, `input[2]`. */
  readonly field: string;
  /** A sentence without its subject and its end: `takes one text at a time`. */
  readonly why: string;
}

/** Where a question goes; always by POST, without credentials, Host, Content-Type and Content-Length. */
export interface OperationPlace {
  /** With the base path, without the query. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly headers: HeaderList;
}

export interface OperationQuestion extends OperationPlace {
  readonly body: JsonObject;
  /** What could not be said in the provider's words; empty when nothing is lost. */
  readonly lacks: readonly Lack[];
}

export interface Translator<Request, Answer> {
  request(request: Request, place: ProviderPlace): OperationQuestion;
  /** A whole body of a 2xx answer, parsed, with its head. Never throws. */
  answer(body: unknown, request: Request, headers: HeaderList): Answer | ProviderError;
}

export interface ProviderOperations {
  readonly embeddings?: Translator<EmbeddingsRequest, Embeddings>;
  readonly images?: Translator<ImagesRequest, Images>;
  readonly moderations?: Translator<ModerationsRequest, Moderations>;
  readonly rerank?: Translator<RerankRequest, Reranking>;
  /** What is not said in the words of `Unsupported` is lost from the count. */
  readonly countTokens?: {
    request(chat: ChatRequest, place: ProviderPlace): ProviderRequest;
    answer(body: unknown): TokenCount | ProviderError;
  };
  /** The answer is sound, and passes as it is. */
  readonly speech?: { request(request: SpeechRequest, place: ProviderPlace): OperationQuestion };
  /** The form passes as it came, but for the model in it. A stream passes as it is. */
  readonly imageEdits?: { place(place: ProviderPlace): OperationPlace; answer(body: unknown): Images | ProviderError };
  readonly transcriptions?: FormPasses | Hearing;
  /** The model of moderations for callers who name none. */
  readonly moderationModel?: string;
}

/** The form passes as it came, but for the model in it; the answer passes as it is. */
export interface FormPasses {
  place(place: ProviderPlace): OperationPlace;
}

/** The sound goes to a model of another API, whose answer is told in the words of the form. */
export interface Hearing {
  request(request: TranscriptionRequest, place: ProviderPlace): OperationQuestion;
  answer(body: unknown): Transcript | ProviderError;
}

export type OperationName = Exclude<keyof ProviderOperations, 'moderationModel'>;

export function isFailed<Answer extends object>(answer: Answer | ProviderError): answer is ProviderError {
  return 'kind' in answer;
}

/** Fields of a body that are said: null and undefined are not. */
export function given(fields: Readonly<Record<string, JsonObject[string] | null>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

/** Extra fields of a caller, for a provider of another family. */
export function extraLacks(extra: JsonObject, who: string): readonly Lack[] {
  return Object.keys(extra).map((field) => ({ field, why: `${who} has no such field` }));
}

/** A field that is lost where it is said. */
export function lackIf(isSaid: boolean, field: string, why: string): readonly Lack[] {
  return isSaid ? [{ field, why }] : [];
}
