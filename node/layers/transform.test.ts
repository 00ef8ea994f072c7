import { failure } from '@weir/proto/http/failures.js';
import type { HeaderEditsSpec } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { fakePeer } from '../pipeline/testing/fake-peer.js';
import { makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { transformRequest } from './transform-request.js';
import { transformResponse } from './transform-response.js';

const none: HeaderEditsSpec = { remove: [], set: [], add: [] };
const edits: HeaderEditsSpec = {
  remove: ['x-gone'],
  set: [['x-set', '$SECRET']],
  add: [
    ['x-more', 'b'],
    ['content-type', 'text/x'],
  ],
};
const before = ['x-gone', '1', 'x-set', 'old', 'x-more', 'a', 'X-Case', '1', 'x-set', 'older'];
const after = ['x-more', 'a', 'X-Case', '1', 'x-set', 'shh', 'x-more', 'b', 'content-type', 'text/x'];
const services = makeServices({ reveal: (text) => text.replace('$SECRET', 'shh') });

describe('header edits', () => {
  it('remove, set and add, in this order, what goes upstream, and leave the request of the layer above alone', () => {
    const layer = transformRequest(makeRoute({ requestHeaders: edits }), services);
    const bottom = scriptedDispatch((call) => call.answer(200));
    const request = makeRequest({ headers: [...before] });
    layer?.(bottom.dispatch)(request, recordingHandler());
    expect(bottom.last().request.headers).toEqual(after);
    expect(request.headers).toEqual(before);
  });

  it('reach the answer, and the failure without what describes a body', () => {
    const layer = transformResponse(makeRoute({ responseHeaders: edits }), services);
    const answered = recordingHandler();
    const failed = recordingHandler();
    const bottom = scriptedDispatch(
      (call) => call.answer(200, before, 'body'),
      (call) => call.fail(failure('no_target', '', { headers: before, retryAfterS: 3 })),
    );
    const dispatch = layer?.(bottom.dispatch);
    dispatch?.(makeRequest(), answered);
    dispatch?.(makeRequest(), failed);
    expect([answered.headers, answered.text()]).toEqual([after, 'body']);
    expect(failed.failure?.headers).toEqual(after.slice(0, -2));
    expect([failed.failure?.code, failed.failure?.retryAfterS]).toEqual(['no_target', 3]);
  });

  it('edit the fields of an upgrade, too', () => {
    const layer = transformResponse(makeRoute({ responseHeaders: edits }), services);
    const bottom = scriptedDispatch();
    const handler = recordingHandler();
    layer?.(bottom.dispatch)(makeRequest(), handler);
    bottom.last().handler.onUpgrade?.(before, fakePeer());
    expect(handler.upgraded?.headers).toEqual(after);
  });

  it('open the valve of the body again for who closed it', () => {
    const layer = transformResponse(makeRoute({ responseHeaders: edits }), services);
    const bottom = scriptedDispatch((call) => call.head(200));
    const handler = recordingHandler();
    layer?.(bottom.dispatch)(makeRequest(), handler);
    handler.open = false;
    expect(bottom.last().data('x')).toBe(false);
    handler.head?.resume();
    expect(bottom.last().resumes).toBe(1);
  });

  it('cost a route without edits nothing', () => {
    expect(transformRequest(makeRoute({ requestHeaders: none }), services)).toBeNull();
    expect(transformResponse(makeRoute({ responseHeaders: none }), services)).toBeNull();
  });

  it.each([
    ['a line break in a secret', 'x-a', 'v\r\nx-admin: 1'],
    ['a NUL', 'x-a', 'v\0'],
    ['a name with a colon', 'x-a: b', 'v'],
    ['an empty name', '', 'v'],
  ])('fail to compile with %s', (_, name, value) => {
    const bad = makeServices({ reveal: () => value });
    const spec: HeaderEditsSpec = { ...none, set: [[name, '$X']] };
    expect(() => transformRequest(makeRoute({ requestHeaders: spec }), bad)).toThrow('route route-1');
    expect(() => transformResponse(makeRoute({ responseHeaders: spec }), bad)).toThrow('route route-1');
  });

  it('do not tell the secret that they could not send', () => {
    const bad = makeServices({ reveal: () => 'top\nsecret' });
    const spec: HeaderEditsSpec = { ...none, set: [['x-a', '$X']] };
    expect(() => transformRequest(makeRoute({ requestHeaders: spec }), bad)).not.toThrow('secret');
  });
});
