/**
 * Every API that is translated, as somebody else took it down: behind the gateway stands aimock, which speaks the providers' formats
 * by itself and is held to the real ones by its authors. Official clients ask through the gateway, in either format.
 */
import Anthropic from '@anthropic-ai/sdk';
import { LLMock } from '@copilotkit/aimock';
import { providerFacts } from '@weir/proto/ai/providers.js';
import OpenAI, { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AiConfig, startAiGateway } from '../../support/ai-gateway.js';
import { Stage } from '../../support/stage.js';

const stage = new Stage();
const mock = new LLMock({ port: 0, logLevel: 'silent', chunkSize: 3 });
let client: OpenAI;
let claude: Anthropic;

const models = {
  openai: 'gpt-4o',
  'azure-openai': 'gpt-4o',
  anthropic: 'claude-sonnet-4-5',
  gemini: 'gemini-2.5-flash',
  vertex: 'gemini-2.5-flash',
  bedrock: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
  mistral: 'mistral-large-latest',
  cohere: 'command-a-03-2025',
  ollama: 'qwen3',
  openrouter: 'openai/gpt-4o',
} as const;
type Kind = keyof typeof models;
const kinds = Object.keys(models) as Kind[]; // Of the literal above.

const settings: Readonly<Partial<Record<Kind, Record<string, string>>>> = {
  vertex: { project: 'p', location: 'us-central1' },
  bedrock: { region: 'us-east-1' },
};

/** The mock tells Ollama's figures as 0, and Mistral's streams theirs only on a question that Mistral knows no field for. */
const uncounted: ReadonlySet<Kind> = new Set(['ollama', 'mistral']);
/** It ends each answer of Ollama with `stop`. */
const endsWell: ReadonlySet<Kind> = new Set(['ollama']);
/** Here it says what was thought in a way that their references don't have: as text, and in a field of OpenAI's kin. */
const thinksElsewhere: ReadonlySet<Kind> = new Set(['cohere', 'ollama']);
const TEXT = 'Grüße aus 東京, 👋 and a few words more.';
/** In the words of each provider, for the mock counts nothing by itself. */
const usage = {
  ...{ prompt_tokens: 7, completion_tokens: 9, input_tokens: 7, output_tokens: 9 },
  ...{ promptTokenCount: 7, candidatesTokenCount: 9, totalTokenCount: 16 },
};
const calls = [
  { id: 'call_1', name: 'weather', arguments: '{"city":"Zürich","days":3}' },
  { id: 'call_2', name: 'weather', arguments: '{"city":"東京","days":1}' },
];
const parameters = { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } } } as const;

beforeAll(async () => {
  mock
    .onMessage('say it', { content: TEXT, usage })
    .onMessage('call both', { toolCalls: calls })
    .onMessage('say and call', { content: 'I look.', toolCalls: calls.slice(0, 1) })
    .onMessage('think', { content: TEXT, reasoning: 'Hm, what to say?' })
    .onMessage('too long', { content: 'Once', finishReason: 'length' })
    .onMessage('filtered', { content: 'Once', finishReason: 'content_filter' })
    .onMessage('limited', { error: { message: 'slow down', type: 'rate_limit_error' }, status: 429 })
    .onMessage('broken', { error: { message: 'it broke', type: 'server_error' }, status: 500 })
    .onMessage('wrong', { error: { message: 'no such thing', type: 'invalid_request_error' }, status: 400 })
    .onMessage('cut', { content: TEXT }, { truncateAfterChunks: 3 });
  await mock.start();
  const providers: AiConfig['providers'] = Object.fromEntries(
    kinds.map((kind) => {
      const facts = providerFacts.find((one) => one.kind === kind);
      const path = new URL((facts?.url ?? '').replace(/\{\w+\}/g, 'x')).pathname.replace(/\/$/, '');
      return [kind, { at: { url: mock.url }, kind, basePath: path, keys: [], settings: settings[kind] ?? {} }];
    }),
  );
  const weir = await startAiGateway(stage, { providers, route: { attempts: 1 } });
  client = new OpenAI({ apiKey: 'none', baseURL: `${weir.url}/v1`, maxRetries: 0 });
  claude = new Anthropic({ apiKey: 'none', baseURL: weir.url, maxRetries: 0 });
});
afterAll(async () => {
  await stage.clear();
  await mock.stop();
});

const tools: OpenAI.ChatCompletionTool[] = [{ type: 'function', function: { name: 'weather', parameters } }];
const body = (kind: Kind, content: string) => ({
  model: `${kind}/${models[kind]}`,
  messages: [{ role: 'user' as const, content }],
});
const said = (text: string) => ({ message: { content: text }, finish_reason: 'stop' });

/** Whole, and added up from a stream: which must be the same. */
async function asked(kind: Kind, content: string, more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {}) {
  const whole = await client.chat.completions.create({ ...body(kind, content), ...more });
  const stream = client.chat.completions.stream({
    ...{ ...body(kind, content), ...more, stream: true },
    stream_options: { include_usage: true },
  });
  return [whole, await stream.finalChatCompletion()];
}

describe.each(kinds)('%s, as aimock speaks it, to the openai client', (kind) => {
  it('gives a text, with what it cost', async () => {
    for (const answer of await asked(kind, 'say it')) {
      expect(answer.choices[0]).toMatchObject(said(TEXT));
      if (!uncounted.has(kind)) expect(answer.usage?.total_tokens).toBeGreaterThan(0);
    }
  });

  it('calls two tools side by side', async () => {
    for (const { choices } of await asked(kind, 'call both', { tools })) {
      expect(choices[0]?.finish_reason).toBe('tool_calls');
      const got = choices[0]?.message.tool_calls?.map((call) => (call.type === 'function' ? call.function : null));
      expect(got?.map((one) => [one?.name, JSON.parse(one?.arguments ?? '')])).toEqual(
        calls.map((call) => [call.name, JSON.parse(call.arguments)]),
      );
      expect(new Set(choices[0]?.message.tool_calls?.map(({ id }) => id)).size).toBe(2);
    }
  });

  it('says something and calls a tool', async () => {
    for (const { choices } of await asked(kind, 'say and call', { tools })) {
      expect(choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: 'I look.' } });
      expect(choices[0]?.message.tool_calls).toHaveLength(1);
    }
  });

  it('says why it ended, where that is no good end', async () => {
    for (const [content, reason] of [
      ['too long', 'length'],
      ['filtered', 'content_filter'],
    ] as const) {
      for (const { choices } of await asked(kind, content)) {
        expect(choices[0]).toMatchObject({
          message: { content: 'Once' },
          finish_reason: endsWell.has(kind) ? 'stop' : reason,
        });
      }
    }
  });

  it.each([
    ['limited', 429],
    ['wrong', 400],
    ['broken', 502],
  ])('tells of an error: %s', async (content, status) => {
    const whole = client.chat.completions.create(body(kind, content));
    await expect(whole).rejects.toMatchObject({ status });
    const stream = client.chat.completions.create({ ...body(kind, content), stream: true });
    await expect(stream).rejects.toMatchObject({ status });
  });

  it('never takes a stream that was cut for whole', async () => {
    const stream = client.chat.completions.stream({ ...body(kind, 'cut'), stream: true });
    await expect(stream.finalChatCompletion()).rejects.toBeInstanceOf(APIError);
  });
});

async function inMessages(kind: Kind, content: string, more: Partial<Anthropic.MessageCreateParamsNonStreaming> = {}) {
  const question = { ...body(kind, content), max_tokens: 900, ...more };
  return [await claude.messages.create(question), await claude.messages.stream(question).finalMessage()];
}

describe.each(kinds)('%s, as aimock speaks it, to the anthropic client', (kind) => {
  it('gives a text, with what it cost', async () => {
    for (const answer of await inMessages(kind, 'say it')) {
      expect(answer).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text', text: TEXT }] });
      if (!uncounted.has(kind)) expect(answer.usage.output_tokens).toBeGreaterThan(0);
    }
  });

  it('calls two tools side by side', async () => {
    for (const answer of await inMessages(kind, 'call both', {
      tools: [{ name: 'weather', input_schema: parameters }],
    })) {
      expect(answer.stop_reason).toBe('tool_use');
      const got = answer.content.filter((block) => block.type === 'tool_use');
      expect(got.map(({ name, input }) => [name, input])).toEqual(
        calls.map((call) => [call.name, JSON.parse(call.arguments)]),
      );
    }
  });
});

it.each(kinds.filter((kind) => !thinksElsewhere.has(kind)))(
  '%s, as aimock speaks it, thinks before it speaks to the anthropic client',
  async (kind) => {
    for (const answer of await inMessages(kind, 'think')) {
      expect(answer.content).toMatchObject([
        { type: 'thinking', thinking: 'Hm, what to say?' },
        { type: 'text', text: TEXT },
      ]);
    }
  },
);

describe.each(kinds)('%s, as aimock speaks it, to the openai client by responses', (kind) => {
  const both = async (input: string, given: readonly OpenAI.Responses.FunctionTool[] = []) => {
    const question = { model: `${kind}/${models[kind]}`, input, store: false, tools: [...given] };
    return [await client.responses.create(question), await client.responses.stream(question).finalResponse()];
  };

  it('gives a text', async () => {
    for (const { status, output } of await both('say it')) {
      expect(status).toBe('completed');
      expect(output).toMatchObject([{ type: 'message', content: [{ type: 'output_text', text: TEXT }] }]);
    }
  });

  it('calls two tools side by side', async () => {
    const tool = { type: 'function', name: 'weather', parameters, strict: false } as const;
    for (const { output } of await both('call both', [tool])) {
      const got = output.flatMap((item) => (item.type === 'function_call' ? [item] : []));
      expect(got.map((call) => [call.name, JSON.parse(call.arguments)])).toEqual(
        calls.map((call) => [call.name, JSON.parse(call.arguments)]),
      );
    }
  });
});
