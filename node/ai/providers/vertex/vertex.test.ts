import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../chat/chat-request.js';
import { behavesAsProvider } from '../testing/behaviour.js';
import { chat, gathered, place, sseBody, streamed, wireEvents } from '../testing/chats.js';
import { vertex } from './vertex.js';

const settings = { project: 'example.com:p', location: 'europe-west4' };
const asked = (model: string, said: Partial<ChatRequest> = {}, more: Record<string, string> = {}) =>
  vertex.request(chat(said), place(model, { ...settings, ...more }));
const above = '/v1/projects/example.com:p/locations/europe-west4';

const anthropicStream = wireEvents([
  {
    type: 'message_start',
    message: { id: 'msg_vrtx_1', model: 'claude-opus-5', usage: { input_tokens: 3, output_tokens: 1 } },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'ü' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
  { type: 'message_stop' },
]);
const geminiBody = {
  candidates: [{ content: { role: 'model', parts: [{ text: 'ü' }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2 },
  modelVersion: 'gemini-3-flash',
  responseId: 'r',
};

describe('Vertex AI', () => {
  it('has Gemini under the project and the place', () => {
    expect(asked('gemini-3-flash')).toEqual({
      method: 'POST',
      path: `${above}/publishers/google/models/gemini-3-flash:generateContent`,
      query: '',
      headers: [],
      body: { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] },
      unsupported: [],
    });
    expect(asked('gemini-3-flash', { isStream: true })).toMatchObject({
      path: `${above}/publishers/google/models/gemini-3-flash:streamGenerateContent`,
      query: 'alt=sse',
    });
    expect(asked('endpoints/123').path).toBe(`${above}/endpoints/123:generateContent`);
    expect(vertex.request(chat(), place('gemini-3-flash', { project: 'p' })).path).toContain('/locations/global/');
  });

  it('has the models of Anthropic, whose name is in the path and whose version in the body', () => {
    expect(asked('claude-opus-4-1@20250805', {}, { beta: 'b', maxTokens: '9' })).toEqual({
      method: 'POST',
      path: `${above}/publishers/anthropic/models/claude-opus-4-1@20250805:rawPredict`,
      query: '',
      headers: ['anthropic-beta', 'b'],
      body: {
        anthropic_version: 'vertex-2023-10-16',
        max_tokens: 9,
        messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
      },
      unsupported: [],
    });
    expect(asked('publishers/anthropic/models/claude-opus-5', { isStream: true })).toMatchObject({
      path: `${above}/publishers/anthropic/models/claude-opus-5:streamRawPredict`,
      body: { stream: true },
    });
    expect(asked('claude-opus-5', { seed: 1 }).unsupported).toEqual([
      { field: 'seed', at: '', why: 'Anthropic on Vertex AI has nothing like it' },
    ]);
  });

  it('reads both, whole and as streams', () => {
    const message = {
      type: 'message',
      id: 'msg_vrtx_1',
      model: 'claude-opus-5',
      content: [{ type: 'text', text: 'ü' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 3, output_tokens: 2 },
    };
    const claude = vertex.answer(message);
    expect(claude).toMatchObject({
      model: 'claude-opus-5',
      choices: [{ parts: [{ text: 'ü' }] }],
      usage: { input: 3, output: 2 },
    });
    expect(gathered(streamed(vertex, anthropicStream))).toEqual(claude);
    const google = vertex.answer(geminiBody);
    expect(google).toMatchObject({
      model: 'gemini-3-flash',
      choices: [{ parts: [{ text: 'ü' }] }],
      usage: { input: 3, output: 2 },
    });
    expect(gathered(streamed(vertex, wireEvents([geminiBody])))).toEqual(google);
    expect(streamed(vertex, [])).toMatchObject([{ error: { kind: 'cut' } }]);
  });

  it("reads Google's errors and Anthropic's", () => {
    const google = { error: { code: 429, message: 'x', status: 'RESOURCE_EXHAUSTED' } };
    const claude = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    expect(vertex.error(429, [], JSON.stringify(google))).toMatchObject({
      kind: 'rateLimited',
      native: 'RESOURCE_EXHAUSTED',
    });
    expect(vertex.error(529, [], JSON.stringify(claude))).toMatchObject({
      kind: 'overloaded',
      native: 'overloaded_error',
    });
    expect(streamed(vertex, wireEvents([claude]))).toMatchObject([{ error: { kind: 'overloaded' } }]);
  });
});

behavesAsProvider(vertex, {
  words: [
    'type',
    'error',
    'message',
    'content',
    'candidates',
    'parts',
    'text',
    'finishReason',
    'STOP',
    'stop_reason',
    'message_delta',
    'delta',
  ],
  models: ['gemini-3-flash', 'claude-opus-5', 'endpoints/1'],
  streams: [sseBody(anthropicStream), sseBody(wireEvents([geminiBody]))],
});
