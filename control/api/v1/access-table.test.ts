/**
 * Every route as everybody. What a route says that it needs is held against what becomes of a request that would be done if it came from somebody
 * who may: a route without a case here fails, and so does one that lets in whom it should not, or keeps out whom it should let in.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { Insight } from '../../insight/insight.js';
import { type As, type PeopleApi, peopleApi } from '../../people/testing/people-api.js';
import type { ApiRoute, Needs } from './api-route.js';
import { insightRoutes } from './insight.js';

interface Case {
  readonly query?: string;
  readonly body?: unknown;
  /** What else than its success shows that somebody was let in. */
  readonly also?: readonly number[];
  /** It goes on for ever where it is let in, so it is tried by those alone who are not. */
  readonly isEndless?: boolean;
}

const PASSWORD = 'five words in a row';

/** Of requests that are done where they are let in; `{id}` of a user is Bob, of a team Red. */
const cases: Readonly<Record<string, Case>> = {
  signIn: { body: { login: 'bob', password: PASSWORD } },
  getSession: {},
  // By a token there is no session that could end.
  signOut: { also: [409] },
  // By the token of the data folder one is nobody in particular.
  signOutEverywhere: { also: [409] },
  changePassword: { body: { old: 'not the old one', new: 'some other words' }, also: [409, 422] },
  renameMyself: { body: { name: 'Someone' }, also: [409] },
  startOidc: { also: [404] },
  endOidc: { query: '?code=x', also: [404] },
  listUsers: {},
  getUser: {},
  createUser: { body: { login: 'new', name: 'New' } },
  changeUser: { body: { name: 'Someone' } },
  resetPassword: {},
  signOutUser: {},
  deleteUser: {},
  listTokens: { also: [409] },
  createToken: { body: { name: 't', scopes: ['read'] }, also: [409] },
  // Nobody has a token of this id, so nobody is told more than that.
  deleteToken: { also: [404] },
  listTeams: {},
  getTeam: {},
  createTeam: { body: { id: 'green', name: 'Green' } },
  changeTeam: { body: { name: 'Crimson' } },
  deleteTeam: {},
  setMember: { body: { role: 'viewer' } },
  removeMember: {},
  // For owners of any team, which their handler looks at.
  findPerson: { query: '?login=bob', also: [403] },
  listAudit: {},
  exportAudit: {},
  getDocument: {},
  getSeries: { also: [404] },
  getTop: { query: '?by=route&of=requests', also: [404] },
  listCalls: { also: [400, 404] },
  getSpend: {},
  getDoctor: { also: [404, 503] },
  getLive: { isEndless: true },
};

type Role = keyof typeof roles;

/** Who asks, and whether a route with such needs lets them in, at the door or in its team. */
const roles = {
  nobody: { enter: async () => ({}), lets: () => 401 },
  viewer: { enter: member('viewer'), lets: ofTeam(['viewer']) },
  developer: { enter: member('developer'), lets: ofTeam(['viewer', 'developer']) },
  owner: { enter: member('owner'), lets: ofTeam(['viewer', 'developer', 'owner']) },
  'member of another team': {
    async enter(api: PeopleApi) {
      const { id, session } = await api.user('other');
      await api.registry.must('team.create', { id: 'blue', name: 'Blue', ownerId: id });
      return session;
    },
    lets: (needs: Needs) => (needs === 'signed-in' ? 'in' : needs === 'operator' ? 403 : 404),
  },
  operator: {
    enter: async (api: PeopleApi) => (await api.user('root', { isOperator: true })).session,
    lets: () => 'in',
  },
  local: { enter: async (api: PeopleApi) => api.local, lets: () => 'in' },
  'disabled operator': {
    async enter(api: PeopleApi) {
      const { id, session } = await api.user('off', { isOperator: true });
      await api.user('another', { isOperator: true });
      await api.registry.must('user.change', { id, isDisabled: true });
      return session;
    },
    lets: () => 401,
  },
  'operator whose session has expired': {
    async enter(api: PeopleApi) {
      const { id } = await api.user('late', { isOperator: true });
      const session = await api.session(id, 10);
      api.clock.wallMs += 10;
      return session;
    },
    lets: () => 401,
  },
  'operator who has to change the password': {
    async enter(api: PeopleApi) {
      const facts = { facts: { passwordHash: 'scrypt$1$1$1$AAAA$AAAA' } };
      const id = await api.registry.must('user.create', { login: 'fresh', name: 'F', isOperator: true }, facts);
      return api.session(id);
    },
    lets: (_: Needs, route: ApiRoute) => (route.beforePasswordChange === true ? 'in' : 403),
  },
  'read-only token of an operator': {
    enter: tokenOf(['read']),
    lets: (_: Needs, route: ApiRoute) =>
      (route.does ?? (route.method === 'GET' ? 'read' : 'write')) === 'read' ? 'in' : 403,
  },
  'token of an operator for another area': { enter: tokenOf(['elsewhere:write']), lets: () => 403 },
  'session of an operator without its word against forgery': {
    async enter(api: PeopleApi) {
      const { session } = await api.user('root', { isOperator: true });
      return { cookie: session['cookie'] ?? '' };
    },
    lets: (_: Needs, route: ApiRoute) => (route.method === 'GET' ? 'in' : 403),
  },
} as const satisfies Record<
  string,
  { enter: (api: PeopleApi) => Promise<As>; lets: (needs: Needs, route: ApiRoute) => 'in' | number }
>;

function member(role: 'viewer' | 'developer' | 'owner') {
  return async (api: PeopleApi): Promise<As> => {
    const { id, session } = await api.user('ann');
    await api.registry.must('team.set-member', { id: 'red', userId: id, role });
    return session;
  };
}

function ofTeam(has: readonly string[]) {
  return (needs: Needs): 'in' | number => {
    if (needs === 'signed-in') return 'in';
    return typeof needs === 'object' && has.includes(needs.team) ? 'in' : 403;
  };
}

function tokenOf(scopes: readonly string[]) {
  return async (api: PeopleApi): Promise<As> => {
    const { id } = await api.user('root', { isOperator: true });
    return api.token(id, scopes);
  };
}

const insight = new Insight({ presence: { hear: () => () => {} }, wallMs: () => 1_000_000, every: () => () => {} });

async function house(): Promise<{ api: PeopleApi; routes: readonly ApiRoute[]; bob: string }> {
  let routes: readonly ApiRoute[] = [];
  const api = await peopleApi({
    more(people) {
      const nodes = async () => ({});
      routes = insightRoutes({
        ...{ insight, registry: people.registry, wallMs: people.wallMs, nodes },
        ...{ doctor: async () => null, pass: async () => {} },
      });
      return routes;
    },
  });
  const owner = await api.user('boss');
  const { id: bob } = await api.user('bob', { password: PASSWORD });
  await api.registry.must('team.create', { id: 'red', name: 'Red', ownerId: owner.id });
  await api.registry.must('team.set-member', { id: 'red', userId: bob, role: 'viewer' });
  return { api, routes, bob };
}

/** All that the server serves below /v1: what its own document says. */
async function table(): Promise<readonly ApiRoute[]> {
  const { api, routes } = await house();
  const { peopleRoutes } = await import('./people-routes.js');
  const all = [...peopleRoutes(api.people), ...routes];
  const { body } = await api.ask('GET', '/v1/openapi.json');
  const described = Object.values(body['paths'] as Record<string, Record<string, { operationId: string }>>).flatMap(
    (path) => Object.values(path).map(({ operationId }) => operationId),
  );
  expect(described.sort()).toEqual([...all.map(({ name }) => name), 'getDocument'].sort());
  return all;
}

interface Scene {
  readonly api: PeopleApi;
  readonly bob: string;
  readonly as: As;
}

async function enter(role: Role): Promise<Scene> {
  const { api, bob } = await house();
  return { api, bob, as: await roles[role].enter(api) };
}

describe('who may call which route', () => {
  let routes: readonly ApiRoute[] = [];
  beforeAll(async () => {
    routes = await table();
  });

  it('is said by each route, and tried by a case for each', () => {
    for (const { name, needs, teamOf } of routes) {
      expect([name, needs]).not.toEqual([name, undefined]);
      expect([name, cases[name]]).not.toEqual([name, undefined]);
      expect([name, typeof needs === 'object']).toEqual([name, teamOf !== undefined]);
    }
    expect(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size).toBe(routes.length);
  });

  it.each(Object.keys(roles) as Role[])('%s', async (role) => {
    // Refusals and looks leave a house as it was; a write that is let in has the next one begin anew.
    let scene: Scene | null = null;
    for (const route of routes) {
      const { query = '', body, also = [], isEndless = false } = cases[route.name] ?? {};
      const expected = route.needs === 'nobody' ? 'in' : roles[role].lets(route.needs, route);
      if (isEndless && expected === 'in') continue;
      scene ??= await enter(role);
      const { api, bob, as } = scene;
      const path = route.path
        .replace('{userId}', bob)
        .replace('{id}', route.area === 'teams' ? 'red' : route.area === 'users' ? bob : 'unknown');
      const before = api.registry.number;
      const { status, text } = await api.ask(route.method, `${path}${query}`, as, body);
      const success = route.success ?? (route.method === 'DELETE' ? 204 : 200);
      const fits = expected === 'in' ? [success, ...also].includes(status) : status === expected;
      expect([route.name, fits ? 'fits' : `${status}, and not ${expected}: ${text}`]).toEqual([route.name, 'fits']);
      // Whoever was refused has changed nothing.
      if (expected !== 'in') expect([route.name, api.registry.number]).toEqual([route.name, before]);
      if (api.registry.number !== before) scene = null;
    }
  });
});
