import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../chat/chat-answer.js';
import { Gathering } from '../../chat/gather.js';
import { type Part, textPart } from '../../chat/part.js';
import { isProviderError } from '../../provider.js';
import { chatOf, messageOf, placeOf, readStream } from '../testing/openai-chats.js';
import { ollama } from './ollama.js';

const schema = { type: 'object', properties: {} };
const tool = { kind: 'function', name: 'f', description: 'd', parameters: schema, strict: null, cache: null } as const;
const image: Part = {
  kind: 'image',
  source: { kind: 'base64', mediaType: 'image/png', base64: 'AA==' },
  detail: null,
  cache: null,
};
const kinds = (events: readonly ChatEvent[]): string[] => events.map((event) => event.kind);

describe('a request of Ollama', () => {
  it('is told not to stream where it should not', () => {
    expect(ollama.request(chatOf(), placeOf({ basePath: '' }))).toEqual({
      method: 'POST',
      path: '/api/chat',
      query: '',
      headers: [],
      unsupported: [],
      body: { model: 'm', messages: [{ role: 'user', content: 'hello' }], stream: false },
    });
    expect(ollama.request(chatOf({ isStream: true }), placeOf()).body).toMatchObject({ stream: true });
  });

  it('puts the settings into options, beside those that the caller names', () => {
    const { body, unsupported } = ollama.request(
      chatOf({
        maxTokens: 5,
        temperature: 0.3,
        topP: 0.5,
        topK: 3,
        frequencyPenalty: 0.1,
        presencePenalty: 0.2,
        seed: 7,
        stop: ['END'],
        logprobs: { top: 2 },
        extra: { options: { num_ctx: 8192, seed: 1 }, keep_alive: '5m' },
      }),
      placeOf(),
    );
    expect(unsupported).toEqual([]);
    expect(body).toMatchObject({
      keep_alive: '5m',
      logprobs: true,
      top_logprobs: 2,
      options: {
        num_ctx: 8192,
        num_predict: 5,
        temperature: 0.3,
        top_p: 0.5,
        top_k: 3,
        frequency_penalty: 0.1,
        presence_penalty: 0.2,
        seed: 7,
        stop: ['END'],
      },
    });
  });

  it.each([
    [{ kind: 'json' }, 'json'],
    [{ kind: 'schema', name: 's', description: null, schema, strict: true }, schema],
    [{ kind: 'text' }, undefined],
  ] as const)('asks for the form %j', (answerFormat, format) => {
    expect(ollama.request(chatOf({ answerFormat }), placeOf()).body['format']).toEqual(format);
  });

  it.each([
    [{ choices: 2 }, 'choices'],
    [{ logitBias: { '5': 1 } }, 'logitBias'],
    [{ user: 'u' }, 'user'],
    [{ parallelToolCalls: false }, 'parallelToolCalls'],
    [{ toolChoice: { kind: 'required' } }, 'toolChoice'],
    [{ tools: [{ ...tool, strict: true }] }, 'tools'],
    [{ reasoning: { effort: 'xhigh', budgetTokens: null, isShown: null } }, 'reasoning'],
    [{ extra: { metadata: {} } }, 'extra'],
    [{ messages: [messageOf('user', { ...image, source: { kind: 'url', url: 'https://a.example' } })] }, 'messages'],
    [{ messages: [messageOf('assistant', { kind: 'toolCall', id: 'a', name: 'f', arguments: '{"x' })] }, 'messages'],
    [{ messages: [messageOf('user', { kind: 'audio', format: 'wav', base64: 'AA==' })] }, 'messages'],
  ] as const)('names what can not be said: %j', (chat, field) => {
    expect(ollama.request(chatOf(chat), placeOf()).unsupported).toMatchObject([{ field }]);
  });

  it('shows no tools to a model that may call none', () => {
    const { body, unsupported } = ollama.request(chatOf({ tools: [tool], toolChoice: { kind: 'none' } }), placeOf());
    expect(unsupported).toEqual([]);
    expect(body).not.toHaveProperty('tools');
  });

  it.each([
    [{ effort: 'none', budgetTokens: null, isShown: null }, false],
    [{ effort: 'high', budgetTokens: null, isShown: null }, 'high'],
    [{ effort: null, budgetTokens: 9_000, isShown: null }, 'medium'],
    [{ effort: 'low', budgetTokens: 9_000, isShown: null }, 'low'],
    [{ effort: null, budgetTokens: null, isShown: true }, true],
    [{ effort: null, budgetTokens: null, isShown: null }, undefined],
  ] as const)('thinks as %j says', (reasoning, think) => {
    expect(ollama.request(chatOf({ reasoning }), placeOf()).body['think']).toBe(think);
  });

  it('carries images as base64, calls as objects, and results by the name of their tool', () => {
    const chat = chatOf({
      messages: [
        messageOf('user', textPart('look'), image),
        messageOf('assistant', { kind: 'toolCall', id: 'a', name: 'f', arguments: '{"x":1}' }),
        messageOf('tool', { kind: 'toolResult', callId: 'a', content: [textPart('1')], isError: false, cache: null }),
      ],
    });
    const { body, unsupported } = ollama.request(chat, placeOf());
    expect(unsupported).toEqual([]);
    expect(body['messages']).toEqual([
      { role: 'user', content: 'look', images: ['AA=='] },
      { role: 'assistant', content: '', tool_calls: [{ function: { name: 'f', arguments: { x: 1 } } }] },
      { role: 'tool', content: '1', tool_name: 'f' },
    ]);
  });
});

const created_at = '2025-08-01T10:00:00.123456789Z';
const line = (message: object, more: object = {}): object => ({
  model: 'gemma3',
  created_at,
  message: { role: 'assistant', content: '', ...message },
  done: false,
  ...more,
});
const counts = { prompt_eval_count: 5, eval_count: 2, total_duration: 1 };
const done = (word: unknown, message: object = {}): object =>
  line(message, { done: true, done_reason: word, ...counts });
const call = { function: { name: 'f', arguments: { x: 1 } } };

describe('an answer of Ollama', () => {
  it('is thought, text, calls and counts', () => {
    const logprobs = [{ token: 'so', logprob: -0.5, bytes: [115, 111], top_logprobs: [{ token: 'no', logprob: -2 }] }];
    expect(
      ollama.answer({ ...done('stop', { thinking: 'hm', content: 'so', tool_calls: [call, call] }), logprobs }),
    ).toEqual({
      id: '',
      model: 'gemma3',
      createdS: 1_754_042_400,
      choices: [
        {
          parts: [
            { kind: 'reasoning', text: 'hm', signature: null, redacted: null },
            { kind: 'text', text: 'so', cache: null, citations: [] },
            { kind: 'toolCall', id: 'call_20250801100000123456789_0', name: 'f', arguments: '{"x":1}' },
            { kind: 'toolCall', id: 'call_20250801100000123456789_1', name: 'f', arguments: '{"x":1}' },
          ],
          finish: { reason: 'toolCalls', native: 'stop', stopSequence: null },
          logprobs: [
            {
              token: 'so',
              logprob: -0.5,
              bytes: [115, 111],
              top: [{ token: 'no', logprob: -2, bytes: null }],
            },
          ],
        },
      ],
      usage: { input: 5, output: 2, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: false },
    });
  });

  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['load', 'other'],
    ['weather', 'other'],
  ])('that is done because of %s is finished as %s', (word, reason) => {
    expect(ollama.answer(done(word, { content: 'a' }))).toMatchObject({
      choices: [{ finish: { reason, native: word } }],
    });
  });

  it('whose reason is missing is told so, and never as stop', () => {
    expect(ollama.answer(done(undefined, { content: 'a' }))).toMatchObject({
      choices: [{ finish: { reason: 'other', native: null } }],
    });
  });

  it.each([
    ['an error under 200', { error: 'model requires more system memory' }, 'server'],
    ['an answer that is not done', line({ content: 'a' }), 'cut'],
    ['an empty answer that does not say why', done(undefined), 'malformed'],
    ['a call without a name', done('stop', { tool_calls: [{}] }), 'malformed'],
    ['an empty object', {}, 'malformed'],
    ['nothing', undefined, 'malformed'],
  ])('that is none is an error: %s', (_what, body, kind) => {
    expect(ollama.answer(body)).toMatchObject({ kind });
  });

  it.each([
    [404, 'notFound'],
    [400, 'invalidRequest'],
    [500, 'server'],
    [503, 'overloaded'],
  ])('of the status %i is an error of its kind', (status, kind) => {
    const error = ollama.error(status, [], '{"error":"model \'x\' not found"}');
    expect(error).toMatchObject({ kind, message: "model 'x' not found" });
  });
});

describe('a stream of Ollama', () => {
  it('is thought, text, calls and an end with counts', () => {
    const events = readStream(ollama, [
      line({ thinking: 'hm' }),
      line({ content: 'so' }),
      line({ tool_calls: [call] }),
      line({ tool_calls: [{ ...call, id: 'own' }] }),
      line({ tool_calls: [call] }),
      done('stop'),
    ]);
    expect(kinds(events)).toEqual([
      'start',
      'reasoning',
      'text',
      'toolCall',
      'toolArguments',
      'toolCall',
      'toolArguments',
      'toolCall',
      'toolArguments',
      'finish',
      'usage',
    ]);
    const gathering = new Gathering({ charactersMax: 1_000 });
    for (const event of events) gathering.add(event);
    expect(gathering.answer()).toMatchObject({
      model: 'gemma3',
      choices: [
        {
          parts: [
            { text: 'hm' },
            { text: 'so' },
            { id: 'call_20250801100000123456789_0', arguments: '{"x":1}' },
            { id: 'own', arguments: '{"x":1}' },
            { id: 'call_20250801100000123456789_2', arguments: '{"x":1}' },
          ],
          finish: { reason: 'toolCalls' },
        },
      ],
      usage: { input: 5, output: 2 },
    });
  });

  it.each([
    ['before it was done', [line({ content: 'a' })], 'cut'],
    ['before it began', [], 'cut'],
    ['with an error in a line', [line({ content: 'a' }), { error: 'boom' }, done('stop')], 'server'],
    ['with what is not JSON', [line({ content: 'a' }), '{"mod'], 'malformed'],
    ['with a call without a name', [line({ tool_calls: [{ function: {} }] })], 'malformed'],
  ])('that ends %s has failed, and nothing follows', (_how, said, kind) => {
    const events = readStream(ollama, said);
    expect(events.at(-1)).toMatchObject({ kind: 'error', error: { kind } });
    expect(events.filter((event) => event.kind === 'error')).toHaveLength(1);
  });

  it('never throws, and is whole or says that it is not, whatever comes', () => {
    const message = fc.record(
      { content: fc.jsonValue(), thinking: fc.jsonValue({ maxDepth: 1 }), tool_calls: fc.jsonValue() },
      { requiredKeys: [] },
    );
    const shaped = fc.record(
      { message, done: fc.oneof(fc.boolean(), fc.jsonValue()), done_reason: fc.jsonValue(), created_at: fc.string() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(shaped, fc.jsonValue(), fc.string()), { size: 'max', maxLength: 12 }), (said) => {
        const read = kinds(readStream(ollama, said));
        expect(read.filter((kind) => kind === 'error' || kind === 'finish')).toHaveLength(1);
      }),
    );
    fc.assert(
      fc.property(fc.oneof(shaped, fc.jsonValue()), (body) => {
        const read = ollama.answer(body);
        if (isProviderError(read)) expect(read.message).not.toBe('');
      }),
    );
  });
});
