/**
 * Every route as everybody: each row of the table that `weir up` and `weir control` serve, as nobody, as each role of the team whose things are asked
 * for, of a team that has subscribed and of a team that has nothing to do with it, as operators, and by tokens of every reach. What a row says that it
 * needs is held against what becomes of a request that would be done if it came from somebody who may: a row without a case here
 * fails, and so does one that lets in whom it should not, or keeps out whom it should let in.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { isAtLeast } from '../../model/permissions.js';
import type { As } from '../../people/testing/people-api.js';
import type { ApiRoute } from './api-route.js';
import { type Case, casesOf, pathOf } from './testing/route-cases.js';
import { roles, type TeamName, teams, type WholeApi, wholeApi } from './testing/whole-api.js';

type Role = (typeof roles)[number];

/** Somebody, as far as it matters to who may what. */
interface Caller {
  readonly name: string;
  readonly via: 'none' | 'session' | 'token' | 'local';
  readonly isOperator?: boolean;
  readonly team?: TeamName;
  readonly role?: Role;
  /** Of a token. */
  readonly scopes?: (area: string) => readonly string[];
  /** Somebody else has made the password. */
  readonly isDue?: boolean;
  /** Without the word against forgery. */
  readonly isForged?: boolean;
  readonly as: (route: ApiRoute) => As;
}

let house: WholeApi;
let cases: Readonly<Record<string, Case>>;

const doesOf = ({ method, does }: ApiRoute): 'read' | 'write' => does ?? (method === 'GET' ? 'read' : 'write');

function reaches({ scopes }: Caller, route: ApiRoute): boolean {
  if (scopes === undefined) return true;
  const has = scopes(route.area);
  if (has.includes('write') || has.includes(`${route.area}:write`)) return true;
  return doesOf(route) === 'read' && (has.includes('read') || has.includes(`${route.area}:read`));
}

/** What becomes of the request: let in, or a refusal of that status. */
function expected(route: ApiRoute, { lets = {} }: Case, caller: Caller): 'in' | number {
  const { needs } = route;
  const { via, isOperator = false, team = '', role = null } = caller;
  if (via === 'none') return needs === 'nobody' ? (lets['nobody'] ?? 'in') : 401;
  if (needs === 'nobody' && route.asksNoScope === true) return 'in';
  if (caller.isDue === true && route.beforePasswordChange !== true) return 403;
  if (!reaches(caller, route)) return 403;
  if (caller.isForged === true && route.method !== 'GET' && needs !== 'nobody') return 403;
  if (needs === 'operator') return isOperator ? 'in' : 403;
  const own = lets[via] ?? (isOperator ? 'in' : (lets[`${team} ${role}`] ?? lets[team]));
  if (own !== undefined) return own;
  if (typeof needs !== 'object') return 'in';
  if (team !== 'red') return 404;
  return isAtLeast(role, needs.team) ? 'in' : 403;
}

async function callersOf(all: WholeApi): Promise<readonly Caller[]> {
  const { api, registry, users, routes } = all;
  const idOf = (name: string): string => users.get(name)?.id ?? '';
  const root = users.get('root');
  if (root === undefined) throw new Error('there is a root');
  const off = await api.user('off', { isOperator: true });
  await registry.must('user.change', { id: off.id, isDisabled: true });
  const late = await api.session((await api.user('late', { isOperator: true })).id, 10);
  const facts = { facts: { passwordHash: 'scrypt$1$1$1$AAAA$AAAA' } };
  const fresh = await registry.must('user.create', { login: 'fresh', name: 'F', isOperator: true }, facts);
  const due = await api.session(fresh);
  const tokens = async (user: string, scopes: (area: string) => readonly string[]): Promise<Caller['as']> => {
    const byArea = new Map<string, As>();
    const bySaid = new Map<string, As>();
    for (const { area } of routes) {
      const said = scopes(area);
      const known = bySaid.get(said.join()) ?? (await api.token(idOf(user), said));
      bySaid.set(said.join(), known);
      byArea.set(area, known);
    }
    return ({ area }) => byArea.get(area) ?? {};
  };
  const members = teams.flatMap((team) =>
    roles.map((role): Caller => {
      const name = `${team} ${role}`;
      return { name, via: 'session', team, role, as: () => users.get(name)?.session ?? {} };
    }),
  );
  const ofOwner = { via: 'token', team: 'red', role: 'owner' } as const;
  const reach: readonly (readonly [string, (area: string) => readonly string[]])[] = [
    ['that reads', () => ['read']],
    ['that writes', () => ['write']],
    ['that reads there', (area) => [`${area}:read`]],
    ['that writes there', (area) => [`${area}:write`]],
    ['for elsewhere', () => ['elsewhere:write']],
  ];
  const byToken: Caller[] = [];
  for (const [name, scopes] of reach) {
    byToken.push({ ...ofOwner, name: `token of an owner ${name}`, scopes, as: await tokens('red owner', scopes) });
    if (scopes('a').join() === scopes('b').join())
      byToken.push({
        name: `token of an operator ${name}`,
        via: 'token',
        isOperator: true,
        scopes,
        as: await tokens('root', scopes),
      });
  }
  api.clock.wallMs += 10;
  return [
    { name: 'nobody', via: 'none', as: () => ({}) },
    ...members,
    { name: 'operator', via: 'session', isOperator: true, as: () => root.session },
    { name: 'local', via: 'local', isOperator: true, as: () => api.local },
    ...byToken,
    { name: 'operator who is disabled', via: 'none', as: () => off.session },
    { name: 'operator whose session has expired', via: 'none', as: () => late },
    { name: 'operator who has to change the password', via: 'session', isOperator: true, isDue: true, as: () => due },
    {
      ...{ name: 'operator without the word against forgery', via: 'session', isOperator: true, isForged: true },
      as: () => ({ cookie: root.session['cookie'] ?? '' }),
    },
  ];
}

describe('who may call which route', () => {
  let callers: readonly Caller[] = [];
  beforeAll(async () => {
    house = await wholeApi();
    cases = casesOf(house);
    callers = await callersOf(house);
    await house.keep();
  });

  it('is said by each row of the table, of which the server is made, and tried by a case for each', async () => {
    const { routes, api } = house;
    for (const { name, needs, teamOf } of routes)
      expect([name, typeof needs === 'object']).toEqual([name, teamOf !== undefined]);
    const { body } = await api.ask('GET', '/v1/openapi.json');
    // An object of our own document.
    const described = Object.values(body['paths'] as Record<string, Record<string, { operationId: string }>>);
    const served = described.flatMap((path) => Object.values(path).map(({ operationId }) => operationId)).sort();
    expect(served).toEqual([...routes.map(({ name }) => name), 'getDocument'].sort());
    expect(Object.keys(cases).sort()).toEqual(served);
    expect(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size).toBe(routes.length);
    expect(callers).toHaveLength(24);
  });

  it('is what it says, for each route and each caller', async () => {
    const { api, registry, routes, reset } = house;
    const wrong: string[] = [];
    for (const route of routes)
      for (const caller of callers) {
        const one = cases[route.name] ?? {};
        const wanted = expected(route, one, caller);
        if (one.isEndless === true && wanted === 'in') continue;
        const type = one.type === undefined ? {} : { 'content-type': one.type };
        const before = registry.number;
        const { status, text } = await api.ask(
          route.method,
          pathOf(route, one),
          { ...caller.as(route), ...type },
          one.body,
        );
        const success = route.success ?? (route.method === 'DELETE' ? 204 : 200);
        const fits = wanted === 'in' ? [success, ...(one.also ?? [])].includes(status) : status === wanted;
        if (!fits) wrong.push(`${route.name} as ${caller.name}: ${status}, and not ${wanted}: ${text.slice(0, 200)}`);
        if (registry.number === before) continue;
        // Whoever was refused has changed nothing.
        if (wanted !== 'in') wrong.push(`${route.name} as ${caller.name}: something was changed`);
        await reset();
      }
    expect(wrong).toEqual([]);
  });
});
