/**
 * The rules of router.ts, written a second time as plainly as they can be said: look at every route, keep those that
 * match, sort. Slow, and only there for tests: the compiled router must agree with it.
 */

import { matchablePath } from '@weir/proto/http/request-path.js';
import type { RouteSpec, ValueMatchSpec } from '@weir/proto/snapshot/snapshot.js';
import type { RequestLine } from '../router.js';
import { compileShare } from '../share.js';

export interface ReferenceMatch {
  readonly id: string;
  readonly params: Readonly<Record<string, string>>;
}

export function referenceMatch(
  routes: readonly RouteSpec[],
  request: RequestLine,
): ReferenceMatch | { readonly allow: readonly string[] } | 'bad_request' {
  const path = matchablePath(request.path);
  if (path === null) return 'bad_request';
  const host = request.authority.replace(/:\d*$/, '').replace(/\.$/, '');
  const matching = routes.flatMap((route, order) => {
    const hostRank = bestHostRank(route.match.hosts, host);
    const taken = matchPath(route, path);
    if (hostRank === null || taken === null) return [];
    const headersHold =
      isPreflightOf(route, request) || route.match.headers.every((spec) => holds(spec, request.headers));
    if (!headersHold || !route.match.query.every((spec) => holds(spec, queryOf(request.query)))) return [];
    const { share, cookies = [] } = route.match;
    if (!isPreflightOf(route, request) && !cookies.every((spec) => holds(spec, cookiesOf(request.headers)))) return [];
    if (share !== undefined && !compileShare(share)(request)) return [];
    const conditions =
      route.match.headers.length + route.match.query.length + cookies.length + (share === undefined ? 0 : 1);
    return [{ route, params: taken.params, rank: [hostRank, ...taken.ranks, Number.NaN, -conditions, order] }];
  });
  const allowed = matching.filter(({ route }) => takesMethod(route, request));
  const [first] = allowed.sort((a, b) => compareRanks(a.rank, b.rank));
  if (first !== undefined) return { id: first.route.id, params: first.params };
  return { allow: [...new Set(matching.flatMap(({ route }) => route.match.methods))].sort() };
}

/** Lower comes first; null: no pattern matches. */
function bestHostRank(patterns: readonly string[], host: string): number | null {
  const ranks = patterns.flatMap((pattern) => {
    if (pattern === host) return [-1_000];
    return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) && host.length >= pattern.length
      ? [-pattern.length]
      : [];
  });
  if (patterns.length === 0) return 0;
  return ranks.length === 0 ? null : Math.min(...ranks);
}

const RANK = { end: 0, literal: 1, parameter: 2, rest: 3 };

function matchPath(route: RouteSpec, path: string): { ranks: number[]; params: Record<string, string> } | null {
  const spec = route.match.path;
  const written = spec.kind === 'exact' ? spec.path : spec.kind === 'prefix' ? `${spec.prefix}/*` : spec.template;
  const pattern = written
    .replace(/\/{2,}/g, '/')
    .split('/')
    .slice(1);
  const segments = path.split('/').slice(1);
  const ranks: number[] = [];
  const params: Record<string, string> = {};
  for (let i = 0; i <= pattern.length; i += 1) {
    const part = pattern[i];
    if (part === undefined) {
      if (segments.length > i) return null;
      ranks.push(RANK.end);
    } else if (part === '*' && i === pattern.length - 1 && spec.kind !== 'exact') {
      ranks.push(RANK.rest);
      params['*'] = segments.slice(i).join('/');
      return { ranks, params };
    } else if (part.startsWith('{') && spec.kind === 'template') {
      const segment = segments[i];
      if (segment === undefined || segment === '') return null;
      ranks.push(RANK.parameter);
      params[part.slice(1, -1)] = segment;
    } else {
      if (segments[i] !== part) return null;
      ranks.push(RANK.literal);
    }
  }
  return { ranks, params };
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  // Ranks of the path differ before they end, unless the patterns are the same; NaN marks where they end.
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const left = a[i] ?? 0;
    const right = b[i] ?? 0;
    if (Number.isNaN(left) && Number.isNaN(right)) continue;
    if (left !== right) return left - right;
  }
  return 0;
}

function isPreflightOf(route: RouteSpec, request: RequestLine): boolean {
  const names = request.headers.filter((_, i) => i % 2 === 0);
  return (
    route.cors !== null &&
    request.method === 'OPTIONS' &&
    names.includes('origin') &&
    names.includes('access-control-request-method')
  );
}

function takesMethod(route: RouteSpec, request: RequestLine): boolean {
  const { methods } = route.match;
  if (methods.length === 0 || methods.includes(request.method)) return true;
  const announced = request.headers[request.headers.indexOf('access-control-request-method') + 1];
  return isPreflightOf(route, request) && announced !== undefined && methods.includes(announced);
}

function queryOf(query: string): string[] {
  return [...new URLSearchParams(query)].flat();
}

function cookiesOf(headers: readonly string[]): string[] {
  const fields = headers.filter((_, i) => i % 2 === 1 && headers[i - 1] === 'cookie');
  return fields.flatMap((field) => field.split('; ').flatMap((pair) => pair.split('=')));
}

function holds(spec: ValueMatchSpec, pairs: readonly string[]): boolean {
  return (spec.isNegated === true) !== holdsByItself(spec, pairs);
}

function holdsByItself(spec: ValueMatchSpec, pairs: readonly string[]): boolean {
  const present = pairs.filter((_, i) => i % 2 === 1 && pairs[i - 1] === spec.name);
  const any = (test: (value: string, wanted: string) => boolean) =>
    present.some((value) => spec.values.some((wanted) => test(value, wanted)));
  switch (spec.op) {
    case 'present':
      return present.length > 0;
    case 'absent':
      return present.length === 0;
    case 'equals':
    case 'in':
      return any((value, wanted) => value === wanted);
    case 'prefix':
      return any((value, wanted) => value.startsWith(wanted));
    case 'suffix':
      return any((value, wanted) => value.endsWith(wanted));
    case 'contains':
      return any((value, wanted) => value.includes(wanted));
    case 'matches':
      return any((value, wanted) => new RegExp(`^(?:${wanted})$`, 'u').test(value));
  }
}
