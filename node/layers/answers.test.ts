import { headerValue } from '@weir/proto/http/headers.js';
import type { ActionSpec, PathMatchSpec, RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { compileRouter } from '../route/router.js';
import { redirect } from './redirect.js';
import { respond } from './respond.js';

function routeOf(action: ActionSpec, path: PathMatchSpec): RouteSpec {
  return makeRoute({ action, match: { hosts: [], path, methods: [], headers: [], query: [] } });
}

/** Where a request to this path is sent, through the real router, so that the parameters are what they really are. */
function locationOf(template: string, pattern: string, path: string, query = ''): string | undefined {
  const match: PathMatchSpec = { kind: 'template', template: pattern };
  const route = routeOf({ kind: 'redirect', status: 308, location: template }, match);
  const bottom = scriptedDispatch();
  const layer = redirect(route, makeServices());
  if (layer === null) throw new Error('a redirect has its layer');
  const dispatch = compileRouter(
    [route],
    () => layer(bottom.dispatch),
    (kind) => (_request, handler) => {
      handler.onHeaders({ status: 599, headers: ['location', kind], lengthBytes: 0, resume: () => {} });
      return () => {};
    },
  );
  const handler = recordingHandler();
  dispatch(makeRequest({ path, query }), handler);
  expect(bottom.calls).toHaveLength(0);
  return handler.failure?.code ?? headerValue(handler.headers, 'location');
}

describe('a redirect', () => {
  it.each([
    ['https://new.example{path}?{query}', '/*', '/a/b', 'x=1', 'https://new.example/a/b?x=1'],
    ['https://new.example{path}?{query}', '/*', '/a/b', '', 'https://new.example/a/b'],
    ['https://new.example/x?a=1&{query}', '/*', '/a', '', 'https://new.example/x?a=1'],
    ['/v2/{*}', '/v1/*', '/v1/a//b', '', '/v2/a/b'],
    ['/u/{name}/{id}', '/{id}/{name}', '/7/x%26y', '', '/u/x%26y/7'],
    ['/u{path}', '/*', '/7/x%2Fy', '', '/u/7/x%2Fy'],
    ['https://{tenant}.example.com/', '/{tenant}', '/acme', '', 'https://acme.example.com/'],
    ['?{query}', '/*', '/a', 'q=1', '/?q=1'],
  ])('to %s from %s: %s?%s goes to %s', (template, pattern, path, query, expected) =>
    expect(locationOf(template, pattern, path, query)).toBe(expected),
  );

  it.each([
    // A path can't choose the host …
    ['{path}', '/*', '//evil.test/x', '', '/evil.test/x'],
    ['{*}', '/*', '/https://evil.test', '', '/https:/evil.test'],
    ['/{path}', '/*', '/evil.test', '', '/evil.test'],
    ['{*}', '/*', '///evil.test', '', '/evil.test'],
    ['/{a}{b}', '/{a}/{b}', '/x/y', '', '/xy'],
    ['https://ok.test{*}', '/*', '/.evil.test/', '', 'https://ok.test/.evil.test/'],
    ['https://{t}.ok.test/', '/{t}', '/evil.test:80@x', '', 'bad_request'],
    ['https://{t}.ok.test/', '/{t}', '/evil.test%2F', '', 'ambiguous_path'],
    ['https://{t}/', '/{t}', '/evil.test', '', 'bad_request'],
    ['{path}', '/*', '/\\evil.test', '', 'bad_request'],
    // … and nothing can end the field.
    ['/{query}', '/*', '/a', '\\evil.example', '/%5Cevil.example'],
    ['/x?{query}', '/*', '/a', 'q=\r\nset-cookie: a=b', '/x?q=%0D%0Aset-cookie:%20a=b'],
    ['/x?{query}', '/*', '/a', 'q=é\ud800', '/x?q=%C3%A9%EF%BF%BD'],
    ['{path}', '/*', '/a\r\nb', '', 'bad_request'],
    ['/{*}', '/*', '/a%0d%0ab', '', '/a%0D%0Ab'],
  ])('%s from %s is not led astray by %j?%j', (template, pattern, path, query, expected) =>
    expect(locationOf(template, pattern, path, query)).toBe(expected),
  );

  it('fails to compile when it names what the route does not have, or could not be sent', () => {
    expect(() => locationOf('/{x}', '/{y}', '/')).toThrow('{x}');
    expect(() => locationOf('/{*}', '/{y}', '/')).toThrow('{*}');
    for (const location of ['/a b', '//{*}', '//x.test/', 'https:///x', 'https://{*}.ok.test/', 'https://{path}']) {
      expect(() => locationOf(location, '/*', '/')).toThrow('location');
    }
  });
});

describe('a fixed answer', () => {
  const run = (status: number, headers: string[], body: string, method = 'GET') => {
    const path: PathMatchSpec = { kind: 'prefix', prefix: '/' };
    const layer = respond(routeOf({ kind: 'respond', status, headers, body }, path), makeServices());
    const handler = recordingHandler();
    const bottom = scriptedDispatch();
    layer?.(bottom.dispatch)(makeRequest({ method }), handler);
    expect([bottom.calls.length, handler.ended]).toEqual([0, true]);
    return handler;
  };

  it('is what the route says, with a type for its text', () => {
    const answer = run(418, ['x-a', '1'], 'téa');
    expect([answer.status, answer.text(), answer.head?.lengthBytes]).toEqual([418, 'téa', 4]);
    expect(answer.headers).toEqual(['x-a', '1', 'content-type', 'text/plain; charset=utf-8']);
    expect(run(200, ['content-type', 'application/json'], '{}').headers).toEqual(['content-type', 'application/json']);
  });

  it('has no body for HEAD but its length, and neither for 204', () => {
    const head = run(200, [], 'abc', 'HEAD');
    expect([head.head?.lengthBytes, head.chunks.length]).toEqual([3, 0]);
    const none = run(204, [], 'abc');
    expect([none.head?.lengthBytes, none.chunks.length]).toEqual([0, 0]);
    expect(run(404, [], '').headers).toEqual([]);
  });

  it('fails to compile with a field that would break the message', () => {
    expect(() => run(200, ['x-a', 'b\r\nset-cookie: c'], '')).toThrow('x-a');
    expect(() => run(200, ['x a', 'b'], '')).toThrow('field name');
  });
});
