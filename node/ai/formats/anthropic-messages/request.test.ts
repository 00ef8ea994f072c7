import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textPart } from '../../chat/part.js';
import { isMisread } from '../../format.js';
import type { JsonObject } from '../../json.js';
import { damaged, misreadOf, requestOf } from '../testing/answers.js';
import { anthropicMessages } from './anthropic-messages.js';
import { readCountBody } from './request.js';

const asked = (more: JsonObject): JsonObject => ({
  model: 'm',
  max_tokens: 2048,
  messages: [{ role: 'user', content: 'Hi' }],
  ...more,
});
const read = (more: JsonObject) => requestOf(anthropicMessages, asked(more));
const wrong = (more: JsonObject) => misreadOf(anthropicMessages, asked(more));

const full: JsonObject = asked({
  system: [{ type: 'text', text: 'Be short', cache_control: { type: 'ephemeral', ttl: '1h' } }],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Look' },
        {
          type: 'image',
          source: { type: 'base64', media_type: 'image/png', data: 'AAAA' },
          cache_control: { type: 'ephemeral' },
        },
        { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
        { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBE' }, title: 'A' },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'plain' } },
        { type: 'document', source: { type: 'file', file_id: 'file_1' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm', signature: 'sig' },
        { type: 'redacted_thinking', data: 'xx' },
        { type: 'text', text: 'I ask', citations: null },
        { type: 'tool_use', id: 't1', name: 'weather', input: { city: 'Rome' } },
        { type: 'tool_use', id: 't2', name: 'weather', input: {} },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 't1', content: 'warm' },
        {
          type: 'tool_result',
          tool_use_id: 't2',
          is_error: true,
          content: [
            { type: 'text', text: 'no' },
            { type: 'image', source: { type: 'url', url: 'https://a' } },
          ],
        },
        { type: 'text', text: 'And?' },
      ],
    },
  ],
  tools: [
    {
      name: 'weather',
      description: 'Of a city',
      input_schema: { type: 'object' },
      cache_control: { type: 'ephemeral' },
    },
    { type: 'web_search_20250305', name: 'web_search', max_uses: 2 },
    { name: 'late', input_schema: {}, defer_loading: true },
  ],
  tool_choice: { type: 'any', disable_parallel_tool_use: true },
  thinking: { type: 'enabled', budget_tokens: 1024 },
  output_config: { effort: 'medium', format: { type: 'json_schema', schema: { type: 'object' } } },
  stop_sequences: ['X'],
  temperature: 1,
  top_p: 0.9,
  top_k: 5,
  metadata: { user_id: 'u-1' },
  stream: true,
  service_tier: 'auto',
});

describe('a Messages request', () => {
  it('is read in all of its parts', () => {
    expect(requestOf(anthropicMessages, full)).toMatchSnapshot();
  });

  it('says nothing that the caller has not said', () => {
    const { messages, tools, stop, extra, ...rest } = read({});
    expect(messages).toMatchObject([{ role: 'user', parts: [textPart('Hi')] }]);
    expect({ tools, stop, extra }).toEqual({ tools: [], stop: [], extra: {} });
    expect(Object.entries(rest).filter(([, value]) => value !== null)).toEqual([
      ['model', 'm'],
      ['maxTokens', 2048],
      ['isStream', false],
      ['wantsStreamUsage', true],
      ['family', 'anthropic'],
    ]);
  });

  it('has its results of tools in messages of their own, in the same order', () => {
    const { messages } = requestOf(anthropicMessages, full);
    expect(messages.map(({ role, paths }) => [role, paths?.parts])).toEqual([
      ['system', ['system[0]']],
      ['user', [0, 1, 2, 3, 4, 5].map((index) => `messages[0].content[${index}]`)],
      ['assistant', [0, 1, 2, 3, 4].map((index) => `messages[1].content[${index}]`)],
      ['tool', ['messages[2].content[0]', 'messages[2].content[1]']],
      ['user', ['messages[2].content[2]']],
    ]);
  });

  it.each([
    [{ type: 'auto' }, { toolChoice: { kind: 'auto' }, parallelToolCalls: null }],
    [{ type: 'any' }, { toolChoice: { kind: 'required' } }],
    [{ type: 'none' }, { toolChoice: { kind: 'none' } }],
    [
      { type: 'tool', name: 'f', disable_parallel_tool_use: false },
      { toolChoice: { kind: 'tool', name: 'f' }, parallelToolCalls: true },
    ],
  ])('reads the tool choice %j', (tool_choice, expected) => {
    expect(read({ tool_choice })).toMatchObject(expected);
  });

  it.each([
    [
      { thinking: { type: 'disabled' } },
      { reasoning: { effort: 'none', budgetTokens: null, isShown: null }, extra: {} },
    ],
    [
      { thinking: { type: 'adaptive', display: 'omitted' } },
      { reasoning: { effort: null, budgetTokens: null, isShown: false } },
    ],
    [
      { thinking: { type: 'enabled', budget_tokens: 1500, display: 'summarized' } },
      { reasoning: { effort: null, budgetTokens: 1500, isShown: true } },
    ],
    [{ output_config: { effort: 'max' } }, { reasoning: { effort: 'max' }, extra: {} }],
    [
      { thinking: { type: 'disabled' }, output_config: { effort: 'low' } },
      { reasoning: { effort: 'none' }, extra: { output_config: { effort: 'low' } } },
    ],
    [{ thinking: { type: 'between_tools' } }, { reasoning: null, extra: { thinking: { type: 'between_tools' } } }],
    [{ output_config: { task_budget: 1 } }, { reasoning: null, extra: { output_config: { task_budget: 1 } } }],
  ])('reads the thinking of %j', (more, expected) => {
    expect(read(more)).toMatchObject(expected);
  });

  it('takes reasoning without a signature back as what it was', () => {
    const content = [{ type: 'thinking', thinking: 'Hm', signature: '' }];
    const parts = read({ messages: [{ role: 'assistant', content }] }).messages[0]?.parts;
    expect(parts).toEqual([{ kind: 'reasoning', text: 'Hm', signature: null, redacted: null }]);
  });

  it('keeps fields that it does not know', () => {
    expect(read({ container: 'c', metadata: { user_id: 'u', team: 't' } })).toMatchObject({
      user: 'u',
      extra: { container: 'c', metadata: { team: 't' } },
    });
  });

  it('that only counts tokens needs no length of the answer', () => {
    const counted = readCountBody({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] });
    expect(counted).toMatchObject({ model: 'm', maxTokens: null });
    expect(anthropicMessages.read({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })).toMatchObject({
      field: 'max_tokens',
    });
  });
});

describe('a Messages request that is wrong', () => {
  const block = (more: JsonObject): JsonObject => ({
    messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }, more] }],
  });
  const said = (more: JsonObject): JsonObject => ({ messages: [{ role: 'assistant', content: [more] }] });
  const image = (source: JsonObject): JsonObject => block({ type: 'image', source });
  const at = 'messages[0].content[1]';
  it.each<[string, JsonObject]>([
    ['model', { model: null }],
    ['max_tokens', { max_tokens: null }],
    ['max_tokens', { max_tokens: 0 }],
    ['messages', { messages: [] }],
    ['messages[0].role', { messages: [{ role: 'tool', content: 'a' }] }],
    ['messages[0].role', { messages: [{ content: 'a' }] }],
    ['messages[0].content', { messages: [{ role: 'user' }] }],
    ['system', { system: 7 }],
    ['system[0].type', { system: [{ type: 'image' }] }],
    [`${at}.type`, block({ type: 'search_result' })],
    [`${at}.type`, block({})],
    [`${at}.text`, block({ type: 'text' })],
    [`${at}.source`, block({ type: 'image' })],
    [`${at}.source.type`, image({})],
    [`${at}.source.type`, image({ type: 'ftp' })],
    [`${at}.source.url`, image({ type: 'url', url: 'a.png' })],
    [`${at}.source.media_type`, image({ type: 'base64', data: 'AAAA' })],
    [`${at}.source.data`, image({ type: 'base64', media_type: 'image/png' })],
    [`${at}.source.file_id`, image({ type: 'file' })],
    [`${at}.transformations`, block({ type: 'image', source: { type: 'file', file_id: 'f' }, transformations: {} })],
    [`${at}.context`, block({ type: 'document', context: 'c', source: { type: 'file', file_id: 'f' } })],
    [
      `${at}.citations`,
      block({ type: 'document', citations: { enabled: true }, source: { type: 'file', file_id: 'f' } }),
    ],
    [`${at}.source.type`, block({ type: 'document', source: { type: 'content', content: 'a' } })],
    [`${at}.tool_use_id`, block({ type: 'tool_result' })],
    [`${at}.is_error`, block({ type: 'tool_result', tool_use_id: 't', is_error: 1 })],
    [`${at}.content[0].type`, block({ type: 'tool_result', tool_use_id: 't', content: [{ type: 'tool_use' }] })],
    [`${at}.cache_control`, block({ type: 'text', text: 'a', cache_control: {} })],
    ['messages[0].content[0].thinking', said({ type: 'thinking', signature: 's' })],
    ['messages[0].content[0].data', said({ type: 'redacted_thinking' })],
    ['messages[0].content[0].input', said({ type: 'tool_use', id: 't', name: 'f' })],
    ['messages[0].content[0].id', said({ type: 'tool_use', name: 'f', input: {} })],
    ['messages[0].content[0].type', said({ type: 'search_result' })],
    ['tools[0].input_schema', { tools: [{ name: 'f' }] }],
    ['tools[0].name', { tools: [{ input_schema: {} }] }],
    ['tool_choice.type', { tool_choice: {} }],
    ['tool_choice.type', { tool_choice: { type: 'required' } }],
    ['tool_choice.name', { tool_choice: { type: 'tool' } }],
    ['tool_choice', { tool_choice: 'auto' }],
    ['thinking.type', { thinking: {} }],
    ['thinking.budget_tokens', { thinking: { type: 'enabled' } }],
    ['thinking.budget_tokens', { thinking: { type: 'enabled', budget_tokens: 1000 } }],
    ['thinking.budget_tokens', { thinking: { type: 'enabled', budget_tokens: 2048 } }],
    ['output_config.effort', { output_config: { effort: 'minimal' } }],
    ['output_config.format.type', { output_config: { format: { schema: {} } } }],
    ['output_config.format.schema', { output_config: { format: { type: 'json_schema' } } }],
    ['output_format.schema', { output_format: { type: 'json_schema' } }],
    ['temperature', { temperature: 1.1 }],
    ['stop_sequences[0]', { stop_sequences: [1] }],
    ['metadata.user_id', { metadata: { user_id: 7 } }],
    ['stream', { stream: 1 }],
  ])('is told about %s', (field, more) => {
    const misread = wrong(more);
    expect(misread.field).toBe(field);
    expect(misread.message).toContain(field);
    expect(misread.message).toMatch(/: (give|use|set|leave|only)/);
  });

  it('is told in the words of the API, which name the field', () => {
    expect(anthropicMessages.misread({ field: 'top_k', message: 'Not here.' })).toEqual({
      status: 400,
      body: { type: 'error', error: { type: 'invalid_request_error', message: 'top_k: Not here.' } },
    });
    expect(anthropicMessages.misread({ field: '', message: 'Not here.' }).body).toMatchObject({
      error: { message: 'Not here.' },
    });
  });

  it('never throws, whatever is in any of its places', () => {
    fc.assert(
      fc.property(fc.oneof(damaged(full), fc.jsonValue()), (body) => {
        const reading = anthropicMessages.read(body);
        expect(isMisread(reading) ? reading.message.length : reading.messages.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('the name of a field that a provider can’t do', () => {
  const request = requestOf(anthropicMessages, full);
  it.each([
    ['messages', '[0].parts[0]', 'system[0]'],
    ['messages', '[3].parts[1].content[1]', 'messages[2].content[1].content[1]'],
    ['messages', '[4].parts[0]', 'messages[2].content[2]'],
    ['tools', '[1]', 'tools[1]'],
    ['stop', '[4]', 'stop_sequences[4]'],
    ['reasoning', '', 'thinking'],
    ['reasoning', 'budgetTokens', 'thinking.budget_tokens'],
    ['reasoning', 'effort', 'output_config.effort'],
    ['user', '', 'metadata.user_id'],
    ['extra', 'container', 'container'],
  ] as const)('of %s%s is %s', (field, at, expected) => {
    expect(anthropicMessages.fieldName({ field, at, why: '' }, request)).toBe(expected);
  });
});
