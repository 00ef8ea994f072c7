/** The same question in the words of each format a client may use, with one thing asked for besides. Pure. */
import type { ChatFormat } from '@weir/node/ai/format.js';
import { anthropicMessages } from '@weir/node/ai/formats/anthropic-messages/anthropic-messages.js';
import { openaiChat } from '@weir/node/ai/formats/openai-chat/openai-chat.js';
import { openaiCompletions } from '@weir/node/ai/formats/openai-completions/openai-completions.js';
import { openaiResponses } from '@weir/node/ai/formats/openai-responses/openai-responses.js';
import type { JsonObject } from '@weir/node/ai/json.js';

export type Asked = 'nothing' | 'tools' | 'image' | 'imageUrl' | 'document' | 'schema' | 'reasoning';

export const IMAGE = 'SU1BR0VTIEFSRSBCWVRFUw==';
export const IMAGE_URL = 'https://example.com/pixel.png';
export const PDF = 'JVBERi0xLjQK';
const input = { city: 'Ulm' };
const RESULT = 'It is raining in Ulm';
const city = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const;
const verdict = {
  type: 'object',
  properties: { verdict: { type: 'string' } },
  required: ['verdict'],
  additionalProperties: false,
} as const;

/** What has to arrive at the provider, in whatever words. */
export const marks: Readonly<Record<Asked, readonly string[]>> = {
  nothing: ['Hello'],
  tools: ['weather', 'Of a city', RESULT, 'Ulm'],
  image: [IMAGE],
  imageUrl: [IMAGE_URL],
  document: [PDF],
  schema: ['verdict'],
  reasoning: [],
};

export interface Way {
  readonly format: ChatFormat;
  readonly title: string;
  readonly path: string;
  /** Null: the format has no word for it. */
  ask(asked: Asked, model: string, isStream: boolean): JsonObject | null;
}

const chatPart: Readonly<Partial<Record<Asked, JsonObject>>> = {
  image: { type: 'image_url', image_url: { url: `data:image/png;base64,${IMAGE}` } },
  imageUrl: { type: 'image_url', image_url: { url: IMAGE_URL } },
  document: { type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` } },
};
const responsesPart: Readonly<Partial<Record<Asked, JsonObject>>> = {
  image: { type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${IMAGE}` },
  imageUrl: { type: 'input_image', detail: 'auto', image_url: IMAGE_URL },
  document: { type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` },
};
const messagesPart: Readonly<Partial<Record<Asked, JsonObject>>> = {
  image: { type: 'image', source: { type: 'base64', media_type: 'image/png', data: IMAGE } },
  imageUrl: { type: 'image', source: { type: 'url', url: IMAGE_URL } },
  document: { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PDF } },
};
const withPart = (text: JsonObject, part: JsonObject | undefined) => (part === undefined ? 'Hello' : [text, part]);

const chatWords: Readonly<Partial<Record<Asked, JsonObject>>> = {
  tools: { tools: [{ type: 'function', function: { name: 'weather', description: 'Of a city', parameters: city } }] },
  schema: {
    response_format: { type: 'json_schema', json_schema: { name: 'reply', schema: verdict, strict: true } },
  },
  reasoning: { reasoning_effort: 'high' },
};
const chatTurns = [
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'c0', type: 'function', function: { name: 'weather', arguments: JSON.stringify(input) } }],
  },
  { role: 'tool', tool_call_id: 'c0', content: RESULT },
];

const responsesWords: Readonly<Partial<Record<Asked, JsonObject>>> = {
  tools: { tools: [{ type: 'function', name: 'weather', description: 'Of a city', parameters: city, strict: false }] },
  schema: { text: { format: { type: 'json_schema', name: 'reply', schema: verdict, strict: true } } },
  reasoning: { reasoning: { effort: 'high' } },
};
const responsesTurns = [
  { type: 'function_call', call_id: 'c0', name: 'weather', arguments: JSON.stringify(input) },
  { type: 'function_call_output', call_id: 'c0', output: RESULT },
];

const messagesWords: Readonly<Partial<Record<Asked, JsonObject>>> = {
  tools: { tools: [{ name: 'weather', description: 'Of a city', input_schema: city }] },
  schema: { output_config: { format: { type: 'json_schema', schema: verdict } } },
  reasoning: { thinking: { type: 'enabled', budget_tokens: 2_048 } },
};
const messagesTurns = [
  { role: 'assistant', content: [{ type: 'tool_use', id: 'c0', name: 'weather', input }] },
  { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c0', content: RESULT }] },
];

export const ways: readonly Way[] = [
  {
    format: openaiChat,
    title: 'OpenAI chat completions',
    path: '/chat/completions',
    ask: (asked, model, stream) => ({
      model,
      messages: [
        { role: 'user', content: withPart({ type: 'text', text: 'Hello' }, chatPart[asked]) },
        ...(asked === 'tools' ? chatTurns : []),
      ],
      ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
      ...chatWords[asked],
    }),
  },
  {
    format: openaiResponses,
    title: 'OpenAI Responses',
    path: '/responses',
    ask: (asked, model, stream) => ({
      ...{ model, stream, store: false },
      input: [
        { role: 'user', content: withPart({ type: 'input_text', text: 'Hello' }, responsesPart[asked]) },
        ...(asked === 'tools' ? responsesTurns : []),
      ],
      ...responsesWords[asked],
    }),
  },
  {
    format: anthropicMessages,
    title: 'Anthropic Messages',
    path: '/messages',
    ask: (asked, model, stream) => ({
      ...{ model, stream, max_tokens: 4_096 },
      messages: [
        { role: 'user', content: withPart({ type: 'text', text: 'Hello' }, messagesPart[asked]) },
        ...(asked === 'tools' ? messagesTurns : []),
      ],
      ...messagesWords[asked],
    }),
  },
  {
    format: openaiCompletions,
    title: 'OpenAI completions (legacy)',
    path: '/completions',
    ask: (asked, model, stream) =>
      asked === 'nothing'
        ? { model, prompt: 'Hello', ...(stream ? { stream, stream_options: { include_usage: true } } : {}) }
        : null,
  },
];
