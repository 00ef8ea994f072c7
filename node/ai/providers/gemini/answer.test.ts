import { describe, expect, it } from 'vitest';
import { isProviderError } from '../../provider.js';
import { behavesAsProvider } from '../testing/behaviour.js';
import { chat, gathered, message, place, sseBody, streamed, wireEvents } from '../testing/chats.js';
import { gemini } from './gemini.js';

const usageMetadata = {
  promptTokenCount: 20,
  candidatesTokenCount: 7,
  thoughtsTokenCount: 30,
  cachedContentTokenCount: 5,
  toolUsePromptTokenCount: 2,
  totalTokenCount: 59,
};
const usage = { input: 22, output: 37, cachedInput: 5, cacheWrite: 0, reasoning: 30, isEstimated: false };
const head = { responseId: 'Il0taoSYJ5', modelVersion: 'gemini-3-flash' };
const chunk = (parts: object[], more: object = {}, rest: object = {}): object => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
  ...head,
  ...rest,
});

const parts = [
  { text: 'Thinking', thought: true },
  { text: 'Näh 👋' },
  { functionCall: { name: 'weather', args: { city: 'Ulm' } }, thoughtSignature: 'c2ln' },
  { functionCall: { id: 'own', name: 'now' } },
];
const whole = chunk(parts, { finishReason: 'STOP' }, { usageMetadata, createTime: '2026-01-02T03:04:05.6Z' });
const stream = wireEvents([
  chunk(
    [{ text: 'Think', thought: true }],
    {},
    { createTime: '2026-01-02T03:04:05.6Z', usageMetadata: { promptTokenCount: 20 } },
  ),
  chunk([{ text: 'ing', thought: true }]),
  chunk([{ text: 'Näh ' }]),
  chunk([{ text: '👋' }]),
  chunk(parts.slice(2)),
  chunk([{ text: '' }], { finishReason: 'STOP' }, { usageMetadata }),
]);

const expected = {
  id: 'Il0taoSYJ5',
  model: 'gemini-3-flash',
  createdS: 1_767_323_045,
  choices: [
    {
      parts: [
        { kind: 'reasoning', text: 'Thinking', signature: null, redacted: null },
        { kind: 'text', text: 'Näh 👋', cache: null, citations: [] },
        { kind: 'reasoning', text: '', signature: 'gemini/0:c2ln', redacted: null },
        { kind: 'toolCall', id: 'gcall_0_0_Il0taoSYJ5', name: 'weather', arguments: '{"city":"Ulm"}' },
        { kind: 'toolCall', id: 'own', name: 'now', arguments: '{}' },
      ],
      finish: { reason: 'toolCalls', native: 'STOP', stopSequence: null },
      logprobs: null,
    },
  ],
  usage,
};

describe('an answer of Gemini', () => {
  it('is read, whole and as a stream, to the same', () => {
    expect(gemini.answer(whole)).toEqual(expected);
    expect(gathered(streamed(gemini, stream))).toEqual(expected);
  });

  it('goes back with the next request as it came, signatures and all', () => {
    const read = gemini.answer(whole);
    if (isProviderError(read)) throw new Error(read.message);
    const { body } = gemini.request(
      chat({ messages: [message('assistant', ...(read.choices[0]?.parts ?? []))] }),
      place('gemini-3-flash'),
    );
    expect(body['contents']).toEqual([
      {
        role: 'model',
        parts: [
          { text: 'Näh 👋' },
          { functionCall: { name: 'weather', args: { city: 'Ulm' } }, thoughtSignature: 'c2ln' },
          { functionCall: { id: 'own', name: 'now', args: {} } },
        ],
      },
    ]);
  });

  it('that signs texts gives them back signed', () => {
    const read = gathered(
      streamed(
        gemini,
        wireEvents([chunk([{ text: 'a' }]), chunk([{ text: '', thoughtSignature: 's' }], { finishReason: 'STOP' })]),
      ),
    );
    expect(read).toMatchObject({
      choices: [{ parts: [{ text: 'a' }, { kind: 'reasoning', signature: 'gemini:s' }] }],
    });
    expect(gemini.answer(chunk([{ text: 'a', thoughtSignature: 's' }], { finishReason: 'STOP' }))).toMatchObject({
      choices: [{ parts: [{ kind: 'reasoning', signature: 'gemini:s' }, { text: 'a' }] }],
    });
  });

  it('may have several choices, each of which ends for itself', () => {
    const two = (first: object, second: object): object => ({
      ...head,
      candidates: [
        { content: { parts: [{ text: 'a' }] }, ...first },
        { content: { parts: [{ functionCall: { name: 'f' } }] }, index: 1, ...second },
      ],
    });
    const events = wireEvents([
      two({}, { finishReason: 'STOP' }),
      { ...head, candidates: [{ index: 0, finishReason: 'MAX_TOKENS' }] },
    ]);
    expect(gathered(streamed(gemini, events))).toMatchObject({
      choices: [
        { parts: [{ text: 'a' }], finish: { reason: 'length' } },
        { parts: [{ id: 'gcall_1_0_Il0taoSYJ5' }], finish: { reason: 'toolCalls' } },
      ],
    });
    expect(streamed(gemini, events.slice(0, 1)).at(-1)).toMatchObject({ error: { kind: 'cut' } });
  });

  it('may have probabilities, citations and drawn images', () => {
    const logprobsResult = {
      chosenCandidates: [{ token: 'a', tokenId: 1, logProbability: -0.5 }],
      topCandidates: [
        {
          candidates: [
            { token: 'a', logProbability: -0.5 },
            { token: 'b', logProbability: -1 },
          ],
        },
      ],
    };
    const more = { finishReason: 'STOP', logprobsResult, citationMetadata: { citationSources: [{ uri: 'x' }] } };
    const none = { bytes: null };
    expect(
      gemini.answer(chunk([{ text: 'a' }, { inlineData: { mimeType: 'image/png', data: 'AA==' } }], more)),
    ).toMatchObject({
      choices: [
        {
          parts: [
            { kind: 'text', text: 'a', citations: [{ uri: 'x' }] },
            { kind: 'image', source: { kind: 'base64', mediaType: 'image/png', base64: 'AA==' } },
          ],
          logprobs: [
            {
              token: 'a',
              logprob: -0.5,
              ...none,
              top: [
                { token: 'a', logprob: -0.5 },
                { token: 'b', logprob: -1, ...none },
              ],
            },
          ],
        },
      ],
    });
  });

  it.each([
    ['STOP', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'contentFilter'],
    ['RECITATION', 'contentFilter'],
    ['BLOCKLIST', 'contentFilter'],
    ['PROHIBITED_CONTENT', 'contentFilter'],
    ['SPII', 'contentFilter'],
    ['IMAGE_SAFETY', 'contentFilter'],
    ['MALFORMED_FUNCTION_CALL', 'malformedToolCall'],
    ['UNEXPECTED_TOOL_CALL', 'malformedToolCall'],
    ['TOO_MANY_TOOL_CALLS', 'other'],
    ['CONTINUATION', 'pause'],
    ['LANGUAGE', 'other'],
    ['OTHER', 'other'],
    ['FINISH_REASON_UNSPECIFIED', 'other'],
    ['FUNCTION_CALL', 'other'],
    ['A_NEW_ONE', 'other'],
    ['constructor', 'other'],
  ])('that ended with %s, ended for %s', (finishReason, reason) => {
    const ended = { ...head, candidates: [{ finishReason }] };
    expect(gemini.answer(ended)).toMatchObject({ choices: [{ parts: [], finish: { reason, native: finishReason } }] });
  });

  it.each([
    ['STOP', 'toolCalls'],
    ['FUNCTION_CALL', 'toolCalls'],
    ['MAX_TOKENS', 'length'],
  ])('that called something and ended with %s, ended for %s', (finishReason, reason) => {
    const ended = chunk([{ functionCall: { name: 'f', args: {} } }], { finishReason });
    expect(gemini.answer(ended)).toMatchObject({ choices: [{ finish: { reason, native: finishReason } }] });
  });

  it.each([
    ['no object', [], 'malformed'],
    ['no candidates', head, 'malformed'],
    ['no reason', chunk([{ text: 'a' }]), 'malformed'],
    ['a blocked prompt', { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata }, 'contentFiltered'],
    ['an error', { error: { code: 503, message: 'x', status: 'UNAVAILABLE' } }, 'overloaded'],
  ])('that is %s is an error', (_, value, kind) => {
    const read = gemini.answer(value);
    expect(isProviderError(read) && read.kind).toBe(kind);
  });
});

describe('a stream of Gemini that fails', () => {
  it.each([
    ['by an error', { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }, 'overloaded'],
    ['by an error without a status', { error: { code: 500 } }, 'server'],
    [
      'for its prompt',
      { promptFeedback: { blockReason: 'PROHIBITED_CONTENT', blockReasonMessage: 'no' } },
      'contentFiltered',
    ],
  ])('%s says so, and nothing after it', (_, body, kind) => {
    const said = streamed(gemini, [...stream.slice(0, 3), ...wireEvents([body]), ...stream.slice(3)]);
    expect(said.at(-1)).toMatchObject({ kind: 'error', error: { kind } });
    expect(said.some((event) => event.kind === 'finish')).toBe(false);
  });

  it('by ending before its finish is cut, and by what is no JSON malformed', () => {
    expect(streamed(gemini, stream.slice(0, -1)).at(-1)).toMatchObject({ error: { kind: 'cut' } });
    expect(streamed(gemini, [])).toMatchObject([{ error: { kind: 'cut' } }]);
    expect(streamed(gemini, [{ type: '', data: '{' }])).toMatchObject([{ error: { kind: 'malformed' } }]);
  });
});

describe('an error of Gemini', () => {
  const told = (code: number, status: string, said: string, details: object[] = [], headers: string[] = []) =>
    gemini.error(code, headers, JSON.stringify({ error: { code, message: said, status, details } }));
  const quota = (quotaId: string): object => ({
    '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
    violations: [{ quotaMetric: 'x', quotaId }],
  });

  it.each([
    [400, 'INVALID_ARGUMENT', 'Invalid value', [], 'invalidRequest'],
    [
      400,
      'INVALID_ARGUMENT',
      'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
      [],
      'contextExceeded',
    ],
    [400, 'INVALID_ARGUMENT', 'Request payload size exceeds the limit: 20971520 bytes.', [], 'requestTooLarge'],
    [400, 'INVALID_ARGUMENT', 'API key not valid.', [{ reason: 'API_KEY_INVALID' }], 'authentication'],
    [400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.', [], 'permission'],
    [401, 'UNAUTHENTICATED', 'no', [], 'authentication'],
    [403, 'PERMISSION_DENIED', 'no', [], 'permission'],
    [404, 'NOT_FOUND', 'no', [], 'notFound'],
    [429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted', [], 'rateLimited'],
    [429, 'RESOURCE_EXHAUSTED', 'x', [quota('GenerateRequestsPerMinutePerProjectPerModel')], 'rateLimited'],
    [429, 'RESOURCE_EXHAUSTED', 'x', [quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier')], 'quotaExhausted'],
    [429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for metric: m, limit: 0, model: g', [], 'quotaExhausted'],
    [500, 'INTERNAL', 'no', [], 'server'],
    [503, 'UNAVAILABLE', 'no', [], 'overloaded'],
    [504, 'DEADLINE_EXCEEDED', 'no', [], 'timeout'],
    [418, 'A_NEW_ONE', 'no', [], 'invalidRequest'],
  ])('%i %s (%s) is what it is', (code, status, said, details, kind) => {
    expect(told(code, status, said, details)).toMatchObject({ kind, message: said, native: status });
  });

  it('says how long to wait, and which field is to blame', () => {
    const info = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '46.5s' };
    expect(told(429, 'RESOURCE_EXHAUSTED', 'x', [quota('a'), info], ['retry-after', '1']).retryAfterMs).toBe(46_500);
    expect(told(429, 'RESOURCE_EXHAUSTED', 'x', [{ retryDelay: 'soon' }], ['retry-after', '1']).retryAfterMs).toBe(
      1000,
    );
    const bad = { fieldViolations: [{ field: 'generationConfig.topK', description: 'x' }] };
    expect(told(400, 'INVALID_ARGUMENT', 'x', [bad]).param).toBe('generationConfig.topK');
  });

  it('may come in a list, or as no JSON at all', () => {
    const body = JSON.stringify([{ error: { code: 404, message: 'x', status: 'NOT_FOUND' } }]);
    expect(gemini.error(404, [], body)).toMatchObject({ kind: 'notFound', native: 'NOT_FOUND' });
    expect(gemini.error(413, [], '<html>')).toMatchObject({ kind: 'requestTooLarge', message: 'Google answered 413' });
  });
});

behavesAsProvider(gemini, {
  words: [
    'candidates',
    'content',
    'parts',
    'text',
    'thought',
    'thoughtSignature',
    'functionCall',
    'name',
    'args',
    'id',
    'finishReason',
    'index',
    'usageMetadata',
    'promptTokenCount',
    'promptFeedback',
    'blockReason',
    'error',
    'status',
    'message',
    'details',
    'retryDelay',
    'code',
    'logprobsResult',
    'chosenCandidates',
    'topCandidates',
    'citationMetadata',
    'inlineData',
    'mimeType',
    'STOP',
    'responseId',
  ],
  models: ['gemini-3-pro', 'gemini-2.5-flash', 'gemini-2.0-flash', 'gemma-3'],
  streams: [sseBody(stream, '\r\n')],
});
