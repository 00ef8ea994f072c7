import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import { describe, expect, it } from 'vitest';
import {
  answerJson,
  ask,
  askStream,
  beginStream,
  claude,
  keyOf,
  openAi,
  provider,
  saidIn,
  setUp,
  target,
} from '../ai/gateway/testing/gateway.js';

const json = (text: string) => JSON.parse(text);
const bodyOf = (request: { body: unknown }) => {
  const { bytes } = request.body as { bytes: Uint8Array }; // The driver sends whole bodies.
  return json(new TextDecoder().decode(bytes));
};
const oneModel = { models: [{ id: 'chat', targets: [target('a/m')] }] };
const twoKeys = [
  { id: 'k1', secret: 'sk-1', weight: 1 },
  { id: 'k2', secret: 'sk-2', weight: 1 },
];

describe('a whole answer', () => {
  it('comes from the provider of the model, in its words and by its key, and goes out in those of the caller', () => {
    const { below, send, exchangeEnds } = withEnds();
    const { handler, exchange } = send(ask());
    const { request } = below.last();
    expect([request.method, request.path, keyOf(below.last())]).toEqual([
      'POST',
      '/v1/chat/completions',
      'Bearer sk-a-1',
    ]);
    expect(bodyOf(request)).toMatchObject({ model: 'm', messages: [{ role: 'user', content: 'hello' }] });
    answerJson(below.last(), openAi.whole('hi'));
    expect(handler.status).toBe(200);
    expect(json(handler.text())).toMatchObject({
      id: 'chatcmpl-request-1',
      model: 'chat',
      choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 5, completion_tokens: 7 },
    });
    expect(exchange.ai).toMatchObject({
      model: 'chat',
      provider: 'a',
      providerModel: 'm',
      usage: { input: 5, output: 7 },
    });
    exchangeEnds();
  });

  it('crosses from any format to any provider', () => {
    const { below, send } = setUp();
    const { handler } = send(
      { model: 'b/claude', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] },
      { path: '/v1/messages', headers: ['anthropic-version', '2023-06-01'] },
    );
    expect([below.last().request.path, headerValue(below.last().request.headers, 'x-api-key')]).toEqual([
      '/v1/messages',
      'sk-b-1',
    ]);
    answerJson(below.last(), claude.whole('hi'));
    expect(json(handler.text())).toMatchObject({ type: 'message', model: 'b/claude', content: [{ text: 'hi' }] });
    const second = send({ model: 'b/claude', messages: [{ role: 'user', content: 'hello' }] });
    answerJson(below.last(), claude.whole('hi'));
    expect(json(second.handler.text())).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'hi' } }],
    });
  });

  it('that comes as 200 without a byte is a failure, and the next model is asked', () => {
    const { below, send } = setUp();
    const { handler } = send(ask());
    below.last().answer(200, ['content-type', 'application/json']);
    answerJson(below.last(), claude.whole('hi'));
    expect([below.calls.length, handler.status]).toEqual([2, 200]);
  });

  it('longer than the route allows is a failure', () => {
    const { below, send, heldBytes } = setUp({ spec: { answerCharsMax: 300 }, ai: oneModel });
    const { handler } = send(ask());
    below.last().head(200, ['content-type', 'application/json']);
    for (let i = 0; i < 20 && !below.last().cancelled; i += 1) below.last().data('x'.repeat(100));
    expect(below.calls[0]?.cancelled).toBe(true);
    expect([heldBytes.bytes, handler.ended]).toEqual([0, false]);
  });

  it('may take half of what is left where another model can be asked, which so has its turn', () => {
    const { below, send, clock, fired } = setUp();
    const { handler } = send(ask());
    clock.advance(30_100);
    expect([below.calls[0]?.cancelled, below.calls.length, fired]).toEqual([true, 2, ['attempt']]);
    answerJson(below.last(), claude.whole('hi'));
    expect(handler.status).toBe(200);
  });
});

describe('before the first content', () => {
  it.each([
    [
      'a stall: the head, a role and pings are no content',
      (call: ReturnType<typeof lastOf>) => {
        beginStream(call);
        call.data(`: ping\n\n${openAi.chunk({ role: 'assistant', content: '' })}`);
      },
    ],
    ['no head at all', () => {}],
  ])('%s moves on to the next model after firstToken, unseen', (_what, says) => {
    const { below, send, clock, fired, decided } = setUp();
    const { handler, exchange } = send(askStream());
    says(lastOf(below));
    for (let i = 0; i < 29; i += 1) {
      clock.advance(100);
      below.calls[0]?.data(': ping\n\n');
    }
    expect(below.calls.length).toBe(1);
    clock.advance(200);
    expect([below.calls[0]?.cancelled, below.calls.length, handler.events]).toEqual([true, 2, []]);
    answerJson(lastOf(below), claude.whole('hi'));
    expect([saidIn(handler.text()), fired, decided]).toEqual(['hi', ['firstToken'], ['fallback']]);
    expect(exchange.ai?.moves).toEqual([{ how: 'model', provider: 'a', why: 'timeout' }]);
  });

  it('an error inside the stream moves on, unseen, also behind content in the same piece', () => {
    const { below, send } = setUp();
    const { handler } = send(askStream());
    beginStream(below.last());
    below.last().data(openAi.chunk({ content: 'lost' }) + openAi.error('engine died'));
    expect([below.calls.length, below.calls[0]?.cancelled, handler.events]).toEqual([2, true, []]);
    answerJson(below.last(), claude.whole('hi'));
    expect(saidIn(handler.text())).toBe('hi');
  });

  it('a 429 is asked again by the next key, and the first key rests', () => {
    const { below, send, clock, decided } = setUp({
      ai: { ...oneModel, providers: [provider('a', { keys: twoKeys })] },
    });
    const { handler } = send(ask());
    const first = keyOf(below.last());
    answerJson(below.last(), { error: { message: 'slow down', type: 'rate_limit_error' } }, 429, ['retry-after', '20']);
    expect([below.calls.length, decided]).toEqual([2, ['retry']]);
    expect(keyOf(below.last())).not.toBe(first);
    answerJson(below.last(), openAi.whole('hi'));
    expect(handler.status).toBe(200);
    const seen = new Set<string | undefined>();
    for (let i = 0; i < 20; i += 1) {
      send(ask());
      seen.add(keyOf(below.last()));
    }
    expect(seen.has(first)).toBe(false);
    clock.advance(20_000);
    for (let i = 0; i < 40; i += 1) {
      send(ask());
      seen.add(keyOf(below.last()));
    }
    expect(seen.has(first)).toBe(true);
  });

  it('a key that is refused is out for all requests, and the client hears nothing of it', () => {
    const { below, send, store, clock } = setUp({ ai: { ...oneModel, providers: [provider('a', { keys: twoKeys })] } });
    const { handler } = send(ask());
    answerJson(below.last(), { error: { message: 'Incorrect API key provided: sk-1', code: 'invalid_api_key' } }, 401);
    answerJson(below.last(), openAi.whole('hi'));
    expect(handler.status).toBe(200);
    expect([...store.keys(clock.nowMs())].map(({ state }) => state).sort()).toEqual(['out', 'usable']);
  });

  it('a trial whose client leaves has found out nothing: the key stays out', () => {
    const { below, send, store, clock } = setUp({ ai: oneModel });
    send(ask());
    answerJson(below.last(), { error: { message: 'no', code: 'invalid_api_key' } }, 401);
    clock.advance(30_000);
    const { cancel } = send(ask());
    expect(below.calls.length).toBe(2);
    const states = () =>
      [...store.keys(clock.nowMs())].filter(({ provider }) => provider === 'a').map(({ state }) => state);
    expect(states()).toEqual(['onTrial']);
    cancel();
    expect(states()).toEqual(['out']);
  });

  it('all keys refused is an answer that names neither key nor account', () => {
    const { below, send } = setUp({ ai: oneModel });
    const { handler } = send(ask());
    answerJson(
      below.last(),
      { error: { message: 'Incorrect API key provided: sk-a-1', code: 'invalid_api_key' } },
      401,
    );
    expect([below.calls.length, handler.status]).toEqual([1, 502]);
    expect(`${handler.text()} ${handler.headers.join()}`).not.toContain('sk-a-1');
    const second = send(ask());
    expect([below.calls.length, second.handler.status]).toEqual([1, 502]);
  });

  it('a 400 is passed on, and asked of nobody else', () => {
    const { below, send } = setUp();
    const { handler, exchange } = send(ask());
    answerJson(below.last(), { error: { message: 'bad tool', type: 'invalid_request_error', param: 'tools' } }, 400);
    expect([below.calls.length, handler.status]).toEqual([1, 400]);
    expect(json(handler.text()).error).toMatchObject({ message: 'bad tool', type: 'invalid_request_error' });
    expect(exchange.failure?.code).toBe('model_refused');
    expect(exchange.failure?.detail).not.toContain('bad tool');
  });

  it('a key that was tried for a request is not tried again for it, though it may be used at once', () => {
    const { below, send } = setUp({ ai: { ...oneModel, providers: [provider('a', { keys: twoKeys })] } });
    for (let i = 0; i < 20; i += 1) {
      send(ask());
      const first = keyOf(below.last());
      answerJson(below.last(), { error: { message: 'slow down', type: 'rate_limit_error' } }, 429, [
        'retry-after',
        '0',
      ]);
      expect(keyOf(below.last())).not.toBe(first);
    }
  });

  it('nothing that the attempt before has said is told of the next one: neither who answers nor what it takes', () => {
    const { below, send, clock } = setUp({
      ai: { models: [{ id: 'chat', targets: [target('b/m'), target('a/m', ['timeout'])] }] },
    });
    const question = { model: 'chat', max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'hello' }] };
    const { handler, exchange } = send(question, { path: '/v1/messages' });
    beginStream(below.last());
    const message = {
      ...claude.whole(''),
      content: [],
      stop_reason: null,
      usage: { input_tokens: 33, output_tokens: 1 },
    };
    below.last().data(`event: message_start\ndata: ${JSON.stringify({ type: 'message_start', message })}\n\n`);
    clock.advance(3_100);
    beginStream(below.last());
    below.last().data(openAi.chunk({ content: 'hi' }) + openAi.chunk({}, 'stop') + openAi.done);
    below.last().complete();
    expect(handler.text()).toContain('message_stop');
    expect(handler.text()).not.toContain('33');
    expect(exchange.ai?.usage).toMatchObject({ output: 1, isEstimated: true });
  });

  it('a context that is too long goes to a larger model', () => {
    const { below, send } = setUp({
      ai: { models: [{ id: 'chat', targets: [target('a/m'), target('b/big', ['contextExceeded'])] }] },
    });
    const { handler } = send(ask());
    const error = { message: 'too long', type: 'invalid_request_error', code: 'context_length_exceeded' };
    answerJson(below.last(), { error }, 400);
    answerJson(below.last(), claude.whole('hi'));
    expect([below.calls.length, handler.status]).toEqual([2, 200]);
  });

  it('the only model is asked again after a pause, while there is time', () => {
    const { below, send, clock } = setUp({ ai: oneModel });
    const { handler } = send(ask());
    answerJson(below.last(), { error: { message: 'overloaded' } }, 503);
    expect(below.calls.length).toBe(1);
    clock.advance(300);
    expect(below.calls.length).toBe(2);
    answerJson(below.last(), openAi.whole('hi'));
    expect(handler.status).toBe(200);
  });

  it('what the transport fails of is no other than what a provider says', () => {
    const { below, send } = setUp();
    const { handler } = send(ask());
    below.last().fail(failure('circuit_open', 'left alone'));
    answerJson(below.last(), claude.whole('hi'));
    expect(handler.status).toBe(200);
  });
});

describe('one budget', () => {
  it('is what all attempts share: stalls of the first ones never multiply it', () => {
    const { below, send, clock } = setUp({ spec: { attempts: 10 } });
    const { handler } = send(askStream(), {}, 7_000);
    clock.advance(7_000);
    // Three seconds each for two models; no third fits.
    expect([below.calls.length, handler.status]).toEqual([2, 504]);
    expect(json(handler.text()).error.message).toContain('firstToken');
  });

  it('ends a question before the deadline, in the words of its format', () => {
    const { below, send, clock, fired } = setUp({ ai: oneModel });
    const { handler, exchange } = send(ask(), {}, 500);
    clock.advance(500);
    expect([below.last().cancelled, handler.status, fired]).toEqual([true, 504, ['total']]);
    expect(json(handler.text()).error.message).toContain('deadline');
    expect(exchange.failure?.timer).toBe('total');
  });

  it('begins nothing that can not fit: not even the first', () => {
    const { below, send } = setUp();
    const { handler } = send(ask(), {}, 30);
    expect([below.calls.length, handler.status]).toEqual([0, 504]);
  });

  it('is not spent on a model that was never seen to be so fast', () => {
    const { below, send, clock } = setUp({
      ai: { models: [{ id: 'chat', targets: [target('a/m'), target('b/m', ['timeout'])] }] },
    });
    send({ ...askStream(), model: 'b/m' });
    clock.advance(2_000);
    answerJson(below.last(), claude.whole('slow'));
    const { handler } = send(askStream(), {}, 4_000);
    clock.advance(3_100);
    expect([below.calls.length, handler.status]).toEqual([2, 504]);
  });
});

function lastOf(below: ReturnType<typeof setUp>['below']) {
  return below.last();
}

function withEnds() {
  const set = setUp();
  return {
    ...set,
    /** All that was taken has been given back. */
    exchangeEnds: () => expect([set.timers.armed, set.bodies.bytes, set.heldBytes.bytes]).toEqual([0, 0, 0]),
  };
}
