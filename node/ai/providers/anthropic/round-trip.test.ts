import { describe, expect, it } from 'vitest';
import { isMisread } from '../../format.js';
import { readMessagesBody } from '../../formats/anthropic-messages/request.js';
import type { JsonObject } from '../../json.js';
import { place } from '../testing/chats.js';
import { anthropic } from './anthropic.js';

/** What a client of Anthropic says to Anthropic through the vocabulary. */
function through(body: JsonObject): unknown {
  const chat = readMessagesBody(body);
  if (isMisread(chat)) return chat;
  const { body: told, unsupported } = anthropic.request(chat, place(String(body['model'])));
  return unsupported.length > 0 ? unsupported : told;
}

const text = (said: string): JsonObject => ({ type: 'text', text: said });
const user = (...content: JsonObject[]): JsonObject => ({ role: 'user', content });
const assistant = (...content: JsonObject[]): JsonObject => ({ role: 'assistant', content });
const base = { model: 'claude-opus-5', max_tokens: 9000, messages: [user(text('Hello'))] };
const ephemeral = { type: 'ephemeral' };

describe("Anthropic's own words, through the vocabulary and back", () => {
  it.each<[string, JsonObject]>([
    ['a greeting', base],
    [
      'sampling, instructions and a stream',
      {
        ...base,
        system: [text('A'), { ...text('B'), cache_control: { type: 'ephemeral', ttl: '1h' } }],
        temperature: 0.5,
        top_p: 0.9,
        top_k: 5,
        stop_sequences: ['X'],
        metadata: { user_id: 'u' },
        service_tier: 'auto',
        stream: true,
      },
    ],
    [
      'tools with calls and results',
      {
        ...base,
        tools: [
          {
            name: 'f',
            description: 'd',
            input_schema: { type: 'object', properties: {} },
            strict: true,
            cache_control: ephemeral,
          },
          { type: 'web_search_20250305', name: 'web_search', max_uses: 5 },
        ],
        tool_choice: { type: 'auto', disable_parallel_tool_use: true },
        messages: [
          user(text('A')),
          assistant(
            { type: 'thinking', thinking: 'B', signature: 'EqQB' },
            { type: 'redacted_thinking', data: 'EmwK' },
            text('C'),
            { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 } },
          ),
          user(
            {
              type: 'tool_result',
              tool_use_id: 'toolu_1',
              content: [text('D')],
              is_error: true,
              cache_control: ephemeral,
            },
            text('E'),
          ),
        ],
      },
    ],
    [
      'images and documents',
      {
        ...base,
        messages: [
          user(
            {
              type: 'image',
              source: { type: 'base64', media_type: 'image/png', data: 'AA==' },
              cache_control: ephemeral,
            },
            { type: 'image', source: { type: 'url', url: 'https://a/b.png' } },
            { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AA==' }, title: 't' },
            { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' } },
            { type: 'document', source: { type: 'url', url: 'https://a/b.pdf' } },
          ),
        ],
      },
    ],
    [
      'thinking with an effort and a schema',
      {
        ...base,
        thinking: { type: 'adaptive', display: 'summarized' },
        output_config: { effort: 'high', format: { type: 'json_schema', schema: { type: 'object' } } },
      },
    ],
    [
      'thinking within a number of tokens',
      { ...base, model: 'claude-opus-4-6', thinking: { type: 'enabled', budget_tokens: 2000 } },
    ],
    [
      'thinking within a number of tokens, and an effort',
      {
        ...base,
        model: 'claude-opus-4-5',
        thinking: { type: 'enabled', budget_tokens: 2000 },
        output_config: { effort: 'low' },
      },
    ],
    ['no thinking', { ...base, thinking: { type: 'disabled' } }],
    ['a new way to think', { ...base, thinking: { type: 'between_tools' }, output_config: { effort: 'low' } }],
    [
      "what Anthropic's own tools did",
      {
        ...base,
        messages: [
          user(text('A')),
          assistant(
            { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
            {
              type: 'web_search_tool_result',
              tool_use_id: 'srvtoolu_1',
              content: [{ type: 'web_search_result', url: 'https://a' }],
            },
            text('B'),
          ),
        ],
      },
    ],
    ['later instructions', { ...base, messages: [user(text('A')), { role: 'system', content: [text('B')] }] }],
  ])('%s says the same', (_, body) => {
    expect(through(body)).toEqual(body);
  });
});
