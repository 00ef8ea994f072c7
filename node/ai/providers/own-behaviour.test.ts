/** The suite of all providers, for those that speak chat completions, for Cohere and for Ollama. */
import { describe } from 'vitest';
import type { Provider, WireEvent } from '../provider.js';
import { bytesOf } from '../wire/testing/bodies.js';
import { azureOpenAi } from './azure-openai.js';
import { cohere } from './cohere/cohere.js';
import { mistral } from './mistral.js';
import { ollama } from './ollama/ollama.js';
import { openAi } from './openai.js';
import { providerOf } from './registry.js';
import { behavesAsProvider } from './testing/behaviour.js';
import { sseBody } from './testing/chats.js';

const events = (bodies: readonly object[], end = '[DONE]'): WireEvent[] => [
  ...bodies.map((body) => ({ type: '', data: JSON.stringify(body) })),
  ...(end === '' ? [] : [{ type: '', data: end }]),
];

const chunk = (delta: object, choice: object = {}, more: object = {}): object => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  created: 7,
  model: 'm1',
  choices: [{ index: 0, delta, finish_reason: null, ...choice }],
  ...more,
});
const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
const call = (index: number, made: object, id?: string): object =>
  chunk({ tool_calls: [{ index, ...(id === undefined ? {} : { id, type: 'function' }), function: made }] });

const chatStreams: readonly Uint8Array[] = [
  sseBody(
    events([
      chunk({ role: 'assistant', content: '' }),
      chunk({ reasoning_content: 'hm — 考' }),
      chunk({ content: 'Grüße, 世界 🌍' }),
      chunk({ content: '' }, { finish_reason: 'stop' }),
      { ...chunk({}), choices: [], usage },
    ]),
  ),
  sseBody(
    events([
      call(0, { name: 'f', arguments: '' }, 'a'),
      call(1, { name: 'g', arguments: '' }, 'b'),
      call(0, { arguments: '{"ä":' }),
      call(1, { arguments: '{}' }),
      call(0, { arguments: '1}' }),
      chunk({}, { finish_reason: 'tool_calls' }),
    ]),
    '\r\n',
  ),
];

const chatWords = [
  'choices',
  'delta',
  'message',
  'content',
  'tool_calls',
  'function',
  'arguments',
  'name',
  'index',
  'id',
  'finish_reason',
  'stop',
  'usage',
  'prompt_tokens',
  'completion_tokens',
  'error',
  'code',
  'logprobs',
  'token',
  'logprob',
  'type',
  'text',
  'thinking',
  'detail',
  'errors',
  'base_resp',
  'status_code',
  'search_results',
  'annotations',
  'content_filter_results',
];

const spoken: readonly Provider[] = [openAi, azureOpenAi, mistral, providerOf('groq'), providerOf('minimax')].filter(
  (provider) => provider !== null,
);

describe.each(spoken.map((provider) => [provider.kind, provider] as const))('%s', (_kind, provider) => {
  behavesAsProvider(provider, { words: chatWords, models: ['gpt-4.1', 'o3', 'm'], streams: chatStreams });
});

describe('cohere', () => {
  const said = (type: string, message: object, more: object = {}): object => ({
    type,
    index: 0,
    delta: { message },
    ...more,
  });
  behavesAsProvider(cohere, {
    models: ['command-a-03-2025', 'm'],
    words: [
      'type',
      'delta',
      'message',
      'content',
      'text',
      'thinking',
      'tool_plan',
      'tool_calls',
      'function',
      'name',
      'arguments',
      'citations',
      'finish_reason',
      'COMPLETE',
      'usage',
      'billed_units',
      'input_tokens',
      'logprobs',
      'message-start',
      'content-delta',
      'tool-call-start',
      'tool-call-delta',
      'citation-start',
      'message-end',
    ],
    streams: [
      sseBody(
        events(
          [
            { type: 'message-start', id: 'a1', delta: { message: { role: 'assistant' } } },
            said('tool-plan-delta', { tool_plan: 'Ich werde…' }),
            said('tool-call-start', { tool_calls: { id: 'x', function: { name: 'f', arguments: '' } } }),
            said('tool-call-delta', { tool_calls: { function: { arguments: '{"ä":1}' } } }),
            said('content-delta', { content: { text: '世界' } }),
            { type: 'message-end', delta: { finish_reason: 'TOOL_CALL', usage: { tokens: { input_tokens: 1 } } } },
          ],
          '',
        ),
      ),
    ],
  });
});

describe('ollama', () => {
  const line = (message: object, more: object = {}): string =>
    `${JSON.stringify({ model: 'm', created_at: '2025-08-01T10:00:00Z', message, done: false, ...more })}\n`;
  behavesAsProvider(ollama, {
    models: ['llama3.2', 'm'],
    words: [
      'message',
      'content',
      'thinking',
      'tool_calls',
      'function',
      'name',
      'arguments',
      'done',
      'done_reason',
      'error',
      'eval_count',
    ],
    streams: [
      bytesOf(
        [
          line({ role: 'assistant', thinking: 'hm — 考' }),
          line({ role: 'assistant', content: 'Grüße 🌍' }),
          line({ tool_calls: [{ function: { name: 'f', arguments: { ä: 1 } } }] }),
          line({ content: '' }, { done: true, done_reason: 'stop', prompt_eval_count: 5, eval_count: 2 }),
        ].join(''),
      ),
    ],
  });
});
