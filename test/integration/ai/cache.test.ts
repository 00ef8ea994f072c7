// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
/** Answers of models that are given again, through whole gateways: by the official client, and by two nodes over one Redis. */
import type { AiCacheSpec } from '@weir/proto/snapshot/ai.js';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { type AiConfig, startAiGateway } from '../../support/ai-gateway.js';
import {
  type Answering,
  beginSse,
  json,
  modelProvider,
  openAiWords,
  type Question,
} from '../../support/model-provider.js';
import { startRedis } from '../../support/redis-server.js';
import { Stage, until } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

const cache: AiCacheSpec = {
  ...{ ttlMs: 60_000, isShared: false, tokensPerSecond: null, temperatureMax: 0, keepsFiltered: false },
  ...{ collapses: true, answerBytesMax: 1_000_000, semantic: null },
};
const consumers = 'consumers: [{ id: alice, keys: "${ALICE}" }, { id: bob, keys: "${BOB}" }]';
const auth = 'auth: { apiKey: { in: bearer } }';

/** Says how many times it was asked. */
const counting = (): Answering => {
  let count = 0;
  return (question) => {
    count += 1;
    const text = `answer ${count}`;
    if (question.body['stream'] !== true) return json(question, openAiWords.whole({ content: text }));
    beginSse(question);
    question.response.end(openAiWords.text(...text.split(/(?<= )/)));
  };
};

interface Given extends Partial<Omit<AiConfig, 'providers'>> {
  readonly answering?: Answering;
  readonly spec?: Partial<AiCacheSpec>;
  readonly attempts?: number;
}

async function started({ answering = counting(), spec = {}, attempts = 4, ...config }: Given = {}) {
  const provider = await modelProvider(stage, answering);
  const weir = await startAiGateway(stage, {
    providers: { openai: { at: provider } },
    route: { attempts, cache: { ...cache, ...spec } },
    ...config,
  });
  return { provider, weir, client: clientOf(weir.url) };
}

const clientOf = (url: string, apiKey = 'none') => new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
type Params = Partial<Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'stream'>>;
const hi = (more: Params = {}) => ({
  ...{ model: 'openai/gpt', messages: [{ role: 'user', content: 'Hi' }] satisfies OpenAI.ChatCompletionMessageParam[] },
  ...more,
});

async function ask(client: OpenAI, more: Params = {}, headers: Record<string, string> = {}) {
  const { data, response } = await client.chat.completions.create(hi(more), { headers }).withResponse();
  return { text: data.choices[0]?.message.content, word: response.headers.get('x-weir-cache'), response, data };
}

async function stream(client: OpenAI, more: Params = {}) {
  const { data, response } = await client.chat.completions
    .create({ ...hi(more), stream: true, stream_options: { include_usage: true } })
    .withResponse();
  const texts: string[] = [];
  let usage: unknown = null;
  for await (const chunk of data) {
    const text = chunk.choices[0]?.delta.content;
    if (text) texts.push(text);
    usage = chunk.usage ?? usage;
  }
  return { text: texts.join(''), texts, usage, word: response.headers.get('x-weir-cache') };
}

describe('the cache of answers', () => {
  it('tells the same answer again to who asks the same, and says so, and what was saved', async () => {
    const { client, weir, provider } = await started();
    expect(await ask(client)).toMatchObject({ text: 'answer 1', word: 'miss' });
    const again = await ask(client);
    expect(again).toMatchObject({ text: 'answer 1', word: 'hit', data: { usage: { total_tokens: 12 } } });
    expect(again.response.headers.get('cache-status')).toMatch(/^weir; hit; ttl=\d+$/);
    expect(provider.questions).toHaveLength(1);
    const metrics = await weir.metrics();
    const labels = 'model="openai/*",provider="openai",kind="output"';
    expect(metrics).toContain(`weir_ai_tokens_total{${labels}} 7`);
    expect(metrics).toContain(`weir_ai_saved_tokens_total{${labels}} 7`);
    expect(metrics).toContain('weir_cache_requests_total{route="models",result="hit"} 1');
  });

  it.each<[string, Params]>([
    [
      'the system prompt (Higress and Portkey did not)',
      {
        messages: [
          { role: 'system', content: 'x' },
          { role: 'user', content: 'Hi' },
        ],
      },
    ],
    ['the model', { model: 'openai/other' }],
    ['a parameter', { max_tokens: 5 }],
    ['tools', { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }] }],
    ['the seed', { seed: 4 }],
    ['the end user', { user: 'u-1' }],
    ['the form of the answer', { response_format: { type: 'json_object' } }],
  ])('does not take a question for another one that differs in %s', async (_, other) => {
    const { client } = await started();
    await ask(client);
    expect(await ask(client, other)).toMatchObject({ text: 'answer 2', word: 'miss' });
  });

  it('gives no consumer what another one has asked for, unless it is shared', async () => {
    const { weir } = await started({ more: auth, top: consumers });
    const [alice, bob] = [clientOf(weir.url, 'alice-key-0123456789'), clientOf(weir.url, 'bob-key-0123456789')];
    expect(await ask(alice)).toMatchObject({ text: 'answer 1', word: 'miss' });
    expect(await ask(bob)).toMatchObject({ text: 'answer 2', word: 'miss' });
    expect(await ask(alice)).toMatchObject({ text: 'answer 1', word: 'hit' });
    const shared = await started({ more: auth, top: consumers, spec: { isShared: true } });
    const both = [clientOf(shared.weir.url, 'alice-key-0123456789'), clientOf(shared.weir.url, 'bob-key-0123456789')];
    for (const [index, client] of both.entries())
      expect(await ask(client)).toMatchObject({ text: 'answer 1', word: index === 0 ? 'miss' : 'hit' });
  });

  it('has one answer for who wants a stream and who does not, either way round', async () => {
    const { client, provider } = await started();
    expect(await stream(client)).toMatchObject({ text: 'answer 1', word: 'miss', usage: { total_tokens: 12 } });
    expect(await ask(client)).toMatchObject({ text: 'answer 1', word: 'hit' });
    expect(await stream(client)).toMatchObject({ text: 'answer 1', word: 'hit', usage: { total_tokens: 12 } });
    expect(await ask(client, { seed: 1 })).toMatchObject({ text: 'answer 2' });
    expect(await stream(client, { seed: 1 })).toMatchObject({ text: 'answer 2', word: 'hit' });
    expect(provider.questions).toHaveLength(2);
  });

  it('tells a stream again at the pace of the route', async () => {
    const text = 'a token or two for each of these words';
    const answering: Answering = (one) => json(one, openAiWords.whole({ content: text }));
    const { client } = await started({ answering, spec: { tokensPerSecond: 200 } });
    await ask(client);
    const begun = performance.now();
    const told = await stream(client);
    expect(told).toMatchObject({ text, word: 'hit' });
    expect(told.texts.length).toBe(Math.ceil(text.length / 4));
    // Nine tokens behind the first one, at five milliseconds each.
    expect(performance.now() - begun).toBeGreaterThanOrEqual(((told.texts.length - 1) * 1_000) / 200 - 1);
  });

  it.each<[string, Record<string, string>, Params, string | null]>([
    ['no-store', { 'cache-control': 'no-store' }, {}, 'bypass'],
    ['no-cache', { 'cache-control': 'no-cache' }, {}, 'miss'],
    ['a temperature above that of the route', {}, { temperature: 0.7 }, 'bypass'],
  ])('asks anew for %s', async (_, headers, params, word) => {
    const { client } = await started();
    await ask(client, params);
    expect(await ask(client, params, headers)).toMatchObject({ text: 'answer 2', word });
  });

  it('keeps what a no-cache has got, and nothing of a no-store', async () => {
    const { client } = await started();
    await ask(client, {}, { 'cache-control': 'no-store' });
    expect(await ask(client)).toMatchObject({ text: 'answer 2', word: 'miss' });
    await ask(client, {}, { 'cache-control': 'no-cache' });
    expect(await ask(client)).toMatchObject({ text: 'answer 3', word: 'hit' });
  });

  it('asks nobody for who wants only what is stored', async () => {
    const { client, provider } = await started();
    await expect(ask(client, {}, { 'cache-control': 'only-if-cached' })).rejects.toMatchObject({ status: 504 });
    expect(provider.questions).toHaveLength(0);
  });

  it('keeps answers to warm questions where the route says so', async () => {
    const { client } = await started({ spec: { temperatureMax: 1 } });
    await ask(client, { temperature: 0.7 });
    expect(await ask(client, { temperature: 0.7 })).toMatchObject({ text: 'answer 1', word: 'hit' });
  });

  const cut: Answering = (one) => {
    beginSse(one);
    one.response.write(openAiWords.delta({ content: 'half ' }));
    setImmediate(() => one.response.destroy());
  };
  const failing: Answering = (one) => {
    beginSse(one);
    one.response.end(openAiWords.delta({ content: 'half ' }) + openAiWords.error('broken'));
  };
  it.each([
    ['is cut', cut],
    ['fails in its middle', failing],
  ])('keeps no stream that %s', async (_, answering) => {
    const { client, provider } = await started({ answering, spec: {}, attempts: 1 });
    for (const times of [1, 2]) {
      await expect(stream(client)).rejects.toThrow();
      expect(provider.questions).toHaveLength(times);
    }
  });

  it.each([
    ['length', 'length'],
    ['content_filter', 'a filter'],
  ])('keeps no answer that %s has ended', async (reason) => {
    const { client, provider } = await started({
      answering: (one) => json(one, openAiWords.whole({ content: 'x' }, reason)),
    });
    await ask(client);
    expect(await ask(client)).toMatchObject({ word: 'miss' });
    expect(provider.questions).toHaveLength(2);
  });

  it('keeps calls of tools, and tells them as a stream', async () => {
    const tool_calls = [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Zürich"}' } }];
    const answering: Answering = (one) => json(one, openAiWords.whole({ content: null, tool_calls }, 'tool_calls'));
    const { client, provider } = await started({ answering });
    await ask(client);
    const final = await client.chat.completions.stream(hi()).finalChatCompletion();
    expect(final.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { tool_calls } });
    expect(provider.questions).toHaveLength(1);
  });
});

describe('identical questions that come together', () => {
  const isAsked = (questions: readonly Question[], times: number) =>
    until(
      () => questions.length >= times,
      () => `${questions.length} questions came`,
    );

  it('are one, streams and whole answers alike, from the first token to the last', async () => {
    const { client, provider, weir } = await started({ answering: () => {} });
    const first = stream(client);
    await isAsked(provider.questions, 1);
    const others = [stream(client), ask(client), stream(client)];
    await until(
      async () => (await weir.metrics()).includes('weir_requests_in_flight{route="models"} 4'),
      () => 'not all came',
    );
    const [asked] = provider.questions;
    if (asked === undefined) throw new Error('nobody asked');
    beginSse(asked);
    asked.response.end(openAiWords.text('one ', 'for ', 'all'));
    expect(await first).toMatchObject({ text: 'one for all', word: 'miss' });
    for (const other of await Promise.all(others))
      expect(other).toMatchObject({ text: 'one for all', word: expect.stringMatching(/collapsed|hit/) });
    expect(provider.questions).toHaveLength(1);
    const labels = 'model="openai/*",provider="openai",kind="output"';
    expect(await weir.metrics()).toContain(`weir_ai_tokens_total{${labels}} 7`);
    expect(await weir.metrics()).toContain(`weir_ai_saved_tokens_total{${labels}} 21`);
  });

  it('go on when the one who came first leaves, and its cost is told all the same', async () => {
    const { client, provider, weir } = await started({ answering: () => {} });
    const leaving = new AbortController();
    const first = client.chat.completions.create({ ...hi(), stream: true }, { signal: leaving.signal });
    await isAsked(provider.questions, 1);
    const second = stream(client);
    await until(
      async () => (await weir.metrics()).includes('weir_requests_in_flight{route="models"} 2'),
      () => 'the second did not come',
    );
    leaving.abort();
    await expect(first).rejects.toThrow();
    const [asked] = provider.questions;
    if (asked === undefined) throw new Error('nobody asked');
    beginSse(asked);
    asked.response.end(openAiWords.text('still ', 'here'));
    expect(await second).toMatchObject({ text: 'still here' });
    expect(asked.isLeft).toBe(false);
    expect(await weir.metrics()).toContain('weir_ai_tokens_total{model="openai/*",provider="openai",kind="output"} 7');
  });

  it('leave the provider alone when all have left', async () => {
    const { client, provider } = await started({ answering: () => {} });
    const leaving = new AbortController();
    const both = [1, 2].map(() => client.chat.completions.create(hi(), { signal: leaving.signal }));
    await isAsked(provider.questions, 1);
    leaving.abort();
    for (const one of both) await expect(one).rejects.toThrow();
    await until(
      () => provider.questions.every(({ isLeft }) => isLeft),
      () => 'the provider still answers',
    );
  });

  it('are asked anew by the next one when the first has failed', async () => {
    const { client, provider, weir } = await started({ answering: () => {} });
    const first = ask(client);
    first.catch(() => {});
    await isAsked(provider.questions, 1);
    const second = ask(client);
    await until(
      async () => (await weir.metrics()).includes('weir_requests_in_flight{route="models"} 2'),
      () => 'the second did not come',
    );
    provider.answering = (one) => json(one, openAiWords.whole({ content: 'better' }));
    const [asked] = provider.questions;
    if (asked === undefined) throw new Error('nobody asked');
    json(asked, { error: { message: 'no', type: 'invalid_request_error' } }, 400);
    await expect(first).rejects.toMatchObject({ status: 400 });
    expect(await second).toMatchObject({ text: 'better' });
  });
});

describe('nodes that share a Redis', () => {
  it('give each other their answers, and go on without it', async () => {
    const redis = await startRedis(stage);
    const answering = counting();
    // Patient enough for a busy machine.
    const gateway = 'cache: { redis: { readTimeout: 1s, writeTimeout: 1s } }';
    const nodes = [
      await started({ answering, gateway, redis: redis.url }),
      await started({ answering, gateway, redis: redis.url }),
    ] as const;
    for (const { weir } of nodes)
      await until(
        async () => /weir_cache_l2_readable 1[\s\S]*weir_cache_l2_writable 1/.test(await weir.metrics()),
        () => 'Redis is not reached',
      );
    const [one, two] = nodes;
    expect(await ask(one.client)).toMatchObject({ text: 'answer 1', word: 'miss' });
    await until(
      async () => (await one.weir.metrics()).includes('weir_cache_l2_offers_total{outcome="kept"} 1'),
      () => 'it was not written',
    );
    expect(await stream(two.client)).toMatchObject({ text: 'answer 1', word: 'hit' });
    await redis.kill();
    expect(await ask(two.client)).toMatchObject({ text: 'answer 1', word: 'hit' });
    expect(await ask(two.client, { seed: 1 })).toMatchObject({ text: 'answer 2', word: 'miss' });
  });
});
