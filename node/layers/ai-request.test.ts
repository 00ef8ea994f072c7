import { failure } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerJson, ask, claude, eventsIn, provider, saidIn, setUp, target } from '../ai/gateway/testing/gateway.js';
import { fakeBody, makeExchange, makeRequest, recordingHandler } from '../pipeline/testing/harness.js';

const json = (text: string) => JSON.parse(text);
const bodyOf = (request: { body: unknown }) => {
  const { bytes } = request.body as { bytes: Uint8Array }; // The driver sends whole bodies.
  return json(new TextDecoder().decode(bytes));
};

describe('what a provider can not do', () => {
  const asked = ask({ seed: 7, logit_bias: { 1: 2 } });

  it('is refused by its name in the words of the caller, and asked of nobody', () => {
    const { below, send } = setUp();
    const { handler } = send({ ...asked, model: 'b/claude' });
    expect([below.calls.length, handler.status]).toEqual([0, 400]);
    expect(json(handler.text()).error).toMatchObject({ param: 'seed', type: 'invalid_request_error' });
  });

  it('is asked of the model that can', () => {
    const { below, send } = setUp({ ai: { models: [{ id: 'chat', targets: [target('b/m'), target('a/m')] }] } });
    for (let i = 0; i < 8; i += 1) {
      send(asked);
      expect(below.last().request.path).toBe('/v1/chat/completions');
    }
  });

  it('is dropped where the route says so, and the answer says what', () => {
    const { below, send } = setUp({ spec: { unsupported: 'drop' } });
    const { handler } = send({ ...asked, model: 'b/claude' });
    expect(bodyOf(below.last().request)).not.toHaveProperty('seed');
    answerJson(below.last(), claude.whole('hi'));
    expect(headerValue(handler.headers, 'x-weir-dropped')).toBe('seed, logit_bias');
  });

  it('is told in a comment where the head has gone before', () => {
    const { below, send, clock } = setUp({ spec: { unsupported: 'drop', heartbeatMs: 500 } });
    const { handler } = send({ ...asked, stream: true });
    clock.advance(3_100);
    answerJson(below.last(), claude.whole('hi'));
    expect(headerValue(handler.headers, 'x-weir-dropped')).toBeUndefined();
    expect(eventsIn(handler.text())).toContain(': x-weir-dropped: seed, logit_bias');
    expect(saidIn(handler.text())).toBe('hi');
  });
});

describe('a request', () => {
  it.each([
    ['{', 'JSON'],
    ['"text"', 'object'],
    [JSON.stringify({ model: 'chat' }), 'messages'],
  ])('that can not be read (%s) is refused in the words of the format', (text, named) => {
    const { below, send } = setUp();
    const { handler } = send(text);
    expect([handler.status, below.calls.length]).toEqual([400, 0]);
    expect(json(handler.text()).error.message).toContain(named);
  });

  it('never breaks anything, whatever JSON it is', () => {
    const { send, timers, bodies } = setUp();
    fc.assert(
      fc.property(fc.json(), (text) => {
        const { handler, cancel } = send(text);
        expect(handler.ended).toBe(true);
        cancel();
        expect([timers.armed, bodies.bytes]).toEqual([0, 0]);
      }),
    );
  });

  it('for a model that is not offered is answered with 404', () => {
    const { send } = setUp({ spec: { models: ['chat'] } });
    expect(send({ ...ask(), model: 'a/m' }).handler.status).toBe(404);
    expect(send({ ...ask(), model: 'nobody' }).handler.status).toBe(404);
  });

  it('to no operation, or by another method, is answered in the words of the format', () => {
    const { send } = setUp();
    expect(send({}, { path: '/v1/nothing' }).handler.status).toBe(404);
    const wrong = send({}, { method: 'GET' });
    expect([wrong.handler.status, headerValue(wrong.handler.headers, 'allow')]).toEqual([405, 'POST']);
  });

  it('takes no more memory than the node has for bodies', () => {
    const { send, bodies } = setUp({ bodyBytes: 100 });
    const { handler } = send(ask({ user: 'x'.repeat(200) }));
    expect([handler.status, bodies.bytes]).toEqual([503, 0]);
    expect(json(handler.text()).error.message).toContain('memory');
  });

  it('whose body breaks off asks nobody', () => {
    const { dispatch, below } = setUp();
    const handler = recordingHandler();
    const body = fakeBody();
    dispatch(makeRequest({ method: 'POST', path: '/v1/chat/completions', body, exchange: makeExchange() }), handler);
    body.push('{');
    body.fail(failure('client_body_timeout', 'stopped'));
    expect([below.calls.length, handler.status]).toEqual([0, 408]);
  });

  it('for the list of models gets those that the route offers, in the words of the caller', () => {
    const { send } = setUp({ spec: { models: ['chat', 'a/m'] } });
    const list = send({}, { method: 'GET', path: '/v1/models', body: null });
    expect(json(list.handler.text()).data.map(({ id }: { id: string }) => id)).toEqual(['chat', 'a/m']);
    const claudes = send({}, { method: 'GET', path: '/v1/models', body: null, headers: ['anthropic-version', '1'] });
    expect(json(claudes.handler.text())).toMatchObject({ has_more: false, first_id: 'chat' });
    expect(json(send({}, { method: 'GET', path: '/v1/models/a/m', body: null }).handler.text())).toMatchObject({
      id: 'a/m',
    });
    expect(send({}, { method: 'GET', path: '/v1/models/none', body: null }).handler.status).toBe(404);
  });
});

describe('the upstream of a provider', () => {
  it('is asked without the means that the driver has itself, under its limits of time', () => {
    const retry = {
      retries: 3,
      on: [],
      statuses: [],
      bodyBytesMax: 1,
      backoffMinMs: 1,
      backoffMaxMs: 2,
      budget: null,
    } as never;
    const { asked } = setUp({ route: { retry, protectBytes: 9 } });
    expect(asked.map(({ action }) => action)).toEqual([
      { kind: 'proxy', upstream: 'a', rewrite: null },
      { kind: 'proxy', upstream: 'b', rewrite: null },
    ]);
    for (const branch of asked) {
      expect(branch).toMatchObject({ retry: null, hedge: null, protectBytes: 0, fallback: [] });
      expect(branch.timeouts).toMatchObject({ firstByteMs: 60_000, idleMs: 60_000, attemptMs: 0 });
    }
  });
});

describe('a provider that wants signatures', () => {
  const bedrock = (secret: string, settings = { region: 'eu-central-1' }) =>
    provider('a', { kind: 'bedrock', basePath: '', settings, keys: [{ id: 'k', secret, weight: 1 }] });

  it('is asked by requests that are signed for its host, its region and this moment', () => {
    const { below, send } = setUp({ ai: { providers: [bedrock('AKID:SECRET:TOKEN')] } });
    send({ ...ask(), model: 'a/amazon.nova-pro-v1:0' });
    const { request } = below.last();
    expect(headerValue(request.headers, 'x-amz-security-token')).toBe('TOKEN');
    expect(headerValue(request.headers, 'x-amz-date')).toBe('20260101T000000Z');
    expect(headerValue(request.headers, 'authorization')).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKID\/20260101\/eu-central-1\/bedrock\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
    );
    expect(request.headers.join()).not.toContain('SECRET');
  });

  it.each(['AKID', 'AKID:', ':SECRET', 'a:b:c:d', 'a:b:'])('is refused with a key of the form %j', (secret) => {
    expect(() => setUp({ ai: { providers: [bedrock(secret)] } })).toThrow('accessKeyId:secretAccessKey');
  });

  it('is refused without its region', () => {
    expect(() => setUp({ ai: { providers: [bedrock('a:b', {} as never)] } })).toThrow('region');
  });
});

describe('a configuration', () => {
  it.each([
    ['of no known kind', provider('a', { kind: 'nobody' }), 'nobody knows'],
    [
      'with a key that can stand in no field',
      provider('a', { keys: [{ id: 'k', secret: 'sk-\n', weight: 1 }] }),
      'a key of',
    ],
  ])('with a provider %s is refused with the reason', (_what, spec, reason) => {
    expect(() => setUp({ ai: { providers: [spec] } })).toThrow(reason);
  });
});
