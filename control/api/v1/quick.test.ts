import { describe, expect, it } from 'vitest';
import { drawCredential, sha256Hex } from '../../people/digests.js';
import { type As, type PeopleApi, peopleApi } from '../../people/testing/people-api.js';
import { readPublicKey } from '../../publish/public-keys.js';
import { quickRoutes } from './quick.js';

const DOCUMENT = `openapi: 3.1.0
info: { title: Shop of ours, version: "1" }
servers: [{ url: "https://shop.example/v2" }]
paths:
  /orders/{id}: { get: { operationId: order, parameters: [{ name: id, in: path, required: true, schema: { type: string } }], responses: { "200": { description: ok } } } }
  /orders: { get: { operationId: orders, responses: { "200": { description: ok } } } }
`;

const open = (conflict: string | null = null): Promise<PeopleApi> =>
  peopleApi({
    more: ({ registry, wallMs }) =>
      quickRoutes({
        ...{ registry, wallMs, sha256: sha256Hex, readPublicKey, drawKey: () => drawCredential('weir_k_') },
        names: () => ({ models: [], prompts: [], guards: [] }),
        ...{ conflictOf: () => conflict, shadowedBy: () => null, seal: null, callsOf: () => null },
      }),
  });

const quick = (api: PeopleApi, as: As, body: object) => api.ask('POST', '/v1/services/quick', as, body);

/** Ann, in the team Red. */
async function withRole(api: PeopleApi, role: 'developer' | 'owner' | 'viewer') {
  const { id, session } = await api.user('ann');
  await api.registry.must('team.create', { id: 'red', name: 'Red' });
  await api.registry.must('team.set-member', { id: 'red', userId: id, role });
  return { id, session };
}

describe('a service in one step', () => {
  it('is published, with an application that is let in and a key that is told once', async () => {
    const api = await open();
    const { status, body } = await quick(api, api.local, { id: 'shop', server: 'http://127.0.0.1:9000' });
    expect([status, body]).toMatchObject([
      201,
      {
        service: { id: 'shop', teamId: 'default', stage: 'published', basePath: '/shop', lastRelease: 1 },
        ...{ path: '/shop/', application: 'shop-app', subscription: 'approved' },
        key: { key: expect.stringMatching(/^weir_k_/) },
      },
    ]);
    const { key } = body['key'] as { key: string };
    expect(api.registry.keyByHash(sha256Hex(key))?.applicationId).toBe('shop-app');
    expect(JSON.stringify([...api.registry.all('key')])).not.toContain(key);
    expect(api.registry.get('service', 'shop')?.draft).toMatchObject({
      upstreams: [{ id: 'server', targets: ['http://127.0.0.1:9000'] }],
      routes: [{ match: '/*', upstream: 'server' }],
    });
  });

  it('of a document is held to it, and sent where it says, or where the request says', async () => {
    const api = await open();
    const designed = async (id: string, server?: string) => {
      const sent = { id, document: DOCUMENT, ...(server === undefined ? {} : { server }) };
      const { status, body } = await quick(api, api.local, sent);
      expect([status, body]).toMatchObject([201, { path: `/${id}/orders`, service: { name: 'Shop of ours' } }]);
      const { upstreams, routes, validate, contract } = api.registry.get('service', id)?.draft ?? {};
      expect([validate, contract?.includes('https://shop.example/v2')]).toEqual(['refuse', true]);
      return [upstreams, routes?.map((route) => Reflect.get(route as object, 'rewrite'))];
    };
    expect(await designed('a')).toEqual([
      [{ id: 'main', targets: ['https://shop.example'] }],
      [{ path: '/v2/orders/{id}' }, { path: '/v2/orders' }],
    ]);
    expect(await designed('b', 'http://127.0.0.1:9000')).toEqual([
      [{ id: 'main', targets: ['http://127.0.0.1:9000'] }],
      [{ path: '/orders/{id}' }, { path: '/orders' }],
    ]);
  });

  it('of a server with a path is sent below that path', async () => {
    const api = await open();
    expect((await quick(api, api.local, { id: 'a', server: 'https://a.example/api/' })).status).toBe(201);
    expect(api.registry.get('service', 'a')?.draft).toMatchObject({
      upstreams: [{ targets: ['https://a.example'] }],
      routes: [{ rewrite: { replacePrefix: { from: '/', with: '/api' } } }],
    });
  });

  it('that is open needs neither application nor key', async () => {
    const api = await open();
    const { body } = await quick(api, api.local, { id: 'a', server: 'http://a.example', access: 'open' });
    expect(body).toMatchObject({ application: null, subscription: null, key: null });
    expect([...api.registry.all('application'), ...api.registry.all('key')]).toEqual([]);
  });
});

describe('who may', () => {
  it('is whoever designs in the team, and it belongs to the only team that one has', async () => {
    const api = await open();
    const { session } = await withRole(api, 'developer');
    const { status, body } = await quick(api, session, { id: 'a', server: 'http://a.example' });
    expect([status, body['subscription'], body['service']]).toMatchObject([201, 'approved', { teamId: 'red' }]);
  });

  it('waits for an owner where others than the team may find it', async () => {
    const api = await open();
    const { session } = await withRole(api, 'developer');
    const sent = { server: 'http://a.example', visibility: 'organisation' };
    expect((await quick(api, session, { id: 'a', ...sent })).body['subscription']).toBe('pending');
    expect((await quick(api, api.local, { id: 'b', ...sent })).body['subscription']).toBe('approved');
  });

  it.each([
    ['looks on only', async (api: PeopleApi) => (await withRole(api, 'viewer')).session, {}, 403],
    [
      'looks on only, and names the team',
      async (api: PeopleApi) => (await withRole(api, 'viewer')).session,
      { teamId: 'red' },
      403,
    ],
    ['is in no team', async (api: PeopleApi) => (await api.user('bob')).session, {}, 404],
    ['is in no team, and names one', async (api: PeopleApi) => (await api.user('bob')).session, { teamId: 'red' }, 404],
    [
      'has a token for services alone',
      async (api: PeopleApi) => api.token((await withRole(api, 'owner')).id, ['services:write']),
      ...[{}, 403],
    ],
  ] as const)('is nobody who %s', async (_who, enter, more, status) => {
    const api = await open();
    const as = await enter(api);
    const before = api.registry.number;
    expect((await quick(api, as, { id: 'a', server: 'http://a.example', ...more })).status).toBe(status);
    expect(api.registry.number).toBe(before);
  });

  it('has to say which team where there are several', async () => {
    const api = await open();
    for (const id of ['red', 'blue']) await api.registry.must('team.create', { id, name: id });
    expect((await quick(api, api.local, { id: 'a', server: 'http://a.example' })).status).toBe(422);
    expect((await quick(api, api.local, { id: 'a', server: 'http://a.example', teamId: 'blue' })).status).toBe(201);
  });
});

describe('what goes wrong', () => {
  it('is told, and the same request goes on from there', async () => {
    const api = await open();
    const faulty = await quick(api, api.local, { id: 'a', server: 'http://169.254.169.254' });
    expect([faulty.status, faulty.body['title']]).toEqual([422, 'Faulty Draft']);
    expect(api.registry.get('service', 'a')?.lastRelease).toBe(0);
    for (const _ of ['mended', 'once more'])
      expect((await quick(api, api.local, { id: 'a', server: 'http://a.example' })).status).toBe(201);
    expect((await quick(api, api.local, { id: 'a', server: 'http://b.example' })).status).toBe(409);
    expect(api.registry.get('service', 'a')?.lastRelease).toBe(1);
  });

  it('is the application of another team, which is neither used nor changed', async () => {
    const api = await open();
    for (const id of ['red', 'blue']) await api.registry.must('team.create', { id, name: id });
    await api.registry.must('application.create', { id: 'theirs', teamId: 'red', name: 'Theirs' });
    const sent = { id: 'a', server: 'http://a.example', teamId: 'blue', applicationId: 'theirs' };
    expect((await quick(api, api.local, sent)).status).toBe(409);
    expect([...api.registry.of('key', 'applicationId', 'theirs')]).toEqual([]);
    expect(api.registry.get('service', 'a')).toBeNull();
    expect((await quick(api, api.local, { ...sent, applicationId: 'ours' })).status).toBe(201);
  });

  it.each([
    ['nothing to make it of', {}, 422],
    ['no document', { document: 'openapi: 3.1.0' }, 422],
    ['a member that nobody knows', { server: 'http://a.example', isOperator: true }, 422],
    ['an id that is none', { server: 'http://a.example', id: 'A b' }, 422],
  ])('is %s: nothing is made', async (_what, sent, status) => {
    const api = await open();
    await api.registry.must('team.create', { id: 'red', name: 'Red' });
    const before = api.registry.number;
    expect((await quick(api, api.local, { id: 'a', ...sent })).status).toBe(status);
    expect(api.registry.number).toBe(before);
  });

  it('is a draft that was never published and would be so otherwise than it is asked for: nothing is published', async () => {
    const api = await open();
    await api.registry.must('team.create', { id: 'red', name: 'Red' });
    const made = { id: 'a', teamId: 'red', name: 'A', basePath: '/a', access: 'open', visibility: 'public', plans: [] };
    await api.registry.must('service.create', made);
    const sent = { id: 'a', teamId: 'red', server: 'http://a.example' };
    for (const [more, named] of [
      [{}, '`access` open and `visibility` public'],
      [{ access: 'open' }, '`visibility` public'],
      [{ access: 'open', visibility: 'public', basePath: '/b' }, '`basePath` /a'],
    ] as const) {
      const { status, body } = await quick(api, api.local, { ...sent, ...more });
      expect([status, body['detail']]).toEqual([409, expect.stringContaining(`with ${named}:`)]);
      expect(api.registry.get('service', 'a')?.lastRelease).toBe(0);
      expect([...api.registry.all('application')]).toEqual([]);
    }
    const same = { ...sent, access: 'open', visibility: 'public' };
    expect((await quick(api, api.local, same)).status).toBe(201);
  });

  it('is the place of a route of weir.yaml: it stays a draft', async () => {
    const api = await open('A route of weir.yaml lies there.');
    const { status, body } = await quick(api, api.local, { id: 'a', server: 'http://a.example' });
    expect([status, body['detail']]).toMatchObject([409, expect.stringContaining('nothing is served')]);
    expect(api.registry.get('service', 'a')?.live).toEqual([]);
  });
});
