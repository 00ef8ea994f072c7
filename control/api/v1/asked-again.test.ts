/** Requests that are sent again after a restart: the process that answers has no answers of before, and the registry knows the commands. */
import { expect, it } from 'vitest';
import { peopleApi } from '../../people/testing/people-api.js';
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
        routes: peopleRoutes(api.people),
      },
    });
  const send = async (server: typeof api.server, method: string, url: string, key: string, body?: object) => {
    const headers = { host: 'localhost:9080', ...api.local, 'idempotency-key': key };
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
