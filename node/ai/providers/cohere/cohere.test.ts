import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../chat/chat-answer.js';
import { Gathering } from '../../chat/gather.js';
import { type Part, textPart } from '../../chat/part.js';
import { isProviderError } from '../../provider.js';
import { chatOf, messageOf, placeOf, readStream } from '../testing/openai-chats.js';
import { cohere } from './cohere.js';

const schema = { type: 'object', properties: {} };
const tool = { kind: 'function', name: 'f', description: 'd', parameters: schema, strict: null, cache: null } as const;
const kinds = (events: readonly ChatEvent[]): string[] => events.map((event) => event.kind);

describe('a request of Cohere', () => {
  it('has its own names for the settings', () => {
    const asked = cohere.request(
      chatOf({
        maxTokens: 5,
        temperature: 0.3,
        topP: 0.5,
        topK: 3,
        frequencyPenalty: 0.1,
        presencePenalty: 0.2,
        seed: 7,
        stop: ['END'],
        logprobs: { top: 0 },
        answerFormat: { kind: 'schema', name: 's', description: null, schema, strict: true },
      }),
      placeOf({ basePath: '' }),
    );
    expect(asked).toEqual({
      method: 'POST',
      path: '/v2/chat',
      query: '',
      headers: [],
      unsupported: [],
      body: {
        model: 'm',
        messages: [{ role: 'user', content: 'hello' }],
        stream: false,
        max_tokens: 5,
        temperature: 0.3,
        p: 0.5,
        k: 3,
        frequency_penalty: 0.1,
        presence_penalty: 0.2,
        seed: 7,
        stop_sequences: ['END'],
        logprobs: true,
        response_format: { type: 'json_object', json_schema: schema },
      },
    });
  });

  it.each([
    [{ kind: 'required' }, [tool], 'REQUIRED', 0],
    [{ kind: 'none' }, [tool], 'NONE', 0],
    [{ kind: 'auto' }, [tool], undefined, 0],
    [{ kind: 'tool', name: 'f' }, [tool], 'REQUIRED', 0],
    [{ kind: 'tool', name: 'f' }, [tool, { ...tool, name: 'g' }], undefined, 1],
  ] as const)('is told with %j which tool to call', (toolChoice, tools, word, lost) => {
    const { body, unsupported } = cohere.request(chatOf({ toolChoice, tools }), placeOf());
    expect(body['tool_choice']).toBe(word);
    expect(unsupported).toHaveLength(lost);
  });

  it('holds all tools to their schemas where one asks for it', () => {
    const { body } = cohere.request(chatOf({ tools: [{ ...tool, strict: true }] }), placeOf());
    expect(body).toMatchObject({ strict_tools: true });
    expect(body['tools']).toEqual([
      { type: 'function', function: { name: 'f', description: 'd', parameters: schema } },
    ]);
  });

  it.each([
    [{ choices: 2 }, 'choices'],
    [{ logitBias: { '5': 1 } }, 'logitBias'],
    [{ user: 'u' }, 'user'],
    [{ logprobs: { top: 2 } }, 'logprobs'],
    [{ parallelToolCalls: false }, 'parallelToolCalls'],
    [{ extra: { service_tier: 'flex' } }, 'extra'],
    [{ tools: [{ kind: 'provider', type: 'web_search', raw: {} }] }, 'tools'],
  ] as const)('names what can not be said: %j', (chat, field) => {
    expect(cohere.request(chatOf(chat), placeOf()).unsupported).toMatchObject([{ field }]);
  });

  it.each([
    [{ effort: 'none', budgetTokens: null, isShown: null }, { type: 'disabled' }],
    [
      { effort: null, budgetTokens: 9, isShown: null },
      { type: 'enabled', token_budget: 9 },
    ],
    [
      { effort: 'medium', budgetTokens: null, isShown: null },
      { type: 'enabled', token_budget: 8_192 },
    ],
    [{ effort: null, budgetTokens: null, isShown: true }, { type: 'enabled' }],
  ] as const)('thinks as %j says', (reasoning, thinking) => {
    expect(cohere.request(chatOf({ reasoning }), placeOf()).body).toMatchObject({ thinking });
  });

  it('carries calls with the plan behind them, and their results', () => {
    const call: Part = { kind: 'toolCall', id: 'a', name: 'f', arguments: '{}' };
    const thought: Part = { kind: 'reasoning', text: 'I will call f', signature: null, redacted: null };
    const image: Part = {
      kind: 'image',
      source: { kind: 'url', url: 'https://a.example/i' },
      detail: null,
      cache: null,
    };
    const chat = chatOf({
      messages: [
        messageOf('system', textPart('be brief')),
        messageOf('user', textPart('look'), image),
        messageOf('assistant', thought, call),
        messageOf('tool', { kind: 'toolResult', callId: 'a', content: [textPart('1')], isError: true, cache: null }),
        messageOf('assistant', thought, textPart('so')),
      ],
    });
    const { body, unsupported } = cohere.request(chat, placeOf());
    expect(unsupported).toEqual([]);
    expect(body['messages']).toEqual([
      { role: 'system', content: 'be brief' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'look' },
          { type: 'image_url', image_url: { url: 'https://a.example/i' } },
        ],
      },
      {
        role: 'assistant',
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
        tool_plan: 'I will call f',
      },
      { role: 'tool', tool_call_id: 'a', content: 'Error: 1' },
      { role: 'assistant', content: 'so' },
    ]);
  });
});

const usage = { billed_units: { input_tokens: 5, output_tokens: 2 }, tokens: { input_tokens: 70, output_tokens: 2 } };
const source = { type: 'tool', id: 'f:0', tool_output: {} };
const citation = { start: 0, end: 2, text: 'so', sources: [source], type: 'TEXT_CONTENT' };

describe('an answer of Cohere', () => {
  const answer = (message: object, more: object = {}): object => ({
    id: 'a1',
    finish_reason: 'COMPLETE',
    message: { role: 'assistant', ...message },
    usage,
    ...more,
  });

  it('is thought, text with its sources, calls, and what is billed', () => {
    const content = [
      { type: 'thinking', thinking: 'hm' },
      { type: 'text', text: 'so' },
    ];
    const logprobs = [{ text: 'so', token_ids: [1, 2], logprobs: [-1, -0.5] }];
    expect(cohere.answer(answer({ content, citations: [citation] }, { logprobs }))).toEqual({
      id: 'a1',
      model: '',
      createdS: null,
      choices: [
        {
          parts: [
            { kind: 'reasoning', text: 'hm', signature: null, redacted: null },
            { kind: 'text', text: 'so', cache: null, citations: [citation] },
          ],
          finish: { reason: 'stop', native: 'COMPLETE', stopSequence: null },
          logprobs: [{ token: 'so', logprob: -1.5, bytes: null, top: [] }],
        },
      ],
      usage: { input: 5, output: 2, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: false },
    });
  });

  it('has its plan before its calls', () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
    const body = answer({ tool_plan: 'I will', tool_calls: [call] }, { finish_reason: 'TOOL_CALL' });
    expect(cohere.answer(body)).toMatchObject({
      choices: [
        {
          parts: [
            { kind: 'reasoning', text: 'I will' },
            { kind: 'toolCall', id: 'c', name: 'f', arguments: '{}' },
          ],
          finish: { reason: 'toolCalls' },
        },
      ],
    });
  });

  it.each([
    ['STOP_SEQUENCE', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['ERROR_TOXIC', 'contentFilter'],
    ['ERROR_LIMIT', 'contextExceeded'],
    ['WEATHER', 'other'],
  ])('that ends with %s is finished as %s', (word, reason) => {
    const read = cohere.answer(answer({ content: [{ type: 'text', text: 'a' }] }, { finish_reason: word }));
    expect(read).toMatchObject({ choices: [{ finish: { reason, native: word } }] });
  });

  it.each([
    ['ERROR', 'server'],
    ['TIMEOUT', 'timeout'],
  ])('that ends with %s has failed', (word, kind) => {
    expect(cohere.answer(answer({ content: 'a' }, { finish_reason: word }))).toMatchObject({ kind, native: word });
  });

  it('whose finish reason is missing is told so, and never as stop', () => {
    const read = cohere.answer(answer({ content: 'a' }, { finish_reason: undefined }));
    expect(read).toMatchObject({ choices: [{ finish: { reason: 'other', native: null } }] });
  });

  it.each([
    ['a message under 200', { message: 'no' }, 'server'],
    ['an empty object', {}, 'malformed'],
    ['nothing', undefined, 'malformed'],
    ['an empty message that does not say why', answer({}, { finish_reason: null }), 'malformed'],
    ['a call without a name', answer({ tool_calls: [{ id: 'a' }] }), 'malformed'],
  ])('that is none is an error: %s', (_what, body, kind) => {
    expect(cohere.answer(body)).toMatchObject({ kind });
  });

  it.each([
    [429, { message: 'too many requests' }, 'rateLimited'],
    [498, { message: 'invalid api token' }, 'authentication'],
    [400, { message: 'too many tokens: size limit exceeded by 11 tokens' }, 'contextExceeded'],
    [404, { message: "model 'x' not found" }, 'notFound'],
    [422, { message: 'bad' }, 'invalidRequest'],
    [503, {}, 'overloaded'],
  ])('of the status %i is an error of its kind', (status, body, kind) => {
    expect(cohere.error(status, [], JSON.stringify(body)).kind).toBe(kind);
  });
});

describe('a stream of Cohere', () => {
  const start = { type: 'message-start', id: 'a1', delta: { message: { role: 'assistant', content: [] } } };
  const content = (piece: object): object => ({
    type: 'content-delta',
    index: 0,
    delta: { message: { content: piece } },
  });
  const end = (word: unknown, more: object = {}): object => ({
    type: 'message-end',
    delta: { finish_reason: word, usage, ...more },
  });

  it('is text with its sources, its end and what is billed', () => {
    const events = readStream(cohere, [
      start,
      { type: 'content-start', index: 0, delta: { message: { content: { type: 'thinking', thinking: '' } } } },
      content({ thinking: 'hm' }),
      { type: 'content-end', index: 0 },
      content({ text: 's' }),
      content({ text: 'o' }),
      { type: 'citation-start', index: 0, delta: { message: { citations: citation } } },
      { type: 'citation-end', index: 0 },
      end('COMPLETE'),
    ]);
    expect(kinds(events)).toEqual(['start', 'reasoning', 'text', 'text', 'citation', 'finish', 'usage']);
    expect(events.at(-1)).toMatchObject({ usage: { input: 5, output: 2 } });
  });

  it('plans, then calls several tools', () => {
    const call = (type: string, index: number, calls: object): object => ({
      type,
      index,
      delta: { message: { tool_calls: calls } },
    });
    const events = readStream(cohere, [
      start,
      { type: 'tool-plan-delta', delta: { message: { tool_plan: 'I will' } } },
      call('tool-call-start', 0, { id: 'x', type: 'function', function: { name: 'f', arguments: '' } }),
      call('tool-call-delta', 0, { function: { arguments: '{"a"' } }),
      call('tool-call-delta', 0, { function: { arguments: ':1}' } }),
      { type: 'tool-call-end', index: 0 },
      call('tool-call-start', 1, { type: 'function', function: { name: 'g', arguments: '' } }),
      call('tool-call-delta', 1, { function: { arguments: '{}' } }),
      end('TOOL_CALL'),
    ]);
    const gathering = new Gathering({ charactersMax: 1_000 });
    for (const event of events) gathering.add(event);
    expect(gathering.answer()?.choices[0]).toMatchObject({
      parts: [
        { kind: 'reasoning', text: 'I will' },
        { kind: 'toolCall', id: 'x', name: 'f', arguments: '{"a":1}' },
        { kind: 'toolCall', id: 'call_a1_1', name: 'g', arguments: '{}' },
      ],
      finish: { reason: 'toolCalls' },
    });
  });

  it.each([
    ['without its end', [start, content({ text: 'a' })], 'cut'],
    ['before it began', [], 'cut'],
    ['with an end that gives no reason', [start, content({ text: 'a' }), end(null)], 'cut'],
    ['with an end that is an error', [start, end('ERROR', { error: 'boom' })], 'server'],
    ['with an end that is a timeout', [start, end('TIMEOUT')], 'timeout'],
    ['with an error in place of an event', [start, { message: 'slow down' }, content({ text: 'a' })], 'server'],
    ['with what is not JSON', [start, '{'], 'malformed'],
    [
      'with a call without a name',
      [start, { type: 'tool-call-start', delta: { message: { tool_calls: {} } } }],
      'malformed',
    ],
  ])('that ends %s has failed, and nothing follows', (_how, said, kind) => {
    const events = readStream(cohere, said);
    expect(events.at(-1)).toMatchObject({ kind: 'error', error: { kind } });
    expect(events.filter((event) => event.kind === 'error')).toHaveLength(1);
  });

  it('with a finish reason that is not known is told by that word', () => {
    expect(readStream(cohere, [start, end('WEATHER')])[1]).toMatchObject({
      finish: { reason: 'other', native: 'WEATHER' },
    });
  });

  it('never throws, and is whole or says that it is not, whatever comes', () => {
    const types = [
      'message-start',
      'content-delta',
      'tool-call-start',
      'tool-call-delta',
      'tool-plan-delta',
      'citation-start',
      'message-end',
    ];
    const shaped = fc.record({
      type: fc.constantFrom(...types),
      id: fc.jsonValue({ maxDepth: 1 }),
      delta: fc.oneof(
        fc.jsonValue(),
        fc.record({
          message: fc.record({ content: fc.jsonValue(), tool_calls: fc.jsonValue(), citations: fc.jsonValue() }),
          finish_reason: fc.oneof(fc.constantFrom('COMPLETE', 'toString'), fc.jsonValue()),
          usage: fc.jsonValue(),
        }),
      ),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(shaped, fc.jsonValue(), fc.string()), { size: 'max', maxLength: 12 }), (said) => {
        const read = kinds(readStream(cohere, said));
        expect(read.filter((kind) => kind === 'error' || kind === 'finish')).toHaveLength(1);
        expect(['error', 'finish', 'usage']).toContain(read.at(-1));
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const read = cohere.answer(body);
        if (isProviderError(read)) expect(read.message).not.toBe('');
      }),
    );
  });
});
