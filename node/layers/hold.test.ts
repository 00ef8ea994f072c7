import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakePeer } from '../pipeline/testing/fake-peer.js';
import { makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { createHeldBytes } from '../upstream/retry/held-bytes.js';
import { hold } from './hold.js';

function setUp(protectBytes = 16, heldBytesMax = 100) {
  const heldBytes = createHeldBytes(heldBytesMax);
  const decided: string[] = [];
  const base = makeServices();
  const observer = { ...base.observer, decided: (decision: string) => decided.push(decision) };
  const layer = hold(makeRoute({ protectBytes }), makeServices({ heldBytes, observer }));
  if (layer === null) throw new Error('a route that protects has the layer');
  const bottom = scriptedDispatch();
  const send = (method = 'GET') => {
    const handler = recordingHandler();
    const cancel = layer(bottom.dispatch)(makeRequest({ method }), handler);
    return { handler, cancel, call: bottom.last() };
  };
  return { heldBytes, decided, bottom, send };
}

describe('a short answer of known length', () => {
  it('passes in one piece when it is whole, and not before', () => {
    const world = setUp();
    const { handler, call } = world.send();
    call.head(200, ['etag', '"1"'], 4);
    expect([call.data('ab'), call.data('cd'), handler.events, world.heldBytes.bytes]).toEqual([true, true, [], 4]);
    call.complete();
    expect(handler.events).toEqual(['onHeaders', 'onData', 'onComplete']);
    expect([handler.status, handler.headers, handler.head?.lengthBytes, handler.text()]).toEqual([
      200,
      ['etag', '"1"'],
      4,
      'abcd',
    ]);
    expect([world.heldBytes.bytes, world.decided]).toEqual([0, ['held_back']]);
    handler.head?.resume();
  });

  it('that breaks off is a failure and nothing else', () => {
    const world = setUp();
    const { handler, call } = world.send();
    call.head(200, [], 4);
    call.data('ab');
    call.fail(failure('idle_timeout', 'stalled'));
    expect([handler.events, handler.failure?.code, world.heldBytes.bytes]).toEqual([['onError'], 'idle_timeout', 0]);
    expect(world.decided).toEqual([]);
  });

  it.each([['abc'], ['abcde']])('that does not have the length it states is a failure as well: "%s" of 4', (body) => {
    const world = setUp();
    const { handler, call } = world.send();
    call.head(200, [], 4);
    call.data(body);
    call.complete();
    expect([handler.events, handler.failure?.code]).toEqual([['onError'], 'response_incomplete']);
    expect(world.heldBytes.bytes).toBe(0);
  });

  it('is dropped by cancel, also in the middle of being passed on', () => {
    const world = setUp();
    const early = world.send();
    early.call.head(200, [], 4);
    early.cancel();
    expect([early.call.cancelled, world.heldBytes.bytes]).toEqual([true, 0]);

    const late = world.send();
    const { handler } = late;
    const record = handler.onHeaders.bind(handler);
    handler.onHeaders = (head) => {
      record(head);
      late.cancel();
    };
    late.call.answer(200, [], 'abcd');
    expect(handler.events).toEqual(['onHeaders']);
  });
});

describe('an answer that is not held', () => {
  it.each<[string, number, number | null, string]>([
    ['of unknown length', 200, null, 'GET'],
    ['without a body', 200, 0, 'GET'],
    ['longer than the bound', 200, 17, 'GET'],
    ['to HEAD', 200, 4, 'HEAD'],
    ['204', 204, 4, 'GET'],
    ['304', 304, 4, 'GET'],
  ])('%s passes as it comes, with its valve', (_name, status, lengthBytes, method) => {
    const world = setUp();
    const { handler, call } = world.send(method);
    call.head(status, [], lengthBytes);
    expect(handler.status).toBe(status);
    handler.open = false;
    expect(call.data('ab')).toBe(false);
    handler.head?.resume();
    expect(call.resumes).toBe(1);
    call.complete();
    expect([handler.ended, world.heldBytes.bytes, world.decided]).toEqual([true, 0, []]);
  });

  it('is one for which the node has no memory left, until some is given back', () => {
    const world = setUp(16, 20);
    const first = world.send();
    first.call.head(200, [], 16);
    const second = world.send();
    second.call.head(200, [], 16);
    expect([first.handler.events, second.handler.events]).toEqual([[], ['onHeaders']]);
    second.cancel();
    expect(world.heldBytes.bytes).toBe(16);
    first.cancel();
    const third = world.send();
    third.call.head(200, [], 16);
    expect(third.handler.events).toEqual([]);
  });

  it('is one that switches protocols', () => {
    const { handler, call } = setUp().send();
    call.handler.onUpgrade?.([], fakePeer());
    expect(handler.upgraded).not.toBeNull();
  });
});

describe('any answer', () => {
  it('arrives as it was or as a failure, and gives back what was set aside, however it ends', () => {
    const chunks = fc.array(fc.string({ minLength: 1, maxLength: 5, unit: 'grapheme-ascii' }), { maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(fc.record({ chunks, isKnown: fc.boolean(), end: fc.constantFrom('complete', 'fail', 'cancel') })),
        fc.nat(60),
        (answers, heldBytesMax) => {
          const world = setUp(16, heldBytesMax);
          for (const { chunks, isKnown, end } of answers) {
            const { handler, call, cancel } = world.send();
            const body = chunks.join('');
            call.head(200, [], isKnown ? body.length : null);
            for (const chunk of chunks) call.data(chunk);
            expect(world.heldBytes.bytes).toBeLessThanOrEqual(Math.min(16, heldBytesMax));
            if (end === 'complete') call.complete();
            else if (end === 'fail') call.fail(failure('response_incomplete', ''));
            else cancel();
            if (end === 'complete') expect([handler.text(), handler.failure]).toEqual([body, null]);
            expect(handler.ended).toBe(end !== 'cancel');
            expect(world.heldBytes.bytes).toBe(0);
          }
        },
      ),
    );
  });
});

describe('a route without protection', () => {
  it('has no such layer', () => {
    expect(hold(makeRoute(), makeServices())).toBeNull();
  });
});
