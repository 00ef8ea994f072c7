import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { providerErrorTable } from '../../chat/provider-error.js';
import { isProviderError } from '../../provider.js';
import { compatibleProvider } from './compatible.js';

const provider = compatibleProvider({
  id: 'x',
  title: 'X',
  finishErrors: { insufficient_system_resource: 'overloaded' },
  errorKinds: { '1113': 'quotaExhausted' },
});

const answer = (message: object, choice: object = {}, more: object = {}): object => ({
  id: 'c1',
  object: 'chat.completion',
  created: 7,
  model: 'm1',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: 'stop', ...choice }],
  ...more,
});

describe('a whole answer of chat completions', () => {
  it('is its text, its end and its cost', () => {
    const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
    expect(provider.answer(answer({ content: 'Hello', refusal: null }, {}, { usage }))).toEqual({
      id: 'c1',
      model: 'm1',
      createdS: 7,
      choices: [
        {
          parts: [{ kind: 'text', text: 'Hello', cache: null, citations: [] }],
          finish: { reason: 'stop', native: 'stop', stopSequence: null },
          logprobs: null,
        },
      ],
      usage: { input: 5, output: 2, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: false },
    });
  });

  it('has reasoning before the text, and calls behind it', () => {
    const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } };
    const read = provider.answer(
      answer({ content: 'so', reasoning_content: 'hm', tool_calls: [call] }, { finish_reason: 'tool_calls' }),
    );
    expect(read).toMatchObject({
      choices: [
        {
          parts: [
            { kind: 'reasoning', text: 'hm' },
            { kind: 'text', text: 'so' },
            { kind: 'toolCall', id: 'a', name: 'f', arguments: '{"x":1}' },
          ],
          finish: { reason: 'toolCalls' },
        },
      ],
    });
  });

  it('has several choices, refusals, sources and the stop sequence that was met', () => {
    const annotation = { type: 'url_citation', url_citation: { url: 'https://a.example' } };
    const read = provider.answer({
      ...answer({}),
      choices: [
        { index: 0, message: { content: null, refusal: 'no' }, finish_reason: 'stop' },
        { index: 1, message: { content: 'x', annotations: [annotation] }, finish_reason: 'stop', stop_reason: 'END' },
      ],
    });
    expect(read).toMatchObject({
      choices: [
        { parts: [{ kind: 'refusal', text: 'no' }] },
        { parts: [{ kind: 'text', text: 'x', citations: [annotation] }], finish: { stopSequence: 'END' } },
      ],
    });
  });

  it.each([
    ['length', 'length'],
    ['content_filter', 'contentFilter'],
    ['function_call', 'toolCalls'],
    ['weather', 'other'],
  ])('that ends with %s is finished as %s', (word, reason) => {
    expect(provider.answer(answer({ content: 'a' }, { finish_reason: word }))).toMatchObject({
      choices: [{ finish: { reason, native: word } }],
    });
  });

  it('whose finish reason is missing is told so, and never as stop', () => {
    for (const word of [null, undefined, '']) {
      expect(provider.answer(answer({ content: 'a' }, { finish_reason: word }))).toMatchObject({
        choices: [{ finish: { reason: 'other', native: null } }],
      });
    }
  });

  it('whose finish reason is a failure has failed', () => {
    const read = provider.answer(answer({ content: 'a' }, { finish_reason: 'insufficient_system_resource' }));
    expect(read).toMatchObject({ kind: 'overloaded' });
  });

  it.each([
    ['OpenAI', { error: { message: 'm', type: 'server_error' } }, 'server'],
    ['beside choices', { ...answer({ content: '' }), error: { message: 'm', code: 429 } }, 'rateLimited'],
    ['within a choice', answer({ content: '' }, { error: { message: 'm', code: 502 } }), 'server'],
    ['by a code of its own', { error: { code: '1113', message: 'm' } }, 'quotaExhausted'],
    ['MiniMax', { choices: null, base_resp: { status_code: 1004, status_msg: 'login fail' } }, 'server'],
    ['Cloudflare', { success: false, errors: [{ code: 5006, message: 'm' }], result: null }, 'server'],
    ['a bare message', { code: 50501, message: 'Model is down', data: null }, 'server'],
  ])('that came with 200 and an error has failed: %s', (_whose, body, kind) => {
    expect(provider.answer(body)).toMatchObject({ kind });
  });

  it.each([
    ['no body', undefined],
    ['an empty text', ''],
    ['an empty object', {}],
    ['no choice', { id: 'c', choices: [] }],
    ['an empty choice', { id: 'c', choices: [{}] }],
    ['an empty message that does not say why', answer({ content: '' }, { finish_reason: null })],
    ['a call without a name', answer({ tool_calls: [{ id: 'a', function: {} }] })],
  ])('that is empty without a usable error is malformed: %s', (_what, body) => {
    const read = provider.answer(body);
    expect(read).toMatchObject({ kind: 'malformed' });
    if (isProviderError(read)) expect(read.message).not.toBe('');
  });

  it('never throws, whatever comes', () => {
    const message = fc.record(
      { content: fc.jsonValue(), tool_calls: fc.jsonValue(), annotations: fc.jsonValue() },
      { requiredKeys: [] },
    );
    const choice = fc.record(
      { message, finish_reason: fc.jsonValue(), logprobs: fc.jsonValue() },
      { requiredKeys: [] },
    );
    const body = fc.oneof(fc.jsonValue(), fc.record({ choices: fc.array(choice), usage: fc.jsonValue() }));
    fc.assert(
      fc.property(body, (any) => {
        const read = provider.answer(any);
        if (isProviderError(read)) expect(providerErrorTable).toHaveProperty(read.kind);
        else expect(read.choices.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('an answer of another status', () => {
  it('is read from its body, its headers and its status', () => {
    const text = JSON.stringify({ error: { message: 'slow', code: 'rate_limit_exceeded', type: 'tokens' } });
    expect(provider.error(429, ['retry-after', '2'], text)).toEqual({
      kind: 'rateLimited',
      message: 'slow',
      native: 'rate_limit_exceeded',
      param: null,
      retryAfterMs: 2_000,
    });
  });

  it.each([
    [502, '<html>Bad gateway</html>', 'server'],
    [503, '', 'overloaded'],
    [404, 'no such page', 'notFound'],
    [401, '{}', 'authentication'],
  ])('is understood with %i and %j', (status, text, kind) => {
    const error = provider.error(status, [], text);
    expect(error.kind).toBe(kind);
    expect(error.message).not.toBe('');
    expect(error.message).not.toContain('<');
  });
});
