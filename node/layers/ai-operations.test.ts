import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerJson, keyOf, provider, setUp, target } from '../ai/gateway/testing/gateway.js';

const json = (text: string) => JSON.parse(text);
const bytesOf = (request: { body: unknown }) => (request.body as { bytes: Uint8Array }).bytes; // The driver sends whole bodies.
const bodyOf = (request: { body: unknown }) => json(new TextDecoder().decode(bytesOf(request)));

const embed = (more: object = {}) => ({ model: 'a/embed', input: ['x', 'y'], ...more });
const vectors = (...floats: readonly number[][]) => ({
  data: floats.map((embedding, index) => ({ object: 'embedding', index, embedding })),
  usage: { prompt_tokens: 6, total_tokens: 6 },
});
const EMBEDDINGS = { path: '/v1/embeddings' };
const SPEECH = { path: '/v1/audio/speech' };
const speech = { model: 'a/tts', input: 'Hi', voice: 'alloy' };
const all = ['timeout', 'overloaded', 'rateLimited', 'error'] as const;
const two = {
  models: [{ id: 'vec', targets: [target('a/m'), target('b/n', all)] }],
  providers: [provider('a'), provider('b')],
};
const twoKeys = [
  { id: 'k1', secret: 'sk-1', weight: 1 },
  { id: 'k2', secret: 'sk-2', weight: 1 },
];

describe('vectors', () => {
  it('are asked for by the key of the gateway, and come in the words and the encoding of the caller', () => {
    const { below, send } = setUp();
    const { handler, exchange } = send(embed({ encoding_format: 'base64' }), EMBEDDINGS);
    const { request } = below.last();
    expect([request.path, keyOf(below.last()), bodyOf(request)]).toEqual([
      ...['/v1/embeddings', 'Bearer sk-a-1'],
      { model: 'embed', input: ['x', 'y'], encoding_format: 'base64' },
    ]);
    // In any order: the index says whose they are.
    answerJson(below.last(), { ...vectors(), data: vectors([1], [0.5]).data.toReversed() });
    const { data, model, usage } = json(handler.text());
    expect(model).toBe('a/embed');
    expect(data.map(({ embedding }: { embedding: string }) => embedding)).toEqual(['AACAPw==', 'AAAAPw==']);
    expect([usage.prompt_tokens, exchange.ai?.usage?.input, exchange.ai?.provider]).toEqual([6, 6, 'a']);
  });

  it('that are fewer than the inputs are no answer', () => {
    const { below, send } = setUp({ ai: two });
    const { handler } = send({ ...embed(), model: 'vec' }, EMBEDDINGS);
    answerJson(below.last(), vectors([1]));
    expect([handler.ended, below.last().request.cause]).toEqual([false, 'fallback']);
    answerJson(below.last(), vectors([1], [2]));
    expect(handler.status).toBe(200);
  });
});

describe('a failure of a provider', () => {
  it('moves on to the next key, and that key is out', () => {
    const { below, send, store, clock } = setUp({ ai: { providers: [provider('a', { keys: twoKeys })] } });
    const { handler, exchange } = send(embed(), EMBEDDINGS);
    const first = keyOf(below.last());
    answerJson(below.last(), { error: { message: 'no', code: 'invalid_api_key' } }, 401);
    expect(keyOf(below.last())).not.toBe(first);
    answerJson(below.last(), vectors([1], [2]));
    expect([handler.status, exchange.ai?.moves]).toEqual([200, [{ how: 'key', provider: 'a', why: 'authentication' }]]);
    expect([...store.keys(clock.nowMs())].map(({ state }) => state).sort()).toEqual(['out', 'usable']);
  });

  it.each([
    ['overloaded', 503],
    ['error', 500],
  ])('%s moves on to the next model', (_name, status) => {
    const { below, send } = setUp({ ai: two });
    const { handler } = send({ ...embed(), model: 'vec' }, EMBEDDINGS);
    answerJson(below.last(), { error: { message: 'no' } }, status);
    expect(bodyOf(below.last().request).model).toBe('n');
    answerJson(below.last(), vectors([1], [2]));
    expect(json(handler.text()).model).toBe('vec');
  });

  it('that a request brings about is its caller’s, in the words of the format', () => {
    const { below, send } = setUp({ ai: two });
    const { handler } = send({ ...embed(), model: 'vec' }, EMBEDDINGS);
    answerJson(below.last(), { error: { message: 'too long', code: 'string_above_max_length', param: 'input' } }, 400);
    answerJson(below.last(), { error: { message: 'bad', type: 'invalid_request_error', param: 'input' } }, 400);
    expect([handler.status, json(handler.text()).error.param, below.calls.length]).toEqual([400, 'input', 1]);
  });

  it('of all of them tells the last, and nothing stays behind', () => {
    const { below, send, timers, bodies, heldBytes } = setUp({ ai: two, spec: { attempts: 2 } });
    const { handler, exchange } = send({ ...embed(), model: 'vec' }, EMBEDDINGS);
    below.last().fail(failure('connection_refused', 'refused'));
    below.last().fail(failure('connection_refused', 'refused'));
    expect([handler.status, exchange.ai?.error, handler.ended]).toEqual([502, 'server', true]);
    expect([timers.armed, bodies.bytes, heldBytes.bytes]).toEqual([0, 0, 0]);
  });

  it('is also to be silent for half of what is left, where there is another model', () => {
    const { below, send, clock, fired } = setUp({ ai: two });
    send({ ...embed(), model: 'vec' }, EMBEDDINGS, 10_000);
    clock.advance(4_000);
    expect(below.calls).toHaveLength(1);
    clock.advance(1_100);
    expect([below.calls.length, below.calls[0]?.cancelled, fired]).toEqual([2, true, ['attempt']]);
  });
});

it('the deadline ends a request that nobody answers, and its attempt', () => {
  const { below, send, clock, timers } = setUp();
  const { handler } = send(embed(), EMBEDDINGS, 2_000);
  clock.advance(2_000);
  expect([handler.status, below.last().cancelled, timers.armed]).toEqual([504, true, 0]);
});

it('a client that leaves takes its request with it', () => {
  const { below, send, timers, bodies } = setUp();
  const { cancel } = send(embed(), EMBEDDINGS);
  cancel();
  expect([below.last().cancelled, timers.armed, bodies.bytes]).toEqual([true, 0, 0]);
});

describe('what a provider has not', () => {
  it('is refused with the reason, and asked of nobody', () => {
    const { below, send } = setUp();
    const { handler, exchange } = send({ ...embed(), model: 'b/claude' }, EMBEDDINGS);
    expect([handler.status, below.calls.length, exchange.ai?.error]).toEqual([400, 0, 'invalidRequest']);
    expect(json(handler.text()).error.message).toContain('Anthropic has no embeddings');
  });

  it('is asked of the one that has it', () => {
    const targets = [target('b/claude'), target('a/m')];
    const { below, send } = setUp({ ai: { models: [{ id: 'vec', targets }] } });
    for (let i = 0; i < 8; i += 1) {
      send({ ...embed(), model: 'vec' }, EMBEDDINGS);
      expect(below.last().request.path).toBe('/v1/embeddings');
    }
  });

  it('of a question is named, or dropped where the route says so', () => {
    const cohere = { providers: [provider('c', { kind: 'cohere', basePath: '' })] };
    const asked = { ...embed(), model: 'c/embed-v4', user: 'u' };
    const refused = setUp({ ai: cohere }).send(asked, EMBEDDINGS).handler;
    expect([refused.status, json(refused.text()).error.param]).toEqual([400, 'user']);
    const { below, send } = setUp({ ai: cohere, spec: { unsupported: 'drop' } });
    const { handler } = send(asked, EMBEDDINGS);
    expect([below.last().request.path, bodyOf(below.last().request)]).toEqual([
      '/v2/embed',
      { model: 'embed-v4', texts: ['x', 'y'], input_type: 'search_document', embedding_types: ['float'] },
    ]);
    answerJson(below.last(), {
      id: '1',
      embeddings: { float: [[1], [2]] },
      meta: { billed_units: { input_tokens: 3 } },
    });
    expect([handler.status, headerValue(handler.headers, 'x-weir-dropped')]).toEqual([200, 'user']);
  });
});

describe('counts of tokens', () => {
  const COUNT = { path: '/v1/messages/count_tokens' };
  const chat = (model: string) => ({ model, messages: [{ role: 'user', content: 'Hello there' }] });

  it('are those of the provider, who is asked for no answer', () => {
    const { below, send } = setUp();
    const { handler } = send(chat('b/claude'), COUNT);
    expect([below.last().request.path, Object.keys(bodyOf(below.last().request)).sort()]).toEqual([
      '/v1/messages/count_tokens',
      ['messages', 'model'],
    ]);
    answerJson(below.last(), { input_tokens: 9 });
    expect([json(handler.text()), headerValue(handler.headers, 'x-weir-estimated')]).toEqual([
      { input_tokens: 9 },
      undefined,
    ]);
  });

  it('are estimated where the provider counts none, and say so', () => {
    const { below, send } = setUp();
    const { handler } = send(chat('a/gpt'), COUNT);
    expect([below.calls.length, handler.status, json(handler.text()).input_tokens]).toEqual([0, 200, 6]);
    expect(headerValue(handler.headers, 'x-weir-estimated')).toBe('input_tokens');
  });

  it('that fail are refused in the words of Anthropic', () => {
    const { below, send } = setUp();
    const { handler } = send({ model: 'b/claude' }, COUNT);
    expect([handler.status, below.calls.length, json(handler.text()).type]).toEqual([400, 0, 'error']);
  });
});

describe('moderations', () => {
  const MODERATIONS = { path: '/v1/moderations' };

  it('are asked of the usual model where the caller names none', () => {
    const { below, send } = setUp();
    const { handler } = send({ input: 'x' }, MODERATIONS);
    expect(bodyOf(below.last().request)).toEqual({ model: 'omni-moderation-latest', input: ['x'] });
    const result = { flagged: false, categories: { hate: false }, category_scores: { hate: 0.1 } };
    answerJson(below.last(), { id: 'modr-1', model: 'omni', results: [result] });
    expect(json(handler.text()).results).toEqual([result]);
  });

  it('want a model where a route offers several', () => {
    const { below, send } = setUp({ spec: { models: ['a/x', 'a/y'] } });
    const { handler } = send({ input: 'x' }, MODERATIONS);
    expect([handler.status, json(handler.text()).error.param, below.calls.length]).toEqual([400, 'model', 0]);
  });
});

describe('sound', () => {
  it('passes as bytes, with the type of its provider and no more of its head', () => {
    const { below, send } = setUp();
    const { handler, exchange } = send(speech, SPEECH);
    expect(bodyOf(below.last().request)).toEqual({ model: 'tts', input: 'Hi', voice: 'alloy' });
    below.last().head(200, ['content-type', 'audio/mpeg', 'openai-organization', 'secret']);
    below.last().data(new Uint8Array([0, 255, 1]));
    expect([handler.headers.slice(0, 3), handler.chunks.length]).toEqual([
      ['content-type', 'audio/mpeg', 'x-request-id'],
      1,
    ]);
    below.last().data(new Uint8Array([2]));
    below.last().complete();
    expect(handler.chunks.flatMap((chunk) => [...chunk])).toEqual([0, 255, 1, 2]);
    expect([handler.ended, exchange.ai?.error]).toEqual([true, null]);
  });

  it('waits for a client that takes nothing, without a limit of time', () => {
    const { below, send, clock } = setUp();
    const { handler } = send(speech, SPEECH);
    below.last().head(200, ['content-type', 'audio/mpeg']);
    handler.open = false;
    expect(below.last().data('abc')).toBe(false);
    clock.advance(20_000);
    expect([handler.ended, below.last().resumes]).toEqual([false, 0]);
    handler.open = true;
    handler.head?.resume();
    expect(below.last().resumes).toBe(1);
    clock.advance(1_100);
    expect(handler.failure?.code).toBe('between_tokens_timeout');
  });

  it('that does not begin goes on to the next model, unseen', () => {
    const { below, send, clock, fired } = setUp({ ai: two });
    const { handler } = send({ ...speech, model: 'vec' }, SPEECH);
    below.last().head(200, ['content-type', 'audio/mpeg']);
    clock.advance(3_100);
    expect([fired, below.calls.length, handler.status]).toEqual([['firstToken'], 2, 0]);
    below.last().answer(200, ['content-type', 'audio/mpeg'], 'sound');
    expect([handler.status, handler.text()]).toEqual([200, 'sound']);
  });

  it('that is cut never ends well', () => {
    const { below, send, clock, timers } = setUp({ ai: two });
    const { handler } = send({ ...speech, model: 'vec' }, SPEECH);
    below.last().head(200, ['content-type', 'audio/mpeg']);
    below.last().data('so');
    below.last().fail(failure('response_incomplete', 'cut'));
    expect([below.calls.length, handler.ended]).toEqual([1, false]);
    clock.advance(60);
    expect([handler.events.at(-1), timers.armed]).toEqual(['onError', 0]);
  });
});

describe('a transcription', () => {
  const boundary = 'xyz';
  const form = (model: string) =>
    [
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n\u0000\u0001--\r\n`,
      `--${boundary}\r\ncontent-disposition: form-data; name="model"\r\n\r\n${model}\r\n--${boundary}--\r\n`,
    ].join('');
  const given = {
    path: '/v1/audio/transcriptions',
    headers: ['content-type', `multipart/form-data; boundary=${boundary}`],
  };

  it('is asked for with the form as it came, but for its model', () => {
    const { below, send } = setUp();
    const { handler, exchange } = send(form('a/whisper-1'), given);
    const { request } = below.last();
    expect(new TextDecoder().decode(bytesOf(request))).toBe(form('whisper-1'));
    expect(headerValue(request.headers, 'content-type')).toBe(given.headers[1]);
    const usage = { type: 'tokens', input_tokens: 14, output_tokens: 3 };
    answerJson(below.last(), { text: 'Hello', usage });
    expect([json(handler.text()).text, exchange.ai?.usage]).toMatchObject(['Hello', { input: 14, output: 3 }]);
  });

  it('is tried again, whole, where a provider fails', () => {
    const { below, send } = setUp({ ai: two });
    const { handler } = send(form('vec'), given);
    answerJson(below.last(), { error: { message: 'no' } }, 503);
    expect(new TextDecoder().decode(bytesOf(below.last().request))).toBe(form('n'));
    below.last().answer(200, ['content-type', 'text/plain'], 'Hello\n');
    expect([headerValue(handler.headers, 'content-type'), handler.text()]).toEqual(['text/plain', 'Hello\n']);
  });

  it('without a model is refused', () => {
    const { below, send } = setUp();
    expect([send('no form', given).handler.status, below.calls.length]).toEqual([400, 0]);
  });
});

describe('images that stream', () => {
  const IMAGES = { path: '/v1/images/generations' };
  const draw = { model: 'vec', prompt: 'a hat', stream: true, partial_images: 1 };
  const SSE = ['content-type', 'text/event-stream', 'x-vendor', 'secret'];
  const event = (type: string, more: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
  const partial = event('image_generation.partial_image', { b64_json: 'A'.repeat(6_000), partial_image_index: 0 });
  const usage = { total_tokens: 59, input_tokens: 9, output_tokens: 50 };
  const completed = event('image_generation.completed', { b64_json: 'B'.repeat(6_000), usage });

  it('pass as they are, with what they took', () => {
    const { below, send, timers } = setUp({ ai: two });
    const { handler, exchange } = send(draw, IMAGES);
    expect(bodyOf(below.last().request)).toEqual({
      ...{ model: 'm', prompt: 'a hat', stream: true, partial_images: 1 },
    });
    below.last().head(200, SSE);
    below.last().data(': hello\n\n');
    expect(handler.status).toBe(0);
    for (const piece of [partial.slice(0, 3_000), partial.slice(3_000), completed]) below.last().data(piece);
    below.last().complete();
    expect([handler.text(), handler.ended, timers.armed]).toEqual([`: hello\n\n${partial}${completed}`, true, 0]);
    expect(headerValue(handler.headers, 'content-type')).toContain('text/event-stream');
    expect(headerValue(handler.headers, 'x-vendor')).toBeUndefined();
    expect(exchange.ai).toMatchObject({ error: null, usage: { input: 9, output: 50, isEstimated: false } });
    expect(exchange.ai?.firstTokenMs).toBeGreaterThanOrEqual(0);
  });

  it('that fail before there is an image go on at the next model, unseen', () => {
    const { below, send } = setUp({ ai: two });
    const { handler } = send(draw, IMAGES);
    below.last().head(200, SSE);
    below.last().data(event('error', { error: { message: 'busy', code: 'server_error' } }));
    expect([below.calls.length, handler.status]).toEqual([2, 0]);
    below.last().answer(200, SSE, completed);
    expect([handler.status, handler.text()]).toEqual([200, completed]);
  });

  it('that come whole, though a stream was asked for, are no answer', () => {
    const { below, send } = setUp({ ai: two });
    send(draw, IMAGES);
    answerJson(below.last(), { created: 1, data: [{ b64_json: 'AA' }] });
    expect(below.calls).toHaveLength(2);
  });

  it('may take as long as a whole answer until the next image begins, and within one as long as between tokens', () => {
    const { below, send, clock, fired } = setUp({ ai: two });
    const { handler } = send(draw, IMAGES);
    below.last().head(200, SSE);
    clock.advance(20_000);
    below.last().data(partial);
    clock.advance(20_000);
    expect([fired, below.calls.length, handler.ended]).toEqual([[], 1, false]);
    below.last().data(completed.slice(0, 3_000));
    clock.advance(1_100);
    expect([fired, handler.failure?.code, below.last().cancelled]).toEqual([
      ...[['betweenTokens'], 'between_tokens_timeout', true],
    ]);
  });

  it('that are not begun in time go on at the next model', () => {
    const { below, send, clock, fired } = setUp({ ai: two });
    send(draw, IMAGES, 20_000);
    below.last().head(200, SSE);
    // Neither the head nor pings are an image.
    for (let i = 0; i < 11; i += 1) {
      below.calls[0]?.data(': ping\n\n');
      clock.advance(1_000);
    }
    expect([fired, below.calls.length]).toEqual([['attempt'], 2]);
  });

  it('that are cut never end well, and what was drawn is guessed', () => {
    const { below, send, clock } = setUp({ ai: two });
    const { handler } = send(draw, IMAGES);
    below.last().head(200, SSE);
    below.last().data(partial);
    below.last().complete();
    expect([handler.ended, handler.text()]).toEqual([false, expect.stringContaining('ended before the last one')]);
    clock.advance(60);
    expect(handler.events.at(-1)).toBe('onError');
  });

  it('have ended with the last one, though the provider keeps its connection open', () => {
    const { below, send, clock, timers } = setUp({ ai: two });
    const { handler, exchange } = send(draw, IMAGES);
    below.last().head(200, SSE);
    below.last().data(completed);
    clock.advance(31_000);
    expect([handler.ended, handler.failure, below.last().cancelled, timers.armed]).toEqual([true, null, true, 0]);
    expect(exchange.ai?.usage?.output).toBe(50);
  });

  it('wait for a client that takes nothing', () => {
    const { below, send, clock } = setUp({ ai: two });
    const { handler } = send(draw, IMAGES);
    below.last().head(200, SSE);
    handler.open = false;
    expect(below.last().data(partial.slice(0, 3_000))).toBe(false);
    clock.advance(25_000);
    expect(handler.failure).toBeNull();
    handler.open = true;
    handler.head?.resume();
    expect(below.last().resumes).toBe(1);
  });

  it('are refused with a sentence where the provider has none, or drawn whole where that may be dropped', () => {
    const own = { models: [], providers: [provider('a', { kind: 'together' })] };
    const refused = setUp({ ai: own }).send({ ...draw, model: 'a/flux' }, IMAGES).handler;
    expect([refused.status, json(refused.text()).error.param]).toEqual([400, 'stream']);
    expect(json(refused.text()).error.message).toContain('gives images when they are whole');
    const { below, send } = setUp({ ai: own, spec: { unsupported: 'drop' } });
    const { handler } = send({ ...draw, model: 'a/flux' }, IMAGES);
    expect(bodyOf(below.last().request)).toEqual({ model: 'flux', prompt: 'a hat' });
    answerJson(below.last(), { created: 1, data: [{ b64_json: 'AA' }] });
    expect(json(handler.text()).data).toEqual([{ b64_json: 'AA' }]);
    expect(headerValue(handler.headers, 'x-weir-dropped')).toBe('stream, partial_images');
  });
});

it('whatever is asked and answered, nothing breaks and nothing stays behind', () => {
  const paths = ['embeddings', 'images/generations', 'audio/speech', 'moderations', 'rerank', 'messages/count_tokens'];
  const bodies = [
    { ...embed(), prompt: 'p', voice: 'v', query: 'q', documents: ['d'], messages: [{ role: 'user', content: 'x' }] },
    { ...speech, prompt: 'p', query: 'q', documents: ['d', 'e'], messages: [{ role: 'user', content: 'x' }] },
  ];
  const asked = fc.oneof(fc.constantFrom(...bodies.map((body) => JSON.stringify(body))), fc.json());
  fc.assert(
    fc.property(
      fc.constantFrom(...paths),
      asked,
      fc.json(),
      fc.constantFrom(200, 204, 302, 400, 500),
      (path, body, answer, status) => {
        const { below, send, timers, bodies: held, heldBytes } = setUp({ spec: { attempts: 1 } });
        const { handler, cancel } = send(body, { path: `/v1/${path}` });
        for (const call of below.calls) call.answer(status, ['content-type', 'application/json'], answer);
        expect(handler.ended).toBe(true);
        cancel();
        expect([timers.armed, held.bytes, heldBytes.bytes]).toEqual([0, 0, 0]);
      },
    ),
  );
});
