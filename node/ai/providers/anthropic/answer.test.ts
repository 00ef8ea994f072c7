import { describe, expect, it } from 'vitest';
import { isProviderError } from '../../provider.js';
import { behavesAsProvider } from '../testing/behaviour.js';
import { gathered, sseBody, streamed, wireEvents } from '../testing/chats.js';
import { anthropic } from './anthropic.js';

const usage = {
  input_tokens: 12,
  cache_read_input_tokens: 100,
  cache_creation_input_tokens: 30,
  output_tokens: 44,
  output_tokens_details: { thinking_tokens: 9 },
};
const counted = { input: 142, output: 44, cachedInput: 100, cacheWrite: 30, reasoning: 9, isEstimated: false };

const found = {
  type: 'web_search_tool_result',
  tool_use_id: 'srvtoolu_1',
  content: [{ type: 'web_search_result', url: 'https://a' }],
};

/** In the shape of the API reference: a message that thinks, cites, and calls two tools. */
const whole = {
  id: 'msg_01A',
  type: 'message',
  role: 'assistant',
  model: 'claude-opus-5',
  content: [
    { type: 'thinking', thinking: 'Let me see', signature: 'EqQBCg' },
    { type: 'redacted_thinking', data: 'EmwKAhg' },
    { type: 'text', text: 'Näh 👋', citations: [{ type: 'char_location', cited_text: 'x' }] },
    { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Ulm' } },
    { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
    found,
    { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} },
  ],
  stop_reason: 'tool_use',
  stop_sequence: null,
  usage,
};

const started = {
  type: 'message_start',
  message: {
    ...whole,
    content: [],
    stop_reason: null,
    usage: { ...usage, output_tokens: 1, output_tokens_details: null },
  },
};
const block = (index: number, content_block: object, ...deltas: object[]): object[] => [
  { type: 'content_block_start', index, content_block },
  ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
  { type: 'content_block_stop', index },
];
const ended = [
  {
    type: 'message_delta',
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: { output_tokens: 44, output_tokens_details: { thinking_tokens: 9 } },
  },
  { type: 'message_stop' },
];
const json = (partial_json: string): object => ({ type: 'input_json_delta', partial_json });

/** The same message as a stream. */
const stream = wireEvents([
  started,
  { type: 'ping' },
  ...block(
    0,
    { type: 'thinking', thinking: '', signature: '' },
    { type: 'thinking_delta', thinking: 'Let me' },
    { type: 'thinking_delta', thinking: ' see' },
    { type: 'signature_delta', signature: 'EqQ' },
    { type: 'signature_delta', signature: 'BCg' },
  ),
  ...block(1, { type: 'redacted_thinking', data: 'EmwKAhg' }),
  ...block(
    2,
    { type: 'text', text: '' },
    { type: 'text_delta', text: 'Näh ' },
    { type: 'text_delta', text: '👋' },
    { type: 'citations_delta', citation: { type: 'char_location', cited_text: 'x' } },
  ),
  ...block(
    3,
    { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} },
    json(''),
    json('{"city":'),
    json('"Ulm"}'),
  ),
  ...block(4, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }, json('{"query":"x"}')),
  ...block(5, found),
  ...block(6, { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} }, json('')),
  { type: 'something_new', index: 1 },
  ...ended,
]);

const expected = {
  id: 'msg_01A',
  model: 'claude-opus-5',
  createdS: null,
  choices: [
    {
      parts: [
        { kind: 'reasoning', text: 'Let me see', signature: 'EqQBCg', redacted: null },
        { kind: 'reasoning', text: '', signature: null, redacted: 'EmwKAhg' },
        { kind: 'text', text: 'Näh 👋', cache: null, citations: [{ type: 'char_location', cited_text: 'x' }] },
        { kind: 'toolCall', id: 'toolu_1', name: 'weather', arguments: '{"city":"Ulm"}' },
        { kind: 'native', family: 'anthropic', raw: whole.content[4] },
        { kind: 'native', family: 'anthropic', raw: found },
        { kind: 'toolCall', id: 'toolu_2', name: 'now', arguments: '{}' },
      ],
      finish: { reason: 'toolCalls', native: 'tool_use', stopSequence: null },
      logprobs: null,
    },
  ],
  usage: counted,
};

describe('an answer of Anthropic', () => {
  it('is read, whole and as a stream, to the same', () => {
    expect(anthropic.answer(whole)).toEqual(expected);
    expect(gathered(streamed(anthropic, stream))).toEqual(expected);
  });

  it('keeps calls apart that take turns', () => {
    const events = wireEvents([
      started,
      { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 'a', name: 'f', input: {} } },
      {
        type: 'content_block_start',
        index: 1,
        content_block: { type: 'tool_use', id: 'b', name: 'g', input: { y: 2 } },
      },
      { type: 'content_block_delta', index: 0, delta: json('{"x"') },
      { type: 'content_block_stop', index: 1 },
      { type: 'content_block_delta', index: 0, delta: json(':1}') },
      { type: 'content_block_stop', index: 0 },
      ...ended,
    ]);
    expect(gathered(streamed(anthropic, events))).toMatchObject({
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
    ['max_tokens', 'length'],
    ['stop_sequence', 'stop'],
    ['tool_use', 'toolCalls'],
    ['pause_turn', 'pause'],
    ['refusal', 'refusal'],
    ['model_context_window_exceeded', 'contextExceeded'],
    ['a_new_one', 'other'],
    ['constructor', 'other'],
  ])('that stopped for %s, stopped for %s', (stop_reason, reason) => {
    const finish = { reason, native: stop_reason, stopSequence: 'END' };
    expect(anthropic.answer({ ...whole, stop_reason, stop_sequence: 'END' })).toMatchObject({ choices: [{ finish }] });
    const events = wireEvents([
      started,
      { type: 'message_delta', delta: { stop_reason, stop_sequence: 'END' }, usage: {} },
    ]);
    expect(gathered(streamed(anthropic, events))).toMatchObject({ choices: [{ finish }] });
  });

  it('counts what the end of a stream says anew, and keeps what it does not', () => {
    const told = (delta: object) =>
      gathered(
        streamed(
          anthropic,
          wireEvents([started, { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: delta }]),
        ),
      );
    expect(told({ output_tokens: 44 })).toMatchObject({ usage: { ...counted, reasoning: 0 } });
    expect(told({ ...usage, input_tokens: 20, cache_read_input_tokens: null })).toMatchObject({
      usage: { ...counted, input: 150 },
    });
    expect(anthropic.answer({ ...whole, usage: null })).toMatchObject({ usage: null });
    expect(anthropic.answer({ ...whole, usage: { input_tokens: 1, output_tokens: 2 } })).toMatchObject({
      usage: { input: 1, output: 2, cachedInput: 0, cacheWrite: 0 },
    });
  });

  it.each([
    ['no object', [], 'malformed'],
    ['no content', { ...whole, content: null }, 'malformed'],
    ['no reason', { ...whole, stop_reason: null }, 'malformed'],
    ['an error', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'overloaded'],
  ])('that is %s is an error', (_, value, kind) => {
    const read = anthropic.answer(value);
    expect(isProviderError(read) && read.kind).toBe(kind);
  });
});

describe('a stream of Anthropic that fails', () => {
  it.each([
    ['overloaded_error', 'overloaded'],
    ['rate_limit_error', 'rateLimited'],
    ['api_error', 'server'],
    ['timeout_error', 'timeout'],
    ['a_new_error', 'server'],
  ])('with %s is %s, and nothing follows', (type, kind) => {
    const events = [
      ...stream.slice(0, 6),
      ...wireEvents([{ type: 'error', error: { type, message: 'So it is' } }]),
      ...stream.slice(6),
    ];
    const said = streamed(anthropic, events);
    expect(said.at(-1)).toEqual({
      kind: 'error',
      error: { kind, message: 'So it is', native: type, param: null, retryAfterMs: null },
    });
    expect(said.filter((event) => event.kind === 'finish')).toEqual([]);
  });

  it('by ending before its finish is cut, and by what is no JSON malformed', () => {
    expect(streamed(anthropic, stream.slice(0, -2)).at(-1)).toMatchObject({ kind: 'error', error: { kind: 'cut' } });
    expect(streamed(anthropic, [])).toMatchObject([{ kind: 'error', error: { kind: 'cut' } }]);
    expect(streamed(anthropic, [{ type: '', data: '{"type"' }, ...stream])).toMatchObject([
      { kind: 'error', error: { kind: 'malformed' } },
    ]);
  });

  it('by opening blocks without end is malformed', () => {
    const open = wireEvents(
      Array.from({ length: 300 }, (_, index) => ({
        type: 'content_block_start',
        index,
        content_block: { type: 'text' },
      })),
    );
    expect(streamed(anthropic, open)).toMatchObject([{ error: { kind: 'malformed' } }]);
  });
});

describe('an error of Anthropic', () => {
  const told = (status: number, type: string, message: string, headers: string[] = []) =>
    anthropic.error(status, headers, JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_1' }));

  it.each([
    [400, 'invalid_request_error', 'messages.0.content: Field required', 'invalidRequest'],
    [400, 'invalid_request_error', 'prompt is too long: 208310 tokens > 200000 maximum', 'contextExceeded'],
    [400, 'invalid_request_error', 'input length and `max_tokens` exceed context limit: 1 + 2 > 2', 'contextExceeded'],
    [400, 'invalid_request_error', 'Your credit balance is too low to access the Anthropic API.', 'quotaExhausted'],
    [400, 'invalid_request_error', 'You have reached your specified API usage limits.', 'quotaExhausted'],
    [400, 'invalid_request_error', 'Output blocked by content filtering policy', 'contentFiltered'],
    [401, 'authentication_error', 'invalid x-api-key', 'authentication'],
    [402, 'billing_error', 'no', 'quotaExhausted'],
    [403, 'permission_error', 'no', 'permission'],
    [404, 'not_found_error', 'model: claude-0', 'notFound'],
    [413, 'request_too_large', 'Request exceeds the maximum size', 'requestTooLarge'],
    [429, 'rate_limit_error', 'This request would exceed …', 'rateLimited'],
    [500, 'api_error', 'Internal server error', 'server'],
    [504, 'timeout_error', 'no', 'timeout'],
    [529, 'overloaded_error', 'Overloaded', 'overloaded'],
    [529, 'a_new_error', 'no', 'overloaded'],
  ])('%i %s (%s) is %s', (status, type, message, kind) => {
    expect(told(status, type, message)).toMatchObject({ kind, message, native: type });
  });

  it('names the field that is to blame, and how long to wait', () => {
    expect(told(400, 'invalid_request_error', 'messages.0.content: Field required').param).toBe('messages.0.content');
    expect(told(429, 'rate_limit_error', 'x', ['retry-after', '7']).retryAfterMs).toBe(7000);
  });

  it('without a body that can be read is what its status says', () => {
    expect(anthropic.error(502, [], '<html>Bad gateway</html>')).toMatchObject({
      kind: 'server',
      message: 'Anthropic answered 502',
    });
    expect(anthropic.error(503, [], '')).toMatchObject({ kind: 'overloaded' });
  });
});

behavesAsProvider(anthropic, {
  words: [
    'type',
    'error',
    'message',
    'content',
    'stop_reason',
    'usage',
    'delta',
    'index',
    'content_block',
    'text',
    'thinking',
    'signature',
    'tool_use',
    'input',
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'text_delta',
    'input_json_delta',
    'thinking_delta',
    'signature_delta',
    'citations_delta',
    'input_tokens',
    'partial_json',
  ],
  models: ['claude-opus-5', 'claude-opus-4-6', 'claude-sonnet-4-5', 'claude-3-haiku'],
  streams: [sseBody(stream), sseBody(stream, '\r\n')],
});
