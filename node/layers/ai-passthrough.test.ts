import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNativeStream, nativeApi, nativeModel, nativePath } from '../ai/gateway/plain/native-apis.js';
import { answerJson, provider, setUp } from '../ai/gateway/testing/gateway.js';

const json = (text: string) => JSON.parse(text);
const bodyOf = (request: { body: unknown }) => {
  const { bytes } = request.body as { bytes: Uint8Array }; // The driver sends whole bodies.
  return new TextDecoder().decode(bytes);
};

const gemini = provider('g', {
  ...{ kind: 'gemini', basePath: '/proxy/v1beta' },
  keys: [
    { id: 'k1', secret: 'AIza-1', weight: 1 },
    { id: 'k2', secret: 'AIza-2', weight: 1 },
  ],
});
const started = (more: object = {}) =>
  setUp({
    spec: { passthrough: { provider: 'g', prefix: '/gemini' }, ...more },
    ai: { providers: [gemini], models: [] },
  });

const CHAT = '/gemini/v1beta/models/gemini-2.5-pro';
const question = '{ "contents": [{ "parts": [{ "text": "hi" }] }], "anything": "of its own" }';
const callers = ['content-type', 'application/json', 'x-goog-api-key', 'callers', 'authorization', 'Bearer callers'];
const whole = { path: `${CHAT}:generateContent`, headers: [...callers, 'cookie', 'c=1', 'x-goog-api-client', 'sdk'] };
const stream = { path: `${CHAT}:streamGenerateContent`, query: 'alt=sse&key=callers', headers: callers };
const said = (text: string, finishReason?: string) => ({
  candidates: [
    { content: { parts: [{ text }], role: 'model' }, ...(finishReason === undefined ? {} : { finishReason }) },
  ],
  usageMetadata: { promptTokenCount: 2, candidatesTokenCount: 3, totalTokenCount: 5 },
});
const event = (data: unknown): string => `data: ${JSON.stringify(data)}\r\n\r\n`;
const keyOf = (request: { headers: readonly string[] }) => headerValue(request.headers, 'x-goog-api-key');

describe('a request in the API of a provider', () => {
  it('is passed on as it is, but for the key and for what is nobody’s business', () => {
    const { below, send } = started();
    const { handler, exchange } = send(question, whole);
    const { request } = below.last();
    expect([request.path, bodyOf(request)]).toEqual(['/proxy/v1beta/models/gemini-2.5-pro:generateContent', question]);
    expect(keyOf(request)).toMatch(/^AIza-/);
    expect(request.headers.join(' ')).not.toMatch(/callers|cookie/);
    expect(headerValue(request.headers, 'x-goog-api-client')).toBe('sdk');
    answerJson(below.last(), { ...said('hi', 'STOP'), more: 1 }, 200, ['set-cookie', 's=1']);
    expect(json(handler.text())).toEqual({ ...said('hi', 'STOP'), more: 1 });
    expect(headerValue(handler.headers, 'set-cookie')).toBeUndefined();
    expect(exchange.ai).toMatchObject({ model: 'g/*', provider: 'g', providerModel: 'gemini-2.5-pro' });
    expect(exchange.ai?.usage).toMatchObject({ input: 2, output: 3 });
  });

  it('without a body, or for no model, is passed on as well', () => {
    const { below, send } = started();
    send('', { method: 'GET', path: '/gemini/v1beta/models', query: 'pageSize=2&key=callers', body: null });
    expect(below.last().request).toMatchObject({
      method: 'GET',
      path: '/proxy/v1beta/models',
      query: 'pageSize=2',
      body: null,
    });
    below.last().answer(204);
  });

  it.each([
    '/gemini/upload/v1beta/files',
    '/gemini/v1betax/models',
    '/gemini/v1beta/../admin',
    '/gemini/v1beta/%2E%2e/admin',
    '/gemini/v1beta',
  ])('beside its API, as %s, is refused in its words and asked of nobody', (path) => {
    const { below, send } = started();
    const { handler } = send(question, { ...whole, path });
    expect([handler.status, below.calls.length]).toEqual([400, 0]);
    expect(json(handler.text()).error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' });
  });

  it('is for the models of the route, where it names some', () => {
    const { below, send } = started({ models: ['g/gemini-2.5-pro'] });
    send(question, whole);
    const other = send(question, { ...whole, path: '/gemini/v1beta/models/gemini-ultra:generateContent' });
    expect([below.calls.length, other.handler.status, json(other.handler.text()).error.status]).toEqual([
      1,
      404,
      'NOT_FOUND',
    ]);
  });
});

describe('a key', () => {
  it('that is refused is taken out, and another one asked, unseen', () => {
    const { below, send, store, clock } = started();
    const { handler } = send(question, whole);
    const first = keyOf(below.last().request);
    const error = { code: 400, message: 'no', status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] };
    answerJson(below.last(), { error }, 400);
    expect(keyOf(below.last().request)).not.toBe(first);
    answerJson(below.last(), said('hi', 'STOP'));
    expect(handler.status).toBe(200);
    expect([...store.keys(clock.nowMs())].map(({ state }) => state).sort()).toEqual(['out', 'usable']);
  });

  it('that is the last one to be refused is the gateway’s failure, and its provider is not quoted', () => {
    const { below, send } = started();
    const { handler } = send(question, whole);
    for (let i = 0; i < 2; i += 1)
      answerJson(
        below.last(),
        { error: { code: 401, message: 'key AIza-1 of project 7', status: 'UNAUTHENTICATED' } },
        401,
      );
    expect(handler.status).toBe(502);
    expect(handler.text()).not.toMatch(/AIza|project/);
  });
});

it('a refusal of the provider comes as the provider has said it', () => {
  const { below, send } = started();
  const { handler } = send(question, whole);
  const error = { code: 400, message: 'Unknown name "anything"', status: 'INVALID_ARGUMENT', details: [] };
  answerJson(below.last(), { error }, 400);
  expect([handler.status, json(handler.text()), below.calls.length]).toEqual([400, { error }, 1]);
});

describe('a stream', () => {
  const begun = (more: object = {}) => {
    const set = started(more);
    const sent = set.send(question, stream);
    set.below.last().head(200, ['content-type', 'text/event-stream']);
    return { ...set, ...sent };
  };

  it('passes byte for byte as it comes, and says what it has cost', () => {
    const text = event(said('Grü')) + event(said('ße 👋')) + event(said('', 'STOP'));
    const bytes = new TextEncoder().encode(text);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30, size: 'max' }), (sizes) => {
        const { below, handler, exchange, timers } = begun();
        expect(below.last().request.query).toBe('alt=sse');
        for (let at = 0, i = 0; at < bytes.length; i += 1) {
          const size = sizes[i % sizes.length] ?? 1;
          below.last().data(bytes.slice(at, at + size));
          at += size;
        }
        below.last().complete();
        expect([Buffer.concat(handler.chunks).toString(), handler.events.at(-1)]).toEqual([text, 'onComplete']);
        expect([exchange.ai?.usage?.output, timers.armed]).toEqual([3, 0]);
      }),
    );
  });

  it('that says nothing in time is answered in time, whatever comments come', () => {
    const { below, handler, clock, fired } = begun();
    for (let i = 0; i < 4; i += 1) {
      below.calls[0]?.data(': ping\n\n');
      clock.advance(800);
    }
    expect([fired, below.calls[0]?.cancelled, handler.status]).toEqual([['firstToken'], true, 504]);
    expect(json(handler.text()).error.status).toBe('DEADLINE_EXCEEDED');
  });

  it('that stalls after its first content is told so in Google’s words, and breaks', () => {
    const { below, handler, clock } = begun();
    below.last().data(event(said('hi')));
    below.last().data(': ping\n\n');
    clock.advance(1_100);
    expect([below.calls.length, handler.text().includes('DEADLINE_EXCEEDED')]).toEqual([1, true]);
    clock.advance(60);
    expect(handler.events.at(-1)).toBe('onError');
  });

  it('that ends without its end never looks whole', () => {
    const { below, handler, clock, exchange } = begun();
    below.last().data(event(said('hi')));
    below.last().complete();
    expect(handler.text()).toContain('"code":502');
    clock.advance(60);
    expect([handler.events.at(-1), exchange.ai?.error]).toEqual(['onError', 'cut']);
  });

  it('with an error before its content goes elsewhere, and behind it says it once', () => {
    const error = event({ error: { code: 503, message: 'overloaded', status: 'UNAVAILABLE' } });
    const { below, handler, clock } = begun();
    below.last().data(error);
    clock.advance(1_000);
    expect([handler.status, below.calls.length]).toEqual([0, 2]);
    below.last().head(200, ['content-type', 'text/event-stream']);
    below.last().data(event(said('hi')));
    below.last().data(error);
    expect(handler.text().split('UNAVAILABLE')).toHaveLength(2);
    clock.advance(60);
    expect(handler.events.at(-1)).toBe('onError');
  });

  it('keeps its provider waiting for a client that takes nothing', () => {
    const { below, handler, clock } = begun();
    handler.open = false;
    expect(below.last().data(event(said('hi')))).toBe(false);
    clock.advance(10_000);
    expect([handler.ended, below.last().resumes]).toEqual([false, 0]);
    handler.open = true;
    handler.head?.resume();
    expect(below.last().resumes).toBe(1);
  });

  it('that its client leaves is left', () => {
    const { below, cancel, timers, bodies } = begun();
    below.last().data(event(said('hi')));
    cancel();
    expect([below.last().cancelled, timers.armed, bodies.bytes]).toEqual([true, 0, 0]);
  });

  it('that finds no connection is tried again a little later', () => {
    const { below, send, clock } = started();
    const { handler } = send(question, stream);
    below.last().fail(failure('connection_refused', 'refused'));
    expect([handler.ended, below.calls.length]).toEqual([false, 1]);
    clock.advance(500);
    expect(below.calls).toHaveLength(2);
  });
});

describe('the API of', () => {
  it.each([
    ['gemini', '/p', '/p/v1beta/models/a:b', '/v1beta', '/v1beta/models/a:b'],
    ['openai', '/openai', '/openai/v1/responses', '/v1', '/v1/responses'],
    ['anthropic', '/', '/v1/messages', '/x/v1', '/x/v1/messages'],
    ['cohere', '/c', '/c/v2/chat', '', '/v2/chat'],
    ['compatible', '/c', '/c/llm/v1/x', '/llm/v1', '/llm/v1/x'],
  ])('%s below %s: %s', (kind, prefix, path, basePath, wanted) => {
    expect(nativePath(path, prefix, kind, basePath)).toBe(wanted);
  });

  it.each([
    '..%2fadmin',
    '%2e%2E/admin',
    'a%2F..%2Fadmin',
    'a/..%5cadmin',
    'a\\..\\admin',
    '..;/admin',
    '%252e%252e%252fadmin',
  ])('none is reached by %s', (steps) => {
    expect(nativePath(`/openai/v1/${steps}`, '/openai', 'openai', '/v1')).toBeNull();
  });

  it.each(['arn%3Aaws%3A%2F%2Fmodel', 'a..b', '...', 'v1.5/x', 'files/..a%2Fb..'])('is asked for %s', (steps) => {
    expect(nativePath(`/openai/v1/${steps}`, '/openai', 'openai', '/v1')).toBe(`/v1/${steps}`);
  });

  it.each([
    ['gemini', '/v1beta/models/a%2Fb:streamGenerateContent', {}, 'a/b', true],
    ['anthropic', '/v1/messages', { model: 'claude', stream: true }, 'claude', true],
    ['openai', '/v1/responses', { model: 'gpt' }, 'gpt', false],
    ['bedrock', '/model/us.a%3A0/converse-stream', {}, 'us.a:0', true],
    ['azure-openai', '/openai/deployments/d/chat/completions', { stream: true }, 'd', true],
    ['gemini', '/v1beta/models/%', {}, null, false],
  ])('%s names its model and its stream: %s', (kind, path, body, model, isStream) => {
    const api = nativeApi(kind);
    expect([nativeModel(api, path, body), isNativeStream(api, path, body)]).toEqual([model, isStream]);
  });
});
