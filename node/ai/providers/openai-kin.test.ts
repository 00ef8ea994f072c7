import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textPart } from '../chat/part.js';
import { azureOpenAi } from './azure-openai.js';
import { mistral, shortId } from './mistral.js';
import { openAi } from './openai.js';
import { chatOf, messageOf, placeOf, readStream } from './testing/openai-chats.js';

describe('OpenAI', () => {
  it.each([
    ['gpt-4o', 'system'],
    ['o3-mini', 'developer'],
    ['gpt-5.1', 'developer'],
    ['o1-mini', 'system'],
  ])('hears %s through the role %s', (model, role) => {
    const chat = chatOf({ messages: [messageOf('system', textPart('a'))] });
    expect(openAi.request(chat, placeOf({ model })).body['messages']).toEqual([{ role, content: 'a' }]);
  });

  it('is told the most tokens with the name that all its models know', () => {
    const { body } = openAi.request(chatOf({ maxTokens: 9 }), placeOf());
    expect(body).toMatchObject({ max_completion_tokens: 9 });
    expect(body).not.toHaveProperty('max_tokens');
  });

  it('knows efforts, which hold before a budget, and no top_k', () => {
    const reasoning = { effort: 'xhigh', budgetTokens: 5, isShown: true } as const;
    const { body, unsupported } = openAi.request(chatOf({ reasoning, topK: 3 }), placeOf());
    expect(body).toMatchObject({ reasoning_effort: 'xhigh' });
    expect(unsupported.map(({ field, at }) => `${field}.${at}`)).toEqual(['topK.', 'reasoning.isShown']);
  });
});

describe('Azure OpenAI', () => {
  it('finds a deployment by its path, with the version in the query', () => {
    const settings = { apiVersion: '2025-01-01-preview' };
    const asked = azureOpenAi.request(chatOf(), placeOf({ model: 'my gpt', basePath: '', settings }));
    expect(asked).toMatchObject({
      path: '/openai/deployments/my%20gpt/chat/completions',
      query: 'api-version=2025-01-01-preview',
    });
    expect(azureOpenAi.defaultUrl).toBeNull();
    expect(azureOpenAi.credential).toEqual({ kind: 'header', name: 'api-key', prefix: '' });
  });

  it('finds it by the body with the newer API', () => {
    const asked = azureOpenAi.request(chatOf(), placeOf({ model: 'd', basePath: '', settings: { apiVersion: 'v1' } }));
    expect(asked).toMatchObject({ path: '/openai/v1/chat/completions', query: '', body: { model: 'd' } });
  });

  it.each([
    [undefined, true],
    ['2024-10-21', true],
    ['2024-09-01-preview', true],
    ['v1', true],
    ['2024-06-01', false],
  ])('of the version %s is asked for usage with a stream: %s', (apiVersion, isAsked) => {
    const settings = apiVersion === undefined ? {} : { apiVersion };
    const { body } = azureOpenAi.request(chatOf({ isStream: true, maxTokens: 5 }), placeOf({ settings }));
    expect(Object.hasOwn(body, 'stream_options')).toBe(isAsked);
    expect(Object.hasOwn(body, 'max_completion_tokens')).toBe(isAsked);
    expect(Object.hasOwn(body, 'max_tokens')).toBe(!isAsked);
  });

  const filters = { hate: { filtered: false, severity: 'safe' }, violence: { filtered: true, severity: 'high' } };
  const chunk = (delta: object, more: object = {}): object => ({
    id: 'c1',
    model: 'gpt-4o',
    created: 1,
    choices: [{ index: 0, delta, finish_reason: null, ...more }],
  });

  it('opens a stream with what it found in the prompt, which is nothing to a caller', () => {
    const first = { id: '', model: '', created: 0, choices: [], prompt_filter_results: [{ prompt_index: 0 }] };
    const events = readStream(azureOpenAi, [
      first,
      chunk({ content: 'a' }),
      chunk({}, { finish_reason: 'stop' }),
      '[DONE]',
    ]);
    expect(events.map(({ kind }) => kind)).toEqual(['start', 'text', 'finish']);
    expect(events[0]).toMatchObject({ id: 'c1', model: 'gpt-4o' });
  });

  it.each(['content_filter', 'stop'])(
    'ends a choice as filtered where a category was hit, with the word %s',
    (word) => {
      const events = readStream(azureOpenAi, [
        chunk({ content: 'a' }),
        chunk({}, { finish_reason: word, content_filter_results: filters }),
        '[DONE]',
      ]);
      expect(events.at(-1)).toMatchObject({ kind: 'finish', finish: { reason: 'contentFilter' } });
      const whole = { choices: [{ message: { content: 'a' }, finish_reason: word, content_filter_results: filters }] };
      expect(azureOpenAi.answer(whole)).toMatchObject({ choices: [{ finish: { reason: 'contentFilter' } }] });
    },
  );

  it('holds back a prompt with an error that says so', () => {
    const innererror = { code: 'ResponsibleAIPolicyViolation', content_filter_result: filters };
    const body = JSON.stringify({ error: { message: 'm', code: 'content_filter', status: 400, innererror } });
    expect(azureOpenAi.error(400, [], body)).toMatchObject({ kind: 'contentFiltered', native: 'content_filter' });
  });

  it.each([
    [404, 'DeploymentNotFound', 'notFound'],
    [401, '401', 'authentication'],
    [429, '429', 'rateLimited'],
  ])('says with %i and %s that it is %s', (status, code, kind) => {
    expect(azureOpenAi.error(status, [], JSON.stringify({ error: { code, message: 'm' } })).kind).toBe(kind);
  });
});

describe('Mistral', () => {
  it('has its own name for the seed, and is not asked for usage that comes unasked', () => {
    const { body } = mistral.request(chatOf({ seed: 4, isStream: true }), placeOf());
    expect(body).toMatchObject({ random_seed: 4, stream: true });
    expect(body).not.toHaveProperty('stream_options');
  });

  it('refuses what it would answer with 422', () => {
    const chat = chatOf({ user: 'u', logprobs: { top: 0 }, logitBias: { '5': 1 } });
    expect(mistral.request(chat, placeOf()).unsupported.map(({ field }) => field)).toEqual([
      'logitBias',
      'user',
      'logprobs',
    ]);
  });

  it('gets ids of nine characters, the same for a call and for its result', () => {
    const id = 'call_6fGh2';
    const chat = chatOf({
      messages: [
        messageOf('assistant', { kind: 'toolCall', id, name: 'f', arguments: '{}' }),
        messageOf('tool', { kind: 'toolResult', callId: id, content: [textPart('1')], isError: false, cache: null }),
      ],
    });
    const { body } = mistral.request(chat, placeOf());
    expect(body['messages']).toMatchObject([{ tool_calls: [{ id: shortId(id) }] }, { tool_call_id: shortId(id) }]);
  });

  it('keeps different ids different, and its own as they are', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 50, size: 'max' }), (ids) => {
        const short = ids.map(shortId);
        for (const each of short) expect(each).toMatch(/^[a-zA-Z0-9]{9}$/);
        expect(new Set(short).size).toBe(ids.length);
      }),
    );
    expect(shortId('aB3dE6gH9')).toBe('aB3dE6gH9');
  });

  it('reasons in parts of its content, and cites in them', () => {
    const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] };
    const reference = { type: 'reference', reference_ids: [1] };
    const text = { type: 'text', text: 'so' };
    const whole = { choices: [{ message: { content: [thinking, text, reference] }, finish_reason: 'stop' }] };
    expect(mistral.answer(whole)).toMatchObject({
      choices: [
        {
          parts: [
            { kind: 'reasoning', text: 'hm' },
            { kind: 'text', text: 'so', citations: [reference] },
          ],
        },
      ],
    });
    const events = readStream(mistral, [
      { id: 'a', choices: [{ index: 0, delta: { content: [thinking] } }] },
      { id: 'a', choices: [{ index: 0, delta: { content: 'so' } }] },
      {
        id: 'a',
        choices: [{ index: 0, delta: { content: '' }, finish_reason: 'model_length' }],
        usage: { prompt_tokens: 1 },
      },
      '[DONE]',
    ]);
    expect(events.map(({ kind }) => kind)).toEqual(['start', 'reasoning', 'text', 'finish', 'usage']);
    expect(events[3]).toMatchObject({ finish: { reason: 'contextExceeded', native: 'model_length' } });
  });

  it('names the field to blame', () => {
    const body = { object: 'error', message: { detail: [{ loc: ['body', 'n'], msg: 'm', type: 't' }] }, code: null };
    expect(mistral.error(422, [], JSON.stringify(body))).toMatchObject({
      kind: 'invalidRequest',
      param: 'n',
      message: 'm',
    });
  });
});
