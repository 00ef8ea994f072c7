/**
 * What a provider is to the gateway: a set of pure translators between the chat vocabulary and its own HTTP API. The driver
 * above sends and receives; nothing here does. One file (or folder) per provider in `providers/`.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { ChatAnswer, ChatEvent } from './chat/chat-answer.js';
import type { ChatRequest, Unsupported } from './chat/chat-request.js';
import type { ProviderError } from './chat/provider-error.js';
import type { JsonObject } from './json.js';
import type { ProviderOperations } from './operations/operation.js';

/** Where a request goes, from the config of the provider and of its model. */
export interface ProviderPlace {
  /** The provider's name of the model; with Azure, of the deployment. */
  readonly model: string;
  /** Path below which the API lies, without a slash at its end: `/v1`, or empty. */
  readonly basePath: string;
  /** What some providers need besides: Azure's `apiVersion`, Vertex's `project` and `location`, Bedrock's `region`, … */
  readonly settings: Readonly<Record<string, string>>;
}

export interface ProviderRequest {
  readonly method: 'POST' | 'GET';
  /** With the base path, without the query. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Without credentials, Host, Content-Type and Content-Length. */
  readonly headers: HeaderList;
  readonly body: JsonObject;
  /** What could not be said in the provider's words; empty when nothing is lost. */
  readonly unsupported: readonly Unsupported[];
}

/** How a streamed body is cut into events (wire/). */
export type Framing = 'sse' | 'ndjson' | 'aws-event-stream';

/** One event as its framing gives it. `type` is the event's name (SSE `event`, AWS `:event-type` or `:exception-type`), else empty. */
export interface WireEvent {
  readonly type: string;
  readonly data: string;
  /** The framing itself says that this is a failure (AWS `:message-type` exception or error); only where it does. */
  readonly isError?: boolean;
}

/** Reads one stream, event by event. Keeps what later events refer to; is used for one stream and thrown away. */
export interface StreamReader {
  /** What the event says: nothing (a ping, a comment), or several things. Never throws: what can't be read is an `error`. */
  read(event: WireEvent): readonly ChatEvent[];
  /** The body has ended cleanly. A stream that has not said that it was whole gives an error of kind `cut`. */
  end(): readonly ChatEvent[];
}

/** How a request is made the account's own; the driver does it, for it holds the key. */
export type Credential =
  | { readonly kind: 'bearer' }
  /** The key stands in this field, lower-case, behind the prefix. */
  | { readonly kind: 'header'; readonly name: string; readonly prefix: string }
  | { readonly kind: 'sigv4'; readonly service: string }
  /** A short-lived token that is got for a service account (Vertex). */
  | { readonly kind: 'google-oauth' }
  | { readonly kind: 'none' };

export interface Provider {
  /** As in the config: `openai`, `anthropic`, `bedrock`, … */
  readonly kind: string;
  /** For people: `AWS Bedrock`. */
  readonly title: string;
  /** Where its API lies when the config does not say; null: the config must. */
  readonly defaultUrl: string | null;
  readonly credential: Credential;
  readonly framing: Framing;
  request(chat: ChatRequest, place: ProviderPlace): ProviderRequest;
  /** Whether it goes on from a message of the assistant that is unfinished, and repeats that before it does. Absent, null: it does not. */
  continues?(chat: ChatRequest, place: ProviderPlace): 'prefix' | 'echo' | null;
  /** A whole body of a 2xx answer, parsed. */
  answer(body: unknown): ChatAnswer | ProviderError;
  stream(): StreamReader;
  /** An answer of another status. `body` is its text, of which no more than the driver's bound was read. */
  error(status: number, headers: HeaderList, body: string): ProviderError;
  /** What it has beside chats; absent: nothing. */
  readonly operations?: ProviderOperations;
}

export function isProviderError(result: ChatAnswer | ProviderError): result is ProviderError {
  return 'kind' in result;
}
