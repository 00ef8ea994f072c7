/**
 * Libraries that applications are written with, before a whole gateway: Vercel's AI SDK in both formats, and LangChain. Behind it stands
 * aimock, in the words of three providers; what reached it is read from its journal.
 */
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { LLMock } from '@copilotkit/aimock';
import { type AIMessageChunk, HumanMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import {
  APICallError,
  generateObject,
  generateText,
  jsonSchema,
  type LanguageModel,
  streamText,
  type ToolSet,
  tool,
} from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AiConfig, startAiGateway } from '../../support/ai-gateway.js';
import { type Answering, type ModelProvider, modelProvider } from '../../support/model-provider.js';
import { Stage, until } from '../../support/stage.js';

// What it says of models that it does not know by name is nothing to a gateway.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

const stage = new Stage();
const mock = new LLMock({ port: 0, logLevel: 'silent', chunkSize: 4 });
let url = '';
/** Before the mock, whose journal has no images: what was asked is kept as it was. */
let tap: ModelProvider;
/** Whether the provider that never answers is being waited for. */
let isWaitedFor = (): boolean => false;

const TEXT = 'Grüße aus 東京 👋';
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const calls = [
  { id: 'call_1', name: 'weather', arguments: '{"city":"Zürich"}' },
  { id: 'call_2', name: 'weather', arguments: '{"city":"東京"}' },
];
const inputs = calls.map((call): unknown => JSON.parse(call.arguments));
const city = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const;
const usage = { prompt_tokens: 7, completion_tokens: 9, input_tokens: 7, output_tokens: 9 };

beforeAll(async () => {
  mock
    .onMessage('say it', { content: TEXT, usage })
    .onMessage('call both', { toolCalls: calls })
    .onMessage('what is it', { content: 'A pixel.' })
    .onMessage('where', { content: { city: 'Zürich' } })
    .onMessage('limited', { error: { message: 'slow down', type: 'rate_limit_error' }, status: 429 });
  await mock.start();
  const silent = await modelProvider(stage, () => {});
  tap = await modelProvider(stage, passOn);
  isWaitedFor = () => silent.questions.some(({ isLeft }) => !isLeft);
  const providers: AiConfig['providers'] = {
    openai: { at: tap },
    anthropic: { at: tap, kind: 'anthropic' },
    gemini: { at: tap, kind: 'gemini', basePath: '/v1beta' },
    silent: { at: silent },
  };
  ({ url } = await startAiGateway(stage, { providers, route: { attempts: 1 } }));
});
afterAll(async () => {
  await stage.clear();
  await mock.stop();
});

const upstreams = ['openai/gpt-4o', 'anthropic/claude-sonnet-4-5', 'gemini/gemini-2.5-flash'] as const;
const apiKey = 'none';
const ways = {
  'chat completions': (name: string) => createOpenAI({ apiKey, baseURL: `${url}/v1` }).chat(name),
  responses: (name: string) => createOpenAI({ apiKey, baseURL: `${url}/v1` }).responses(name),
  messages: (name: string) => createAnthropic({ apiKey, baseURL: `${url}/v1` })(name),
} as const satisfies Record<string, (name: string) => LanguageModel>;
const pairs = (Object.keys(ways) as (keyof typeof ways)[]).flatMap((way) =>
  upstreams.map((name) => [way, name] as const),
);

const passOn: Answering = async ({ path, body, response }) => {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${mock.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
  response.end(await answer.text());
};
/** All that the last question had in it. */
const reached = (): string => JSON.stringify(tap.questions.at(-1)?.body);

describe.each(pairs)('the AI SDK by %s, of %s', (way, name) => {
  const asked = (prompt: string) => ({ model: ways[way](name), prompt, maxRetries: 0 });
  const tools: ToolSet = { weather: tool({ description: 'Of a city', inputSchema: jsonSchema(city) }) };

  it('gets a text, whole and streamed, with what it cost', async () => {
    const whole = await generateText(asked('say it'));
    expect(whole).toMatchObject({ text: TEXT, finishReason: 'stop', usage: { inputTokens: 7, outputTokens: 9 } });
    const stream = streamText(asked('say it'));
    expect(await stream.text).toBe(TEXT);
    expect(await stream.finishReason).toBe('stop');
    expect(await stream.usage).toMatchObject({ inputTokens: 7, outputTokens: 9 });
  });

  it('gets parallel calls, whole and streamed', async () => {
    const whole = await generateText({ ...asked('call both'), tools });
    expect(whole.toolCalls.map(({ input }) => input)).toEqual(inputs);
    expect(whole.finishReason).toBe('tool-calls');
    const stream = streamText({ ...asked('call both'), tools });
    expect((await stream.toolCalls).map(({ input }) => input)).toEqual(inputs);
    expect(await stream.finishReason).toBe('tool-calls');
  });

  it('shows an image', async () => {
    const image = { type: 'image', image: PIXEL, mediaType: 'image/png' } as const;
    const { prompt: text, ...rest } = asked('what is it');
    const messages = [{ role: 'user' as const, content: [{ type: 'text' as const, text }, image] }];
    expect((await generateText({ ...rest, messages })).text).toBe('A pixel.');
    expect(reached()).toContain(PIXEL);
  });

  it('gets an object that keeps to a schema, or hears what its way to ask for one can not be done by', async () => {
    const asking = generateObject({ ...asked('where'), schema: jsonSchema<{ city: string }>(city) });
    // By messages it asks for a call, and for one only; Gemini has no word for that.
    if (way === 'messages' && name.startsWith('gemini/')) {
      const message = expect.stringContaining('`tool_choice.disable_parallel_tool_use`');
      await expect(asking).rejects.toMatchObject({ statusCode: 400, message });
    } else expect((await asking).object).toEqual({ city: 'Zürich' });
  });

  it('gets its own exception for a limit', async () => {
    const failed = await generateText(asked('limited')).catch((error: unknown) => error);
    expect(APICallError.isInstance(failed)).toBe(true);
    expect(failed).toMatchObject({ statusCode: 429, message: expect.stringContaining('slow down') });
  });
});

describe.each(Object.keys(ways) as (keyof typeof ways)[])('the AI SDK by %s', (way) => {
  it('leaves, and with it the question at the provider', async () => {
    const controller = new AbortController();
    const model = ways[way]('silent/gpt');
    const asked = generateText({ model, prompt: 'say it', maxRetries: 0, abortSignal: controller.signal });
    const failed = asked.catch((error: unknown) => error);
    await until(isWaitedFor, () => 'no question came');
    controller.abort();
    expect(await failed).toMatchObject({ name: 'AbortError' });
    await until(
      () => !isWaitedFor(),
      () => 'the provider is still asked',
    );
  });
});

describe.each(upstreams)('LangChain, of %s', (model) => {
  const chat = () => new ChatOpenAI({ model, apiKey, configuration: { baseURL: `${url}/v1` }, maxRetries: 0 });
  const weather = {
    type: 'function',
    function: { name: 'weather', description: 'Of a city', parameters: city },
  } as const;

  it('gets a text, whole and streamed', async () => {
    const whole = await chat().invoke('say it');
    expect(whole.content).toBe(TEXT);
    expect(whole.usage_metadata).toMatchObject({ input_tokens: 7, output_tokens: 9 });
    let text = '';
    for await (const chunk of await chat().stream('say it')) text += chunk.text;
    expect(text).toBe(TEXT);
  });

  it('gets parallel calls, whole and streamed', async () => {
    const bound = chat().bindTools([weather]);
    const whole = await bound.invoke('call both');
    expect(whole.tool_calls?.map(({ args }) => args)).toEqual(inputs);
    const chunks: AIMessageChunk[] = [];
    for await (const chunk of await bound.stream('call both')) chunks.push(chunk);
    const gathered = chunks.reduce((before, chunk) => before.concat(chunk));
    expect(gathered.tool_calls?.map(({ args }) => args)).toEqual(inputs);
  });

  it('shows an image', async () => {
    const image_url = { url: `data:image/png;base64,${PIXEL}` };
    const content = [
      { type: 'text', text: 'what is it' },
      { type: 'image_url', image_url },
    ];
    expect((await chat().invoke([new HumanMessage({ content })])).content).toBe('A pixel.');
    expect(reached()).toContain(PIXEL);
  });

  it('gets an object that keeps to a schema', async () => {
    const structured = chat().withStructuredOutput(
      { ...city, title: 'place' },
      { method: 'jsonSchema', name: 'place' },
    );
    expect(await structured.invoke('where')).toEqual({ city: 'Zürich' });
  });

  it('gets an exception for a limit', async () => {
    await expect(chat().invoke('limited')).rejects.toMatchObject({ status: 429 });
  });

  it('leaves, and with it the question at the provider', async () => {
    const controller = new AbortController();
    const silent = new ChatOpenAI({
      model: 'silent/gpt',
      apiKey,
      configuration: { baseURL: `${url}/v1` },
      maxRetries: 0,
    });
    const failed = silent.invoke('say it', { signal: controller.signal }).catch((error: unknown) => error);
    await until(isWaitedFor, () => 'no question came');
    controller.abort();
    expect(await failed).toBeInstanceOf(Error);
    await until(
      () => !isWaitedFor(),
      () => 'the provider is still asked',
    );
  });
});
