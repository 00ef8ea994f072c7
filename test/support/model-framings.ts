/** The same few things that a stream may say, in the bytes of each framing and of each provider that has words of its own. */
import { awsFrame } from '@weir/node/ai/wire/testing/bodies.js';
import type { AiProviderSpec } from '@weir/proto/snapshot/ai.js';
import { anthropicWords, openAiWords } from './model-provider.js';

export interface Framed {
  readonly spec: Partial<AiProviderSpec>;
  readonly contentType: string;
  /** Says that it is there, and nothing to a reader. */
  readonly warm: string | Uint8Array;
  /** Content: `Once`. */
  readonly once: string | Uint8Array;
  /** It failed inside itself. */
  readonly error: string | Uint8Array;
}

const SSE = 'text/event-stream';
const data = (body: object): string => `data: ${JSON.stringify(body)}\n\n`;
const line = (body: object): string => `${JSON.stringify(body)}\n`;
const aws = (type: string, body: object): Uint8Array =>
  awsFrame(
    { ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' },
    JSON.stringify(body),
  );
const gemini = (text: string): string =>
  data({ candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] } }] });
const ollama = (content: string): string =>
  line({ model: 'm', created_at: '2026-01-01T00:00:00Z', message: { role: 'assistant', content }, done: false });
const event = (type: string, body: object): string => `event: ${type}\n${data({ type, ...body })}`;

export const framings: Readonly<Record<string, Framed>> = {
  openai: {
    spec: { kind: 'openai' },
    contentType: SSE,
    warm: openAiWords.delta({ role: 'assistant', content: '' }),
    once: openAiWords.delta({ content: 'Once' }),
    error: openAiWords.error('engine died'),
  },
  anthropic: {
    spec: { kind: 'anthropic' },
    contentType: SSE,
    warm: anthropicWords.begin() + event('ping', {}),
    once: anthropicWords.delta('Once'),
    error: event('error', { error: { type: 'overloaded_error', message: 'engine died' } }),
  },
  gemini: {
    spec: { kind: 'gemini', basePath: '/v1beta' },
    contentType: SSE,
    warm: gemini(''),
    once: gemini('Once'),
    error: data({ error: { code: 503, status: 'UNAVAILABLE', message: 'engine died' } }),
  },
  cohere: {
    spec: { kind: 'cohere', basePath: '/v2' },
    contentType: SSE,
    warm: event('message-start', { id: 'c-1', delta: { message: { role: 'assistant', content: [] } } }),
    once: event('content-delta', { index: 0, delta: { message: { content: { text: 'Once' } } } }),
    error: event('message-end', { delta: { finish_reason: 'ERROR', error: 'engine died' } }),
  },
  ollama: {
    spec: { kind: 'ollama', basePath: '' },
    contentType: 'application/x-ndjson',
    warm: ollama(''),
    once: ollama('Once'),
    error: line({ error: 'engine died' }),
  },
  bedrock: {
    spec: {
      ...{ kind: 'bedrock', basePath: '', settings: { region: 'eu-central-1' } },
      keys: [{ id: 'main', secret: `AKID:\${AI_KEY}`, weight: 1 }],
    },
    contentType: 'application/vnd.amazon.eventstream',
    warm: aws('messageStart', { role: 'assistant' }),
    once: aws('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Once' } }),
    error: awsFrame(
      {
        ':message-type': 'exception',
        ':exception-type': 'internalServerException',
        ':content-type': 'application/json',
      },
      JSON.stringify({ message: 'engine died' }),
    ),
  },
};
