import Anthropic, { APIError, BadRequestError, OverloadedError, RateLimitError } from '@anthropic-ai/sdk';
import { textPart } from '@weir/node/ai/chat/part.js';
import { providerError } from '@weir/node/ai/chat/provider-error.js';
import { anthropicMessages } from '@weir/node/ai/formats/anthropic-messages/anthropic-messages.js';
import { answerOf } from '@weir/node/ai/formats/testing/answers.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answering, type Replay, replay } from './replay.js';

let answering: Answering = [];
let server: Replay;
let client: Anthropic;

beforeAll(async () => {
  server = await replay(anthropicMessages, () => answering);
  client = new Anthropic({ apiKey: 'none', baseURL: server.url, maxRetries: 0 });
});
afterAll(() => server.close());

const asked = (): Anthropic.MessageCreateParamsNonStreaming => ({
  model: 'm',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'Hi' }],
});
const all = answerOf(
  [
    { kind: 'reasoning', text: 'Hm', signature: 'sig', redacted: null },
    { kind: 'reasoning', text: '', signature: null, redacted: 'hidden' },
    textPart('Grüße 👋'),
    { kind: 'toolCall', id: 't1', name: 'weather', arguments: '{"city":"Zürich"}' },
    { kind: 'toolCall', id: 't2', name: 'now', arguments: '' },
    { kind: 'toolCall', id: 't3', name: 'weather', arguments: '{"city":"東京"}' },
  ],
  'toolCalls',
);
const content = [
  { type: 'thinking', thinking: 'Hm', signature: 'sig' },
  { type: 'redacted_thinking', data: 'hidden' },
  { type: 'text', text: 'Grüße 👋' },
  { type: 'tool_use', id: 't1', name: 'weather', input: { city: 'Zürich' } },
  { type: 'tool_use', id: 't2', name: 'now', input: {} },
  { type: 'tool_use', id: 't3', name: 'weather', input: { city: '東京' } },
];

describe('the official Anthropic client', () => {
  it('reads a whole message', async () => {
    answering = all;
    const message = await client.messages.create(asked());
    expect(message).toMatchObject({
      stop_reason: 'tool_use',
      content,
      usage: { input_tokens: 15, cache_read_input_tokens: 100 },
    });
  });

  it('adds a stream up to the same message, with its usage', async () => {
    answering = all;
    const blocks: unknown[] = [];
    const stream = client.messages.stream(asked()).on('contentBlock', (block) => blocks.push(block));
    const message = await stream.finalMessage();
    expect(message).toMatchObject({ stop_reason: 'tool_use', content, usage: { input_tokens: 15, output_tokens: 30 } });
    expect(blocks).toMatchObject(content);
  });

  it('throws at a failure in mid-stream, behind what was said before', async () => {
    answering = [
      { kind: 'text', choice: 0, text: 'Once', logprobs: null },
      { kind: 'error', error: providerError('overloaded', 'too many') },
    ];
    const stream = client.messages.stream(asked());
    const seen: string[] = [];
    stream.on('text', (text) => seen.push(text));
    await expect(stream.finalMessage()).rejects.toMatchObject({ type: 'overloaded_error', apiMessage: 'too many' });
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(APIError);
    expect(seen.join('')).toBe('Once');
  });

  it('throws at a stream that was cut', async () => {
    answering = [{ kind: 'text', choice: 0, text: 'Once', logprobs: null }];
    await expect(client.messages.stream(asked()).finalMessage()).rejects.toMatchObject({ type: 'api_error' });
  });

  it.each([
    ['rateLimited', RateLimitError],
    ['contextExceeded', BadRequestError],
    ['overloaded', OverloadedError],
  ] as const)('throws its own exception for %s', async (kind, type) => {
    answering = providerError(kind, 'why');
    await expect(client.messages.create(asked())).rejects.toBeInstanceOf(type);
  });

  it('is told which field it got wrong', async () => {
    const wrong = client.messages.create({ ...asked(), max_tokens: 0 });
    await expect(wrong).rejects.toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: expect.stringContaining('max_tokens'),
    });
  });
});
