/**
 * Changes the path that goes upstream: takes a prefix off, puts another in its place, or builds the path from the
 * parameters of the match. What remains of the client's path is passed as it was sent. The result always begins with
 * exactly one slash: two would make the upstream's first segment look like a host to whoever resolves it.
 */
import { failure } from '@weir/proto/http/failures.js';
import { matchablePath } from '@weir/proto/http/request-path.js';
import type { RewriteSpec, RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Place } from '../pipeline/chain.js';
import { withPath } from '../pipeline/derived-request.js';
import { type GatewayRequest, nothingToCancel } from '../pipeline/dispatch.js';
import { segmentsOf, withoutPrefix } from '../route/path.js';
import { fillTemplate, parametersOf, parseTemplate } from '../route/template.js';

export const rewrite: Place = (route) => {
  if (route.action.kind !== 'proxy' || route.action.rewrite === null) return null;
  const pathOf = compileRewrite(route.action.rewrite, route);
  return (next) => (request, handler) => {
    const path = pathOf(request);
    if (path !== null) return next(path === request.path ? request : withPath(request, path), handler);
    handler.onError(failure('bad_request', 'the path becomes ambiguous when it is rewritten'));
    return nothingToCancel;
  };
};

type PathOf = (request: GatewayRequest) => string | null;

function compileRewrite(spec: RewriteSpec, route: RouteSpec): PathOf {
  if (spec.kind === 'path') {
    const parts = parseTemplate(spec.template, new Set(parametersOf(route.match)));
    // Values that are harmless alone may be put together into a dot segment, so the result is looked at once more.
    return ({ exchange }) => {
      const path = withOneSlash(fillTemplate(parts, (name) => exchange.params[name] ?? ''));
      return matchablePath(path) === null ? null : path;
    };
  }
  const prefix = prefixSegments(spec.prefix);
  const base = spec.kind === 'replace-prefix' ? withOneSlash(spec.with).replace(/\/$/, '') : '';
  return ({ path }) => {
    const rest = withoutPrefix(path, prefix);
    if (rest === null) return path;
    if (base === '') return withOneSlash(rest);
    return rest === '' ? base : base + withOneSlash(rest);
  };
}

function prefixSegments(prefix: string): string[] {
  const normal = matchablePath(prefix);
  if (normal === null || !normal.startsWith('/')) throw new Error(`${JSON.stringify(prefix)} is not a path prefix`);
  return segmentsOf(normal).filter((segment) => segment !== '');
}

function withOneSlash(path: string): string {
  return `/${path.replace(/^\/+/, '')}`;
}
