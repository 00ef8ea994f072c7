import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textPart } from '../../chat/part.js';
import { isMisread } from '../../format.js';
import type { JsonObject } from '../../json.js';
import { damaged, misreadOf, requestOf } from '../testing/answers.js';
import { openaiChat } from './openai-chat.js';

const asked = (more: JsonObject): JsonObject => ({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...more });
const read = (more: JsonObject) => requestOf(openaiChat, asked(more));
const wrong = (more: JsonObject) => misreadOf(openaiChat, asked(more));

const weather = {
  type: 'function',
  function: { name: 'weather', description: 'Of a city', parameters: { type: 'object' }, strict: true },
};
const full: JsonObject = asked({
  messages: [
    {
      role: 'developer',
      content: [{ type: 'text', text: 'Be short', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    },
    {
      role: 'user',
      name: 'ann',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'data:image/PNG;base64,AAAA', detail: 'high' } },
        { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
        { type: 'input_audio', input_audio: { data: 'UklG', format: 'wav' } },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBE' } },
        { type: 'file', file: { file_id: 'file-1' }, prompt_cache_breakpoint: { mode: 'explicit' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      reasoning_content: 'Let me look. Again.',
      reasoning_details: [{ type: 'reasoning.text', index: 0, signature: 's1', start_index: 0, end_index: 12 }],
      tool_calls: [
        { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } },
        { id: 'c2', type: 'function', function: { name: 'weather', arguments: '' } },
      ],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'warm' },
    { role: 'tool', tool_call_id: 'c2', content: [{ type: 'text', text: 'cold' }] },
    { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
  ],
  tools: [weather, { type: 'custom', custom: { name: 'grep' } }],
  tool_choice: { type: 'function', function: { name: 'weather' } },
  parallel_tool_calls: false,
  response_format: { type: 'json_schema', json_schema: { name: 'reply', schema: { type: 'object' }, strict: true } },
  max_completion_tokens: 50,
  temperature: 0.5,
  top_p: 0.9,
  top_k: 40,
  frequency_penalty: -1,
  presence_penalty: 1,
  seed: -7,
  stop: ['a', 'b'],
  n: 2,
  logprobs: true,
  top_logprobs: 3,
  logit_bias: { '50256': -100 },
  reasoning_effort: 'high',
  user: 'u-1',
  stream: true,
  stream_options: { include_usage: true },
  metadata: { a: 'b' },
  service_tier: 'flex',
});

describe('a chat completions request', () => {
  it('is read in all of its parts', () => {
    const { messages, tools, ...rest } = requestOf(openaiChat, full);
    expect(rest).toMatchSnapshot();
    expect(tools).toEqual([
      {
        kind: 'function',
        name: 'weather',
        description: 'Of a city',
        parameters: { type: 'object' },
        strict: true,
        cache: null,
      },
      { kind: 'provider', type: 'custom', raw: { type: 'custom', custom: { name: 'grep' } } },
    ]);
    expect(messages).toMatchSnapshot();
  });

  it('says nothing that the caller has not said', () => {
    expect(read({})).toEqual({
      model: 'm',
      messages: [
        {
          role: 'user',
          parts: [textPart('Hi')],
          name: null,
          paths: { message: 'messages[0]', parts: ['messages[0].content'] },
        },
      ],
      tools: [],
      toolChoice: null,
      parallelToolCalls: null,
      answerFormat: null,
      maxTokens: null,
      temperature: null,
      topP: null,
      topK: null,
      frequencyPenalty: null,
      presencePenalty: null,
      seed: null,
      stop: [],
      choices: null,
      logprobs: null,
      logitBias: null,
      reasoning: null,
      user: null,
      isStream: false,
      wantsStreamUsage: false,
      extra: {},
      family: 'openai-chat',
    });
  });

  it('takes null for what is not said', () => {
    const nulls = Object.fromEntries(
      ['tools', 'stop', 'temperature', 'response_format', 'stream_options', 'metadata'].map((name) => [name, null]),
    );
    expect(read(nulls)).toEqual(read({}));
  });

  it.each([
    ['auto', { kind: 'auto' }],
    ['none', { kind: 'none' }],
    ['required', { kind: 'required' }],
    [
      { type: 'function', function: { name: 'f' } },
      { kind: 'tool', name: 'f' },
    ],
  ])('reads the tool choice %j', (tool_choice, expected) => {
    expect(read({ tool_choice }).toolChoice).toEqual(expected);
  });

  it('keeps a tool choice that only its family knows as it is', () => {
    const tool_choice = { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } };
    expect(read({ tool_choice })).toMatchObject({ toolChoice: null, extra: { tool_choice } });
  });

  it.each([
    [{ type: 'text' }, { kind: 'text' }],
    [{ type: 'json_object' }, { kind: 'json' }],
  ])('reads the answer format %j', (response_format, expected) => {
    expect(read({ response_format }).answerFormat).toEqual(expected);
  });

  it('takes a stop that is one string, and the old name of the largest answer', () => {
    expect(read({ stop: 'x', max_tokens: 9 })).toMatchObject({ stop: ['x'], maxTokens: 9 });
  });

  it('keeps fields that it does not know', () => {
    expect(read({ prompt_cache_key: 'k', chat_template_kwargs: { a: 1 } }).extra).toEqual({
      prompt_cache_key: 'k',
      chat_template_kwargs: { a: 1 },
    });
  });

  it('reads reasoning whose details hold their text', () => {
    const message = {
      role: 'assistant',
      content: 'x',
      reasoning: 'ab',
      reasoning_details: [
        { type: 'reasoning.text', text: 'a', signature: 's' },
        { type: 'reasoning.encrypted', data: 'zz' },
      ],
    };
    expect(read({ messages: [message] }).messages[0]?.parts).toEqual([
      { kind: 'reasoning', text: 'a', signature: 's', redacted: null },
      { kind: 'reasoning', text: '', signature: null, redacted: 'zz' },
      textPart('x'),
    ]);
  });
});

describe('a chat completions request that is wrong', () => {
  const message = (more: JsonObject): JsonObject => ({ messages: [{ role: 'user', content: 'a' }, more] });
  const part = (more: JsonObject): JsonObject =>
    message({ role: 'user', content: [{ type: 'text', text: 'a' }, more] });
  it.each<[string, JsonObject]>([
    ['model', { model: '' }],
    ['model', { model: 7 }],
    ['messages', { messages: [] }],
    ['messages', { messages: 'Hi' }],
    ['messages[1]', { messages: [{ role: 'user', content: 'a' }, 'b'] }],
    ['messages[1].role', message({ role: 'robot', content: 'a' })],
    ['messages[1].role', message({ role: 'function', name: 'f', content: 'a' })],
    ['messages[1].role', message({ content: 'a' })],
    ['messages[1].content', message({ role: 'user' })],
    ['messages[1].content', message({ role: 'user', content: 3 })],
    ['messages[1].content', message({ role: 'assistant', content: null })],
    ['messages[1].content[1].type', part({ type: 'video_url' })],
    ['messages[1].content[1].type', part({})],
    ['messages[1].content[1].text', part({ type: 'text' })],
    ['messages[1].content[1].image_url', part({ type: 'image_url', image_url: 'https://a/b.png' })],
    ['messages[1].content[1].image_url.url', part({ type: 'image_url', image_url: {} })],
    ['messages[1].content[1].image_url.url', part({ type: 'image_url', image_url: { url: 'a.png' } })],
    ['messages[1].content[1].image_url.url', part({ type: 'image_url', image_url: { url: 'data:image/png,abc' } })],
    [
      'messages[1].content[1].image_url.detail',
      part({ type: 'image_url', image_url: { url: 'https://a', detail: 'best' } }),
    ],
    ['messages[1].content[1].input_audio.format', part({ type: 'input_audio', input_audio: { data: 'a' } })],
    ['messages[1].content[1].file', part({ type: 'file', file: { filename: 'a' } })],
    ['messages[1].content[1].cache_control', part({ type: 'text', text: 'a', cache_control: { type: 'forever' } })],
    [
      'messages[1].content[1].cache_control.ttl',
      part({ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '2h' } }),
    ],
    ['messages[1].tool_call_id', message({ role: 'tool', content: 'a' })],
    ['messages[1].content', message({ role: 'tool', tool_call_id: 'c' })],
    [
      'messages[1].content[0].type',
      message({ role: 'system', content: [{ type: 'image_url', image_url: { url: 'https://a' } }] }),
    ],
    [
      'messages[1].tool_calls[0].id',
      message({ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: '{}' } }] }),
    ],
    ['messages[1].tool_calls[0].function', message({ role: 'assistant', tool_calls: [{ id: 'c' }] })],
    [
      'messages[1].tool_calls[0].function.arguments',
      message({ role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: {} } }] }),
    ],
    ['messages[1].tool_calls[0].type', message({ role: 'assistant', tool_calls: [{ id: 'c', type: 'custom' }] })],
    [
      'messages[1].function_call',
      message({ role: 'assistant', content: 'a', function_call: { name: 'f', arguments: '' } }),
    ],
    ['messages[1].audio', message({ role: 'assistant', content: 'a', audio: { id: 'a1' } })],
    ['tools[0]', { tools: ['weather'] }],
    ['tools[0].type', { tools: [{ function: { name: 'f' } }] }],
    ['tools[0].function', { tools: [{ type: 'function' }] }],
    ['tools[0].function.name', { tools: [{ type: 'function', function: {} }] }],
    ['tools[0].function.parameters', { tools: [{ type: 'function', function: { name: 'f', parameters: [] } }] }],
    ['tool_choice', { tool_choice: 'always' }],
    ['tool_choice', { tool_choice: { type: 'function' } }],
    ['tool_choice.function.name', { tool_choice: { type: 'function', function: {} } }],
    ['functions', { functions: [] }],
    ['function_call', { function_call: 'auto' }],
    ['response_format.type', { response_format: {} }],
    ['response_format.type', { response_format: { type: 'xml' } }],
    ['response_format.json_schema.schema', { response_format: { type: 'json_schema', json_schema: { name: 'a' } } }],
    ['response_format.json_schema.name', { response_format: { type: 'json_schema', json_schema: { schema: {} } } }],
    ['max_completion_tokens', { max_completion_tokens: 0 }],
    ['max_completion_tokens', { max_completion_tokens: 1.5 }],
    ['max_tokens', { max_tokens: 5, max_completion_tokens: 6 }],
    ['temperature', { temperature: 2.1 }],
    ['temperature', { temperature: '1' }],
    ['top_p', { top_p: -0.1 }],
    ['seed', { seed: 0.5 }],
    ['stop[1]', { stop: ['a', 1] }],
    ['n', { n: 0 }],
    ['n', { n: 129 }],
    ['top_logprobs', { top_logprobs: 2 }],
    ['top_logprobs', { logprobs: true, top_logprobs: 21 }],
    ['logit_bias.7', { logit_bias: { '7': 101 } }],
    ['reasoning_effort', { reasoning_effort: 'huge' }],
    ['stream', { stream: 'yes' }],
    ['stream_options', { stream_options: { include_usage: true } }],
    ['stream_options.include_usage', { stream: true, stream_options: { include_usage: 1 } }],
  ])('is told about %s', (field, more) => {
    const misread = wrong(more);
    expect(misread.field).toBe(field);
    expect(misread.message).toContain(field);
    expect(misread.message).toMatch(/: (give|use|set|leave|only)/);
  });

  it.each([null, [], 'text', 7])('is told that %j is no body', (body) => {
    expect(misreadOf(openaiChat, body).field).toBe('');
  });

  it('is told in the words of the API', () => {
    expect(openaiChat.misread({ field: 'top_p', message: 'why' })).toEqual({
      status: 400,
      body: { error: { message: 'why', type: 'invalid_request_error', param: 'top_p', code: 'invalid_value' } },
    });
  });

  it('never throws, whatever is in any of its places', () => {
    fc.assert(
      fc.property(fc.oneof(damaged(full), fc.jsonValue()), (body) => {
        const reading = openaiChat.read(body);
        expect(isMisread(reading) ? reading.message.length : reading.messages.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('the name of a field that a provider can’t do', () => {
  const request = requestOf(openaiChat, full);
  it.each([
    ['messages', '[1].parts[1]', 'messages[1].content[1]'],
    ['messages', '[2].parts[3]', 'messages[2].tool_calls[1]'],
    ['messages', '[3]', 'messages[3]'],
    ['messages', '[3].parts[0].content[0]', 'messages[3].content[0]'],
    ['tools', '[1]', 'tools[1]'],
    ['logitBias', '', 'logit_bias'],
    ['choices', '', 'n'],
    ['reasoning', 'effort', 'reasoning_effort'],
    ['answerFormat', '.schema', 'response_format.schema'],
    ['extra', 'service_tier', 'service_tier'],
  ] as const)('of %s%s is %s', (field, at, expected) => {
    expect(openaiChat.fieldName({ field, at, why: '' }, request)).toBe(expected);
  });
});
