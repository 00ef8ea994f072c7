import { textPart } from '@weir/node/ai/chat/part.js';
import { providerError } from '@weir/node/ai/chat/provider-error.js';
import { openaiResponses } from '@weir/node/ai/formats/openai-responses/openai-responses.js';
import { answerOf, anyAnswer, requestOf, sentEvents, streamed } from '@weir/node/ai/formats/testing/answers.js';
import fc from 'fast-check';
import OpenAI, { APIError, RateLimitError } from 'openai';
import { accumulateResponse } from 'openai/lib/responses/ResponseAccumulator';
import type { Response, ResponseStreamEvent } from 'openai/resources/responses/responses';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answering, type Replay, replay } from './replay.js';

let answering: Answering = [];
let server: Replay;
let client: OpenAI;

beforeAll(async () => {
  server = await replay(openaiResponses, () => answering);
  client = new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1`, maxRetries: 0 });
});
afterAll(() => server.close());

const asked = { model: 'm', input: 'Hi' };
const all = answerOf(
  [
    { kind: 'reasoning', text: 'Hm', signature: 'sig', redacted: null },
    textPart('Grüße 👋'),
    { kind: 'toolCall', id: 'c1', name: 'weather', arguments: '{"city":"Zürich"}' },
    { kind: 'toolCall', id: 'c2', name: 'weather', arguments: '{"city":"東京"}' },
  ],
  'toolCalls',
);
const output = [
  { type: 'reasoning', summary: [{ text: 'Hm' }], encrypted_content: 'sig' },
  { type: 'message', content: [{ type: 'output_text', text: 'Grüße 👋' }] },
  { type: 'function_call', call_id: 'c1', arguments: '{"city":"Zürich"}' },
  { type: 'function_call', call_id: 'c2', arguments: '{"city":"東京"}' },
];

describe('the official openai client, on responses', () => {
  it('reads a whole response', async () => {
    answering = all;
    const response = await client.responses.create(asked);
    expect(response).toMatchObject({
      status: 'completed',
      output_text: 'Grüße 👋',
      output,
      usage: { total_tokens: 150 },
    });
  });

  it('adds a stream up to the same response', async () => {
    answering = all;
    const response = await client.responses.stream(asked).finalResponse();
    expect(response).toMatchObject({
      status: 'completed',
      output_text: 'Grüße 👋',
      output,
      usage: { input_tokens: 120 },
    });
  });

  it('adds the events of any stream up to the response that ends it', () => {
    const request = requestOf(openaiResponses, asked);
    fc.assert(
      fc.property(anyAnswer(1), (answer) => {
        const text = streamed(openaiResponses, answer, request);
        const events = sentEvents(text).map(({ data }) => JSON.parse(data) as ResponseStreamEvent); // What the client takes it for.
        let added: Response | undefined;
        for (const event of events.slice(0, -1)) added = accumulateResponse(event, added);
        const last = events.at(-1);
        expect(last !== undefined && 'response' in last && last.response.output).toEqual(added?.output);
      }),
    );
  });

  it('throws at a failure in mid-stream, behind what was said before', async () => {
    answering = [
      { kind: 'text', choice: 0, text: 'Once', logprobs: null },
      { kind: 'error', error: providerError('overloaded', 'too many') },
    ];
    const seen: string[] = [];
    const reads = (async () => {
      for await (const event of await client.responses.create({ ...asked, stream: true })) {
        if (event.type === 'response.output_text.delta') seen.push(event.delta);
      }
    })();
    await expect(reads).rejects.toMatchObject({ message: 'too many', code: 'overloaded' });
    await expect(reads).rejects.toBeInstanceOf(APIError);
    expect(seen.join('')).toBe('Once');
  });

  it('throws at a stream that was cut', async () => {
    answering = [{ kind: 'text', choice: 0, text: 'Once', logprobs: null }];
    await expect(client.responses.stream(asked).finalResponse()).rejects.toMatchObject({ code: 'stream_cut' });
  });

  it('throws its own exceptions, and is told which field it got wrong', async () => {
    answering = providerError('rateLimited', 'why');
    await expect(client.responses.create(asked)).rejects.toBeInstanceOf(RateLimitError);
    const wrong = client.responses.create({ ...asked, input: [{ type: 'item_reference', id: 'x' }] });
    await expect(wrong).rejects.toMatchObject({ status: 400, param: 'input[0].type' });
  });
});
