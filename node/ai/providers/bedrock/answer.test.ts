import { describe, expect, it } from 'vitest';
import { isProviderError, type WireEvent } from '../../provider.js';
import { awsFrame, joined } from '../../wire/testing/bodies.js';
import { behavesAsProvider } from '../testing/behaviour.js';
import { gathered, streamed, streamedBody } from '../testing/chats.js';
import { bedrock } from './bedrock.js';

const usage = {
  inputTokens: 12,
  outputTokens: 44,
  totalTokens: 186,
  cacheReadInputTokens: 100,
  cacheWriteInputTokens: 30,
};
const counted = { input: 142, output: 44, cachedInput: 100, cacheWrite: 30, reasoning: 0, isEstimated: false };

const whole = {
  output: {
    message: {
      role: 'assistant',
      content: [
        { reasoningContent: { reasoningText: { text: 'Let me see', signature: 'EqQBCg' } } },
        { reasoningContent: { redactedContent: 'EmwK' } },
        { text: 'Näh 👋' },
        { toolUse: { toolUseId: 'tooluse_1', name: 'weather', input: { city: 'Ulm' } } },
        { toolUse: { toolUseId: 'tooluse_2', name: 'now', input: {} } },
      ],
    },
  },
  stopReason: 'tool_use',
  usage,
  metrics: { latencyMs: 5 },
};

const event = (type: string, body: object): WireEvent => ({ type, data: JSON.stringify({ ...body, p: 'abcd' }) });
const delta = (contentBlockIndex: number, said: object): WireEvent =>
  event('contentBlockDelta', { contentBlockIndex, delta: said });
const stop = (contentBlockIndex: number): WireEvent => event('contentBlockStop', { contentBlockIndex });
const toolStart = (contentBlockIndex: number, toolUseId: string, name: string): WireEvent =>
  event('contentBlockStart', { contentBlockIndex, start: { toolUse: { toolUseId, name } } });

const stream: WireEvent[] = [
  event('messageStart', { role: 'assistant' }),
  delta(0, { reasoningContent: { text: 'Let me' } }),
  delta(0, { reasoningContent: { text: ' see' } }),
  delta(0, { reasoningContent: { signature: 'EqQ' } }),
  delta(0, { reasoningContent: { signature: 'BCg' } }),
  stop(0),
  delta(1, { reasoningContent: { redactedContent: 'Eg==' } }),
  delta(1, { reasoningContent: { redactedContent: 'bAo=' } }),
  stop(1),
  delta(2, { text: 'Näh ' }),
  delta(2, { text: '👋' }),
  stop(2),
  toolStart(3, 'tooluse_1', 'weather'),
  delta(3, { toolUse: { input: '' } }),
  delta(3, { toolUse: { input: '{"city":' } }),
  delta(3, { toolUse: { input: '"Ulm"}' } }),
  stop(3),
  toolStart(4, 'tooluse_2', 'now'),
  stop(4),
  event('messageStop', { stopReason: 'tool_use' }),
  event('metadata', { usage, metrics: { latencyMs: 5 } }),
];
const bodyOf = (events: readonly WireEvent[]): Uint8Array =>
  joined(events.map(({ type, data }) => awsFrame({ ':message-type': 'event', ':event-type': type }, data)));

const expected = {
  id: '',
  model: '',
  createdS: null,
  choices: [
    {
      parts: [
        { kind: 'reasoning', text: 'Let me see', signature: 'EqQBCg', redacted: null },
        { kind: 'reasoning', text: '', signature: null, redacted: 'bedrock:EmwK' },
        { kind: 'text', text: 'Näh 👋', cache: null, citations: [] },
        { kind: 'toolCall', id: 'tooluse_1', name: 'weather', arguments: '{"city":"Ulm"}' },
        { kind: 'toolCall', id: 'tooluse_2', name: 'now', arguments: '{}' },
      ],
      finish: { reason: 'toolCalls', native: 'tool_use', stopSequence: null },
      logprobs: null,
    },
  ],
  usage: counted,
};

describe('an answer of Bedrock', () => {
  it('is read, whole and as a stream of frames, to the same', () => {
    expect(bedrock.answer(whole)).toEqual(expected);
    expect(gathered(streamedBody(bedrock, bodyOf(stream)))).toEqual(expected);
  });

  it('may cite', () => {
    const content = [{ citationsContent: { content: [{ text: 'a' }, { text: 'b' }], citations: [{ title: 't' }] } }];
    const cited = { choices: [{ parts: [{ kind: 'text', text: 'ab', citations: [{ title: 't' }] }] }] };
    expect(bedrock.answer({ ...whole, output: { message: { content } } })).toMatchObject(cited);
    const events = [
      delta(0, { text: 'ab' }),
      delta(0, { citation: { title: 't' } }),
      event('messageStop', { stopReason: 'end_turn' }),
    ];
    expect(gathered(streamed(bedrock, events))).toMatchObject(cited);
  });

  it('keeps calls apart that take turns', () => {
    const events = [
      toolStart(0, 'a', 'f'),
      toolStart(1, 'b', 'g'),
      delta(1, { toolUse: { input: '{"y":2}' } }),
      delta(0, { toolUse: { input: '{"x":1}' } }),
      stop(1),
      stop(0),
      event('messageStop', { stopReason: 'tool_use' }),
    ];
    expect(gathered(streamed(bedrock, events))).toMatchObject({
      choices: [
        {
          parts: [
            { id: 'a', arguments: '{"x":1}' },
            { id: 'b', arguments: '{"y":2}' },
          ],
        },
      ],
    });
  });

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['tool_use', 'toolCalls'],
    ['guardrail_intervened', 'contentFilter'],
    ['content_filtered', 'contentFilter'],
    ['malformed_tool_use', 'malformedToolCall'],
    ['malformed_model_output', 'other'],
    ['model_context_window_exceeded', 'contextExceeded'],
    ['a_new_one', 'other'],
    ['constructor', 'other'],
  ])('that stopped for %s, stopped for %s', (stopReason, reason) => {
    const finish = { reason, native: stopReason };
    expect(bedrock.answer({ ...whole, stopReason })).toMatchObject({ choices: [{ finish }] });
    expect(gathered(streamed(bedrock, [event('messageStop', { stopReason })]))).toMatchObject({
      choices: [{ finish }],
    });
  });

  it.each([
    ['no object', [], 'malformed'],
    ['no content', { ...whole, output: {} }, 'malformed'],
    ['no reason', { ...whole, stopReason: null }, 'malformed'],
  ])('that has %s is an error', (_, value, kind) => {
    const read = bedrock.answer(value);
    expect(isProviderError(read) && read.kind).toBe(kind);
  });
});

describe('a stream of Bedrock that fails', () => {
  it.each([
    ['throttlingException', 'Too many requests', 'rateLimited'],
    ['modelStreamErrorException', 'The model failed', 'server'],
    ['internalServerException', 'x', 'server'],
    ['serviceUnavailableException', 'x', 'overloaded'],
    ['validationException', 'Input is too long for requested model.', 'contextExceeded'],
    ['modelTimeoutException', 'x', 'timeout'],
    ['aNewException', 'x', 'server'],
  ])('with %s (%s) is %s, and nothing follows', (type, said, kind) => {
    const exception = awsFrame(
      { ':message-type': 'exception', ':exception-type': type },
      JSON.stringify({ message: said }),
    );
    const body = joined([bodyOf(stream.slice(0, 10)), exception, bodyOf(stream.slice(10))]);
    const events = streamedBody(bedrock, body);
    expect(events.at(-1)).toMatchObject({ kind: 'error', error: { kind, message: said, native: type } });
    expect(events.some((one) => one.kind === 'finish')).toBe(false);
  });

  it('with an error that the service does not know is an error as well', () => {
    const error = awsFrame(
      { ':message-type': 'error', ':error-code': 'InternalFailure', ':error-message': 'So it is' },
      '',
    );
    expect(streamedBody(bedrock, error)).toMatchObject([
      { error: { kind: 'server', message: 'So it is', native: 'InternalFailure' } },
    ]);
  });

  it('by ending before its finish is cut, and by what is no JSON malformed', () => {
    expect(streamed(bedrock, stream.slice(0, -2)).at(-1)).toMatchObject({ error: { kind: 'cut' } });
    expect(streamed(bedrock, [])).toMatchObject([{ error: { kind: 'cut' } }]);
    expect(streamed(bedrock, [{ type: 'messageStart', data: '' }])).toMatchObject([{ error: { kind: 'malformed' } }]);
  });

  it('by opening blocks without end is malformed', () => {
    const open = Array.from({ length: 300 }, (_, index) => toolStart(index, 'a', 'f'));
    const deltas = Array.from({ length: 300 }, (_, index) => delta(index, { toolUse: { input: 'x' } }));
    for (const events of [open, deltas]) {
      expect(streamed(bedrock, events).at(-1)).toMatchObject({ error: { kind: 'malformed' } });
    }
  });
});

describe('an error of Bedrock', () => {
  const told = (status: number, type: string, message: string, headers: string[] = []) =>
    bedrock.error(status, ['x-amzn-errortype', type, ...headers], JSON.stringify({ message }));

  it.each([
    [400, 'ValidationException', 'x', 'invalidRequest'],
    [400, 'ValidationException', 'Input is too long for requested model.', 'contextExceeded'],
    [
      400,
      'ValidationException',
      'The model returned the following errors: prompt is too long: 3 > 2',
      'contextExceeded',
    ],
    [400, 'ValidationException', 'The provided model identifier is invalid.', 'notFound'],
    [400, 'ServiceQuotaExceededException', 'x', 'quotaExhausted'],
    [403, 'AccessDeniedException', 'x', 'permission'],
    [403, 'UnrecognizedClientException', 'The security token included in the request is invalid.', 'authentication'],
    [403, 'ExpiredTokenException', 'x', 'authentication'],
    [404, 'ResourceNotFoundException', 'x', 'notFound'],
    [408, 'ModelTimeoutException', 'x', 'timeout'],
    [424, 'ModelErrorException', 'x', 'server'],
    [429, 'ThrottlingException', 'Too many requests', 'rateLimited'],
    [429, 'ThrottlingException', 'Too many tokens per day, please wait', 'quotaExhausted'],
    [429, 'ModelNotReadyException', 'x', 'overloaded'],
    [500, 'InternalServerException', 'x', 'server'],
    [503, 'ServiceUnavailableException', 'x', 'overloaded'],
    [418, 'ANewException', 'x', 'invalidRequest'],
  ])('%i %s (%s) is %s', (status, type, message, kind) => {
    expect(told(status, type, message)).toMatchObject({ kind, message, native: type });
  });

  it('may say its type with more around it, or in its body', () => {
    expect(told(403, 'AccessDeniedException:http://internal.amazon.com/coral/', 'x').native).toBe(
      'AccessDeniedException',
    );
    const body = JSON.stringify({ __type: 'com.amazon.coral#ThrottlingException', Message: 'slow' });
    expect(bedrock.error(400, ['retry-after', '2'], body)).toMatchObject({
      kind: 'rateLimited',
      native: 'ThrottlingException',
      message: 'slow',
      retryAfterMs: 2000,
    });
    expect(bedrock.error(502, [], '<html>')).toMatchObject({
      kind: 'server',
      native: null,
      message: 'Bedrock answered 502',
    });
  });
});

behavesAsProvider(bedrock, {
  words: [
    'output',
    'message',
    'content',
    'text',
    'toolUse',
    'toolUseId',
    'name',
    'input',
    'reasoningContent',
    'reasoningText',
    'signature',
    'redactedContent',
    'stopReason',
    'usage',
    'inputTokens',
    'delta',
    'start',
    'contentBlockIndex',
    'messageStart',
    'contentBlockStart',
    'contentBlockDelta',
    'contentBlockStop',
    'messageStop',
    'metadata',
    'citation',
    'citationsContent',
    'citations',
    '__type',
    'end_turn',
  ],
  models: [
    'anthropic.claude-opus-5',
    'anthropic.claude-sonnet-4-5',
    'amazon.nova-2-lite',
    'openai.gpt-oss-20b',
    'meta.llama4',
  ],
  streams: [bodyOf(stream)],
});
