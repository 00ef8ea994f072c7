import { textPart } from '@weir/node/ai/chat/part.js';
import { providerError } from '@weir/node/ai/chat/provider-error.js';
import { openaiCompletions } from '@weir/node/ai/formats/openai-completions/openai-completions.js';
import { answerOf } from '@weir/node/ai/formats/testing/answers.js';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answering, type Replay, replay } from './replay.js';

let answering: Answering = [];
let server: Replay;
let client: OpenAI;

beforeAll(async () => {
  server = await replay(openaiCompletions, () => answering);
  client = new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1`, maxRetries: 0 });
});
afterAll(() => server.close());

describe('the official openai client, on completions', () => {
  it('reads the same text whole and as a stream', async () => {
    answering = answerOf([textPart('Grüße 👋')], 'length');
    const whole = await client.completions.create({ model: 'm', prompt: 'Hi' });
    expect(whole).toMatchObject({
      choices: [{ text: 'Grüße 👋', finish_reason: 'length' }],
      usage: { total_tokens: 150 },
    });
    let text = '';
    let total = 0;
    const asked = { model: 'm', prompt: 'Hi', stream: true, stream_options: { include_usage: true } } as const;
    for await (const chunk of await client.completions.create(asked)) {
      text += chunk.choices[0]?.text ?? '';
      total = chunk.usage?.total_tokens ?? total;
    }
    expect([text, total]).toEqual(['Grüße 👋', 150]);
  });

  it('throws at a failure in mid-stream', async () => {
    answering = [
      { kind: 'text', choice: 0, text: 'Once', logprobs: null },
      { kind: 'error', error: providerError('timeout', 'too late') },
    ];
    const reads = (async () => {
      for await (const chunk of await client.completions.create({ model: 'm', prompt: 'Hi', stream: true })) {
        expect(chunk.choices[0]?.text).toBe('Once');
      }
    })();
    await expect(reads).rejects.toMatchObject({ message: 'too late', code: 'timeout' });
  });
});
