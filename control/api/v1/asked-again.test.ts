/** Requests that are sent again after a restart: the process that answers has no answers of before, and the registry knows the commands. */
import { expect, it } from 'vitest';
import { type As, peopleApi } from '../../people/testing/people-api.js';
import { buildAdminApi } from '../server.js';
import { peopleRoutes } from './people-routes.js';

async function house() {
  const api = await peopleApi();
  const restarted = () =>
    buildAdminApi({
      ...{ listen: { host: '127.0.0.1', port: 9080 }, status: () => ({ nodes: [] }) as never },
      cache: { purge: async () => ({ obeyed: [], missing: [] }), inspect: async () => ({ nodes: [], missing: [] }) },
      access: {
        ...{ callers: api.people.callers, publicUrl: null, version: '0.0.0' },
        earlier: (id) => api.registry.earlier(id),
        routes: peopleRoutes(api.people),
      },
    });
  const send = async (
    server: typeof api.server,
    method: string,
    url: string,
    key: string,
    body?: object,
    as: As = api.local,
  ) => {
    const headers = { host: 'localhost:9080', ...as, 'idempotency-key': key };
    const payload = body === undefined ? {} : { payload: body };
    const answer = await server.inject({ method: method as 'POST', url, headers, ...payload });
    return { status: answer.statusCode, body: answer.body === '' ? {} : answer.json() };
  };
  return { api, restarted, send };
}

it('with the same key, a request is done once and answered alike, before a restart and after it', async () => {
  const { api, restarted, send } = await house();
  const team = { id: 'red', name: 'Red' };
  const first = await send(api.server, 'POST', '/v1/teams', 'k1', team);
  expect(first.status).toBe(201);
  const { number } = api.registry;
  for (const server of [api.server, restarted(), restarted()])
    expect(await send(server, 'POST', '/v1/teams', 'k1', team)).toEqual(first);
  expect(api.registry.number).toBe(number);
  // Another key is another request.
  expect((await send(restarted(), 'POST', '/v1/teams', 'k2', team)).status).toBe(409);
});

it('what was shown once is shown by the process that has made it, and by no later one', async () => {
  const { api, restarted, send } = await house();
  const user = { login: 'ada', name: 'Ada', withPassword: true };
  const made = await send(api.server, 'POST', '/v1/users', 'k1', user);
  expect(made.body.password).toMatch(/\S{8,}/);
  expect(await send(api.server, 'POST', '/v1/users', 'k1', user)).toEqual(made);
  expect(await send(restarted(), 'POST', '/v1/users', 'k1', user)).toEqual({
    ...made,
    body: { ...made.body, password: null },
  });
  expect(api.registry.count('user')).toBe(1);
});

it('with the same key and another body, a request is refused, before a restart and after it', async () => {
  const { api, restarted, send } = await house();
  const made = await send(api.server, 'POST', '/v1/teams', 'k1', { id: 'red', name: 'Red' });
  const { number } = api.registry;
  for (const server of [api.server, restarted()]) {
    const other = await send(server, 'POST', '/v1/teams', 'k1', { id: 'blue', name: 'Blue' });
    expect([other.status, other.body.title]).toEqual([422, 'Key Used Before']);
    expect(await send(server, 'POST', '/v1/teams', 'k1', { id: 'red', name: 'Red' })).toEqual(made);
  }
  expect(api.registry.number).toBe(number);
});

it('what was ended is told to be ended whenever it is sent again, and to nobody else', async () => {
  const { api, restarted, send } = await house();
  const { id, session } = await api.user('ada');
  await api.registry.must('team.create', { id: 'red', name: 'Red', ownerId: id });
  const path = `/v1/teams/red/members/${id}`;
  await api.registry.must('team.set-member', { id: 'red', userId: (await api.user('cid')).id, role: 'owner' });
  // Whoever leaves a team may not look at it any more, and what was done is told all the same.
  expect(await send(api.server, 'DELETE', path, 'k1', undefined, session)).toEqual({ status: 204, body: {} });
  const { session: strangers } = await api.user('dan');
  const { number } = api.registry;
  for (const server of [api.server, restarted()]) {
    expect((await send(server, 'DELETE', path, 'k1', undefined, session)).status).toBe(204);
    expect((await send(server, 'DELETE', path, 'k2', undefined, session)).status).toBe(404);
    expect((await send(server, 'DELETE', path, 'k1', undefined, strangers)).status).toBe(404);
  }
  expect(api.registry.number).toBe(number);
});
