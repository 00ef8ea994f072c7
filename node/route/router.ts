/**
 * Which route takes a request. Of all routes whose host, path, header and query conditions and method match, the one
 * wins that comes first by these rules, each deciding only where those before it find no difference:
 *
 * 1. Host: an exact name, then the wildcard with the longest suffix, then any host.
 * 2. Path, segment by segment from the left: a literal before a `{parameter}` before the rest (`*`). So an exact path
 *    comes before a template, a template before a prefix, and a longer prefix before a shorter one.
 * 3. The number of conditions on header fields, query, cookies and the caller's share: more before fewer.
 * 4. The order in the file.
 *
 * A path matches in its normal form (path.ts); a path that could be read in two ways is refused. A trailing slash
 * counts: `/orders` and `/orders/` are two exact paths, and the prefix `/orders/*` takes both. Names of hosts are
 * compared without port and trailing dot.
 *
 * Where routes match in all but the method, the answer is 405 with their methods. A CORS preflight asks on behalf of
 * another request: a route with a CORS policy takes it when it would take the method that the preflight announces, and
 * its conditions on header fields and cookies are not asked, since a preflight only names the fields that will come.
 */
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import { withoutOwnCookieFields } from '@weir/proto/http/own-cookies.js';
import { matchablePath } from '@weir/proto/http/request-path.js';
import type { PatternWork } from '@weir/proto/pattern/pattern-work.js';
import { isSameValue } from '@weir/proto/snapshot/same-value.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import type { Dispatch, GatewayRequest } from '../pipeline/dispatch.js';
import { atOnce, type Work } from '../time/slices.js';
import { type Condition, compileConditions, cookiePairs, queryPairs } from './conditions.js';
import { createHostTables, firstOfHost, type HostTables, hostOf, tableOf } from './host.js';
import { createPathTree, leafOf, type PathNode, type PathPattern, pathPattern, walkPath } from './path-tree.js';
import { requestPatternWork } from './patterns.js';
import { otherReadings } from './readings.js';
import { compileShare } from './share.js';

/** Why no route is taken: the path can't be read in one way only, leads to two routes, or conditions take too much work. */
export type RefusedPath = 'bad_request' | 'ambiguous_path' | 'too_much_to_match';
export type Unmatched = 'not_found' | 'method_not_allowed' | RefusedPath;

/** Chains for 405 that are remembered; there are as many sets of methods as a configuration has, so few. */
const REFUSALS_MAX = 256;

export function compileRouter(
  routes: readonly RouteSpec[],
  dispatchOf: (route: RouteSpec) => Dispatch,
  unmatched: (kind: Unmatched, allow: readonly string[]) => Dispatch,
): Dispatch {
  const dispatches = routes.map((route) => dispatchOf(route));
  return routerOf(atOnce(compilingMatcher(routes, dispatches)), unmatched);
}

/** What is done with what the matching says. */
export function routerOf(
  find: Matcher<Dispatch>,
  unmatched: (kind: Unmatched, allow: readonly string[]) => Dispatch,
): Dispatch {
  const notFound = unmatched('not_found', []);
  const refusedPaths = {
    bad_request: unmatched('bad_request', []),
    ambiguous_path: unmatched('ambiguous_path', []),
    too_much_to_match: unmatched('too_much_to_match', []),
  };
  const refusals = new Map<string, Dispatch>();
  const refuseMethod = (allow: ReadonlySet<string>): Dispatch => {
    const methods = [...allow].sort();
    const key = methods.join();
    const known = refusals.get(key);
    if (known !== undefined) return known;
    const made = unmatched('method_not_allowed', methods);
    if (refusals.size < REFUSALS_MAX) refusals.set(key, made);
    return made;
  };
  return (request, handler) => {
    const found = find(request);
    if (typeof found === 'string') return refusedPaths[found](request, handler);
    if ('target' in found) {
      request.exchange.routeId = found.route.id;
      request.exchange.params = found.params;
      return found.target(request, handler);
    }
    return (found.allow.size === 0 ? notFound : refuseMethod(found.allow))(request, handler);
  };
}

export interface Match<T> {
  readonly route: RouteSpec;
  readonly target: T;
  readonly params: Readonly<Record<string, string>>;
}

/** No route matched; these methods would have. */
interface Miss {
  readonly allow: ReadonlySet<string>;
}

interface Candidate {
  /** Place of its route. */
  readonly order: number;
  readonly conditionCount: number;
  /** Null: any method. */
  readonly methods: ReadonlySet<string> | null;
  readonly headers: Condition | null;
  readonly query: Condition | null;
  readonly cookies: Condition | null;
  readonly share: ((request: RequestLine) => boolean) | null;
  readonly names: readonly string[];
}

/** Candidates of one host pattern and one path pattern, the first to be asked first. */
type Leaf = Candidate[];

/** Of routes in their order: what asks for them, without what is done then. */
export interface RouteTree {
  readonly routes: readonly RouteSpec[];
  /** Of each route, in its place. */
  readonly readings: readonly Reading[];
  readonly hosts: HostTables<PathNode<Leaf>>;
}

export type RequestLine = Pick<GatewayRequest, 'method' | 'path' | 'query' | 'authority' | 'headers'> & {
  /** Of a request that is only thought of none: it has no address, and no chance of its own. */
  readonly exchange?: Pick<GatewayRequest['exchange'], 'id' | 'clientAddress'>;
};

/** The matching by itself: a match, a miss with the methods that would have matched, or why the path is refused. */
export function compileMatcher<T>(entries: readonly { readonly route: RouteSpec; readonly target: T }[]): Matcher<T> {
  return atOnce(
    compilingMatcher(
      entries.map(({ route }) => route),
      entries.map(({ target }) => target),
    ),
  );
}

export type Matcher<T> = (request: RequestLine) => Match<T> | Miss | RefusedPath;

/** Route by route; each has the target in its place. */
export function* compilingMatcher<T>(routes: readonly RouteSpec[], targets: readonly T[]): Work<Matcher<T>> {
  return matcherOf(yield* compilingTree(routes, null), routes, targets);
}

/** Of routes that ask for the same as those `before`, in the same order, it is the tree of these. */
export function* compilingTree(routes: readonly RouteSpec[], before: RouteTree | null): Work<RouteTree> {
  if (before !== null && (yield* askTheSame(before.routes, routes))) return { ...before, routes };
  const hosts = createHostTables<PathNode<Leaf>>();
  const known = yield* readingsBefore(before);
  const readings: Reading[] = [];
  for (const [order, route] of routes.entries()) {
    const reading = known.get(route) ?? readingOf(route);
    readings.push(reading);
    const { pattern, conditions } = reading;
    const candidate = { ...conditions, order };
    const patterns = route.match.hosts.length === 0 ? [null] : new Set(route.match.hosts);
    for (const host of patterns) {
      const leaf = leafOf(tableOf(hosts, host, createPathTree<Leaf>), pattern, (): Leaf => []);
      leaf.push(candidate);
      if (leaf.length > 1) leaf.sort((a, b) => b.conditionCount - a.conditionCount || a.order - b.order);
    }
    yield;
  }
  return { routes, readings, hosts };
}

/**
 * By their routes. The tree holds them, and no WeakMap of ten thousand: what such a map alone leads to is marked while everything stands still,
 * at the end of a collection.
 */
function* readingsBefore(before: RouteTree | null): Work<ReadonlyMap<RouteSpec, Reading>> {
  const known = new Map<RouteSpec, Reading>();
  for (const [order, reading] of before?.readings.entries() ?? []) {
    const route = before?.routes[order];
    if (route !== undefined) known.set(route, reading);
    yield;
  }
  return known;
}

function* askTheSame(one: readonly RouteSpec[], other: readonly RouteSpec[]): Work<boolean> {
  if (one.length !== other.length) return false;
  for (const [order, route] of one.entries()) {
    const next = other[order];
    if (route !== next && !isSameValue(route.match, next?.match)) return false;
    yield;
  }
  return true;
}

/** Each route of the tree, as it is now, has the target in its place. */
export function matcherOf<T>({ hosts }: RouteTree, routes: readonly RouteSpec[], targets: readonly T[]): Matcher<T> {
  const find = (request: RequestLine, path: string, work: PatternWork): Match<T> | Miss => {
    const search = new Search<T>(request, path, work, routes, targets);
    const found = firstOfHost(hosts, hostOf(request.authority), (tree) => walkPath(tree, path, search.ask));
    return found ?? { allow: search.allow };
  };
  return (request) => {
    const path = matchablePath(request.path);
    if (path === null) return 'bad_request';
    const work = requestPatternWork();
    const found = find(request, path, work);
    // What was not asked could have been a lock: no other route takes its place.
    if (work.isExhausted) return 'too_much_to_match';
    // A route for exactly this path spells out what is meant by it.
    if ('route' in found && found.route.match.path.kind === 'exact') return found;
    const isAmbiguous = otherReadings(path).some((other) => !isSameRoute(find(request, other, work), found));
    if (work.isExhausted) return 'too_much_to_match';
    return isAmbiguous ? 'ambiguous_path' : found;
  };
}

/** No route is an answer as well: what only one reading of a path leads to is not what the other one was let in for. */
function isSameRoute<T>(a: Match<T> | Miss, b: Match<T> | Miss): boolean {
  return ('route' in a ? a.route : null) === ('route' in b ? b.route : null);
}

type Conditions = Omit<Candidate, 'order'>;

/** What a route asks of a request, read once for as long as the route stays the same object from snapshot to snapshot. */
interface Reading {
  readonly pattern: PathPattern;
  readonly conditions: Conditions;
}

function readingOf(route: RouteSpec): Reading {
  const pattern = pathPattern(route.match.path);
  return { pattern, conditions: conditionsOf(route, pattern) };
}

function conditionsOf({ match }: RouteSpec, { names }: PathPattern): Conditions {
  const { headers, query, cookies = [], methods, share } = match;
  return {
    conditionCount: headers.length + query.length + cookies.length + (share === undefined ? 0 : 1),
    methods: methods.length === 0 ? null : new Set(methods),
    headers: compileConditions(headers),
    query: compileConditions(query),
    cookies: compileConditions(cookies),
    share: share === undefined ? null : compileShare(share),
    names,
  };
}

const NO_METHODS: ReadonlySet<string> = new Set();
const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

/** One look-up: what has been learnt of the request so far, and the methods of the routes that only they excluded. */
class Search<T> {
  allow: ReadonlySet<string> = NO_METHODS;
  readonly #request: RequestLine;
  readonly #path: string;
  /** One for all readings of a path. */
  readonly #work: PatternWork;
  #queryPairs: readonly string[] | null = null;
  /** As an operator's routes see them, and as those of teams do. */
  #cookiePairs: readonly string[] | null = null;
  #foreign: { readonly headers: HeaderList; readonly cookies: readonly string[] } | null = null;

  readonly #routes: readonly RouteSpec[];
  readonly #targets: readonly T[];

  constructor(
    request: RequestLine,
    path: string,
    work: PatternWork,
    routes: readonly RouteSpec[],
    targets: readonly T[],
  ) {
    this.#request = request;
    this.#path = path;
    this.#work = work;
    this.#routes = routes;
    this.#targets = targets;
  }

  readonly ask = (leaf: Leaf, values: readonly string[], restAt: number): Match<T> | null => {
    const work = this.#work;
    for (const candidate of leaf) {
      const { order } = candidate;
      const route = this.#routes[order] as RouteSpec; // The tree is of these.
      const preflightFor = route.cors === null ? null : preflightMethod(this.#request);
      const isManaged = route.isManaged === true;
      if (candidate.headers !== null && preflightFor === null && !candidate.headers(this.#headers(isManaged), work))
        continue;
      if (candidate.query !== null && !candidate.query(this.#pairs(), work)) continue;
      if (candidate.cookies !== null && preflightFor === null && !candidate.cookies(this.#cookies(isManaged), work))
        continue;
      if (candidate.share !== null && !candidate.share(this.#request)) continue;
      const { methods } = candidate;
      if (
        methods === null ||
        methods.has(this.#request.method) ||
        (preflightFor !== null && methods.has(preflightFor))
      ) {
        const target = this.#targets[order] as T; // There is one of each.
        return { route, target, params: this.#params(candidate, values, restAt) };
      }
      this.allow = new Set([...this.allow, ...methods]);
    }
    return null;
  };

  #params(candidate: Candidate, values: readonly string[], restAt: number): Readonly<Record<string, string>> {
    const { names } = candidate;
    if (names.length === 0 && restAt === -1) return NO_PARAMS;
    // Without a prototype: a parameter may be called `constructor`.
    const params: Record<string, string> = Object.create(null);
    for (let i = 0; i < names.length; i += 1) params[names[i] ?? ''] = values[i] ?? '';
    if (restAt !== -1) params['*'] = this.#path.slice(restAt);
    return params;
  }

  #pairs(): readonly string[] {
    this.#queryPairs ??= queryPairs(this.#request.query);
    return this.#queryPairs;
  }

  #headers(isManaged: boolean): HeaderList {
    return isManaged ? this.#withoutOwn().headers : this.#request.headers;
  }

  #cookies(isManaged: boolean): readonly string[] {
    if (isManaged) return this.#withoutOwn().cookies;
    this.#cookiePairs ??= cookiePairs(this.#request.headers);
    return this.#cookiePairs;
  }

  /** By conditions on the cookie of a session a team would find it out, one letter after the other. */
  #withoutOwn() {
    if (this.#foreign === null) {
      const headers = withoutOwnCookieFields(this.#request.headers);
      this.#foreign = { headers, cookies: cookiePairs(headers) };
    }
    return this.#foreign;
  }
}

/** The method that a CORS preflight (Fetch standard) announces, or null for any other request. */
export function preflightMethod(request: { readonly method: string; readonly headers: HeaderList }): string | null {
  if (request.method !== 'OPTIONS') return null;
  if (headerValue(request.headers, 'origin') === undefined) return null;
  return headerValue(request.headers, 'access-control-request-method') ?? null;
}
