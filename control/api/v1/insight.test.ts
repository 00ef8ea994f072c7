import type { Presence } from '@weir/proto/cluster/presence.js';
import type { Advice } from '@weir/proto/events/advice.js';
import type { CallRecord, CallRow, Calls } from '@weir/proto/events/calls.js';
import type { DoctorReport } from '@weir/proto/events/doctor.js';
import type { BudgetRow, SpendRow } from '@weir/proto/events/spends.js';
import { describe, expect, it } from 'vitest';
import { Insight } from '../../insight/insight.js';
import type { SpendAnswer } from '../../insight/spend-report.js';
import { topMeasures } from '../../insight/top.js';
import { createCallers } from '../../people/callers.js';
import { isSameText, sha256Hex } from '../../people/digests.js';
import { PeopleRegistry } from '../../people/testing/people-registry.js';
import { buildAdminApi } from '../server.js';
import type { ApiRequest } from './api-route.js';
import { insightRoutes } from './insight.js';
import { LiveEvents, readersMax } from './live-events.js';

const NOW = 1_790_000_030_000;

function row(of: CallRow[0], name: string, requests: number): CallRow {
  return [of, name, requests, 1, 0, 1, 0, 0, 10, [requests]];
}

const spend = (team: string, model: string, micros: number): SpendRow => [
  ['chat', 'phone', team, model, 'openai'],
  [1, 10, 20, 0, 0, 0, 0, micros],
];
const budget = (team: string, left: number): BudgetRow => [
  ...(['', 'team-cost', 'cost', 'day', 'shared', team === '' ? [] : [team], team, 100, left, NOW + 60_000] as const),
];

const record = (route: string, consumer: string, status = 200): CallRecord => ({
  ...{ id: 'r', atWallMs: NOW, route, consumer, method: 'GET', path: '/', client: '::1', status },
  ...{ tookMs: 5, headMs: 4, failure: '', timer: '', upstream: 'u', target: 't:1', attempts: 1, traceId: '' },
  ...{ cache: '', isSaved: false, bytesIn: 0, bytesOut: 0 },
});

function house() {
  let tell: (calls: Calls) => void = () => {};
  let second = (): void => {};
  const hear = ((_: 'calls', listener: (calls: Calls) => void) => {
    tell = listener;
    return () => {};
  }) as Presence['hear'];
  let wallMs = NOW;
  const insight = new Insight({
    presence: { hear },
    wallMs: () => wallMs,
    every: (_, task) => {
      second = task;
      return () => {};
    },
  });
  const registry = Object.assign(new PeopleRegistry(), { number: 7 });
  registry.put('service', 'shop', { teamId: 'red', createdWallMs: 0 });
  registry.put('application', 'phone', { teamId: 'blue', createdWallMs: 0 });
  // Of the name of a consumer of weir.yaml.
  registry.put('application', 'mobile', { teamId: 'blue', createdWallMs: 0 });
  for (const id of ['ann', 'bob', 'out']) registry.user(id);
  registry.user('root', { isOperator: true });
  registry.team('red', { ann: 'viewer' });
  registry.team('blue', { bob: 'developer' });
  const saving = { clientRequests: null, upstreamRequests: null, bytes: null, waitMs: null };
  const advice = [['shop@1/list'], ['shop@1/list', 'own'], ['own']].map(
    (routes): Advice => ({
      ...{ kind: 'cache', routes, subject: '', certainty: 'clear', evidence: [], changes: [], saving, seen: 1 },
    }),
  );
  const report = { sinceWallMs: 0, nowWallMs: NOW, cases: [] as DoctorReport['cases'], forgotten: 0, advice };
  const sources = {
    ...{ insight, registry, wallMs: () => wallMs, doctor: async () => report, pass: async () => {} },
    nodes: async () => ({ nodes: [] }),
    isOperators: (id: string) => id === 'mobile',
  };
  const callers = createCallers({
    registry,
    ...{ sha256: sha256Hex, isSame: isSameText, localSha256: null, wallMs: () => NOW },
  });
  const server = buildAdminApi({
    listen: { host: '127.0.0.1', port: 0 },
    access: { callers, routes: insightRoutes(sources), publicUrl: null, version: '0' },
    status: () => {
      throw new Error('not asked for here');
    },
    cache: { purge: async () => ({ ok: false, why: 'away', detail: '' }) as never, inspect: async () => [] as never },
  });
  const token = (user: string) => registry.token(user, ['read']);
  const get = async (user: string, url: string) => {
    const headers = { host: '127.0.0.1', authorization: `Bearer ${token(user)}` };
    const { statusCode, body } = await server.inject({ url, headers });
    return { status: statusCode, told: JSON.parse(body) as Record<string, never> }; // Asked for by the names of its members.
  };
  tell({
    ...{ kind: 'calls', id: 'n1', session: 1, untold: 3 },
    rows: [row('route', 'shop@1/list', 40), row('route', 'own', 60), row('consumer', 'phone', 30)],
    records: [record('shop@1/list', 'phone', 504), record('own', '')],
    spends: [spend('red', 'fast', 500), spend('blue', 'large', 90), spend('', 'fast', 7)],
    budgets: [budget('red', 60), budget('blue', 20), budget('', 5)],
  });
  const pass = (ms: number): void => {
    wallMs += ms;
    second();
  };
  return { get, server, sources, registry, report, callers, token, pass, tell: (calls: Calls) => tell(calls) };
}

const statuses = async (get: ReturnType<typeof house>['get'], url: string) =>
  Promise.all(['root', 'ann', 'bob', 'out'].map(async (user) => (await get(user, url)).status));

/** As the answer says that they are. */
const itemsOf = <T>({ told }: { told: Record<string, unknown> }): readonly T[] => told['items'] as readonly T[];

describe('charts and calls', () => {
  it('are seen by operators, by the team of the service, and by the team of the application that calls', async () => {
    const { get } = house();
    expect(await statuses(get, '/v1/insight/series')).toEqual([200, 404, 404, 404]);
    expect(await statuses(get, '/v1/insight/series?of=service:shop')).toEqual([200, 200, 404, 404]);
    expect(await statuses(get, '/v1/insight/series?of=route:shop@1/list')).toEqual([200, 200, 404, 404]);
    expect(await statuses(get, '/v1/insight/series?of=route:own')).toEqual([200, 404, 404, 404]);
    expect(await statuses(get, '/v1/insight/series?of=consumer:phone')).toEqual([200, 404, 200, 404]);
    expect(await statuses(get, '/v1/insight/calls')).toEqual([200, 400, 400, 400]);
    expect(await statuses(get, '/v1/insight/calls?service=shop')).toEqual([200, 200, 404, 404]);
    expect(await statuses(get, '/v1/insight/calls?consumer=phone')).toEqual([200, 404, 200, 404]);
    expect((await get('ann', '/v1/live')).status).toBe(403);
  });

  it('of a consumer of weir.yaml are for operators, whoever has an application of its name', async () => {
    const { get, tell } = house();
    tell({
      ...{ kind: 'calls', id: 'n1', session: 1, untold: 0 },
      ...{ rows: [row('consumer', 'mobile', 9)], records: [record('own', 'mobile')] },
    });
    expect(await statuses(get, '/v1/insight/series?of=consumer:mobile')).toEqual([200, 404, 404, 404]);
    expect(await statuses(get, '/v1/insight/calls?consumer=mobile')).toEqual([200, 404, 404, 404]);
    const names = async (user: string) =>
      itemsOf<{ name: string }>(await get(user, '/v1/insight/top?by=consumer')).map(({ name }) => name);
    expect(await names('root')).toEqual(['phone', 'mobile']);
    expect(await names('bob')).toEqual(['phone']);
  });

  it('show the servers of a service to its own team, and not to whoever calls it', async () => {
    const { get } = house();
    const servers = async (user: string, url: string) =>
      itemsOf<CallRecord>(await get(user, url)).map(({ upstream, target }) => [upstream, target]);
    expect(await servers('ann', '/v1/insight/calls?service=shop')).toEqual([['u', 't:1']]);
    expect(await servers('root', '/v1/insight/calls?consumer=phone')).toEqual([['u', 't:1']]);
    expect(await servers('bob', '/v1/insight/calls?consumer=phone')).toEqual([['', '']]);
  });

  it('say what was told', async () => {
    const { get } = house();
    const all = await get('root', '/v1/insight/series?step=1s');
    expect(all.told['points']).toMatchObject([{ t: NOW, requests: 100, errors: 2, timeouts: 2 }]);
    const top = await get('ann', '/v1/insight/top?by=route&of=requests&window=5m');
    expect(top.told['items']).toMatchObject([{ name: 'shop@1/list', value: 40 }]);
    const { told } = await get('ann', '/v1/insight/top?by=route&of=each&window=5m');
    const { lists } = told as unknown as { lists: Record<string, object[]> }; // The answer of this route.
    for (const of of topMeasures)
      expect([of, lists[of]]).toEqual([
        of,
        (await get('ann', `/v1/insight/top?by=route&of=${of}&window=5m`)).told['items'],
      ]);
    expect(lists['requests']).toMatchObject([{ name: 'shop@1/list', value: 40 }]);
    const calls = await get('bob', '/v1/insight/calls?consumer=phone&status=5xx');
    expect(calls.told).toMatchObject({ items: [{ route: 'shop@1/list', node: 'n1' }], next: null, untold: 3 });
    expect((await get('root', '/v1/insight/series?of=nonsense')).status).toBe(400);
    expect((await get('root', '/v1/insight/doctor')).told).toMatchObject({ cases: [] });
  });

  it('of models are seen by operators, and by each team as far as they are its own', async () => {
    const { get, pass } = house();
    const spent = async (user: string, query = '') => {
      const { told } = await get(user, `/v1/insight/spend${query}`);
      const { items, total, budgets } = told as unknown as SpendAnswer; // The answer of this route.
      const byName = items.map(({ name, costMicros }) => `${name} ${costMicros}`);
      return [byName.join(', '), total.costMicros, budgets.map(({ of, left }) => `${of.join()} ${left}`).join(', ')];
    };
    expect(await spent('root')).toEqual(['red 500, blue 90,  7', 597, ' 5, blue 20, red 60']);
    expect(await spent('ann')).toEqual(['red 500', 500, 'red 60']);
    expect(await spent('bob', '?by=model')).toEqual(['large 90', 90, 'blue 20']);
    expect(await spent('bob', '?team=red')).toEqual(['', 0, '']);
    expect(await spent('out', '?by=consumer&consumer=phone')).toEqual(['', 0, '']);
    expect(await spent('root', '?by=model&team=red&since=31d')).toEqual(['fast 500', 500, 'red 60']);
    expect(await spent('root', '?by=provider&model=fast&since=5m&max=1')).toEqual([
      'openai 507',
      507,
      ' 5, blue 20, red 60',
    ]);
    expect(await statuses(get, '/v1/insight/spend?since=32d')).toEqual([400, 400, 400, 400]);
    expect(await statuses(get, '/v1/insight/spend?since=1w')).toEqual([400, 400, 400, 400]);
    pass(3_600_000);
    expect(await spent('root', '?since=5m')).toEqual(['', 0, '']);
    expect((await get('ann', '/v1/insight/spend?since=90m')).told).toMatchObject({
      step: '1m',
      total: { requests: 1 },
    });
  });

  it('advise whoever may see all the routes that it is about', async () => {
    const { get } = house();
    const routesOf = async (who: string, query = '') => {
      const { told } = await get(who, `/v1/insight/doctor${query}`);
      const { advice = [] } = told as { advice?: readonly Advice[] }; // Our own answer.
      return advice.map(({ routes }) => routes.join());
    };
    expect(await routesOf('root')).toEqual(['shop@1/list', 'shop@1/list,own', 'own']);
    expect(await routesOf('root', '?route=own')).toEqual(['shop@1/list,own', 'own']);
    expect(await routesOf('ann')).toEqual(['shop@1/list']);
    expect(await routesOf('out')).toEqual([]);
  });

  it('are told while they happen, to so many at once', async () => {
    const { sources, pass } = house();
    const live = new LiveEvents(sources);
    const reader = live.open(() => true)?.[Symbol.asyncIterator]();
    const next = async (): Promise<string> => (await reader?.next())?.value ?? '';
    expect([await next(), await next(), await next()]).toEqual([
      'retry: 2000\n\n',
      'event: nodes\ndata: {"nodes":[]}\n\n',
      'event: registry\ndata: {"number":7}\n\n',
    ]);
    pass(1_000);
    expect(await next()).toContain('event: second\ndata: {"t":1790000030000,"requests":100');
    const others = Array.from({ length: readersMax }, () => live.open(() => true));
    expect(others.filter((other) => other === null).length).toBe(1);
    await reader?.return?.();
    expect(live.open(() => true)).not.toBeNull();
  });

  it('of an id that was another one’s before are seen from its own beginning on, and by operators whole', async () => {
    const { get, registry, report } = house();
    const doctored = (firstWallMs: number) => ({ route: 'shop@1/list', firstWallMs }) as DoctorReport['cases'][number]; // No more is looked at.
    report.cases = [doctored(NOW - 5_000), doctored(NOW + 2_000)];
    const seen = async (user: string) => {
      const [chart, second, top, calls, doctor] = await Promise.all([
        get(user, '/v1/insight/series?of=service:shop&step=1m'),
        get(user, '/v1/insight/series?of=route:shop@1/list&step=1s'),
        get(user, '/v1/insight/top?by=service&of=requests&window=5m'),
        get(user, '/v1/insight/calls?service=shop'),
        get(user, '/v1/insight/doctor'),
      ]);
      const count = ({ told }: typeof chart, list: string) =>
        ((told as Record<string, readonly unknown[]>)[list] ?? []).length;
      return [
        count(chart, 'points'),
        count(second, 'points'),
        count(top, 'items'),
        count(calls, 'items'),
        count(doctor, 'cases'),
      ];
    };
    expect(await seen('ann')).toEqual([1, 1, 1, 1, 2]);
    registry.put('service', 'shop', { teamId: 'red', createdWallMs: NOW + 1 });
    expect(await seen('ann')).toEqual([0, 0, 0, 0, 1]);
    expect(await seen('root')).toEqual([1, 1, 1, 1, 2]);
    // It is theirs by what calls as well, since that was made.
    expect((await get('bob', '/v1/insight/calls?service=shop&consumer=phone')).told['items']).toHaveLength(1);
    registry.put('application', 'phone', { teamId: 'blue', createdWallMs: NOW + 1 });
    expect((await get('bob', '/v1/insight/calls?service=shop&consumer=phone')).told['items']).toEqual([]);
    expect((await get('bob', '/v1/insight/series?of=consumer:phone&step=1s')).told['points']).toEqual([]);
    const spent = async (user: string) => {
      const { items, budgets } = (await get(user, '/v1/insight/spend')).told as unknown as SpendAnswer;
      return [items.length, budgets.length];
    };
    expect(await spent('ann')).toEqual([1, 1]);
    registry.put('team', 'red', { members: { ann: 'viewer' }, createdWallMs: NOW + 1 });
    expect([await spent('ann'), await spent('root')]).toEqual([
      [0, 0],
      [3, 3],
    ]);
  });

  it('end for a reader whose rights are withdrawn, and ask nodes once for all readers', async () => {
    const { sources, pass } = house();
    let asked = 0;
    const live = new LiveEvents({ ...sources, nodes: async () => ({ asked: ++asked }) });
    let may = true;
    const readers = [live.open(() => may), live.open(() => true)].map((events) => events?.[Symbol.asyncIterator]());
    const [reader, other] = readers;
    const told: (string | undefined)[] = [];
    for (let i = 0; i < 3; i += 1) for (const each of readers) told.push((await each?.next())?.value);
    expect(told.filter((text) => text?.includes('nodes'))).toHaveLength(2);
    expect(asked).toBe(1);
    may = false;
    pass(1_000);
    expect(await reader?.next()).toEqual({ done: true, value: undefined });
    expect((await other?.next())?.value).toContain('second');
    expect(asked).toBeLessThanOrEqual(2);
    // Its place is free again.
    await other?.return?.();
    expect(Array.from({ length: readersMax }, () => live.open(() => true))).not.toContain(null);
  });

  it('end, by the route itself, for an operator who is one no longer', async () => {
    const { sources, registry, callers, token } = house();
    const seen = callers.identify({ authorization: `Bearer ${token('root')}`, cookies: new Map(), from: '::1' });
    const live = insightRoutes(sources).find(({ name }) => name === 'getLive');
    const answer = seen.ok ? await live?.handle({ caller: seen.caller } as ApiRequest<unknown, unknown>) : undefined; // It looks at no more.
    if (answer === undefined || !('text' in answer) || typeof answer.text === 'string') throw new Error('no events');
    const events = answer.text[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i += 1) expect((await events.next()).done).toBe(false);
    registry.user('root', { isOperator: false });
    expect((await events.next()).done).toBe(true);
  });

  it('make room where what they tell of has failed', async () => {
    const { sources } = house();
    const live = new LiveEvents({ ...sources, nodes: async () => Promise.reject(new Error('away')) });
    for (let i = 0; i < readersMax + 1; i += 1) {
      const reader = live.open(() => true)?.[Symbol.asyncIterator]();
      await reader?.next();
      await expect(reader?.next()).rejects.toThrow('away');
    }
  });
});
