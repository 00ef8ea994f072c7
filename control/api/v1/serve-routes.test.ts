import { Validator } from '@seriousme/openapi-schema-validator';
import { sessionCookie } from '@weir/proto/http/own-cookies.js';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createCallers, csrfOf } from '../../people/callers.js';
import { isSameText, sha256Hex } from '../../people/digests.js';
import { PeopleRegistry } from '../../people/testing/people-registry.js';
import { buildAdminApi } from '../server.js';
import { type ApiAnswer, type ApiRequest, type ApiRoute, apiRoute } from './api-route.js';
import { pageQuery } from './read-input.js';

const thing = z.strictObject({ name: z.string().min(2).max(9), size: z.number().int().default(1) });

type See = (request: ApiRequest<unknown, unknown>) => Promise<ApiAnswer>;

function tableOf(see: See): readonly ApiRoute[] {
  const base = { summary: 'S', area: 'things', needs: 'signed-in' } as const;
  const ofTeam = { teamOf: ({ params }: ApiRequest<unknown, unknown>) => (params['id'] === 'none' ? null : 'red') };
  const rows: ApiRoute[] = [
    { ...base, method: 'GET', path: '/v1/things', name: 'listThings', query: z.strictObject(pageQuery), handle: see },
    { ...base, method: 'POST', path: '/v1/things', name: 'makeThing', body: thing, handle: see, answers: thing },
    {
      ...base,
      ...ofTeam,
      method: 'GET',
      path: '/v1/things/{id}',
      name: 'getThing',
      needs: { team: 'viewer' },
      handle: async () => ({ status: 200, body: {}, version: 3 }),
    },
    {
      ...base,
      ...ofTeam,
      method: 'DELETE',
      path: '/v1/things/{id}',
      name: 'endThing',
      needs: { team: 'owner' },
      handle: see,
    },
    {
      ...base,
      method: 'POST',
      path: '/v1/files',
      name: 'sendFile',
      body: z.string().max(100),
      bodyIs: 'text',
      bodyBytesMax: 200,
      handle: see,
    },
    {
      ...base,
      method: 'GET',
      path: '/v1/lines',
      name: 'getLines',
      needs: 'operator',
      async handle() {
        return { status: 200, contentType: 'application/x-ndjson', text: lines() };
      },
    },
    { ...base, method: 'POST', path: '/v1/session', name: 'open', needs: 'nobody', handle: see },
  ];
  return rows.map((route) => apiRoute(route as ApiRoute));
}

function house() {
  const seen: ApiRequest<unknown, unknown>[] = [];
  let count = 0;
  const see = async (request: ApiRequest<unknown, unknown>): Promise<ApiAnswer> => {
    seen.push(request);
    count += 1;
    return { status: 200, body: { count } };
  };

  const registry = new PeopleRegistry();
  for (const id of ['ann', 'vic', 'out']) registry.user(id);
  registry.user('new', { mustChangePassword: true });
  registry.user('root', { isOperator: true });
  registry.team('red', { ann: 'owner', vic: 'viewer' });
  const callers = createCallers({
    registry,
    sha256: sha256Hex,
    isSame: isSameText,
    localSha256: null,
    wallMs: () => 1_000,
  });
  const server = buildAdminApi({
    ...{ listen: { host: '127.0.0.1', port: 1 }, status: () => ({}) as never },
    cache: { purge: async () => ({ obeyed: [], missing: [] }), inspect: async () => ({ nodes: [], missing: [] }) },
    access: { callers, routes: tableOf(see), publicUrl: null, version: '1.2.3' },
  });
  const ask = async (
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    who: string | null,
    more: object = {},
    payload?: unknown,
  ) => {
    const by = who === null ? {} : { authorization: `Bearer ${registry.token(who, ['write'])}` };
    const answer = await server.inject({
      ...{ method, url, headers: { host: 'localhost', ...by, ...more } },
      ...(payload === undefined ? {} : { payload: payload as object }),
    });
    return { status: answer.statusCode, headers: answer.headers, text: answer.body, body: () => answer.json() };
  };
  return { ask, registry, seen, server };
}

async function* lines(): AsyncGenerator<string> {
  yield '{"a":1}\n';
  yield '{"a":2}\n';
}

describe('the frame of /v1', () => {
  it('hands over what the schemas have read, with defaults', async () => {
    const { ask, seen } = house();
    expect((await ask('GET', '/v1/things?max=7', 'ann')).status).toBe(200);
    expect(seen[0]?.query).toEqual({ max: 7 });
    await ask('POST', '/v1/things', 'ann', {}, { name: 'box' });
    expect(seen[1]).toMatchObject({ body: { name: 'box', size: 1 }, expected: undefined, idempotencyKey: undefined });
    expect(seen[1]?.caller.user?.id).toBe('ann');
  });

  it('names each fault of a body with its path and its cure, and refuses members that nobody has foreseen', async () => {
    const { ask, seen } = house();
    const answer = await ask('POST', '/v1/things', 'ann', {}, { name: 'x', size: 'big', isOperator: true });
    expect(answer.status).toBe(422);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(
      answer
        .body()
        .faults.map(({ path }: { path: string }) => path)
        .sort(),
    ).toEqual(['isOperator', 'name', 'size']);
    for (const { message, cure } of answer.body().faults) expect([message, cure]).not.toContain('');
    for (const url of ['/v1/things?max=201', '/v1/things?max=x', '/v1/things?all=1', '/v1/things?q=a&q=b'])
      expect((await ask('GET', url, 'ann')).status).toBe(400);
    expect((await ask('POST', '/v1/things', 'ann', {}, undefined)).status).toBe(422);
    expect(seen).toEqual([]);
  });

  it('takes JSON alone, of a bounded size, and says no word of what was sent', async () => {
    const { ask, seen } = house();
    const json = { 'content-type': 'application/json' };
    const broken = await ask('POST', '/v1/things', 'ann', json, '{"password":"hunter2hunter2"');
    expect(broken.status).toBe(400);
    expect(broken.text).not.toContain('hunter2');
    expect((await ask('POST', '/v1/things', 'ann', { 'content-type': 'text/plain' }, '{"name":"box"}')).status).toBe(
      415,
    );
    expect((await ask('POST', '/v1/things', 'ann', json, '{"__proto__":{"a":1},"name":"box"}')).status).toBe(400);
    const large = await ask('POST', '/v1/things', 'ann', json, JSON.stringify({ name: 'b'.repeat(70_000) }));
    expect(large.status).toBe(413);
    expect(large.headers['content-type']).toContain('application/problem+json');
    expect((await ask('POST', '/v1/things', null, json, JSON.stringify({ name: 'b'.repeat(70_000) }))).status).toBe(
      401,
    );
    expect((await ask('DELETE', '/v1/things/1', 'ann', json, '')).status).toBe(200);
    expect(seen).toHaveLength(1);
  });

  it('hands a text over as it came, JSON or YAML', async () => {
    const { ask, seen } = house();
    await ask('POST', '/v1/files', 'ann', { 'content-type': 'application/yaml' }, 'a: 1\n');
    await ask('POST', '/v1/files', 'ann', { 'content-type': 'application/json' }, '{"a": 1}');
    expect(seen.map(({ body }) => body)).toEqual(['a: 1\n', '{"a": 1}']);
    expect(
      (await ask('POST', '/v1/files', 'ann', { 'content-type': 'application/yaml' }, 'a'.repeat(150))).status,
    ).toBe(422);
    expect(
      (await ask('POST', '/v1/files', 'ann', { 'content-type': 'application/yaml' }, 'a'.repeat(250))).status,
    ).toBe(413);
  });

  it('lets in whom the route is for, and tells strangers of a team the same as of what there is not', async () => {
    const { ask } = house();
    const of = async (method: 'GET' | 'DELETE', url: string, who: string | null) =>
      (await ask(method, url, who)).status;
    expect(await of('GET', '/v1/things/1', null)).toBe(401);
    expect(await of('GET', '/v1/things/1', 'vic')).toBe(200);
    expect(await of('DELETE', '/v1/things/1', 'vic')).toBe(403);
    expect(await of('DELETE', '/v1/things/1', 'ann')).toBe(200);
    expect(await of('DELETE', '/v1/things/1', 'root')).toBe(200);
    expect(await of('GET', '/v1/lines', 'ann')).toBe(403);
    expect(await of('GET', '/v1/things/1', 'new')).toBe(403);
    const [stranger, none] = [await ask('GET', '/v1/things/1', 'out'), await ask('GET', '/v1/things/none', 'vic')];
    expect([stranger.status, stranger.text]).toEqual([404, none.text]);
  });

  it('knows versions: ETag, 304, If-Match', async () => {
    const { ask, seen } = house();
    expect((await ask('GET', '/v1/things/1', 'ann')).headers['etag']).toBe('"3"');
    expect((await ask('GET', '/v1/things/1', 'ann', { 'if-none-match': '"2", W/"3"' })).status).toBe(304);
    expect((await ask('GET', '/v1/things/1', 'ann', { 'if-none-match': '"2"' })).status).toBe(200);
    await ask('POST', '/v1/things', 'ann', { 'if-match': '"3"' }, { name: 'box' });
    await ask('POST', '/v1/things', 'ann', { 'if-match': '*' }, { name: 'box' });
    expect(seen.map(({ expected }) => expected)).toEqual([3, undefined]);
    for (const field of ['3', '"x"', '"1", "2"', '""'])
      expect((await ask('POST', '/v1/things', 'ann', { 'if-match': field }, { name: 'box' })).status).toBe(400);
  });

  it('does once what comes again with its key, for each caller, and never another thing', async () => {
    const { ask, seen } = house();
    const key = { 'idempotency-key': 'k-1' };
    const first = await ask('POST', '/v1/things', 'ann', key, { name: 'box' });
    const again = await ask('POST', '/v1/things', 'ann', key, { name: 'box' });
    expect([again.status, again.text]).toEqual([first.status, first.text]);
    expect((await ask('POST', '/v1/things', 'ann', key, { name: 'bag' })).status).toBe(422);
    expect((await ask('POST', '/v1/things', 'vic', key, { name: 'box' })).text).not.toBe(first.text);
    expect(seen).toHaveLength(2);
    expect(seen[0]?.idempotencyKey).toMatch(/^[0-9a-f]{32}~[0-9a-f]{32}$/);
    const [own, others] = seen.map(({ idempotencyKey = '' }) => idempotencyKey.split('~'));
    // Another caller's is another request, though it says the same.
    expect([own?.[0] === others?.[0], own?.[1] === others?.[1]]).toEqual([false, true]);
    expect((await ask('POST', '/v1/things', 'ann', { 'idempotency-key': 'a b' }, { name: 'box' })).status).toBe(400);
  });

  it('asks a cookie for its word against forgery on each write, and no token', async () => {
    const { ask, registry, seen } = house();
    const secret = registry.session('ann');
    const cookie = `${sessionCookie}=${secret}`;
    const csrf = csrfOf(secret, sha256Hex);
    expect((await ask('GET', '/v1/things', null, { cookie })).status).toBe(200);
    for (const told of [
      {},
      { 'x-weir-csrf': 'x' },
      { 'x-weir-csrf': secret },
      { 'x-weir-csrf': csrfOf(registry.session('ann'), sha256Hex) },
    ]) {
      const forged = await ask('POST', '/v1/things', null, { cookie, ...told }, { name: 'box' });
      expect([forged.status, forged.body().code]).toEqual([403, 'csrf']);
    }
    expect(seen).toHaveLength(1);
    expect((await ask('POST', '/v1/things', null, { cookie, 'x-weir-csrf': csrf }, { name: 'box' })).status).toBe(200);
    const foreign = { cookie, 'x-weir-csrf': csrf, origin: 'https://evil.example' };
    expect((await ask('POST', '/v1/things', null, foreign, { name: 'box' })).status).toBe(403);
  });

  it('streams lines, and stores nothing anywhere', async () => {
    const { ask } = house();
    const answer = await ask('GET', '/v1/lines', 'root');
    expect(answer.text).toBe('{"a":1}\n{"a":2}\n');
    expect(answer.headers).toMatchObject({ 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  });

  it('describes itself in a document that a validator of OpenAPI 3.1 finds sound', async () => {
    const { ask } = house();
    const answer = await ask('GET', '/v1/openapi.json', null);
    const result = await new Validator().validate(answer.body());
    expect(result).toMatchObject({ valid: true });
    expect(answer.body().paths['/v1/things'].post['x-weir-needs']).toBe('signed-in');
    expect(answer.body().paths['/v1/openapi.json'].get.operationId).toBe('getDocument');
  });

  it('does not start with a route that takes whatever it is sent', async () => {
    const { server } = house();
    const { serveRoutes } = await import('./serve-routes.js');
    const loose = { method: 'POST', path: '/v1/x', name: 'x', summary: '', area: 'a', needs: 'nobody' } as const;
    const handle = async (): Promise<ApiAnswer> => ({ status: 204 });
    for (const body of [z.object({}), z.strictObject({ in: z.object({ a: z.string() }) }), z.array(z.looseObject({}))])
      expect(() =>
        serveRoutes(server, { routes: [apiRoute({ ...loose, body, handle } as never)], version: '1' }),
      ).toThrow(/foreseen/);
  });
});
