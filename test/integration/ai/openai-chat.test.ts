import type { ChatAnswer } from '@weir/node/ai/chat/chat-answer.js';
import { textPart } from '@weir/node/ai/chat/part.js';
import { providerError } from '@weir/node/ai/chat/provider-error.js';
import { openaiChat } from '@weir/node/ai/formats/openai-chat/openai-chat.js';
import { answerOf } from '@weir/node/ai/formats/testing/answers.js';
import OpenAI, { APIError, BadRequestError, InternalServerError, RateLimitError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answering, type Replay, replay } from './replay.js';

const hi = [{ role: 'user', content: 'Hi' }] as const;
let answering: Answering = [];
let server: Replay;
let client: OpenAI;

beforeAll(async () => {
  server = await replay(openaiChat, () => answering);
  client = new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1`, maxRetries: 0 });
});
afterAll(() => server.close());

const calls: ChatAnswer = answerOf(
  [
    { kind: 'toolCall', id: 'c1', name: 'weather', arguments: '{"city":"Zürich"}' },
    { kind: 'toolCall', id: 'c2', name: 'weather', arguments: '{"city":"東京"}' },
  ],
  'toolCalls',
);

describe('the official openai client, on chat completions', () => {
  it('reads a whole answer', async () => {
    answering = answerOf([textPart('Grüße 👋')]);
    const answer = await client.chat.completions.create({ model: 'm', messages: [...hi] });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Grüße 👋' } });
    expect(answer.usage).toMatchObject({ prompt_tokens: 120, total_tokens: 150 });
  });

  it('adds a stream up to the same answer, with its usage', async () => {
    answering = answerOf([textPart('Grüße 👋')]);
    const stream = client.chat.completions.stream({
      model: 'm',
      messages: [...hi],
      stream_options: { include_usage: true },
    });
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Grüße 👋' } });
    expect(final.usage).toMatchObject({ prompt_tokens: 120, completion_tokens_details: { reasoning_tokens: 10 } });
  });

  it('reads parallel tool calls from a stream', async () => {
    answering = calls;
    const final = await client.chat.completions.stream({ model: 'm', messages: [...hi] }).finalChatCompletion();
    expect(final.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        tool_calls: [
          { id: 'c1', function: { name: 'weather', arguments: '{"city":"Zürich"}' } },
          { id: 'c2', function: { name: 'weather', arguments: '{"city":"東京"}' } },
        ],
      },
    });
  });

  it('parses an answer that keeps to a schema', async () => {
    answering = answerOf([textPart('{"a":1}')]);
    const json_schema = { name: 'reply', schema: { type: 'object' }, strict: true } as const;
    const answer = await client.chat.completions.parse({
      model: 'm',
      messages: [...hi],
      response_format: { type: 'json_schema', json_schema: { ...json_schema, schema: { type: 'object' } } },
    });
    expect(answer.choices[0]?.message.content).toBe('{"a":1}');
  });

  it('throws at a failure in mid-stream, behind what was said before', async () => {
    answering = [
      { kind: 'text', choice: 0, text: 'Once', logprobs: null },
      { kind: 'error', error: providerError('overloaded', 'too many') },
    ];
    const seen: string[] = [];
    const reads = (async () => {
      for await (const chunk of await client.chat.completions.create({ model: 'm', messages: [...hi], stream: true })) {
        seen.push(chunk.choices[0]?.delta.content ?? '');
      }
    })();
    await expect(reads).rejects.toMatchObject({ message: 'too many', code: 'overloaded', type: 'server_error' });
    await expect(reads).rejects.toBeInstanceOf(APIError);
    expect(seen.join('')).toBe('Once');
  });

  it('throws at a stream that was cut', async () => {
    answering = [{ kind: 'text', choice: 0, text: 'Once', logprobs: null }];
    const final = client.chat.completions.stream({ model: 'm', messages: [...hi] }).finalChatCompletion();
    await expect(final).rejects.toMatchObject({ code: 'stream_cut' });
  });

  it.each([
    ['rateLimited', RateLimitError],
    ['contextExceeded', BadRequestError],
    ['authentication', InternalServerError],
  ] as const)('throws its own exception for %s', async (kind, type) => {
    answering = providerError(kind, 'why');
    await expect(client.chat.completions.create({ model: 'm', messages: [...hi] })).rejects.toBeInstanceOf(type);
  });

  it('is told which field it got wrong', async () => {
    const asked = client.chat.completions.create({ model: 'm', messages: [...hi], temperature: 3 });
    await expect(asked).rejects.toMatchObject({ status: 400, param: 'temperature', type: 'invalid_request_error' });
  });
});
