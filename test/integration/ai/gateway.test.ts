/** Official clients before a whole gateway, and behind it providers by hand: what works, and what is refused. */
import { APIError as AnthropicError } from '@anthropic-ai/sdk';
import { APIUserAbortError, BadRequestError, NotFoundError, RateLimitError } from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { anthropicWords, beginSse, json, openAiWords } from '../../support/model-provider.js';
import { Stage } from '../../support/stage.js';
import { claudeSaying, hi, isAsked, isLeft, saying, started, textOf } from './two-providers.js';

const stage = new Stage();
afterEach(() => stage.clear());

describe('the official openai client', () => {
  it('gets a whole answer from either provider, by the key of the gateway and without a word about itself', async () => {
    const { client, one, two } = await started(stage, {
      openai: saying('Grüße 👋'),
      anthropic: claudeSaying('Grüße 👋'),
    });
    for (const model of ['openai/gpt', 'anthropic/claude']) {
      const answer = await client.chat.completions.create({ model, messages: [...hi], max_tokens: 9 });
      expect(answer).toMatchObject({ model, choices: [{ message: { content: 'Grüße 👋' }, finish_reason: 'stop' }] });
      expect(answer.usage?.total_tokens).toBeGreaterThan(0);
    }
    const [asked] = one.questions;
    expect(asked?.headers).toMatchObject({ authorization: 'Bearer sk-secret-openai', host: new URL(one.url).host });
    expect(two.questions[0]?.headers).toMatchObject({ 'x-api-key': 'sk-secret-anthropic' });
    const said = JSON.stringify(asked?.headers);
    for (const name of ['x-forwarded-for', 'forwarded', 'x-stainless-lang', 'OpenAI/JS'])
      expect(said).not.toContain(name);
  });

  it('gets a stream from either provider, with usage where it asks for it', async () => {
    const { client } = await started(stage, {
      openai: saying('Grü', 'ße ', '👋'),
      anthropic: claudeSaying('Grüße 👋'),
    });
    for (const model of ['openai/gpt', 'anthropic/claude']) {
      const stream = client.chat.completions.stream({
        model,
        messages: [...hi],
        stream_options: { include_usage: true },
      });
      const final = await stream.finalChatCompletion();
      expect(final.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Grüße 👋' } });
      expect(final.usage?.total_tokens).toBeGreaterThan(0);
    }
  });

  it('gets parallel calls of tools, streamed', async () => {
    const calls = (pieces: readonly unknown[]) => openAiWords.delta({ tool_calls: pieces });
    const call = (index: number, id: string) => ({
      index,
      id,
      type: 'function',
      function: { name: 'weather', arguments: '' },
    });
    const { client, one } = await started(stage, {
      openai: (question) => {
        beginSse(question);
        question.response.write(calls([call(0, 'c1')]) + calls([call(1, 'c2')]));
        question.response.write(calls([{ index: 0, function: { arguments: '{"city":' } }]));
        question.response.write(calls([{ index: 1, function: { arguments: '{"city":"東京"}' } }]));
        question.response.write(calls([{ index: 0, function: { arguments: '"Zürich"}' } }]));
        question.response.end(openAiWords.end('tool_calls'));
      },
    });
    const parameters = { type: 'object', properties: { city: { type: 'string' } } };
    const final = await client.chat.completions
      .stream({
        model: 'chat',
        messages: [...hi],
        tools: [{ type: 'function', function: { name: 'weather', parameters } }],
      })
      .finalChatCompletion();
    expect(one.questions[0]?.body).toMatchObject({ tools: [{ function: { name: 'weather', parameters } }] });
    expect(final.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        tool_calls: [
          { id: 'c1', function: { arguments: '{"city":"Zürich"}' } },
          { id: 'c2', function: { arguments: '{"city":"東京"}' } },
        ],
      },
    });
  });

  it('lists the models that are offered', async () => {
    const { client } = await started(stage);
    const models = [];
    for await (const model of client.models.list()) models.push(model.id);
    expect(models).toEqual(['chat']);
    await expect(client.models.retrieve('nobody')).rejects.toThrow(NotFoundError);
  });

  it('that aborts a stream ends the request of its provider at once', async () => {
    const { client, one } = await started(stage, {
      openai: (question) => {
        beginSse(question);
        question.response.write(openAiWords.delta({ content: 'Once' }));
      },
    });
    const stream = await client.chat.completions.create({ model: 'chat', messages: [...hi], stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'Once') break;
    stream.controller.abort();
    await isLeft(one);
  });

  it('that aborts before an answer ends the request of its provider, too', async () => {
    const { client, one } = await started(stage);
    const controller = new AbortController();
    const asked = client.chat.completions.create({ model: 'chat', messages: [...hi] }, { signal: controller.signal });
    await isAsked(one);
    controller.abort();
    await expect(asked).rejects.toThrow(APIUserAbortError);
    await isLeft(one);
  });

  it.each([
    [400, BadRequestError, { message: 'bad tool', type: 'invalid_request_error', param: 'tools', code: null }],
    [429, RateLimitError, { message: 'slow down', type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' }],
  ])('raises its own error for a %d', async (status, kind, error) => {
    const { client } = await started(stage, {
      openai: (question) => json(question, { error }, status, { 'retry-after': '60' }),
    });
    const asked = client.chat.completions.create({ model: 'openai/gpt', messages: [...hi] });
    await expect(asked).rejects.toThrow(kind);
    await expect(asked).rejects.toMatchObject({ status, message: expect.stringContaining(error.message) });
  });

  it('raises its own error for what the gateway itself refuses: a field by its name, credentials, a body that is too large', async () => {
    const { client, weir } = await started(stage, { more: 'bodyLimit: 2KiB' });
    const seeded = client.chat.completions.create({ model: 'anthropic/claude', messages: [...hi], seed: 7 });
    await expect(seeded).rejects.toMatchObject({ status: 400, param: 'seed' });
    const long = client.chat.completions.create({
      model: 'chat',
      messages: [{ role: 'user', content: 'x'.repeat(4_000) }],
    });
    await expect(long).rejects.toMatchObject({ status: 413, message: expect.stringContaining('too large') });
    const answer = await fetch(`${weir.url}/v1/chat/completions`, { method: 'POST', body: '{' });
    expect([answer.status, answer.headers.get('x-request-id') !== null, answer.headers.get('proxy-status')]).toEqual([
      400,
      true,
      expect.stringContaining('http_request_denied'),
    ]);
  });
});

it('metrics tell what was asked, what it took, and how keys stand; and hold no key', async () => {
  const { client, weir } = await started(stage, {
    openai: (question) => json(question, { error: { message: 'no', code: 'invalid_api_key' } }, 401),
    anthropic: claudeSaying('Hello'),
  });
  const stream = await client.chat.completions.create({ model: 'chat', messages: [...hi], stream: true });
  expect(await textOf(stream)).toBe('Hello');
  const metrics = await weir.metrics();
  for (const line of [
    'weir_ai_requests_total{model="chat",provider="anthropic",outcome="ok"} 1',
    'weir_ai_tokens_total{model="chat",provider="anthropic",kind="output"} 4',
    'weir_ai_time_to_first_token_seconds_count{model="chat",provider="anthropic"} 1',
    'weir_ai_fallbacks_total{model="chat",to="model",reason="authentication"} 1',
    'weir_ai_key_standing{provider="openai",key="main"} 0',
    'weir_ai_key_standing{provider="anthropic",key="main"} 1',
  ]) {
    expect(metrics).toContain(`${line}\n`);
  }
  expect(metrics).not.toContain('sk-secret');
});

describe('the official anthropic client', () => {
  it('gets an answer and a stream from either provider', async () => {
    const { claude } = await started(stage, { openai: saying('Grüße 👋'), anthropic: claudeSaying('Grüße 👋') });
    for (const model of ['openai/gpt', 'anthropic/claude']) {
      const message = await claude.messages.create({ model, max_tokens: 9, messages: [...hi] });
      expect(message).toMatchObject({ model, content: [{ type: 'text', text: 'Grüße 👋' }], stop_reason: 'end_turn' });
      const streamed = await claude.messages.stream({ model, max_tokens: 9, messages: [...hi] }).finalMessage();
      expect(streamed).toMatchObject({ content: [{ type: 'text', text: 'Grüße 👋' }], stop_reason: 'end_turn' });
    }
  });

  it('raises its own error for a stream that is cut in the middle', async () => {
    const { claude } = await started(stage, {
      anthropic: (question) => {
        beginSse(question);
        question.response.write(anthropicWords.begin() + anthropicWords.delta('Once'), () =>
          question.response.destroy(),
        );
      },
    });
    const asked = claude.messages
      .stream({ model: 'anthropic/claude', max_tokens: 9, messages: [...hi] })
      .finalMessage();
    await expect(asked).rejects.toThrow(AnthropicError);
    await expect(asked).rejects.toThrow(/broke off|ended/i);
  });
});
