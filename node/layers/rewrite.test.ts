import type { PathMatchSpec, RewriteSpec } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { compileRouter } from '../route/router.js';
import { rewrite } from './rewrite.js';

/** The path that goes upstream, or what stopped it; through the real router. */
function upstreamPath(spec: RewriteSpec, pattern: string, path: string): string {
  const match: PathMatchSpec = { kind: 'template', template: pattern };
  const route = makeRoute({
    match: { hosts: [], path: match, methods: [], headers: [], query: [] },
    action: { kind: 'proxy', upstream: 'u', rewrite: spec },
  });
  const bottom = scriptedDispatch((call) => call.answer(200));
  const layer = rewrite(route, makeServices());
  const refusals = scriptedDispatch();
  const router = compileRouter(
    [route],
    () => layer?.(bottom.dispatch) ?? bottom.dispatch,
    () => refusals.dispatch,
  );
  const handler = recordingHandler();
  router(makeRequest({ path, query: 'q=1' }), handler);
  if (refusals.calls.length > 0) return 'no match';
  if (handler.failure !== null) return handler.failure.code;
  expect(bottom.last().request.query).toBe('q=1');
  return bottom.last().request.path;
}

const strip = (prefix: string): RewriteSpec => ({ kind: 'strip-prefix', prefix });
const replace = (prefix: string, by: string): RewriteSpec => ({ kind: 'replace-prefix', prefix, with: by });
const build = (template: string): RewriteSpec => ({ kind: 'path', template });

describe('a rewrite', () => {
  it.each([
    [strip('/api'), '/api/*', '/api/orders/1', '/orders/1'],
    [strip('/api'), '/api/*', '/api', '/'],
    [strip('/api'), '/api/*', '/api/', '/'],
    [strip('/api/'), '/api/*', '/api/x', '/x'],
    [strip('/api'), '/*', '/apix/y', '/apix/y'],
    [strip('/'), '/*', '/x', '/x'],
    [strip('/a/b'), '/*', '/a/b/c', '/c'],
    [strip('/a/b'), '/*', '/a/c', '/a/c'],
    [replace('/v1', '/v2'), '/v1/*', '/v1/x', '/v2/x'],
    [replace('/v1', '/v2/'), '/v1/*', '/v1', '/v2'],
    [replace('/v1', '/v2'), '/v1/*', '/v1/', '/v2/'],
    [replace('/v1', '/'), '/v1/*', '/v1/x', '/x'],
    [build('/u/{id}/files/{*}'), '/{id}/*', '/7/a/b', '/u/7/files/a/b'],
    [build('{*}'), '/*', '/x', '/x'],
  ])('%j on %s turns %s into %s', (spec, pattern, path, expected) =>
    expect(upstreamPath(spec, pattern, path)).toBe(expected),
  );

  it.each([
    // Whatever spelling the router took for the prefix, the rewrite takes off; the rest stays as it was sent.
    [strip('/api'), '/api/*', '//api//x%2fy//z', '/x%2fy//z'],
    [strip('/api'), '/api/*', '/%61pi/x', '/x'],
    [strip('/api'), '/api/*', '/api//evil.test/x', '/evil.test/x'],
    [replace('/api', '/v2'), '/api/*', '/api//x', '/v2/x'],
    [build('/{a}{b}/x'), '/{a}/{b}', '/./.', 'no match'],
    [build('/.{a}/x'), '/{a}', '/.', 'no match'],
    [build('/.{*}/x'), '/*', '/;v=1', 'bad_request'],
    [build('/u/{id}'), '/{id}', '/a%2f..%2fb', 'no match'],
    [build('/u/{id}'), '/{id}', '/a%2fb', 'no match'],
    [build('/u/{*}'), '/*', '/a%2fb%3Fc', '/u/a%2Fb%3Fc'],
  ])('%j on %s is not led astray by %s', (spec, pattern, path, expected) =>
    expect(upstreamPath(spec, pattern, path)).toBe(expected),
  );

  it('always gives a path that begins with exactly one slash', () => {
    const segment = fc.constantFrom('api', '%61pi', 'x', '', 'a%2Fb', 'é');
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 8, size: 'max' }), (segments) => {
        for (const spec of [strip('/api'), replace('/api', '//v2//'), build('//{*}')]) {
          const path = upstreamPath(spec, '/*', `/${segments.join('/')}`);
          if (path.startsWith('//') && !segments.join('/').startsWith('/')) return false;
          if (!path.startsWith('/')) return false;
        }
        return true;
      }),
    );
  });

  it('fails to compile with a name that the route does not have', () => {
    expect(() => upstreamPath(build('/{x}'), '/{y}', '/')).toThrow('{x}');
    expect(() => upstreamPath(strip('api'), '/*', '/')).toThrow('prefix');
  });
});
