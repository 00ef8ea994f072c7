/** Chats for tests of providers: one that says nothing but a greeting, and what is said besides. */
import type { ChatAnswer, ChatEvent } from '../../chat/chat-answer.js';
import type { ChatRequest, FunctionTool } from '../../chat/chat-request.js';
import { Gathering } from '../../chat/gather.js';
import { type Message, type Part, type Role, textPart } from '../../chat/part.js';
import type { ProviderError } from '../../chat/provider-error.js';
import type { Provider, ProviderPlace, WireEvent } from '../../provider.js';
import { openFramer } from '../../wire/open-framer.js';
import { framed } from '../../wire/testing/bodies.js';

export function message(role: Role, ...parts: readonly (Part | string)[]): Message {
  return { role, parts: parts.map((part) => (typeof part === 'string' ? textPart(part) : part)), name: null };
}

export function chat(said: Partial<ChatRequest> = {}): ChatRequest {
  return {
    model: 'm',
    messages: [message('user', 'Hello')],
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
    ...said,
  };
}

export function place(model: string, settings: Readonly<Record<string, string>> = {}, basePath = '/v1'): ProviderPlace {
  return { model, basePath, settings };
}

export function tool(name: string, said: Partial<FunctionTool> = {}): FunctionTool {
  return { kind: 'function', name, description: null, parameters: null, strict: null, cache: null, ...said };
}

/** Events of a stream that has come as these events of the wire and then ended. */
export function streamed(provider: Pick<Provider, 'stream'>, events: readonly WireEvent[]): ChatEvent[] {
  const reader = provider.stream();
  return [...events.flatMap((event) => reader.read(event)), ...reader.end()];
}

/** The same for a body, cut at these places. */
export function streamedBody(
  provider: Pick<Provider, 'stream' | 'framing'>,
  body: Uint8Array,
  cuts: readonly number[] = [],
): ChatEvent[] {
  return streamed(provider, framed(openFramer(provider.framing), body, cuts));
}

export function gathered(events: readonly ChatEvent[]): ChatAnswer | ProviderError | null {
  const gathering = new Gathering({ charactersMax: 1_000_000 });
  for (const event of events) gathering.add(event);
  return gathering.error === 'too-long' ? null : (gathering.error ?? gathering.answer());
}

/** Events of the wire whose type is in their JSON. */
export function wireEvents(bodies: readonly object[]): WireEvent[] {
  return bodies.map((body) => ({ type: 'type' in body ? String(body.type) : '', data: JSON.stringify(body) }));
}

/** The body of a stream of server-sent events. */
export function sseBody(events: readonly WireEvent[], end = '\n'): Uint8Array {
  const lines = events.map(({ type, data }) =>
    [...(type === '' ? [] : [`event: ${type}`]), `data: ${data}`, '', ''].join(end),
  );
  return new TextEncoder().encode(lines.join(''));
}
