/**
 * Vertex AI: Gemini, and Anthropic's models, under one project and one place. The publisher is known by the model's name, and
 * what comes back by its shape, for whoever reads it is not told what was asked. Pure. Source: "generateContent" and "Claude
 * models" in the documentation of Vertex AI.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { ChatEvent } from '../../chat/chat-answer.js';
import type { ChatRequest } from '../../chat/chat-request.js';
import type { ProviderError } from '../../chat/provider-error.js';
import { isObject } from '../../json.js';
import type { Provider, ProviderPlace, ProviderRequest, StreamReader, WireEvent } from '../../provider.js';
import { answer as anthropicAnswer } from '../anthropic/answer.js';
import { continues } from '../anthropic/anthropic.js';
import { error as anthropicError } from '../anthropic/error.js';
import { messagesBody } from '../anthropic/request.js';
import { AnthropicStream } from '../anthropic/stream.js';
import { Gaps } from '../gaps.js';
import { error as geminiError } from '../gemini/error.js';
import { generateContent, pathOf } from '../gemini/request.js';
import { GeminiStream, answer as geminiAnswer } from '../gemini/stream.js';
import { parsed } from '../untrusted.js';
import { vertexOperations } from './operations.js';

/** The one version that Vertex AI knows. */
const ANTHROPIC_VERSION = 'vertex-2023-10-16';

/** Settings: `project`, `location` (else `global`), and for Anthropic's models `beta` and `maxTokens`. */
export const vertex: Provider = {
  kind: 'vertex',
  title: 'Google Vertex AI',
  // It depends on the location: https://europe-west4-aiplatform.googleapis.com/v1
  defaultUrl: null,
  credential: { kind: 'google-oauth' },
  framing: 'sse',
  request,
  continues,
  answer: (body) => (isAnthropic(body) ? anthropicAnswer(body) : geminiAnswer(body)),
  stream: () => new VertexStream(),
  error,
  operations: vertexOperations({ request, above, isClaude }),
};

/** The project's place: all models lie below it. */
function above({ basePath, settings }: ProviderPlace): string {
  const { project = '', location = 'global' } = settings;
  return `${basePath}/projects/${pathOf(project)}/locations/${pathOf(location)}`;
}

function isClaude(model: string): boolean {
  return /(?:^|\/)claude-/.test(model);
}

function request(chat: ChatRequest, place: ProviderPlace): ProviderRequest {
  const model = place.model.slice(place.model.lastIndexOf('/') + 1);
  if (!isClaude(place.model)) {
    // A name with slashes is a whole one: `publishers/…/models/…`, or `endpoints/…` of a tuned model.
    const name = place.model.includes('/') ? place.model : `publishers/google/models/${place.model}`;
    return generateContent(chat, model, `${above(place)}/${pathOf(name)}`);
  }
  const gaps = new Gaps('Anthropic on Vertex AI');
  const beta = place.settings['beta'];
  return {
    method: 'POST',
    path: `${above(place)}/publishers/anthropic/models/${pathOf(model)}:${chat.isStream ? 'streamRawPredict' : 'rawPredict'}`,
    query: '',
    headers: beta === undefined ? [] : ['anthropic-beta', beta],
    body: { anthropic_version: ANTHROPIC_VERSION, ...messagesBody(chat, place, gaps) },
    unsupported: gaps.found,
  };
}

/** All that Anthropic says has a `type`; nothing that Gemini says has one. */
const isAnthropic = (body: unknown): boolean => isObject(body) && typeof body['type'] === 'string';

class VertexStream implements StreamReader {
  #reader: StreamReader | null = null;

  read(event: WireEvent): readonly ChatEvent[] {
    this.#reader ??= isAnthropic(parsed(event.data)) ? new AnthropicStream() : new GeminiStream();
    return this.#reader.read(event);
  }

  end(): readonly ChatEvent[] {
    this.#reader ??= new GeminiStream();
    return this.#reader.end();
  }
}

/** Google's own errors also where an Anthropic model was asked for: a wrong project, a quota, no permission. */
function error(status: number, headers: HeaderList, body: string): ProviderError {
  return isAnthropic(parsed(body)) ? anthropicError(status, headers, body) : geminiError(status, headers, body);
}
