import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compose, type GatewayRequest } from '../pipeline/dispatch.js';
import { fakeBody, makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices, makeUpstream } from '../pipeline/testing/specs.js';
import { createHeldBytes } from '../upstream/retry/held-bytes.js';
import { Replay } from '../upstream/retry/replay.js';
import { gather } from './gather.js';

function setUp(nodeBytes = 1_000_000) {
  const bodies = createHeldBytes(nodeBytes);
  const services = makeServices({ bodies, upstreams: { get: () => makeUpstream([]) } });
  const layer = gather(makeRoute(), services);
  if (layer === null) throw new Error('a route to an upstream gathers');
  const bottom = scriptedDispatch();
  const dispatch = compose([layer], bottom.dispatch);
  return { bodies, bottom, dispatch };
}

/** What a transport would read. */
function readOf({ body }: GatewayRequest) {
  const read = { text: '', ending: '' };
  body?.read({
    onChunk: (chunk) => {
      read.text += new TextDecoder().decode(chunk);
    },
    onEnd: () => {
      read.ending = 'end';
    },
    onError: ({ code }) => {
      read.ending = code;
    },
  });
  return read;
}

describe('a small request body', () => {
  it('is waited for: nobody below hears of the request before it is whole, and then all of it is at hand', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 9, unit: 'grapheme-ascii' })), (pieces) => {
        const { bodies, bottom, dispatch } = setUp();
        const whole = pieces.join('');
        const body = fakeBody(whole.length);
        const handler = recordingHandler();
        dispatch(makeRequest({ method: 'POST', body }), handler);
        for (const piece of pieces) {
          expect(bottom.calls.length).toBe(0);
          body.push(piece);
        }
        expect(bottom.calls.length).toBe(0);
        body.end();
        expect(readOf(bottom.last().request)).toEqual({ text: whole, ending: 'end' });
        bottom.last().answer(200);
        expect([handler.status, bodies.bytes]).toEqual([200, 0]);
      }),
    );
  });

  it('that breaks off is told, and nobody was asked', () => {
    const { bodies, bottom, dispatch } = setUp();
    const body = fakeBody(10);
    const handler = recordingHandler();
    dispatch(makeRequest({ method: 'POST', body }), handler);
    body.push('abc');
    expect(bodies.bytes).toBe(3);
    body.fail(failure('client_body_timeout', ''));
    expect([handler.failure?.code, bottom.calls.length, bodies.bytes]).toEqual(['client_body_timeout', 0, 0]);
  });

  it('of a request that was cancelled goes nowhere, whenever that was', () => {
    const { bodies, bottom, dispatch } = setUp();
    const body = fakeBody(6);
    const handler = recordingHandler();
    const cancel = dispatch(makeRequest({ method: 'POST', body }), handler);
    body.push('abc');
    cancel();
    body.push('def');
    body.end();
    cancel();
    expect([handler.ended, bottom.calls.length, bodies.bytes]).toEqual([false, 0, 0]);
    const other = fakeBody(0);
    const cancelOther = dispatch(makeRequest({ method: 'POST', body: other }), handler);
    other.end();
    cancelOther();
    expect([handler.ended, bottom.last().cancelled]).toEqual([false, true]);
  });

  it('streams from where the node has no room for more of it, and loses nothing', () => {
    const { bodies, bottom, dispatch } = setUp(5);
    const body = fakeBody(9);
    dispatch(makeRequest({ method: 'POST', body }), recordingHandler());
    body.push('abc');
    expect(bottom.calls.length).toBe(0);
    body.push('def');
    expect([bottom.calls.length, body.paused]).toEqual([1, true]);
    const read = readOf(bottom.last().request);
    expect([read.text, body.paused]).toEqual(['abcdef', false]);
    body.push('ghi');
    body.end();
    expect(read).toEqual({ text: 'abcdefghi', ending: 'end' });
    bottom.last().answer(200);
    expect(bodies.bytes).toBe(0);
  });

  it('that is kept above already is not kept twice, and can be read there once more', () => {
    const { bodies, bottom, dispatch } = setUp();
    const body = fakeBody(3);
    const replay = new Replay(body, 100, bodies);
    dispatch(makeRequest({ method: 'POST', body: replay.body() }), recordingHandler());
    body.push('abc');
    body.end();
    expect([readOf(bottom.last().request).text, bodies.bytes]).toEqual(['abc', 3]);
    bottom.last().fail(failure('connection_closed', ''));
    dispatch(makeRequest({ method: 'POST', body: replay.body() }), recordingHandler());
    expect(readOf(bottom.last().request)).toEqual({ text: 'abc', ending: 'end' });
    replay.release();
    expect(bodies.bytes).toBe(0);
  });
});

it('passes at once what has no body, a long one, or one of unknown length', () => {
  const { bottom, dispatch } = setUp();
  const requests = [null, fakeBody(65_537), fakeBody()].map((body) => makeRequest({ method: 'POST', body }));
  for (const request of requests) dispatch(request, recordingHandler());
  expect(bottom.calls.map(({ request }) => request)).toEqual(requests);
});
