import { type Failure, failure, failureTable, timerFired, timerNames } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { routeSpec, setUp as setUpModels } from '../ai/gateway/testing/gateway.js';
import type { ResponseHandler, WebSocketPeer } from '../pipeline/dispatch.js';
import { createAttempt } from '../pipeline/exchange.js';
import { fakeClock, makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices, makeTarget, makeUpstream } from '../pipeline/testing/specs.js';
import { answerFailure } from './answer-failure.js';

function setUp(route: Partial<RouteSpec> = {}) {
  const clock = fakeClock(1_000);
  const upstream = makeUpstream([makeTarget({ id: '10.0.0.1:9001', host: '10.0.0.1', port: 9001 })]);
  const ai = setUpModels().compiled;
  const services = makeServices({ clock, ai, upstreams: { get: () => upstream } });
  const layer = answerFailure(makeRoute(route), services);
  if (layer === null) throw new Error('every route answers its failures');
  const bottom = scriptedDispatch();
  return { clock, bottom, dispatch: layer(bottom.dispatch) };
}

/** Sends one request and fails it before any head. */
function answerTo(failed: Failure, method = 'GET') {
  const { dispatch, bottom } = setUp();
  const request = makeRequest({ method });
  const handler = recordingHandler();
  dispatch(request, handler);
  bottom.last().fail(failed);
  return { request, handler };
}

describe('a failure before the head', () => {
  it.each(timerNames)('of the %s timer is answered with a problem that names it', (timer) => {
    const { handler, request } = answerTo(timerFired(timer, 300));
    expect(handler.events).toEqual(['onHeaders', 'onData', 'onComplete']);
    const problem = JSON.parse(handler.text());
    expect(problem).toMatchObject({ timer, limitMs: 300, status: handler.status });
    expect(handler.head?.lengthBytes).toBe(handler.chunks[0]?.byteLength);
    expect(headerValue(handler.headers, 'x-request-id')).toBe('request-1');
    expect(request.exchange.failure?.timer).toBe(timer);
  });

  it('shows what was tried, phase by phase, and no address', () => {
    const { dispatch, bottom, clock } = setUp();
    const request = makeRequest();
    const handler = recordingHandler();
    dispatch(request, handler);
    const attempt = createAttempt('10.0.0.1:9001', clock.nowMs());
    Object.assign(attempt.phaseStartMs, { queue: 1_000, connect: 1_002 });
    request.exchange.attempts.push(attempt);
    clock.advance(252);
    attempt.endedAtMs = clock.nowMs();
    attempt.failure = timerFired('connect', 250);
    bottom.last().fail({ ...attempt.failure, detail: 'the connect timer fired for 10.0.0.1:9001' });
    const problem = JSON.parse(handler.text());
    expect(problem.elapsedMs).toBe(252);
    expect(problem.attempts).toEqual([
      { target: 'upstream-1/1', phases: { queue: 2, connect: 250 }, status: 0, failure: 'connect_timeout' },
    ]);
    expect(JSON.stringify([handler.text(), handler.headers])).not.toContain('10.0.0.1');
    expect(request.exchange.failure?.detail).toContain('10.0.0.1:9001');
  });

  it('answers HEAD with the length of the document and without it', () => {
    const { handler } = answerTo(failure('no_target', 'none', { retryAfterS: 1 }), 'HEAD');
    expect(handler.events).toEqual(['onHeaders', 'onComplete']);
    expect(handler.head?.lengthBytes).toBeGreaterThan(100);
    expect(headerValue(handler.headers, 'retry-after')).toBe('1');
  });

  it('goes on up when the client is gone', () => {
    const { handler, request } = answerTo(failure('client_gone', 'left'));
    expect(handler.events).toEqual(['onError']);
    expect(request.exchange.failure?.code).toBe('client_gone');
  });

  it('stops as soon as the receiver cancels', () => {
    for (const at of ['onHeaders', 'onData'] as const) {
      const { dispatch, bottom } = setUp();
      const events: string[] = [];
      let cancel = () => {};
      const note = (name: string): boolean => {
        events.push(name);
        if (name === at) cancel();
        return false;
      };
      const handler: ResponseHandler = {
        onHeaders: () => void note('onHeaders'),
        onData: () => note('onData'),
        onComplete: () => void note('onComplete'),
        onError: () => void note('onError'),
      };
      cancel = dispatch(makeRequest(), handler);
      bottom.last().fail(failure('no_target', ''));
      expect(events.at(-1)).toBe(at);
    }
  });

  it('may come before the dispatch has returned', () => {
    const { clock } = setUp();
    const layer = answerFailure(makeRoute({ id: '' }), makeServices({ clock }));
    const handler = recordingHandler();
    layer?.(scriptedDispatch((call) => call.fail(failure('not_found', 'no route'))).dispatch)(makeRequest(), handler);
    expect([handler.status, handler.ended]).toEqual([404, true]);
  });
});

describe('an answer', () => {
  it('passes with the request id, once, and its valve', () => {
    const { dispatch, bottom } = setUp();
    const handler = recordingHandler();
    dispatch(makeRequest(), handler);
    bottom.last().head(200, ['x-request-id', 'of the upstream', 'etag', '"1"'], 3);
    handler.open = false;
    expect(bottom.last().data('abc')).toBe(false);
    handler.head?.resume();
    bottom.last().complete();
    expect(handler.headers).toEqual(['etag', '"1"', 'x-request-id', 'request-1']);
    expect([handler.status, handler.head?.lengthBytes, handler.text()]).toEqual([200, 3, 'abc']);
    expect([bottom.last().resumes, handler.ended]).toEqual([1, true]);
  });

  it('that breaks off is handed on as broken, not answered again', () => {
    const { dispatch, bottom } = setUp();
    const request = makeRequest();
    const handler = recordingHandler();
    dispatch(request, handler);
    bottom.last().head(200);
    bottom.last().fail(timerFired('idle', 50));
    expect(handler.events).toEqual(['onHeaders', 'onError']);
    expect(request.exchange.failure?.code).toBe('idle_timeout');
  });

  it('is abandoned below when the receiver cancels', () => {
    const { dispatch, bottom } = setUp();
    dispatch(makeRequest(), recordingHandler())();
    expect(bottom.last().cancelled).toBe(true);
  });
});

describe('an upgrade', () => {
  it('passes with the request id', () => {
    const { dispatch, bottom } = setUp();
    const handler = recordingHandler();
    dispatch(makeRequest(), handler);
    // The peer is only handed through here; nothing calls it.
    bottom.last().handler.onUpgrade?.(['sec-websocket-protocol', 'chat'], {} as WebSocketPeer);
    expect(handler.upgraded?.headers).toEqual(['sec-websocket-protocol', 'chat', 'x-request-id', 'request-1']);
  });
});

it('every code but the one that no client can hear becomes an answer', () => {
  for (const code of Object.keys(failureTable) as (keyof typeof failureTable)[]) {
    const { handler } = answerTo(failure(code, 'why'));
    expect([code, handler.status]).toEqual([code, code === 'client_gone' ? 0 : failureTable[code].status]);
  }
});

describe('a failure of a route over models', () => {
  const codes = Object.keys(failureTable) as (keyof typeof failureTable)[]; // The keys of the table are the codes.
  const told = (failed: Failure, path: string, headers: readonly string[] = []) => {
    const { dispatch, bottom } = setUp({ action: routeSpec });
    const handler = recordingHandler();
    dispatch(makeRequest({ method: 'POST', path, headers }), handler);
    bottom.last().fail(failed);
    return handler;
  };

  it.each(codes.filter((code) => failureTable[code].status !== 499))(
    '%s is told in the words of the client, with the status and the fields of any other',
    (code) => {
      const failed = failure(code, 'why', { headers: ['x-more', 'a'], retryAfterS: 3 });
      const { status, headers, text } = told(failed, '/v1/chat/completions');
      expect(status).toBe(failureTable[code].status);
      expect(JSON.parse(text()).error).toMatchObject({
        message: expect.stringContaining('why'),
        code: expect.anything(),
      });
      expect(headerValue(headers, 'content-type')).toBe('application/json');
      for (const name of ['proxy-status', 'x-request-id', 'x-more', 'retry-after'])
        expect(headerValue(headers, name), name).toBeDefined();
      expect(JSON.parse(told(failed, '/v1/messages').text())).toMatchObject({ type: 'error', error: {} });
    },
  );

  it('is in the words of Anthropic for its clients, wherever they ask', () => {
    const { text } = told(failure('unauthorized', 'no key'), '/v1/models', ['anthropic-version', '2023-06-01']);
    expect(JSON.parse(text())).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
  });

  it('that brings its answer along is told as it says', () => {
    const answer = { status: 418, type: 'text/plain', body: 'short and stout' };
    const { status, text } = told(failure('model_refused', 'why', { answer }), '/v1/chat/completions');
    expect([status, text()]).toEqual([418, 'short and stout']);
  });
});
