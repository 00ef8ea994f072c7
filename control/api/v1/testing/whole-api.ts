/**
 * All of /v1 over a registry with something of everything in it, for tests that try each route as many callers. Three teams have the same things: red, whose
 * they are; blue, which subscribes to red's service; green, which has nothing to do with either. Only tests import this file.
 */
import { Insight } from '../../../insight/insight.js';
import type { TeamRole } from '../../../model/entities.js';
import { sha256Hex } from '../../../people/digests.js';
import { type As, type PeopleApi, peopleApi } from '../../../people/testing/people-api.js';
import { readPublicKey } from '../../../publish/public-keys.js';
import { type MemoryRegistry, resettableRegistry } from '../../../registry/testing/memory-registry.js';
import type { ApiRoute } from '../api-route.js';
import { maySee } from '../management.js';
import { type RouteSources, routeTable } from '../routes.js';

export const PASSWORD = 'five words in a row';
export const teams = ['red', 'blue', 'green'] as const;
export const roles = ['viewer', 'developer', 'owner'] as const satisfies readonly TeamRole[];
export type TeamName = (typeof teams)[number];

/** Of one team. */
export interface Things {
  /** Published twice, for subscribers alone, and found by its team and by those who have subscribed. */
  readonly shop: string;
  /** A draft. */
  readonly next: string;
  readonly aged: string;
  readonly gone: string;
  readonly application: string;
  readonly key: string;
  /** Of its application to its own `aged`. */
  readonly subscription: string;
  readonly token: string;
}

export interface WholeApi {
  readonly api: PeopleApi;
  readonly registry: MemoryRegistry;
  /** What the server was made of, and its own document. */
  readonly routes: readonly ApiRoute[];
  readonly users: ReadonlyMap<string, { readonly id: string; readonly session: As }>;
  readonly things: Readonly<Record<TeamName, Things>>;
  /** Of blue's applications to red's service. */
  readonly asked: Readonly<Record<'pending' | 'approved' | 'suspended', string>>;
  /** Whoever was added since is there after a reset as well. */
  keep(): Promise<void>;
  /** The registry as it was when this was made, or kept. */
  reset(): Promise<void>;
}

export const plans = [
  { id: 'free', name: 'Free', limits: ['100/s'], approval: 'auto' },
  { id: 'gold', name: 'Gold', limits: [], approval: 'manual' },
];
export const design = {
  upstreams: [{ id: 'app', targets: ['http://127.0.0.1:9000'] }],
  routes: [{ id: 'all', match: '/*', headers: { request: { set: { 'x-secret': `\${secret:TOKEN}` } } } }],
};

/** `places`: what weir.yaml says of where services lie; left out: nothing. */
export async function wholeApi(places: Partial<Places> = {}): Promise<WholeApi> {
  const clock = { wallMs: 1_790_000_000_000 };
  const { registry, keep, reset } = await resettableRegistry({ wallMs: () => clock.wallMs });
  let routes: readonly ApiRoute[] = [];
  const api = await peopleApi({
    ...{ registry, clock },
    routes(people) {
      routes = routeTable(
        people,
        sourcesOf(registry, () => clock.wallMs, places),
      );
      return routes;
    },
  });
  const users = await usersOf(api, registry);
  const made: Partial<Record<TeamName, Things>> = {};
  for (const team of teams) made[team] = await thingsOf(api, registry, team, users.get(`${team} owner`)?.id ?? '');
  // Each of them was set above.
  const things = made as Record<TeamName, Things>;
  await subscribe(registry);
  const asked = {
    pending: await askFor(registry, 'blue-pending', 'gold'),
    approved: await askFor(registry, 'blue-approved', 'free'),
    suspended: await askFor(registry, 'blue-suspended', 'free'),
  };
  await registry.must('subscription.suspend', { id: asked.suspended });
  for (const team of teams) await registry.must('service.change', { id: things[team].shop, visibility: 'team' });
  await keep();
  return { api, registry, routes, users, things, asked, keep, reset };
}

type Places = Pick<RouteSources['management'], 'conflictOf' | 'shadowedBy'>;

function sourcesOf(registry: MemoryRegistry, wallMs: () => number, places: Partial<Places>): RouteSources {
  const insight = new Insight({ presence: { hear: () => () => {} }, wallMs, every: () => () => {} });
  let drawn = 0;
  return {
    management: {
      ...{ registry, wallMs, sha256: sha256Hex, names: () => ({ models: [], prompts: [], guards: [] }) },
      ...{ conflictOf: () => null, shadowedBy: () => null, callsOf: () => null, ...places },
      readPublicKey,
      drawKey: () => `weir_k_${drawn++}`,
      seal: (id) => `v1.${id}`,
    },
    insight: {
      ...{ insight, registry, wallMs, isOperators: () => false, nodes: async () => ({}), pass: async () => {} },
      doctor: async () => ({ sinceWallMs: 0, nowWallMs: wallMs(), cases: [], forgotten: 0 }),
    },
    tries: {
      serviceOf: (id) => registry.get('service', id),
      maySee: (caller, service) => maySee({ registry }, caller, 'service', service) !== null,
      whyNot: () => null,
      send: async () => ({
        ...{ kind: 'answer', gateway: '127.0.0.1:8080' },
        answer: { status: 200, headers: {}, body: '', isCut: false, tookMs: 1 },
      }),
    },
  };
}

async function usersOf(api: PeopleApi, registry: MemoryRegistry): Promise<WholeApi['users']> {
  const users = new Map<string, { readonly id: string; readonly session: As }>();
  // Another one is left when somebody is deleted.
  for (const login of ['root', 'root2']) users.set(login, await api.user(login, { isOperator: true }));
  users.set('bob', await api.user('bob', { password: PASSWORD }));
  for (const team of teams) {
    await registry.must('team.create', { id: team, name: team });
    for (const role of roles) {
      const user = await api.user(`${team}-${role}`, { password: PASSWORD });
      await registry.must('team.set-member', { id: team, userId: user.id, role });
      users.set(`${team} ${role}`, user);
    }
  }
  await registry.must('team.set-member', { id: 'red', userId: users.get('bob')?.id, role: 'viewer' });
  // Where an owner of red may move a service to; and one that nothing hangs on.
  await registry.must('team.create', { id: 'amber', name: 'Amber', ownerId: users.get('red owner')?.id });
  await registry.must('secret.set', { teamId: 'amber', name: 'TOKEN' }, { facts: { sealed: 'v1.s' } });
  await registry.must('team.create', { id: 'empty', name: 'Empty' });
  return users;
}

async function thingsOf(api: PeopleApi, registry: MemoryRegistry, team: TeamName, ownerId: string): Promise<Things> {
  await registry.must('secret.set', { teamId: team, name: 'TOKEN' }, { facts: { sealed: 'v1.s' } });
  const service = async (name: string, releases: number): Promise<string> => {
    const id = `${team}-${name}`;
    const fields = { name, basePath: `/${team}/${name}`, visibility: 'organisation', plans };
    await registry.must('service.create', { id, teamId: team, ...fields });
    await registry.must('service.set-draft', { id, draft: design });
    for (let release = 0; release < releases; release += 1) await registry.must('service.publish', { id });
    return id;
  };
  const [shop, next, aged, gone] = [
    await service('shop', 2),
    await service('next', 0),
    await service('aged', 1),
    await service('gone', 1),
  ];
  await registry.must('service.deprecate', { id: aged });
  await registry.must('service.retire', { id: gone, force: true });
  const application = `${team}-app`;
  await registry.must('application.create', { id: application, teamId: team, name: 'App' });
  const key = await keyOf(registry, application);
  const subscription = await registry.must('subscription.create', {
    ...{ serviceId: aged, applicationId: application, planId: 'free' },
  });
  await api.token(ownerId, ['read']);
  const [token] = registry.of('token', 'userId', ownerId);
  return { shop, next, aged, gone, application, key, subscription, token: token?.id ?? '' };
}

async function keyOf(registry: MemoryRegistry, applicationId: string): Promise<string> {
  const facts = { credential: { sha256: sha256Hex(applicationId), lastFour: 'abcd' } };
  return registry.must('key.create', { applicationId, name: 'first' }, { facts });
}

/** Applications of blue that want red's service. */
async function subscribe(registry: MemoryRegistry): Promise<void> {
  for (const id of ['blue-pending', 'blue-approved', 'blue-suspended'])
    await registry.must('application.create', { id, teamId: 'blue', name: id });
}

async function askFor(registry: MemoryRegistry, applicationId: string, planId: string): Promise<string> {
  return registry.must('subscription.create', { serviceId: 'red-shop', applicationId, planId });
}
