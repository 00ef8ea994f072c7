/**
 * Names that must be unique and names that must exist. Works on the raw values rather than on parsed ones, so that a
 * bad unit in one entry does not hide a wrong reference in it, and a faulty upstream still counts as one that is there.
 */
import { checkAiRoute, findAiFaults } from './ai-references.js';
import { checkComposeRoute } from './compose-references.js';
import { checkRouteContract, isMock } from './contract-references.js';
import { type Finding, findError, type Path } from './faults.js';
import { valueAt } from './issues.js';
import { checkMcpRoute } from './mcp-references.js';
import { closest } from './suggest.js';
import { quote } from './units.js';

export function findReferenceFaults(value: unknown): Finding[] {
  const upstreams = listAt(value, ['upstreams']);
  const routes = listAt(value, ['routes']);
  const consumers = listAt(value, ['consumers']);
  const contracts = listAt(value, ['contracts']);
  return [
    ...findDuplicates('upstreams', 'upstream', upstreams),
    ...findDuplicates('routes', 'route', routes),
    ...findDuplicates('consumers', 'consumer', consumers),
    ...findDuplicates('contracts', 'contract', contracts),
    ...findUserNames(consumers),
    ...routes.flatMap((route, index) => checkAction(value, route, ['routes', index], upstreams)),
    ...routes.flatMap((route, index) => checkRouteContract(route, ['routes', index], idsOf(contracts))),
    ...routes.flatMap((route, index) => checkFallback(route, ['routes', index], upstreams)),
    ...routes.flatMap((route, index) => checkConsumers(route, ['routes', index], namesOf(consumers))),
    ...checkLimits(valueAt(value, ['ai']), ['ai'], namesOf(consumers)),
    ...checkPurgers(value, routes, idsOf(consumers)),
    ...findAiFaults(value, [...idsOf(upstreams), ...inferredIds(upstreams)]),
  ];
}

function listAt(value: unknown, path: Path): readonly unknown[] {
  const found = valueAt(value, path);
  return Array.isArray(found) ? found : [];
}

function idsOf(entries: readonly unknown[]): string[] {
  return entries.map((entry) => valueAt(entry, ['id'])).filter((id) => typeof id === 'string');
}

function findDuplicates(kind: string, what: string, entries: readonly unknown[]): Finding[] {
  const first = new Map<string, number>();
  return entries.flatMap((entry, index) => {
    const id = valueAt(entry, ['id']);
    if (typeof id !== 'string') return [];
    const earlier = first.get(id);
    if (earlier === undefined) {
      first.set(id, index);
      return [];
    }
    return [
      findError(
        [kind, index, 'id'],
        `the ${what} ${quote(id)} is already ${kind}[${earlier}]`,
        'give each an id of its own',
      ),
    ];
  });
}

/** A Basic user name decides who the consumer is, so it belongs to one of them. */
function findUserNames(consumers: readonly unknown[]): Finding[] {
  const seen = new Set<string>();
  return consumers.flatMap((consumer, index) => {
    const basic = valueAt(consumer, ['basic']);
    const credentials = Array.isArray(basic) ? basic : basic === undefined ? [] : [basic];
    return credentials.flatMap((credential: unknown, position) => {
      const name = valueAt(credential, ['username']);
      if (typeof name !== 'string') return [];
      const path: Path = ['consumers', index, 'basic', ...(Array.isArray(basic) ? [position] : []), 'username'];
      if (seen.has(name))
        return [
          findError(path, `the user name ${quote(name)} is taken`, 'give each credential a user name of its own'),
        ];
      seen.add(name);
      return [];
    });
  });
}

const ACTIONS = ['upstream', 'redirect', 'respond', 'ai', 'mcp', 'compose', 'batch'] as const;
/** These are off where they are `false`. */
const SWITCHED: readonly string[] = ['ai', 'mcp'];

/** A route does one thing: proxy, redirect, respond, ask models, offer tools, compose, or take batches. Proxying to the only upstream need not be said. */
function checkAction(value: unknown, route: unknown, path: Path, upstreams: readonly unknown[]): Finding[] {
  if (typeof route !== 'object' || route === null) return [];
  const stated = ACTIONS.filter(
    (key) => Object.hasOwn(route, key) && (!SWITCHED.includes(key) || valueAt(route, [key]) !== false),
  );
  const isMocked = isMock(route);
  if (isMocked && stated.length > 0 && stated[0] !== 'upstream') {
    const message = `the route has both \`${stated[0]}\` and mock answers`;
    return [findError([...path, 'contract', 'mock'], message, 'a route does one thing; keep one')];
  }
  if (stated.length > 1) {
    return [
      findError(
        [...path, stated[1] ?? ''],
        `the route has both \`${stated[0]}\` and \`${stated[1]}\``,
        'a route does one thing; keep one',
      ),
    ];
  }
  const isMcp = stated[0] === 'mcp';
  const isComposed = stated[0] === 'compose' || stated[0] === 'batch';
  const answers = stated[0] === 'redirect' || stated[0] === 'respond' || isMcp || isComposed || isMocked;
  const isAi = stated[0] === 'ai';
  if ((answers || isAi) && Object.hasOwn(route, 'rewrite')) {
    const message = isAi
      ? 'the provider decides the path, so there is none to rewrite'
      : 'the route goes nowhere, so there is no path to rewrite';
    // A mock stands in until there is an upstream, and then the rest of the route is meant as it is.
    if (!isMocked) return [findError([...path, 'rewrite'], message, 'remove `rewrite`')];
  }
  if (isAi) return checkAiRoute(value, route, path);
  if (isMcp) return checkMcpRoute(value, route, path);
  if (isComposed) return checkComposeRoute(value, route, path);
  if (answers) return [];
  if (stated.length === 0) {
    if (upstreams.length === 1) return [];
    const message =
      upstreams.length === 0
        ? 'there is no upstream that this route could go to'
        : 'it is not said which upstream this route goes to';
    return [findError(path, message, upstreams.length === 0 ? 'add an upstream with a target' : 'add `upstream: ID`')];
  }
  return checkUpstream(valueAt(route, ['upstream']), [...path, 'upstream'], upstreams);
}

/** Upstreams that are asked when the route's own has failed. */
function checkFallback(route: unknown, path: Path, upstreams: readonly unknown[]): Finding[] {
  return listAt(route, ['fallback']).flatMap((entry, index) =>
    checkUpstream(valueAt(entry, ['upstream']), [...path, 'fallback', index, 'upstream'], upstreams),
  );
}

function checkUpstream(wanted: unknown, path: Path, upstreams: readonly unknown[]): Finding[] {
  if (typeof wanted !== 'string') return [];
  // An upstream without an id may be the one that is meant; its inferred name is only known after parsing.
  const known = [...idsOf(upstreams), ...inferredIds(upstreams)];
  if (known.includes(wanted)) return [];
  const meant = closest(wanted, known);
  const cure =
    meant === null
      ? `there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ') || 'none'}`
      : `did you mean ${meant}?`;
  return [findError(path, `there is no upstream ${quote(wanted)}`, cure)];
}

/** Same rule as for the compiled snapshot: the first target's host and port. */
function inferredIds(upstreams: readonly unknown[]): string[] {
  return upstreams.flatMap((upstream) => {
    if (valueAt(upstream, ['id']) !== undefined) return [];
    const targets = valueAt(upstream, ['targets']);
    const first: unknown = Array.isArray(targets) ? targets[0] : targets;
    const url = typeof first === 'string' ? first : valueAt(first, ['url']);
    return typeof url === 'string' ? [inferUpstreamId(url)] : [];
  });
}

/** `http://10.0.0.1:9000` → `10.0.0.1-9000`. */
export function inferUpstreamId(authority: string): string {
  const bare = authority.replace(/^[a-z]+:\/\//i, '').replace(/\/$/, '');
  return (
    bare
      .replace(/[^A-Za-z0-9.]+/g, '-')
      .replace(/^[-.]+|[-.]+$/g, '')
      .slice(0, 64) || 'upstream'
  );
}

/** Of consumers and of their groups, as lists name them. */
function namesOf(consumers: readonly unknown[]): string[] {
  const groups = consumers.flatMap((consumer) => {
    const named = valueAt(consumer, ['groups']);
    return (Array.isArray(named) ? named : [named]).filter((group) => typeof group === 'string');
  });
  return [...idsOf(consumers), ...new Set(groups.map((group) => `@${group}`))];
}

function checkConsumers(route: unknown, path: Path, known: readonly string[]): Finding[] {
  return [...checkLimitConsumers(route, path, known), ...checkAuthConsumers(route, path, known)];
}

/** A token names its consumer itself, so where one is taken any name may be right; a group is always the gateway's own. */
function checkLimitConsumers(route: unknown, path: Path, known: readonly string[]): Finding[] {
  const takesToken = JSON.stringify(valueAt(route, ['auth']) ?? '').includes('"jwt"');
  const found = [...checkLimits(route, path, known), ...checkLimits(valueAt(route, ['ai']), [...path, 'ai'], known)];
  return takesToken ? found.filter(({ message }) => message.includes('group')) : found;
}

/** Whom `limits` of a route, or budgets of models, are for. */
function checkLimits(holder: unknown, path: Path, known: readonly string[]): Finding[] {
  const limits = valueAt(holder, ['limits']);
  return (Array.isArray(limits) ? limits : [limits]).flatMap((limit: unknown, index) => {
    const place: Path = [...path, 'limits', ...(Array.isArray(limits) ? [index] : []), 'consumers'];
    return checkNames(valueAt(limit, ['consumers']), place, known);
  });
}

function checkAuthConsumers(route: unknown, path: Path, known: readonly string[]): Finding[] {
  const auth = valueAt(route, ['auth']);
  const entries = Array.isArray(auth) ? auth : [auth];
  return entries.flatMap((entry: unknown, index) =>
    ['apiKey', 'basic', 'jwt'].flatMap((kind) => {
      const place: Path = [...path, 'auth', ...(Array.isArray(auth) ? [index] : []), kind, 'consumers'];
      return checkNames(valueAt(entry, [kind, 'consumers']), place, known);
    }),
  );
}

function checkNames(named: unknown, place: Path, known: readonly string[]): Finding[] {
  const names: readonly unknown[] = Array.isArray(named) ? named : [named];
  return names.flatMap((name, position) => {
    if (typeof name !== 'string' || known.includes(name)) return [];
    const meant = closest(name, known);
    const isGroup = name.startsWith('@');
    const added = isGroup ? 'add it to the `groups` of a consumer' : 'add it under `consumers`';
    const what = isGroup ? 'nobody is in the group' : 'there is no consumer';
    const cure = meant === null ? added : `did you mean ${meant}?`;
    return [findError(Array.isArray(named) ? [...place, position] : place, `${what} ${quote(name)}`, cure)];
  });
}

/** Who may purge. A token names its consumer itself, so where one is taken any name may be right. */
function checkPurgers(value: unknown, routes: readonly unknown[], known: readonly string[]): Finding[] {
  const takesToken = (route: unknown): boolean => JSON.stringify(valueAt(route, ['auth']) ?? '').includes('"jwt"');
  const purgers: Path = ['cache', 'purge', 'consumers'];
  const ofGateway: Path = ['gateway', ...purgers];
  return [
    ...(routes.some(takesToken) ? [] : checkNames(valueAt(value, ofGateway), ofGateway, known)),
    ...routes.flatMap((route, index) =>
      takesToken(route) ? [] : checkNames(valueAt(route, purgers), ['routes', index, ...purgers], known),
    ),
  ];
}
