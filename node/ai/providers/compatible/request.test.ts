import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../chat/chat-request.js';
import { type Part, textPart } from '../../chat/part.js';
import { chatOf, messageOf, placeOf } from '../testing/openai-chats.js';
import { compatibleProvider, filled } from './compatible.js';
import { type CompatibleSpec, commonEfforts, type Refusable } from './spec.js';

const asked = (chat: Partial<ChatRequest>, spec: Partial<CompatibleSpec> = {}) =>
  compatibleProvider({ id: 'x', title: 'X', ...spec }).request(chatOf(chat), placeOf());
const messages = (...list: ReturnType<typeof messageOf>[]): Partial<ChatRequest> => ({ messages: list });

const schema = { type: 'object', properties: {} };
const tool = { kind: 'function', name: 'f', description: 'd', parameters: schema, strict: null, cache: null } as const;
const format = { kind: 'schema', name: 's', description: null, schema, strict: true } as const;
const image: Part = {
  kind: 'image',
  source: { kind: 'url', url: 'https://a.example/i.png' },
  detail: null,
  cache: null,
};
const inline: Part = { ...image, source: { kind: 'base64', mediaType: 'image/png', base64: 'AA==' } };
const pdf: Part = {
  kind: 'document',
  source: { kind: 'base64', mediaType: 'application/pdf', base64: 'AA==' },
  name: 'a.pdf',
  cache: null,
};

describe('a request of chat completions', () => {
  it('says what was said and nothing else', () => {
    expect(asked({})).toEqual({
      method: 'POST',
      path: '/v1/chat/completions',
      query: '',
      headers: [],
      body: { model: 'm', messages: [{ role: 'user', content: 'hello' }] },
      unsupported: [],
    });
  });

  it('carries every setting by its name', () => {
    const { body, unsupported } = asked({
      maxTokens: 5,
      temperature: 0,
      topP: 0.5,
      frequencyPenalty: 0.1,
      presencePenalty: 0.2,
      seed: 7,
      stop: ['END'],
      choices: 2,
      logprobs: { top: 3 },
      logitBias: { '50': -1 },
      user: 'u',
      tools: [tool],
      toolChoice: { kind: 'tool', name: 'f' },
      parallelToolCalls: false,
      answerFormat: format,
      reasoning: { effort: 'low', budgetTokens: null, isShown: null },
    });
    expect(unsupported).toEqual([]);
    expect(body).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'hello' }],
      max_tokens: 5,
      temperature: 0,
      top_p: 0.5,
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
      seed: 7,
      stop: ['END'],
      n: 2,
      logprobs: true,
      top_logprobs: 3,
      logit_bias: { '50': -1 },
      user: 'u',
      tools: [{ type: 'function', function: { name: 'f', description: 'd', parameters: schema } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
      response_format: { type: 'json_schema', json_schema: { name: 's', schema, strict: true } },
      reasoning_effort: 'low',
    });
  });

  it('asks for usage with each stream, unless it comes unasked', () => {
    expect(asked({ isStream: true }).body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    const { body } = asked({ isStream: true }, { streamUsage: 'unasked' });
    expect(body).toMatchObject({ stream: true });
    expect(body).not.toHaveProperty('stream_options');
  });

  it.each<[Refusable, Partial<ChatRequest>, string]>([
    ['temperature', { temperature: 1 }, 'temperature'],
    ['top_p', { topP: 1 }, 'topP'],
    ['frequency_penalty', { frequencyPenalty: 1 }, 'frequencyPenalty'],
    ['presence_penalty', { presencePenalty: 1 }, 'presencePenalty'],
    ['seed', { seed: 1 }, 'seed'],
    ['stop', { stop: ['x'] }, 'stop'],
    ['n', { choices: 2 }, 'choices'],
    ['logprobs', { logprobs: { top: 2 } }, 'logprobs'],
    ['top_logprobs', { logprobs: { top: 2 } }, 'logprobs'],
    ['logit_bias', { logitBias: { '5': 1 } }, 'logitBias'],
    ['user', { user: 'u' }, 'user'],
    ['max_tokens', { maxTokens: 1 }, 'maxTokens'],
    ['tools', { tools: [tool] }, 'tools'],
    ['tool_choice', { toolChoice: { kind: 'required' } }, 'toolChoice'],
    ['tool_choice.required', { toolChoice: { kind: 'required' } }, 'toolChoice'],
    ['tool_choice.function', { toolChoice: { kind: 'tool', name: 'f' } }, 'toolChoice'],
    ['parallel_tool_calls', { parallelToolCalls: false }, 'parallelToolCalls'],
    ['strict', { tools: [{ ...tool, strict: true }] }, 'tools'],
    ['json_object', { answerFormat: { kind: 'json' } }, 'answerFormat'],
    ['json_schema', { answerFormat: format }, 'answerFormat'],
    ['messages.name', { messages: [{ ...messageOf('user', textPart('a')), name: 'bob' }] }, 'messages'],
    ['content_parts', messages(messageOf('user', textPart('a'), inline)), 'messages'],
    ['image', messages(messageOf('user', inline)), 'messages'],
    ['image_url', messages(messageOf('user', image)), 'messages'],
  ])('leaves out what the provider refuses, and says so: %s', (refused, chat, field) => {
    expect(asked(chat).unsupported).toEqual([]);
    const { unsupported } = asked(chat, { refuses: [refused] });
    expect(unsupported).toHaveLength(1);
    expect(unsupported[0]).toMatchObject({ field });
    expect(unsupported[0]?.why).toMatch(/^\S.+/);
  });

  it('loses nothing by leaving out what is granted anyway', () => {
    const granted: Partial<ChatRequest> = {
      choices: 1,
      frequencyPenalty: 0,
      presencePenalty: 0,
      logitBias: {},
      reasoning: { effort: 'none', budgetTokens: null, isShown: null },
      toolChoice: { kind: 'auto' },
      parallelToolCalls: true,
      answerFormat: { kind: 'text' },
      tools: [{ ...tool, strict: false }],
    };
    const spec: Partial<CompatibleSpec> = {
      refuses: [
        'n',
        'frequency_penalty',
        'presence_penalty',
        'logit_bias',
        'tool_choice',
        'parallel_tool_calls',
        'strict',
      ],
      reasoning: {},
    };
    const { body, unsupported } = asked(granted, spec);
    expect(unsupported).toEqual([]);
    expect(Object.keys(body)).toEqual(['model', 'messages', 'tools']);
  });

  it('uses the names that the provider has', () => {
    expect(asked({ seed: 1 }, { names: { seed: 'random_seed' } }).body).toMatchObject({ random_seed: 1 });
    expect(asked({ maxTokens: 1 }, { maxTokens: 'max_completion_tokens' }).body).toMatchObject({
      max_completion_tokens: 1,
    });
  });

  it('takes top_k, documents, audio and marks only where they are said to be taken', () => {
    const marked: Part = { ...textPart('a'), cache: { ttl: '1h' } };
    const audio: Part = { kind: 'audio', format: 'wav', base64: 'AA==' };
    const chat = { topK: 5, ...messages(messageOf('user', marked, pdf, audio)) };
    const fields = asked(chat).unsupported.map(({ field, at }) => `${field}${at}`);
    expect(fields).toEqual(['messages[0].parts[1]', 'messages[0].parts[2]', 'topK']);
    const taken = asked(chat, { takes: ['top_k', 'document', 'audio', 'cache_control'] });
    expect(taken.unsupported).toEqual([]);
    expect(taken.body['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA==' } },
          { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
        ],
      },
    ]);
  });
});

it.each<[Part, object]>([
  [pdf, { type: 'document_url', document_url: 'data:application/pdf;base64,AA==', document_name: 'a.pdf' }],
  [
    { ...pdf, source: { kind: 'url', url: 'https://a.example/a.pdf' }, name: null },
    { type: 'document_url', document_url: 'https://a.example/a.pdf' },
  ],
  [
    { ...pdf, source: { kind: 'file', id: 'f-1' } },
    { type: 'file', file_id: 'f-1' },
  ],
  [
    { ...pdf, source: { kind: 'text', text: 'x' } },
    { type: 'text', text: 'x' },
  ],
])('a document goes by its address where it is taken so: %j', (part, expected) => {
  const { body, unsupported } = asked(messages(messageOf('user', textPart('a'), part)), { takes: ['document_url'] });
  expect(unsupported).toEqual([]);
  expect(body['messages']).toEqual([{ role: 'user', content: [{ type: 'text', text: 'a' }, expected] }]);
});

describe('messages', () => {
  const call: Part = { kind: 'toolCall', id: 'a', name: 'f', arguments: '{}' };
  const thought: Part = { kind: 'reasoning', text: 'hm', signature: 's', redacted: null };

  it('of the assistant hold its calls, and each result is a message', () => {
    const result = { kind: 'toolResult', callId: 'a', content: [textPart('1')], isError: false, cache: null } as const;
    const { body, unsupported } = asked(
      messages(
        messageOf('system', textPart('be brief')),
        messageOf('assistant', thought, call),
        messageOf('tool', result, { ...result, callId: 'b', isError: true }),
      ),
    );
    expect(unsupported).toEqual([]);
    expect(body['messages']).toEqual([
      { role: 'system', content: 'be brief' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: '1' },
      { role: 'tool', tool_call_id: 'b', content: 'Error: 1' },
    ]);
  });

  it('hand reasoning back only to those who want it', () => {
    const chat = messages(messageOf('assistant', thought, textPart('so')));
    expect(asked(chat).body['messages']).toEqual([{ role: 'assistant', content: 'so' }]);
    expect(asked(chat, { reasoning: { back: 'reasoning_content' } }).body['messages']).toEqual([
      { role: 'assistant', content: 'so', reasoning_content: 'hm' },
    ]);
  });

  it('name the part that has no place', () => {
    const result: Part = {
      kind: 'toolResult',
      callId: 'a',
      content: [textPart('1'), { kind: 'image', source: { kind: 'url', url: 'u' }, detail: null, cache: null }],
      isError: false,
      cache: null,
    };
    expect(asked(messages(messageOf('tool', result))).unsupported).toMatchObject([
      { field: 'messages', at: '[0].parts[0].content[1]' },
    ]);
  });

  it('of texts alone are joined for those who take no parts', () => {
    const chat = messages(messageOf('system', textPart('a'), textPart('b')));
    expect(asked(chat, { refuses: ['content_parts'] }).body['messages']).toEqual([
      { role: 'system', content: 'a\n\nb' },
    ]);
  });
});

describe('reasoning', () => {
  const none = { effort: null, budgetTokens: null, isShown: null };
  it.each([
    ['an effort', { ...none, effort: 'high' }, { efforts: ['high'] }, { reasoning_effort: 'high' }, []],
    ['an effort that is not known', { ...none, effort: 'max' }, { efforts: ['high'] }, {}, ['effort']],
    [
      'no effort, by a switch',
      { ...none, effort: 'none' },
      { toggle: 'thinking' },
      { thinking: { type: 'disabled' } },
      [],
    ],
    [
      'a budget',
      { ...none, budgetTokens: 9 },
      { toggle: 'enable_thinking', budget: 'thinking_budget' },
      { enable_thinking: true, thinking_budget: 9 },
      [],
    ],
    [
      'a budget by an effort',
      { ...none, budgetTokens: 9_000 },
      { efforts: commonEfforts },
      { reasoning_effort: 'medium' },
      [],
    ],
    [
      'an effort and a budget by the effort',
      { ...none, effort: 'low', budgetTokens: 9_000 },
      { efforts: ['low', 'medium'] },
      { reasoning_effort: 'low' },
      [],
    ],
    [
      'an effort by a budget',
      { ...none, effort: 'high' },
      { toggle: 'enable_thinking', budget: 'thinking_budget' },
      { enable_thinking: true, thinking_budget: 16_384 },
      [],
    ],
    [
      'a budget where there is neither',
      { ...none, budgetTokens: 9 },
      { toggle: 'thinking' },
      { thinking: { type: 'enabled' } },
      ['budgetTokens'],
    ],
    [
      'to see it',
      { ...none, isShown: true },
      { toggle: 'chat_template_kwargs' },
      { chat_template_kwargs: { enable_thinking: true } },
      [],
    ],
    ['to see what is hidden', { ...none, isShown: true }, { isHidden: true }, {}, ['isShown']],
    ['nothing', none, { toggle: 'thinking' }, {}, []],
    [
      'an effort of OpenRouter',
      { ...none, effort: 'high', isShown: false },
      { toggle: 'reasoning' },
      { reasoning: { effort: 'high', exclude: true } },
      [],
    ],
    [
      'a budget of OpenRouter',
      { ...none, budgetTokens: 9 },
      { toggle: 'reasoning' },
      { reasoning: { max_tokens: 9 } },
      [],
    ],
  ] as const)('asks for %s', (_what, reasoning, words, expected, lost) => {
    const { body, unsupported } = asked({ reasoning }, { reasoning: words });
    const { model: _model, messages: _messages, ...rest } = body;
    expect(rest).toEqual(expected);
    expect(unsupported.map(({ at }) => at)).toEqual(lost);
  });
});

describe('fields that the vocabulary does not have', () => {
  it('go as they came where only the provider can be meant', () => {
    const { body, unsupported } = asked({ extra: { min_p: 0.1, model: 'other' } });
    expect(unsupported).toEqual([]);
    expect(body).toMatchObject({ min_p: 0.1, model: 'm' });
  });

  it("are refused where they are OpenAI's own, unless the provider has them", () => {
    expect(asked({ extra: { service_tier: 'flex' } }).unsupported).toMatchObject([
      { field: 'extra', at: 'service_tier' },
    ]);
    expect(asked({ extra: { service_tier: 'flex' } }, { takes: ['service_tier'] }).body).toMatchObject({
      service_tier: 'flex',
    });
  });

  it('ask nothing of a provider that keeps nothing and says nothing aloud', () => {
    const { body, unsupported } = asked({ extra: { store: false, modalities: ['text'] } });
    expect(unsupported).toEqual([]);
    expect(Object.keys(body)).toEqual(['model', 'messages']);
    expect(asked({ extra: { modalities: ['audio'] } }, { takes: ['modalities'] }).unsupported).toHaveLength(1);
  });

  it.each(['anthropic', 'openai-completions', 'openai-responses'] as const)(
    'mean nothing in the words of %s',
    (family) => {
      expect(asked({ family, extra: { best_of: 2 } }).unsupported).toMatchObject([{ field: 'extra', at: 'best_of' }]);
    },
  );
});

describe('a path', () => {
  it('is filled with settings and the model', () => {
    const place = placeOf({ model: 'a/b', settings: { accountId: 'x y' } });
    expect(filled('/accounts/{accountId}/{model}', place)).toBe('/accounts/x%20y/a%2Fb');
    expect(filled('/accounts/%7BaccountId%7D', place)).toBe('/accounts/x%20y');
    // What is not there, and what would lead elsewhere, is a name that there is not.
    expect(filled('/{constructor}', place)).toBe('/-');
    expect(filled('/{model}', placeOf({ model: '..' }))).toBe('/-');
  });
});

it('loses no field in silence: each is in the body, or named as unsupported', () => {
  const fields = {
    temperature: fc.option(fc.double({ min: 0, max: 2, noNaN: true })),
    topP: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    topK: fc.option(fc.nat(50)),
    frequencyPenalty: fc.option(fc.integer({ min: -2, max: 2 })),
    presencePenalty: fc.option(fc.integer({ min: -2, max: 2 })),
    seed: fc.option(fc.nat()),
    maxTokens: fc.option(fc.nat()),
    user: fc.option(fc.string()),
  };
  const names = {
    temperature: 'temperature',
    topP: 'top_p',
    topK: 'top_k',
    frequencyPenalty: 'frequency_penalty',
    presencePenalty: 'presence_penalty',
    seed: 'seed',
    maxTokens: 'max_tokens',
    user: 'user',
  } as const;
  const refusable = Object.values(names).filter((name) => name !== 'top_k');
  fc.assert(
    fc.property(fc.record(fields), fc.subarray(refusable), (chat, refuses) => {
      const { body, unsupported } = asked(chat, { refuses });
      for (const [field, name] of Object.entries(names)) {
        const value = chat[field as keyof typeof names];
        const isLost = unsupported.some((each) => each.field === field);
        const isNothing = field.endsWith('Penalty') && value === 0;
        if (isNothing && !isLost) continue;
        expect(Object.hasOwn(body, name)).toBe(value !== null && !isLost);
        if (value === null) expect(isLost).toBe(false);
      }
    }),
  );
});
