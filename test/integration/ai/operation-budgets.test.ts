/** The official client before a whole gateway whose budget of money is for everything, whichever way it is asked for. */
import type { AiBudgetsSpec } from '@weir/proto/snapshot/ai.js';
import OpenAI, { RateLimitError } from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { startAiGateway } from '../../support/ai-gateway.js';
import { type Answering, json, modelProvider } from '../../support/model-provider.js';
import { Stage } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

/** One dollar a day; a dollar for a thousand tokens. */
const budgets: AiBudgetsSpec = {
  limits: [
    {
      ...{ unit: 'cost', amount: 1_000_000, period: 'day', by: [], only: [] },
      ...{ mode: 'local', redis: null, keys: 10 },
    },
  ],
  prices: ['small', 'chat'].map((model) => ({ provider: 'openai', model, price: { input: 1_000, output: 1_000 } })),
  teams: {},
  costHeader: true,
};

/** Every vector takes 900 tokens, and a chat 900 as well. */
const answers: Answering = (question) => {
  const message = { role: 'assistant', content: 'Hi' };
  const usage = { prompt_tokens: 900, completion_tokens: 0, total_tokens: 900 };
  const isChat = question.path.endsWith('/chat/completions');
  json(
    question,
    isChat
      ? {
          ...{ id: 'c', object: 'chat.completion', created: 1, model: 'chat', usage },
          choices: [{ index: 0, message, finish_reason: 'stop' }],
        }
      : { object: 'list', data: [{ object: 'embedding', index: 0, embedding: [0.5] }], usage },
  );
};

async function started(isPassedOn: boolean) {
  const openai = await modelProvider(stage, answers);
  const passthrough = { provider: 'openai', prefix: '/v1/openai' };
  const weir = await startAiGateway(stage, {
    providers: { openai: { at: openai } },
    budgets,
    route: isPassedOn ? { passthrough } : {},
  });
  const baseURL = isPassedOn ? `${weir.url}/v1/openai/v1` : `${weir.url}/v1`;
  return { openai, weir, client: new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 }) };
}

describe.each([
  ['in the words of the gateway', false, 'openai/'],
  ['passed on', true, ''],
])('a budget of money, of what is %s', (_what, isPassedOn, prefix) => {
  const vectors = (client: OpenAI, words: number) =>
    client.embeddings.create({ model: `${prefix}small`, input: 'hello '.repeat(words) });
  const chat = (client: OpenAI) =>
    client.chat.completions.create({
      ...{ model: `${prefix}chat`, max_tokens: 150 },
      messages: [{ role: 'user', content: 'Hi' }],
    });

  it('is spent by vectors, and then neither vectors nor chats are asked for', async () => {
    const { client, openai, weir } = await started(isPassedOn);
    await vectors(client, 1);
    const refused = await vectors(client, 150).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RateLimitError);
    expect(refused).toMatchObject({ status: 429, message: expect.stringContaining('"all-cost"') });
    await expect(chat(client)).rejects.toBeInstanceOf(RateLimitError);
    expect(openai.questions.length).toBe(1);
    expect(await weir.metrics()).toMatch(/^weir_ai_cost_dollars_total\{route="models",.*provider="openai".*\} 0\.9$/m);
  });

  it('is spent by chats, and then no vectors are asked for', async () => {
    const { client, openai } = await started(isPassedOn);
    await chat(client);
    await expect(vectors(client, 150)).rejects.toBeInstanceOf(RateLimitError);
    expect(openai.questions.length).toBe(1);
  });

  it('refuses a model whose price nobody knows', async () => {
    const { client, openai } = await started(isPassedOn);
    const asked = client.embeddings.create({ model: `${prefix}of-my-own`, input: 'hello' });
    await expect(asked).rejects.toMatchObject({ status: 503 });
    expect(openai.questions.length).toBe(0);
  });
});
