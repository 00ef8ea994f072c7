/**
 * Formats and providers that speak the same API are each other's inverse: a request in the words of a provider's own API says
 * there what it said here, and an answer that a format has written is read by the provider as the answer that it was. So one
 * Weir may stand behind another.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatAnswer, FinishReason } from '../chat/chat-answer.js';
import { Gathering } from '../chat/gather.js';
import type { ProviderErrorKind } from '../chat/provider-error.js';
import { providerError, providerErrorTable } from '../chat/provider-error.js';
import type { ChatFormat } from '../format.js';
import type { JsonObject } from '../json.js';
import { isProviderError, type Provider } from '../provider.js';
import { anthropic } from '../providers/anthropic/anthropic.js';
import { openAi } from '../providers/openai.js';
import { defaultFramerBounds } from '../wire/framer.js';
import { SseFramer } from '../wire/sse.js';
import { anthropicMessages } from './anthropic-messages/anthropic-messages.js';
import { openaiChat } from './openai-chat/openai-chat.js';
import { anyAnswer, requestOf, streamed, termsOf, usage } from './testing/answers.js';

function sent(format: ChatFormat, provider: Provider, body: JsonObject): { body: JsonObject; unsupported: unknown } {
  const chat = requestOf(format, body);
  const { body: out, unsupported } = provider.request(chat, { model: chat.model, basePath: '/v1', settings: {} });
  return { body: out, unsupported };
}

const chat: JsonObject = {
  model: 'gpt-4o',
  messages: [
    { role: 'system', content: 'Be short' },
    {
      role: 'user',
      name: 'ann',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'high' } },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBE' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'warm' },
  ],
  tools: [
    {
      type: 'function',
      function: { name: 'weather', description: 'Of a city', parameters: { type: 'object' }, strict: true },
    },
  ],
  tool_choice: { type: 'function', function: { name: 'weather' } },
  parallel_tool_calls: false,
  response_format: { type: 'json_schema', json_schema: { name: 'reply', schema: { type: 'object' }, strict: true } },
  max_completion_tokens: 50,
  temperature: 0.5,
  top_p: 0.9,
  frequency_penalty: -1,
  presence_penalty: 1,
  seed: -7,
  stop: ['a', 'b'],
  n: 2,
  logprobs: true,
  top_logprobs: 3,
  logit_bias: { '50256': -100 },
  user: 'u-1',
  stream: true,
  stream_options: { include_usage: true },
  metadata: { a: 'b' },
  service_tier: 'flex',
  prompt_cache_key: 'k',
};

const message: JsonObject = {
  model: 'claude-sonnet-4-5',
  max_tokens: 4096,
  system: [{ type: 'text', text: 'Be short', cache_control: { type: 'ephemeral', ttl: '1h' } }],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Look' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
        { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' }, title: 'A' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm', signature: 'c2ln' },
        { type: 'redacted_thinking', data: 'eHg=' },
        { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'Rome' } },
        { type: 'web_search_tool_result', tool_use_id: 's1', content: [] },
        { type: 'text', text: 'I ask' },
        { type: 'tool_use', id: 't1', name: 'weather', input: { city: 'Rome' } },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 't1', is_error: true, content: [{ type: 'text', text: 'no' }] },
        { type: 'text', text: 'And?', cache_control: { type: 'ephemeral' } },
      ],
    },
  ],
  tools: [
    {
      name: 'weather',
      description: 'Of a city',
      input_schema: { type: 'object', properties: {} },
      eager_input_streaming: true,
      cache_control: { type: 'ephemeral' },
    },
    { type: 'web_search_20250305', name: 'web_search', max_uses: 2 },
  ],
  tool_choice: { type: 'auto', disable_parallel_tool_use: true },
  thinking: { type: 'enabled', budget_tokens: 2048 },
  stop_sequences: ['X'],
  metadata: { user_id: 'u-1' },
  stream: true,
  service_tier: 'auto',
};

describe('what a provider’s own API said', () => {
  it('to OpenAI is said again', () => {
    expect(sent(openaiChat, openAi, chat)).toEqual({ body: chat, unsupported: [] });
  });

  it('to Anthropic is said again', () => {
    expect(sent(anthropicMessages, anthropic, message)).toEqual({ body: message, unsupported: [] });
  });
});

/** What is told in the end: texts and calls in their order, why it ended, and the figures. */
function gist(answer: ChatAnswer): unknown {
  const choices = answer.choices.map(({ parts, finish }) => ({
    // Where a refusal stands is not told beside a text, only that it does.
    text: parts.map((part) => (part.kind === 'text' || part.kind === 'refusal' ? part.text : '')).join(''),
    reasoning: parts.map((part) => (part.kind === 'reasoning' ? part.text : '')).join(''),
    calls: parts.filter((part) => part.kind === 'toolCall'),
    reason: finish.reason,
  }));
  return { choices, usage: answer.usage };
}

/** Answers that such a provider gives: no refusals, and reasons of its own that agree with what was answered. */
function answersOf(choices: number, words: Readonly<Partial<Record<FinishReason, string>>>): fc.Arbitrary<ChatAnswer> {
  return anyAnswer(choices).map((answer) => ({
    ...answer,
    // Anthropic's format has no way to leave the figures out.
    usage: answer.usage ?? usage,
    choices: answer.choices.map((choice) => {
      const parts = choice.parts
        .filter(({ kind }) => kind !== 'refusal')
        // Objects alone are arguments everywhere; whoever is given none is given an empty one.
        .map((part) => (part.kind === 'toolCall' ? { ...part, arguments: '{"a":[1,"}"]}' } : part));
      const isCalling = parts.some(({ kind }) => kind === 'toolCall');
      const said =
        words[choice.finish.reason] === undefined || choice.finish.reason === 'stop' ? 'stop' : choice.finish.reason;
      const reason: FinishReason = isCalling ? 'toolCalls' : said === 'toolCalls' ? 'stop' : said;
      return { ...choice, parts, finish: { reason, native: words[reason] ?? null, stopSequence: null } };
    }),
  }));
}

function readStream(provider: Provider, text: string): ChatAnswer | null {
  const framer = new SseFramer(defaultFramerBounds);
  const reader = provider.stream();
  const gathering = new Gathering({ charactersMax: Number.POSITIVE_INFINITY });
  const events = [...framer.feed(new TextEncoder().encode(text)), ...framer.end()];
  for (const event of [...events.flatMap((each) => reader.read(each)), ...reader.end()]) gathering.add(event);
  return gathering.answer();
}

const pairs = [
  {
    format: openaiChat,
    provider: openAi,
    request: requestOf(openaiChat, { ...chat, n: 3 }),
    answers: answersOf(3, { stop: 'stop', length: 'length', toolCalls: 'tool_calls', contentFilter: 'content_filter' }),
  },
  {
    format: anthropicMessages,
    provider: anthropic,
    request: requestOf(anthropicMessages, message),
    answers: answersOf(1, {
      stop: 'end_turn',
      length: 'max_tokens',
      toolCalls: 'tool_use',
      refusal: 'refusal',
      pause: 'pause_turn',
      contextExceeded: 'model_context_window_exceeded',
    }),
  },
];

describe.each(pairs)(
  'what $format.name writes is read by its own provider',
  ({ format, provider, request, answers }) => {
    it('as the answer that it was', () => {
      fc.assert(
        fc.property(answers, (answer) => {
          const read = provider.answer(JSON.parse(JSON.stringify(format.answer(answer, termsOf(request)))));
          if (isProviderError(read)) throw new Error(read.message);
          expect(gist(read)).toEqual(gist(answer));
        }),
      );
    });

    it('as the stream that it was', () => {
      fc.assert(
        fc.property(answers, (answer) => {
          const read = readStream(provider, streamed(format, answer, request));
          expect(read === null ? null : gist(read)).toEqual(gist(answer));
        }),
      );
    });

    it.each(Object.keys(providerErrorTable) as ProviderErrorKind[])(
      'as the error %s, as far as it may be told',
      (kind) => {
        const { status, body } = format.error(providerError(kind, 'why'));
        const read = provider.error(status, [], JSON.stringify(body));
        expect(read.message).toBe('why');
        // What went wrong with the gateway's key or between it and the provider is a failure of a server to whoever asks it.
        const row = providerErrorTable[kind];
        expect(providerErrorTable[read.kind].status < 500).toBe(row.status < 500);
      },
    );
  },
);
