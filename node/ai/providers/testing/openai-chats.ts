/** Requests for tests of providers that speak as OpenAI does, in the terms of chats.ts. */
import type { ChatEvent } from '../../chat/chat-answer.js';
import type { ChatRequest } from '../../chat/chat-request.js';
import type { Message, Part, Role } from '../../chat/part.js';
import type { Provider, ProviderPlace, WireEvent } from '../../provider.js';
import { chat, message, streamed } from './chats.js';

export function chatOf(more: Partial<ChatRequest> = {}): ChatRequest {
  return chat({ messages: [message('user', 'hello')], ...more });
}

export function messageOf(role: Role, ...parts: Part[]): Message {
  return message(role, ...parts);
}

export function placeOf(more: Partial<ProviderPlace> = {}): ProviderPlace {
  return { model: 'm', basePath: '/v1', settings: {}, ...more };
}

/** Everything that a stream of these events says, with its end. */
export function readStream(provider: Provider, events: readonly (unknown | string)[]): ChatEvent[] {
  return streamed(provider, events.map(wireEvent));
}

function wireEvent(event: unknown): WireEvent {
  return { type: '', data: typeof event === 'string' ? event : JSON.stringify(event) };
}
