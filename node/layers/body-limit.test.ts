import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FakeBody,
  fakeBody,
  makeRequest,
  recordingHandler,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { bodyLimit } from './body-limit.js';

/** The layer over a bottom that reads the body, as a transport does. */
function start(limitBytes: number, body: FakeBody | null, reads = true) {
  const layer = bodyLimit(makeRoute({ bodyBytesMax: limitBytes }), makeServices());
  if (layer === null) throw new Error('every route has a body limit');
  const seen: string[] = [];
  const bottom = scriptedDispatch((call) => {
    if (!reads) return;
    call.request.body?.read({
      onChunk: (chunk) => seen.push(new TextDecoder().decode(chunk)),
      onEnd: () => seen.push('end'),
      onError: (failed) => {
        seen.push(failed.code);
        call.fail(failure('send_timeout', 'what a transport makes of its broken body'));
      },
    });
  });
  const handler = recordingHandler();
  const cancel = layer(bottom.dispatch)(makeRequest({ method: 'POST', body }), handler);
  return { bottom, handler, seen, cancel };
}

describe('a body of known length', () => {
  it('is refused before anything goes upstream when it is too long', () => {
    const { bottom, handler } = start(10, fakeBody(11));
    expect([bottom.calls.length, handler.failure?.code]).toEqual([0, 'body_too_large']);
  });

  it('passes untouched up to the limit, as does no body at all', () => {
    const body = fakeBody(10);
    expect(start(10, body).bottom.last().request.body).toBe(body);
    expect(start(0, null).bottom.calls).toHaveLength(1);
  });
});

describe('a body of unknown length', () => {
  it('passes up to the limit to the byte', () => {
    const body = fakeBody();
    const { bottom, handler, seen } = start(4, body);
    body.push('ab');
    body.push('cd');
    body.end();
    bottom.last().answer(200);
    expect([seen, handler.status]).toEqual([['ab', 'cd', 'end'], 200]);
  });

  it('is broken for the upstream and answered once for the client when it grows too long', () => {
    const body = fakeBody();
    const { handler, seen } = start(3, body);
    body.push('ab');
    body.push('cd');
    body.push('ef');
    body.end();
    expect(seen).toEqual(['ab', 'body_too_large']);
    expect([handler.events, handler.failure?.code]).toEqual([['onError'], 'body_too_large']);
    expect(body.paused).toBe(true);
  });

  it('cancels the attempt at once, whatever the attempt makes of it', () => {
    const body = fakeBody();
    const { bottom, handler } = start(3, body, false);
    bottom.last().request.body?.read({ onChunk: () => {}, onEnd: () => {}, onError: () => {} });
    body.push('abcd');
    expect([bottom.last().cancelled, handler.failure?.code]).toEqual([true, 'body_too_large']);
  });

  it('cancels the attempt also when all of it was there before the attempt began', () => {
    const body = fakeBody();
    body.push('abcd');
    const layer = bodyLimit(makeRoute({ bodyBytesMax: 3 }), makeServices());
    const bottom = scriptedDispatch((call) =>
      call.request.body?.read({ onChunk: () => {}, onEnd: () => {}, onError: () => {} }),
    );
    const handler = recordingHandler();
    layer?.(bottom.dispatch)(makeRequest({ body }), handler);
    expect([bottom.last().cancelled, handler.failure?.code]).toEqual([true, 'body_too_large']);
  });

  it('breaks an answer that has begun, visibly', () => {
    const body = fakeBody();
    const { bottom, handler } = start(3, body);
    bottom.last().head(200);
    body.push('abcd');
    bottom.last().data('late');
    expect(handler.events).toEqual(['onHeaders', 'onError']);
  });

  it('says nothing more to a client whose answer is complete, but still stops the upload', () => {
    const body = fakeBody();
    const { bottom, handler, seen } = start(3, body);
    bottom.last().answer(200);
    body.push('abcd');
    expect(handler.events).toEqual(['onHeaders', 'onComplete']);
    expect(seen).toEqual(['body_too_large']);
  });

  it('says nothing after a cancel', () => {
    const body = fakeBody();
    const { bottom, handler, cancel } = start(3, body);
    cancel();
    body.push('abcd');
    expect([bottom.last().cancelled, handler.events]).toEqual([true, []]);
  });

  it('lets through exactly the bytes up to the limit, however it is cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a'), maxLength: 8 }), { maxLength: 30, size: 'max' }),
        fc.integer({ min: 0, max: 60 }),
        (chunks, limitBytes) => {
          const body = fakeBody();
          const { handler, seen } = start(limitBytes, body);
          for (const chunk of chunks) body.push(chunk);
          body.end();
          const total = chunks.join('').length;
          const passed = seen.filter((entry) => /^a*$/.test(entry)).join('').length;
          expect(handler.failure?.code ?? seen.at(-1)).toBe(total > limitBytes ? 'body_too_large' : 'end');
          expect(passed).toBeLessThanOrEqual(limitBytes);
        },
      ),
    );
  });
});
