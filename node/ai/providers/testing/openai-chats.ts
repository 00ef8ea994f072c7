/** Requests for tests of providers. */

import type { ChatEvent } from '../../chat/chat-answer.js';
import type { ChatRequest } from '../../chat/chat-request.js';
import { type Message, type Part, type Role, textPart } from '../../chat/part.js';
import type { Provider, ProviderPlace, WireEvent } from '../../provider.js';

export function chatOf(more: Partial<ChatRequest> = {}): ChatRequest {
  return {
    model: 'm',
    messages: [messageOf('user', textPart('hello'))],
    tools: [],
    toolChoice: null,
    parallelToolCalls: null,
    answerFormat: null,
    maxTokens: null,
    temperature: null,
    topP: null,
    topK: null,
    frequencyPenalty: null,
    presencePenalty: null,
    seed: null,
    stop: [],
    choices: null,
    logprobs: null,
    logitBias: null,
    reasoning: null,
    user: null,
    isStream: false,
    wantsStreamUsage: false,
    extra: {},
    family: 'openai-chat',
    ...more,
  };
}

export function messageOf(role: Role, ...parts: Part[]): Message {
  return { role, parts, name: null };
}

export function placeOf(more: Partial<ProviderPlace> = {}): ProviderPlace {
  return { model: 'm', basePath: '/v1', settings: {}, ...more };
}

/** Everything that a stream of these events says, with its end. */
export function readStream(provider: Provider, events: readonly (unknown | string)[]): ChatEvent[] {
  const reader = provider.stream();
  const read = events.flatMap((event) => [...reader.read(wireEvent(event))]);
  return [...read, ...reader.end()];
}

function wireEvent(event: unknown): WireEvent {
  return { type: '', data: typeof event === 'string' ? event : JSON.stringify(event) };
}
