import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FinishReason, TokenLogprob } from '../chat/chat-answer.js';
import { providerErrorTable } from '../chat/provider-error.js';
import { writeContentPart } from './content.js';
import { errorWords, readErrorBody, toProviderError } from './errors.js';
import { finishWord, readFinishReason, withCalls } from './finish.js';
import { readLogprobs, writeLogprobs } from './logprobs.js';
import { retryAfterMs } from './retry-after.js';
import { writeAnswerFormat, writeFunctionTool, writeToolChoice } from './tools.js';
import { readUsage, writeUsage } from './usage.js';

describe('finish reasons', () => {
  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['tool_calls', 'toolCalls'],
    ['function_call', 'toolCalls'],
    ['content_filter', 'contentFilter'],
    ['eos', 'other'],
    ['constructor', 'other'],
  ] as const)('read %s as %s, and keep the word', (word, reason) => {
    expect(readFinishReason(word)).toEqual({ reason, native: word });
  });

  it('take the words that a provider has of its own', () => {
    expect(readFinishReason('sensitive', { sensitive: 'contentFilter' })?.reason).toBe('contentFilter');
  });

  it.each([null, undefined, '', 7, {}])('have said nothing where there is %j', (word) => {
    expect(readFinishReason(word)).toBeNull();
  });

  it('are about the calls where there are some, though the word is stop', () => {
    expect(withCalls('stop', true)).toBe('toolCalls');
    expect(withCalls('stop', false)).toBe('stop');
    expect(withCalls('length', true)).toBe('length');
  });

  it('are never told as stop when they were something else', () => {
    const reasons: FinishReason[] = [
      'length',
      'toolCalls',
      'contentFilter',
      'refusal',
      'pause',
      'contextExceeded',
      'malformedToolCall',
      'other',
    ];
    for (const reason of reasons) {
      for (const native of [null, '', 'stop', 'MALFORMED']) {
        expect(finishWord({ reason, native, stopSequence: null })).not.toMatch(/^(stop)?$/);
      }
    }
    expect(finishWord({ reason: 'other', native: 'MALFORMED', stopSequence: null })).toBe('MALFORMED');
    expect(finishWord({ reason: 'stop', native: 'COMPLETE', stopSequence: null })).toBe('stop');
  });
});

describe('probabilities', () => {
  const bytes = fc.option(fc.array(fc.nat(255), { maxLength: 4 }));
  const one = { token: fc.string(), logprob: fc.double({ max: 0, noNaN: true, noDefaultInfinity: true }), bytes };
  const logprob: fc.Arbitrary<TokenLogprob> = fc.record({ ...one, top: fc.array(fc.record(one), { maxLength: 3 }) });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(logprob, { minLength: 1, size: 'max', maxLength: 12 }), (logprobs) => {
        expect(readLogprobs(writeLogprobs(logprobs))).toEqual(logprobs);
      }),
    );
  });

  it('leave out entries that are none', () => {
    expect(readLogprobs({ content: [1, { token: 'a' }, { token: 'b', logprob: -1 }] })).toEqual([
      { token: 'b', logprob: -1, bytes: null, top: [] },
    ]);
    expect(readLogprobs({ content: null, refusal: null })).toBeNull();
  });
});

describe('usage', () => {
  const usage = {
    input: 100,
    output: 50,
    cachedInput: 40,
    cacheWrite: 10,
    reasoning: 20,
    isEstimated: false,
  };

  it('is read as it was written', () => {
    expect(readUsage(writeUsage(usage))).toEqual(usage);
  });

  it.each([
    ['DeepSeek', { prompt_tokens: 10, completion_tokens: 2, prompt_cache_hit_tokens: 4 }, { cachedInput: 4 }],
    ['Moonshot', { prompt_tokens: 10, completion_tokens: 2, cached_tokens: 3 }, { cachedInput: 3 }],
    [
      'OpenRouter',
      { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: { cache_write_tokens: 5 } },
      { cacheWrite: 5 },
    ],
    [
      'xAI, which counts reasoning beside',
      {
        prompt_tokens: 32,
        completion_tokens: 9,
        total_tokens: 274,
        completion_tokens_details: { reasoning_tokens: 233 },
      },
      { output: 242, reasoning: 233 },
    ],
    [
      'OpenAI, which counts reasoning within',
      {
        prompt_tokens: 32,
        completion_tokens: 242,
        total_tokens: 274,
        completion_tokens_details: { reasoning_tokens: 233 },
      },
      { output: 242, reasoning: 233 },
    ],
  ])('of %s is understood', (_whose, said, expected) => {
    expect(readUsage(said)).toMatchObject(expected);
  });

  it('is unknown where nothing was counted', () => {
    expect(readUsage({})).toBeNull();
    expect(readUsage(null)).toBeNull();
    expect(readUsage({ prompt_tokens: -1, completion_tokens: 'x' })).toBeNull();
  });
});

describe('errors', () => {
  it.each([
    [
      'OpenAI',
      400,
      { error: { message: 'm', type: 'invalid_request_error', code: 'context_length_exceeded' } },
      'contextExceeded',
    ],
    [
      'OpenAI out of credit',
      429,
      { error: { message: 'm', type: 'insufficient_quota', code: 'insufficient_quota' } },
      'quotaExhausted',
    ],
    ['OpenAI rate', 429, { error: { message: 'm', type: 'tokens', code: 'rate_limit_exceeded' } }, 'rateLimited'],
    [
      'a wrong request',
      400,
      { error: { message: 'm', type: 'invalid_request_error', param: 'n', code: null } },
      'invalidRequest',
    ],
    ['a missing model', 404, { error: { message: 'm', type: 'invalid_request_error', code: null } }, 'notFound'],
    [
      'vLLM, by its sentence',
      400,
      { error: { message: "This model's maximum context length is 4096 tokens.", code: 400 } },
      'contextExceeded',
    ],
    ['llama.cpp', 400, { error: { code: 400, message: 'm', type: 'exceed_context_size_error' } }, 'contextExceeded'],
    ['OpenRouter in a stream', 0, { error: { code: 502, message: 'm' } }, 'server'],
    ['OpenRouter in a stream, rate', 0, { error: { code: 429, message: 'm' } }, 'rateLimited'],
    ['FastAPI', 422, { detail: [{ loc: ['body', 'n'], msg: 'm', type: 'extra_forbidden' }] }, 'invalidRequest'],
    ['FastAPI, a text', 401, { detail: 'Unauthorized' }, 'authentication'],
    ['Cloudflare', 400, { success: false, errors: [{ code: 5007, message: 'm' }] }, 'invalidRequest'],
    ['a bare message', 404, { message: "model 'x' not found" }, 'notFound'],
    ['a text', 503, 'upstream connect error', 'overloaded'],
    ['a word for an error', 500, { error: 'boom' }, 'server'],
  ] as const)('of %s (%i) are understood', (_whose, status, body, kind) => {
    const found = readErrorBody(body);
    expect(found).not.toBeNull();
    if (found === null) return;
    const error = toProviderError(status, found);
    expect(error.kind).toBe(kind);
    expect(error.message).not.toBe('');
  });

  it('are not seen in what is an answer', () => {
    expect(readErrorBody({ id: 'x', choices: [] })).toBeNull();
    expect(readErrorBody({ error: null, choices: [], message: 'm' })).toBeNull();
    expect(readErrorBody({ message: { role: 'assistant' } })).toBeNull();
    expect(readErrorBody({ base_resp: { status_code: 0, status_msg: '' } })).toBeNull();
  });

  it('name the field to blame', () => {
    const found = readErrorBody({ detail: [{ loc: ['body', 'messages', 0], msg: 'm', type: 't' }] });
    expect(found?.param).toBe('messages.0');
  });

  it('never hold a key', () => {
    const found = readErrorBody({ error: { message: 'Incorrect API key provided: sk-proj-abc123*****xyz.' } });
    expect(found && toProviderError(401, found).message).toBe('Incorrect API key provided: [key]');
  });

  it('are read from any JSON without a throw', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(599), (body, status) => {
        const found = readErrorBody(body);
        if (found !== null) expect(providerErrorTable).toHaveProperty(toProviderError(status, found).kind);
      }),
    );
  });

  it('have a type for clients, every one of them', () => {
    for (const kind of Object.keys(providerErrorTable)) expect(errorWords).toHaveProperty(kind);
  });
});

describe('the wait that a provider asks for', () => {
  it.each([
    [['retry-after-ms', '1500', 'retry-after', '9'], 1_500],
    [['retry-after', '20'], 20_000],
    [['retry-after', '0.5'], 500],
    [['date', 'Sat, 01 Mar 2025 10:00:00 GMT', 'retry-after', 'Sat, 01 Mar 2025 10:00:30 GMT'], 30_000],
    [['date', 'Sat, 01 Mar 2025 10:01:00 GMT', 'retry-after', 'Sat, 01 Mar 2025 10:00:30 GMT'], 0],
    [['retry-after', 'Sat, 01 Mar 2025 10:00:30 GMT'], null],
    [['retry-after', '-5'], null],
    [[], null],
  ])('%j is %j', (headers, expected) => {
    expect(retryAfterMs(headers)).toBe(expected);
  });
});

describe('what is asked for', () => {
  it('leaves unsaid what was not said', () => {
    const tool = {
      kind: 'function' as const,
      name: 'f',
      description: null,
      parameters: null,
      strict: null,
      cache: null,
    };
    expect(writeFunctionTool(tool)).toEqual({ type: 'function', function: { name: 'f' } });
    expect(writeToolChoice({ kind: 'required' })).toBe('required');
    expect(writeToolChoice({ kind: 'tool', name: 'f' })).toEqual({ type: 'function', function: { name: 'f' } });
    const format = { kind: 'schema' as const, name: 's', description: null, schema: { type: 'object' }, strict: true };
    expect(writeAnswerFormat(format)).toEqual({
      type: 'json_schema',
      json_schema: { name: 's', schema: { type: 'object' }, strict: true },
    });
  });

  it('carries images by URL and as base64, and says why not otherwise', () => {
    const image = { kind: 'image' as const, detail: 'low' as const, cache: null };
    expect(writeContentPart({ ...image, source: { kind: 'base64', mediaType: 'image/png', base64: 'AA==' } })).toEqual({
      type: 'image_url',
      image_url: { url: 'data:image/png;base64,AA==', detail: 'low' },
    });
    expect(writeContentPart({ ...image, source: { kind: 'file', id: 'f' } })).toContain('file');
  });
});
