import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../chat/chat-request.js';
import type { Message, Part } from '../../chat/part.js';
import { chat, message, place, tool } from '../testing/chats.js';
import { anthropic } from './anthropic.js';
import { outputTokensMax, takesLaterInstructions, thinkingStyle } from './models.js';

const LATEST = 'claude-opus-5';
const OLDER = 'claude-sonnet-4-5-20250929';

const asked = (said: Partial<ChatRequest>, model = LATEST) => anthropic.request(chat(said), place(model));
const body = (said: Partial<ChatRequest>, model = LATEST) => asked(said, model).body;
const messages = (...told: Message[]) => body({ messages: told })['messages'];
const missing = (said: Partial<ChatRequest>, model = LATEST) =>
  asked(said, model).unsupported.map(({ field, at }) => `${field}${at}`);
const call = (id: string, args: string): Part => ({ kind: 'toolCall', id, name: 'f', arguments: args });
const result = (callId: string, text: string, isError = false): Part => ({
  kind: 'toolResult',
  callId,
  content: [{ kind: 'text', text, cache: null, citations: [] }],
  isError,
  cache: null,
});

describe('a request to Anthropic', () => {
  it('says no more than the caller did, but for the bound of output that it has to', () => {
    expect(asked({})).toEqual({
      method: 'POST',
      path: '/v1/messages',
      query: '',
      headers: ['anthropic-version', '2023-06-01'],
      body: {
        model: LATEST,
        max_tokens: 32_000,
        messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
      },
      unsupported: [],
    });
    const settled = anthropic.request(
      chat(),
      place(OLDER, { maxTokens: '100', beta: 'a,b', version: '2024-01-01' }, ''),
    );
    expect(settled).toMatchObject({
      path: '/messages',
      headers: ['anthropic-version', '2024-01-01', 'anthropic-beta', 'a,b'],
      body: { max_tokens: 100 },
    });
  });

  it('puts instructions before the conversation, and merges what one role says in a row', () => {
    const asked = body({
      messages: [
        message('system', 'A', { kind: 'text', text: 'B', cache: { ttl: '1h' }, citations: [] }),
        message('system', 'C'),
        message('user', 'D'),
        message('user', 'E', ''),
        message('assistant', 'F'),
        message('assistant', ' '),
        message('assistant', { kind: 'refusal', text: 'G' }),
      ],
    });
    expect(asked).toMatchObject({
      system: [
        { type: 'text', text: 'A' },
        { type: 'text', text: 'B', cache_control: { type: 'ephemeral', ttl: '1h' } },
        { type: 'text', text: 'C' },
      ],
      messages: [
        { role: 'user', content: [{ text: 'D' }, { text: 'E' }] },
        { role: 'assistant', content: [{ text: 'F' }, { text: 'G' }] },
      ],
    });
  });

  it('leaves later instructions where they stand if the model knows that, else says that it can not', () => {
    const later = [message('user', 'A'), message('system', 'B'), message('user', 'C')];
    expect(body({ messages: later })['messages']).toMatchObject([
      { role: 'user' },
      { role: 'system' },
      { role: 'user' },
    ]);
    expect(missing({ messages: later })).toEqual([]);
    expect(missing({ messages: later }, OLDER)).toEqual(['messages[1]']);
    expect(body({ messages: later }, OLDER)).toMatchObject({ system: [{ text: 'B' }], messages: [{ role: 'user' }] });
  });

  it('puts results of calls first in the message of the user behind the calls', () => {
    expect(
      messages(
        message('user', 'A'),
        message('assistant', 'B', call('call_1', '{"x":1}'), call('call.2', '')),
        message('user', 'C'),
        message('tool', result('call_1', 'one')),
        message('tool', result('call.2', 'two', true)),
      ),
    ).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'A' }] },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'B' },
          { type: 'tool_use', id: 'call_1', name: 'f', input: { x: 1 } },
          { type: 'tool_use', id: 'call_2', name: 'f', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'call_1', content: [{ type: 'text', text: 'one' }] },
          { type: 'tool_result', tool_use_id: 'call_2', content: [{ type: 'text', text: 'two' }], is_error: true },
          { type: 'text', text: 'C' },
        ],
      },
    ]);
    expect(
      missing({ messages: [message('assistant', call('a', '{"x":')), message('assistant', call('a', '[]'))] }),
    ).toEqual(['messages[0].parts[0].arguments', 'messages[1].parts[0].arguments']);
  });

  it.each<[string, Part, object | null]>([
    [
      'an image',
      {
        kind: 'image',
        source: { kind: 'base64', mediaType: 'image/png', base64: 'AA==' },
        detail: 'high',
        cache: { ttl: null },
      },
      {
        type: 'image',
        source: { type: 'base64', media_type: 'image/png', data: 'AA==' },
        cache_control: { type: 'ephemeral' },
      },
    ],
    [
      'an image elsewhere',
      { kind: 'image', source: { kind: 'url', url: 'https://a/b.png' }, detail: null, cache: null },
      { type: 'image', source: { type: 'url', url: 'https://a/b.png' } },
    ],
    [
      'an uploaded image',
      { kind: 'image', source: { kind: 'file', id: 'file_1' }, detail: null, cache: null },
      { type: 'image', source: { type: 'file', file_id: 'file_1' } },
    ],
    [
      'a TIFF',
      { kind: 'image', source: { kind: 'base64', mediaType: 'image/tiff', base64: 'AA==' }, detail: null, cache: null },
      null,
    ],
    [
      'a PDF',
      {
        kind: 'document',
        source: { kind: 'base64', mediaType: 'application/pdf', base64: 'AA==' },
        name: 'a',
        cache: null,
      },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AA==' }, title: 'a' },
    ],
    [
      'a text in base64',
      { kind: 'document', source: { kind: 'base64', mediaType: 'text/csv', base64: 'w7w=' }, name: null, cache: null },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'ü' } },
    ],
    [
      'a text',
      { kind: 'document', source: { kind: 'text', text: 'b' }, name: null, cache: null },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'b' } },
    ],
    [
      'no text',
      { kind: 'document', source: { kind: 'base64', mediaType: 'text/csv', base64: '/w==' }, name: null, cache: null },
      null,
    ],
    [
      'a sheet',
      {
        kind: 'document',
        source: { kind: 'base64', mediaType: 'application/zip', base64: '' },
        name: null,
        cache: null,
      },
      null,
    ],
    ['a sound', { kind: 'audio', format: 'wav', base64: 'AA==' }, null],
  ])('carries %s, or says that it can not', (_, part, block) => {
    const told = [message('user', 'look', part)];
    expect(body({ messages: told })['messages']).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'look' }, ...(block === null ? [] : [block])] },
    ]);
    expect(missing({ messages: told })).toEqual(block === null ? ['messages[0].parts[1]'] : []);
  });

  it('gives reasoning back that is its own, and no other', () => {
    const reasoning = (text: string, signature: string | null, redacted: string | null = null): Part => ({
      kind: 'reasoning',
      text,
      signature,
      redacted,
    });
    const told = message(
      'assistant',
      reasoning('a', 'EqQB'),
      reasoning('', null, 'EmwK'),
      reasoning('b', null),
      reasoning('c', 'gemini:xy'),
      'd',
    );
    expect(messages(told)).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'a', signature: 'EqQB' },
          { type: 'redacted_thinking', data: 'EmwK' },
          { type: 'text', text: 'd' },
        ],
      },
    ]);
  });

  it('tells tools, and which of them has to be called', () => {
    const tools = [
      tool('f', {
        description: 'd',
        parameters: { properties: { a: { type: 'string' } }, required: ['a'] },
        strict: true,
        cache: { ttl: null },
      }),
      tool('g'),
    ];
    expect(body({ tools, toolChoice: { kind: 'tool', name: 'f' }, parallelToolCalls: false })).toMatchObject({
      tools: [
        {
          name: 'f',
          description: 'd',
          input_schema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
          strict: true,
          cache_control: { type: 'ephemeral' },
        },
        { name: 'g', input_schema: { type: 'object', properties: {} } },
      ],
      tool_choice: { type: 'tool', name: 'f', disable_parallel_tool_use: true },
    });
    const choice = (said: Partial<ChatRequest>) => body({ tools, ...said })['tool_choice'];
    expect(choice({ toolChoice: { kind: 'auto' } })).toEqual({ type: 'auto' });
    expect(choice({ toolChoice: { kind: 'required' } })).toEqual({ type: 'any' });
    expect(choice({ toolChoice: { kind: 'none' }, parallelToolCalls: false })).toEqual({ type: 'none' });
    expect(choice({ parallelToolCalls: false })).toEqual({ type: 'auto', disable_parallel_tool_use: true });
    expect(choice({ parallelToolCalls: true })).toBeUndefined();
    expect(body({ parallelToolCalls: false })).not.toHaveProperty('tool_choice');
  });

  it('passes on tools and fields of its own family, and no other', () => {
    const own = {
      kind: 'provider',
      type: 'web_search_20250305',
      raw: { type: 'web_search_20250305', name: 'web_search' },
    } as const;
    const extra = { service_tier: 'auto', output_config: { task: 1 }, metadata: { a: 1 } };
    expect(
      body({
        tools: [own],
        extra,
        family: 'anthropic',
        user: 'u',
        reasoning: { effort: 'low', budgetTokens: null, isShown: null },
      }),
    ).toMatchObject({
      tools: [own.raw],
      service_tier: 'auto',
      output_config: { task: 1, effort: 'low' },
      metadata: { a: 1, user_id: 'u' },
    });
    expect(missing({ tools: [own], extra })).toEqual([
      'extraservice_tier',
      'extraoutput_config',
      'extrametadata',
      'tools[0]',
    ]);
    expect(body({ tools: [own], extra })).not.toHaveProperty('service_tier');
  });

  it('keeps to a schema, and says that JSON of any shape is not to be had', () => {
    const schema = { type: 'object', properties: {} };
    expect(
      body({ answerFormat: { kind: 'schema', name: 'n', description: null, schema, strict: true } })['output_config'],
    ).toEqual({
      format: { type: 'json_schema', schema },
    });
    expect(body({ answerFormat: { kind: 'text' } })).not.toHaveProperty('output_config');
    expect(missing({ answerFormat: { kind: 'json' } })).toEqual(['answerFormat']);
  });

  it('says sampling in its words, and names what it has none for', () => {
    expect(
      body({ temperature: 0, topP: 0.5, topK: 3, stop: ['a'], maxTokens: 7, user: 'u', isStream: true }),
    ).toMatchObject({
      temperature: 0,
      top_p: 0.5,
      top_k: 3,
      stop_sequences: ['a'],
      max_tokens: 7,
      metadata: { user_id: 'u' },
      stream: true,
    });
    expect(
      missing({
        temperature: 1.5,
        frequencyPenalty: 1,
        presencePenalty: 1,
        seed: 0,
        choices: 2,
        logprobs: { top: 0 },
        logitBias: { 1: 1 },
      }),
    ).toEqual(['frequencyPenalty', 'presencePenalty', 'seed', 'choices', 'logprobs', 'logitBias', 'temperature']);
    expect(missing({ frequencyPenalty: 0, presencePenalty: 0, choices: 1, logitBias: {}, temperature: 1 })).toEqual([]);
  });

  const reasoning = (said: Partial<NonNullable<ChatRequest['reasoning']>>): Partial<ChatRequest> => ({
    reasoning: { effort: null, budgetTokens: null, isShown: null, ...said },
  });
  it.each<[string, Partial<ChatRequest>, object, readonly string[]]>([
    [
      LATEST,
      reasoning({ effort: 'high', isShown: true }),
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'high' } },
      [],
    ],
    [
      LATEST,
      reasoning({ effort: 'minimal', isShown: false }),
      { thinking: { type: 'adaptive', display: 'omitted' }, output_config: { effort: 'low' } },
      [],
    ],
    [LATEST, reasoning({ effort: 'none' }), { thinking: { type: 'disabled' } }, []],
    [LATEST, reasoning({}), { thinking: { type: 'adaptive' } }, []],
    [
      LATEST,
      reasoning({ budgetTokens: 5000 }),
      { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } },
      [],
    ],
    [OLDER, reasoning({ budgetTokens: 5000 }), { thinking: { type: 'enabled', budget_tokens: 5000 } }, []],
    [OLDER, reasoning({ effort: 'medium' }), { thinking: { type: 'enabled', budget_tokens: 8192 } }, []],
    [
      OLDER,
      { ...reasoning({ effort: 'max' }), maxTokens: 4000 },
      { thinking: { type: 'enabled', budget_tokens: 3999 } },
      [],
    ],
    [OLDER, { ...reasoning({ effort: 'low' }), maxTokens: 1024 }, {}, ['reasoning']],
    [OLDER, reasoning({ effort: 'none' }), { thinking: { type: 'disabled' } }, []],
    ['claude-3-5-sonnet-20241022', reasoning({ effort: 'low' }), {}, ['reasoning']],
    ['claude-3-5-sonnet-20241022', reasoning({ effort: 'none' }), {}, []],
    [
      OLDER,
      { ...reasoning({ effort: 'low' }), temperature: 0, topK: 1, topP: 0.5, toolChoice: { kind: 'required' } },
      {},
      ['temperature', 'topK', 'topP', 'toolChoice'],
    ],
    [OLDER, { ...reasoning({ effort: 'none' }), temperature: 0, topK: 1 }, {}, []],
  ])('%s thinks as %j asks', (model, said, expected, gaps) => {
    expect(body(said, model)).toMatchObject(expected);
    expect(missing(said, model)).toEqual(gaps);
  });

  it.each([
    ['claude-3-opus-20240229', 'none', 4_096, false],
    ['claude-3-5-haiku@20241022', 'none', 8_192, false],
    ['us.anthropic.claude-3-7-sonnet-20250219-v1:0', 'budget', 8_192, false],
    ['claude-sonnet-4-20250514', 'budget', 32_000, false],
    ['claude-opus-4-1@20250805', 'budget', 32_000, false],
    ['claude-haiku-4-5', 'budget', 32_000, false],
    ['claude-opus-4-6', 'adaptive', 32_000, false],
    ['anthropic/claude-opus-4.8', 'adaptive', 32_000, true],
    ['claude-opus-5-5', 'adaptive', 32_000, true],
    ['claude-fable-5', 'adaptive', 32_000, true],
    ['claude-instant-1.2', 'none', 4_096, false],
  ])('%s is known by its name', (model, style, tokens, later) => {
    expect([thinkingStyle(model), outputTokensMax(model), takesLaterInstructions(model)]).toEqual([
      style,
      tokens,
      later,
    ]);
  });
});
