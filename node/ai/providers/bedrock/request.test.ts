import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../chat/chat-request.js';
import type { Message, Part } from '../../chat/part.js';
import { chat, message, place, tool } from '../testing/chats.js';
import { bedrock } from './bedrock.js';

const CLAUDE = 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0';
const NEWER = 'anthropic.claude-opus-5-v1:0';
const NOVA = 'amazon.nova-2-lite-v1:0';

const asked = (said: Partial<ChatRequest>, model = CLAUDE, settings: Record<string, string> = {}) =>
  bedrock.request(chat(said), place(model, settings, ''));
const body = (said: Partial<ChatRequest>, model = CLAUDE) => asked(said, model).body;
const messages = (told: Message[], model = CLAUDE) => body({ messages: told }, model)['messages'];
const missing = (said: Partial<ChatRequest>, model = CLAUDE) =>
  asked(said, model).unsupported.map(({ field, at }) => `${field}${at}`);
const call = (id: string, args: string): Part => ({ kind: 'toolCall', id, name: 'f', arguments: args });
const text = (said: string): Part & { kind: 'text' } => ({ kind: 'text', text: said, cache: null, citations: [] });
const marked = (said: string, ttl: '5m' | '1h' | null = null): Part => ({ ...text(said), cache: { ttl } });
const png = {
  kind: 'image',
  source: { kind: 'base64', mediaType: 'image/png', base64: 'AA==' },
  detail: null,
  cache: null,
} as const;

describe('a request to Bedrock', () => {
  it('says no more than the caller did', () => {
    expect(asked({})).toEqual({
      method: 'POST',
      path: '/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse',
      query: '',
      headers: [],
      body: { messages: [{ role: 'user', content: [{ text: 'Hello' }] }] },
      unsupported: [],
    });
    expect(asked({ isStream: true }, 'arn:aws:bedrock:us-east-1:1:inference-profile/x').path).toBe(
      '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse-stream',
    );
  });

  it('puts instructions apart, marks behind what they mark, and merges what one role says in a row', () => {
    const told = [
      message('system', 'A', marked('B', '1h')),
      message('user', marked('C')),
      message('user', 'D', ' '),
      message('assistant', 'E', { kind: 'refusal', text: 'F' }),
    ];
    expect(body({ messages: told })).toEqual({
      system: [{ text: 'A' }, { text: 'B' }, { cachePoint: { type: 'default', ttl: '1h' } }],
      messages: [
        { role: 'user', content: [{ text: 'C' }, { cachePoint: { type: 'default' } }, { text: 'D' }] },
        { role: 'assistant', content: [{ text: 'E' }, { text: 'F' }] },
      ],
    });
    expect(missing({ messages: [...told, message('system', 'G')] })).toEqual(['messages[4]']);
  });

  it('puts results of calls first, with their marks', () => {
    const result = (callId: string, isError: boolean, marked = false): Part => ({
      kind: 'toolResult',
      callId,
      content: [text('r'), png],
      isError,
      cache: marked ? { ttl: null } : null,
    });
    const told = [
      message('assistant', call('a:b', '{"x":1}'), call('c', '')),
      message('user', marked('X')),
      message('tool', result('a:b', false, true)),
      message('tool', result('c', true)),
    ];
    const content = [{ text: 'r' }, { image: { format: 'png', source: { bytes: 'AA==' } } }];
    expect(messages(told)).toEqual([
      {
        role: 'assistant',
        content: [
          { toolUse: { toolUseId: 'a_b', name: 'f', input: { x: 1 } } },
          { toolUse: { toolUseId: 'c', name: 'f', input: {} } },
        ],
      },
      {
        role: 'user',
        content: [
          { toolResult: { toolUseId: 'a_b', content } },
          { cachePoint: { type: 'default' } },
          { toolResult: { toolUseId: 'c', content, status: 'error' } },
          { text: 'X' },
          { cachePoint: { type: 'default' } },
        ],
      },
    ]);
    expect(missing({ messages: [message('assistant', call('a', '{'))] })).toEqual(['messages[0].parts[0].arguments']);
  });

  const pdf = { kind: 'base64', mediaType: 'application/pdf', base64: 'AA==' } as const;
  it.each<[string, Part, object | null]>([
    ['an image', png, { image: { format: 'png', source: { bytes: 'AA==' } } }],
    [
      'an image in S3',
      { ...png, source: { kind: 'url', url: 's3://b/c.jpg' } },
      { image: { format: 'jpeg', source: { s3Location: { uri: 's3://b/c.jpg' } } } },
    ],
    ['an image elsewhere', { ...png, source: { kind: 'url', url: 'https://a/b.png' } }, null],
    ['an uploaded image', { ...png, source: { kind: 'file', id: 'f' } }, null],
    ['a TIFF', { ...png, source: { kind: 'base64', mediaType: 'image/tiff', base64: '' } }, null],
    [
      'a PDF',
      { kind: 'document', source: pdf, name: 'Q3_report (v2).pdf', cache: null },
      { document: { format: 'pdf', name: 'Q3 report (v2) pdf', source: { bytes: 'AA==' } } },
    ],
    [
      'a PDF without a name',
      { kind: 'document', source: pdf, name: null, cache: null },
      { document: { format: 'pdf', name: 'document 1', source: { bytes: 'AA==' } } },
    ],
    [
      'a text',
      { kind: 'document', source: { kind: 'text', text: 'b' }, name: '…', cache: null },
      { document: { format: 'txt', name: 'document 1', source: { text: 'b' } } },
    ],
    ['a ZIP', { kind: 'document', source: { ...pdf, mediaType: 'application/zip' }, name: null, cache: null }, null],
    [
      'a sound',
      { kind: 'audio', format: 'wav', base64: 'AA==' },
      { audio: { format: 'wav', source: { bytes: 'AA==' } } },
    ],
    ['an odd sound', { kind: 'audio', format: 'midi', base64: 'AA==' }, null],
  ])('carries %s, or says that it can not', (_, part, block) => {
    const told = [message('user', 'look', part)];
    expect(messages(told)).toEqual([{ role: 'user', content: [{ text: 'look' }, ...(block === null ? [] : [block])] }]);
    expect(missing({ messages: told })).toEqual(block === null ? ['messages[0].parts[1]'] : []);
  });

  it('gives Claude its reasoning back, and nobody anything else', () => {
    const reasoning = (text: string, signature: string | null, redacted: string | null = null): Part => ({
      kind: 'reasoning',
      text,
      signature,
      redacted,
    });
    const told = [
      message(
        'assistant',
        reasoning('a', 'EqQB'),
        reasoning('', null, 'bedrock:EmwK'),
        reasoning('', null, 'EmwK'),
        reasoning('b', null),
        reasoning('c', 'gemini:x'),
        'd',
      ),
    ];
    expect(messages(told)).toEqual([
      {
        role: 'assistant',
        content: [
          { reasoningContent: { reasoningText: { text: 'a', signature: 'EqQB' } } },
          { reasoningContent: { redactedContent: 'EmwK' } },
          { text: 'd' },
        ],
      },
    ]);
    expect(messages(told, NOVA)).toEqual([{ role: 'assistant', content: [{ text: 'd' }] }]);
  });

  it('tells tools, and which of them has to be called', () => {
    const parameters = { type: 'object', properties: { a: { type: 'string' } } };
    const tools = [tool('f', { description: 'd', parameters, strict: true, cache: { ttl: null } }), tool('g')];
    expect(body({ tools })['toolConfig']).toEqual({
      tools: [
        { toolSpec: { name: 'f', description: 'd', inputSchema: { json: parameters }, strict: true } },
        { cachePoint: { type: 'default' } },
        { toolSpec: { name: 'g', inputSchema: { json: { type: 'object', properties: {} } } } },
      ],
    });
    const choice = (toolChoice: ChatRequest['toolChoice']) => body({ tools, toolChoice })['toolConfig'];
    expect(choice({ kind: 'auto' })).toMatchObject({ toolChoice: { auto: {} } });
    expect(choice({ kind: 'required' })).toMatchObject({ toolChoice: { any: {} } });
    expect(choice({ kind: 'tool', name: 'g' })).toMatchObject({ toolChoice: { tool: { name: 'g' } } });
    expect(choice({ kind: 'none' })).toBeUndefined();
    const called = { tools, toolChoice: { kind: 'none' }, messages: [message('assistant', call('a', ''))] } as const;
    expect([missing({ tools, toolChoice: { kind: 'none' } }), missing(called)]).toEqual([[], ['toolChoice']]);
    expect(body(called)).toHaveProperty('toolConfig');
    expect(missing({ tools: [{ kind: 'provider', type: 'x', raw: {} }] })).toEqual(['tools[0]']);
  });

  it('says sampling and formats in its words, and names what it has none for', () => {
    const schema = { type: 'object' };
    expect(
      body({
        maxTokens: 7,
        temperature: 0,
        topP: 0.5,
        topK: 3,
        stop: ['a'],
        answerFormat: { kind: 'schema', name: 'n', description: null, schema, strict: null },
      }),
    ).toMatchObject({
      inferenceConfig: { maxTokens: 7, temperature: 0, topP: 0.5, stopSequences: ['a'] },
      additionalModelRequestFields: { top_k: 3 },
      outputConfig: {
        textFormat: { type: 'json_schema', structure: { jsonSchema: { name: 'n', schema: '{"type":"object"}' } } },
      },
    });
    expect(body({ topK: 3 }, NOVA)['additionalModelRequestFields']).toEqual({ inferenceConfig: { topK: 3 } });
    expect(missing({ topK: 3 }, 'meta.llama4-maverick-17b-instruct-v1:0')).toEqual(['topK']);
    expect(missing({ answerFormat: { kind: 'json' } })).toEqual(['answerFormat']);
    expect(
      missing({
        temperature: 1.5,
        frequencyPenalty: 1,
        presencePenalty: 1,
        seed: 0,
        choices: 2,
        logprobs: { top: 0 },
        logitBias: { 1: 1 },
        user: 'u',
        parallelToolCalls: false,
        extra: { x: 1 },
      }),
    ).toEqual([
      'frequencyPenalty',
      'presencePenalty',
      'seed',
      'choices',
      'logprobs',
      'logitBias',
      'user',
      'parallelToolCalls',
      'temperature',
      'extrax',
    ]);
  });

  it('has its guardrail by the settings', () => {
    const settings = {
      guardrailIdentifier: 'g',
      guardrailVersion: '2',
      guardrailTrace: 'enabled',
      guardrailMode: 'async',
    };
    const guardrail = { guardrailIdentifier: 'g', guardrailVersion: '2', trace: 'enabled' };
    expect(asked({}, CLAUDE, settings).body['guardrailConfig']).toEqual(guardrail);
    expect(asked({ isStream: true }, CLAUDE, settings).body['guardrailConfig']).toEqual({
      ...guardrail,
      streamProcessingMode: 'async',
    });
    expect(asked({}, CLAUDE, { guardrailIdentifier: 'g' }).body['guardrailConfig']).toEqual({
      guardrailIdentifier: 'g',
      guardrailVersion: 'DRAFT',
    });
  });

  const reasoning = (said: Partial<NonNullable<ChatRequest['reasoning']>>): Partial<ChatRequest> => ({
    reasoning: { effort: null, budgetTokens: null, isShown: null, ...said },
  });
  it.each<[string, Partial<ChatRequest>, object, readonly string[]]>([
    [
      CLAUDE,
      reasoning({ budgetTokens: 5000 }),
      { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 5000 } } },
      [],
    ],
    [
      NEWER,
      reasoning({ effort: 'high' }),
      { additionalModelRequestFields: { thinking: { type: 'adaptive' } }, outputConfig: { effort: 'high' } },
      [],
    ],
    [CLAUDE, { ...reasoning({ effort: 'low' }), temperature: 0 }, {}, ['temperature']],
    [
      NOVA,
      reasoning({ effort: 'max' }),
      { additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } } },
      [],
    ],
    [
      'openai.gpt-oss-120b-1:0',
      reasoning({ effort: 'minimal' }),
      { additionalModelRequestFields: { reasoning_effort: 'low' } },
      [],
    ],
    [
      NOVA,
      reasoning({ budgetTokens: 9_000 }),
      { additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'medium' } } },
      [],
    ],
    ['amazon.nova-pro-v1:0', reasoning({ effort: 'low' }), {}, ['reasoning']],
    ['amazon.nova-pro-v1:0', reasoning({ effort: 'none' }), {}, []],
  ])('%s thinks as %j asks', (model, said, expected, gaps) => {
    expect(body(said, model)).toMatchObject(expected);
    expect(missing(said, model)).toEqual(gaps);
  });
});
