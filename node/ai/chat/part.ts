/**
 * What messages are made of, in no provider's words. Every format and every provider translates to and from these, so that
 * each of them is written once. Pure.
 *
 * Texts are strings of characters; binary content stays base64, as all the formats carry it. Where a provider signs or hides
 * something that has to come back unchanged with the next request (reasoning), it is kept as the opaque text that it was.
 */
import type { JsonObject } from '../json.js';

/** The caller marks that what comes up to here may be kept by the provider (prompt caching), for as long as it says. */
export interface CacheMark {
  readonly ttl: '5m' | '1h' | null;
}

export type MediaSource =
  | { readonly kind: 'url'; readonly url: string }
  /** `mediaType` as in RFC 6838, lower-case. */
  | { readonly kind: 'base64'; readonly mediaType: string; readonly base64: string }
  /** A file that was uploaded to the provider before. */
  | { readonly kind: 'file'; readonly id: string };

export interface TextPart {
  readonly kind: 'text';
  readonly text: string;
  readonly cache: CacheMark | null;
  /** Sources that the model named, in its provider's own words; only in answers. */
  readonly citations: readonly JsonObject[];
}

export interface ImagePart {
  readonly kind: 'image';
  readonly source: MediaSource;
  readonly detail: 'auto' | 'low' | 'high' | null;
  readonly cache: CacheMark | null;
}

export interface DocumentPart {
  readonly kind: 'document';
  readonly source: MediaSource | { readonly kind: 'text'; readonly text: string };
  readonly name: string | null;
  readonly cache: CacheMark | null;
}

export interface AudioPart {
  readonly kind: 'audio';
  /** `wav`, `mp3`, … */
  readonly format: string;
  readonly base64: string;
}

export interface ToolCallPart {
  readonly kind: 'toolCall';
  /** Ties the result to the call. Made here where a provider has none. */
  readonly id: string;
  readonly name: string;
  /** JSON text as the model wrote it: models write invalid JSON as well, and whoever called the tool decides what then. */
  readonly arguments: string;
}

export interface ToolResultPart {
  readonly kind: 'toolResult';
  readonly callId: string;
  readonly content: readonly (TextPart | ImagePart | DocumentPart)[];
  readonly isError: boolean;
  readonly cache: CacheMark | null;
}

export interface ReasoningPart {
  readonly kind: 'reasoning';
  readonly text: string;
  /** What proves to the provider that the text is its own; opaque. */
  readonly signature: string | null;
  /** Reasoning that the provider hides; opaque. `text` is empty then. */
  readonly redacted: string | null;
}

export interface RefusalPart {
  readonly kind: 'refusal';
  readonly text: string;
}

/**
 * What a provider says in its own words alone, and wants to be told again: a tool that it ran by itself, and what that answered. Only
 * its own family knows it; to others it can't be said.
 */
export interface NativePart {
  readonly kind: 'native';
  /** Whose words these are. */
  readonly family: 'anthropic';
  readonly raw: JsonObject;
}

export type Part =
  | TextPart
  | ImagePart
  | DocumentPart
  | AudioPart
  | ToolCallPart
  | ToolResultPart
  | ReasoningPart
  | RefusalPart
  | NativePart;

export function textPart(text: string): TextPart {
  return { kind: 'text', text, cache: null, citations: [] };
}

/**
 * - `system` also stands for OpenAI's `developer`: what the application says, whatever the user says.
 * - `tool`: results of calls, and nothing else.
 */
export type Role = 'system' | 'user' | 'assistant' | 'tool';

export interface Message {
  readonly role: Role;
  readonly parts: readonly Part[];
  /** Of one of several participants with the same role. */
  readonly name: string | null;
  /** Where it stood in the caller's body; absent where it was not read from one. */
  readonly paths?: MessagePaths;
  /** The assistant's last one, which the answer goes on from: only for providers that say so (`Provider.continues`). */
  readonly isUnfinished?: true;
}

/** In the caller's own words, for it shall find what a provider can't do: `input[2]`, and `input[2].content[0]` of each part. */
export interface MessagePaths {
  readonly message: string;
  readonly parts: readonly string[];
}
