/** Requests held to a contract by a whole gateway, and mock answers of it; the config as it is written. */
import { petstore30, petstore31, searching } from '@weir/control/contract/testing/documents.js';
import { afterEach, expect, it } from 'vitest';
import { startGateway } from '../../support/gateway.js';
import { json, modelProvider } from '../../support/model-provider.js';
import { Stage } from '../../support/stage.js';

const stage = new Stage();
afterEach(() => stage.clear());

const indented = (text: string): string => text.replace(/^/gm, '      ');

async function started(mode: 'refuse' | 'tell' = 'refuse') {
  const upstream = await modelProvider(stage, (question) => json(question, { path: question.path }));
  const route = (id: string, method: string, path: string, of: string, more = ''): string =>
    `  - { id: ${id}, match: { path: "${path}", methods: ${method} }, upstream: shop, contract: { of: ${of}, operation: ${id}, validate: ${mode}${more} } }`;
  const gateway = await startGateway(`
gateway: { accessLog: false }
upstreams: [{ id: shop, targets: "${upstream.url}" }]
contracts:
  - id: pets
    document:
${indented(petstore30)}
  - id: newer
    document: |
${indented(petstore31)}
  - id: search
    document: |
${indented(searching)}
routes:
${route('listPets', 'GET', '/v1/pets', 'pets')}
${route('createPets', 'POST', '/v1/pets', 'pets')}
${route('showPetById', 'GET', '/v1/pets/{pet_id}', 'pets')}
${route('addPet', 'POST', '/v2/pets', 'newer')}
${route('search', 'GET', '/shops/{shop}/items/{ids}', 'search')}
  - { id: mocked, match: { path: /mock/pets, methods: GET }, contract: { of: pets, operation: listPets, mock: true } }
  - { id: mockedPet, match: "/mock/pets/{pet_id}", contract: { of: pets, operation: showPetById, mock: true, validate: off } }
`);
  stage.onEnd(async () => {
    await gateway.close();
    expect(gateway.bugs).toEqual([]);
  });
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(`${gateway.url}${path}`, { method, headers: { ...type, ...headers }, body: text });
    return {
      status: answer.status,
      headers: answer.headers,
      told: (await answer.json().catch(() => null)) as Problem | null,
    };
  };
  return { gateway, send };
}

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly faults?: readonly { where: string; what: string }[];
}

const faultsIn = (told: Problem | null): string[] => (told?.faults ?? []).map(({ where, what }) => `${where} ${what}`);

it('what fits reaches the upstream, and what does not is answered 400 with each fault', async () => {
  const { send, gateway } = await started();
  expect((await send('GET', '/v1/pets?limit=10&tags=a,b')).status).toBe(200);
  expect((await send('POST', '/v1/pets', { name: 'Rex', price: 3 })).status).toBe(200);
  expect((await send('GET', '/v1/pets/17')).status).toBe(200);

  const list = await send('GET', '/v1/pets?limit=0&tags=a,b,c,d,e,f', undefined, { 'x-trace': 'xyz' });
  expect([list.status, list.told?.code, list.headers.get('content-type')]).toEqual([
    400,
    'contract_violated',
    'application/problem+json',
  ]);
  expect(faultsIn(list.told)).toEqual([
    'query.limit must be at least 1',
    'query.tags must have at most 5 items',
    'header.x-trace must match ^[a-f0-9]{8}$',
  ]);
  const made = await send('POST', '/v1/pets', { kind: 'cow', price: 0, parents: [{ name: '' }], owner: 1 });
  expect(faultsIn(made.told)).toEqual([
    'body/name is required',
    'body/kind must be one of "cat", "dog", "bird"',
    'body/price must be above 0',
    'body/parents/0/name must not be empty',
    'body/owner is not known',
  ]);
  expect(faultsIn((await send('GET', '/v1/pets/rex')).told)).toEqual(['path.pet-id must be an integer']);
  expect(
    (await send('POST', '/v1/pets', 'name=Rex', { 'content-type': 'application/x-www-form-urlencoded' })).status,
  ).toBe(415);
  expect((await send('POST', '/v1/pets', `{"name":"${'x'.repeat(1024 * 1024)}"}`)).status).toBe(413);
  expect(await gateway.metric('weir_contract_requests_total{route="createPets",verdict="refused"}')).toBe(3);
  expect(await gateway.metric('weir_contract_requests_total{route="createPets",verdict="fits"}')).toBe(1);
});

it('3.1 has its own words: types in lists, tuples, discriminators, what no keyword has looked at', async () => {
  const { send } = await started();
  const pet = { name: 'Rex', photos: ['https://example.com/a.png'], id: null };
  expect(
    (
      await send('POST', '/v2/pets', {
        ...pet,
        'x-note': 'hi',
        place: [1, 2],
        owner: { type: 'person', email: 'a@b.example' },
      })
    ).status,
  ).toBe(200);
  const { told } = await send('POST', '/v2/pets', {
    ...pet,
    id: 0,
    photos: ['a', 'a'],
    place: [1, 2, 3],
    owner: { type: 'shelter' },
    other: 1,
  });
  expect(faultsIn(told)).toEqual([
    'body/photos/0 must be a URI',
    'body/photos/1 must be a URI',
    'body/id must be above 0',
    'body/place/2 is not allowed here',
    'body/owner/city is required',
  ]);
});

it('parameters of every place and style are read as the standard has them', async () => {
  const { send } = await started();
  const base = '/shops/123e4567-e89b-42d3-a456-426614174000/items/1,2';
  const cookie = { cookie: 'theme=dark; session=12345678' };
  const fine = `${base}?filter[min]=1&filter[color]=red&filter[color]=blue&sort=a|b&words=a%20b&size=3&exact=&near={"lat":1,"lon":2}`;
  expect((await send('GET', fine, undefined, { ...cookie, 'x-flags': 'a, b' })).status).toBe(200);
  const { told } = await send(
    'GET',
    `${base},x?filter[max]=much&filter[no]=1&size=big&exact=maybe&near={"lat":"1"}`,
    undefined,
    { cookie: 'theme=red', 'x-flags': 'a,c' },
  );
  expect(faultsIn(told)).toEqual([
    'path.ids.2 must be an integer',
    'query.filter.max must be a number',
    'query.filter.no is not known',
    'query.page.size must be an integer',
    'query.exact must be a boolean',
    'query.near.lon is required',
    'query.near.lat must be a number',
    'header.x-flags.1 must be one of "a", "b"',
    'cookie.session is required',
    'cookie.theme must be one of "light", "dark"',
  ]);
});

it('where it is only told, the answer says so and the request goes on', async () => {
  const { send, gateway } = await started('tell');
  const { status, headers } = await send('POST', '/v1/pets', { kind: 'cow' });
  expect([status, headers.get('weir-contract')]).toEqual([200, 'faults=2, first="body/name"']);
  expect((await send('POST', '/v1/pets', { name: 'Rex' })).headers.get('weir-contract')).toBeNull();
  expect(await gateway.metric('weir_contract_requests_total{route="createPets",verdict="told"}')).toBe(1);
});

it('examples answer before there is an upstream, by status, name and type', async () => {
  const { send } = await started();
  const usual = await send('GET', '/mock/pets');
  expect([usual.status, usual.told, usual.headers.get('x-next'), usual.headers.get('weir-mock')]).toEqual([
    200,
    [
      { id: 1, name: 'Rex' },
      { id: 2, name: 'Tom', tag: 'cat' },
    ],
    '/pets?after=2',
    'true',
  ]);
  expect((await send('GET', '/mock/pets', undefined, { prefer: 'example=none' })).told).toEqual([]);
  const missing = await send('GET', '/mock/pets', undefined, { prefer: 'code=404' });
  expect([missing.status, missing.told, missing.headers.get('preference-applied')]).toEqual([
    404,
    { code: 17, message: 'no such pet' },
    'code=404',
  ]);
  expect((await send('GET', '/mock/pets', undefined, { accept: 'text/html' })).status).toBe(406);
  expect((await send('GET', '/mock/pets', undefined, { prefer: 'example=x' })).told?.code).toBe('mock_missing');
  expect((await send('GET', '/mock/pets?limit=x')).status).toBe(400);
  // There is no example: one is made of the schema, and it is the same each time.
  const made = await send('GET', '/mock/pets/7');
  expect([made.status, made.told]).toEqual([200, { id: 0, name: 'Rex', tag: 'text' }]);
});

it('faults of a contract and of what routes say of it have their places in the config', async () => {
  const { checkConfig } = await import('@weir/control/publish/check-config.js');
  const text = `contracts:
  - id: pets
    document:
      openapi: 3.0.0
      info: { title: T, version: "1" }
      paths:
        /a:
          get: { operationId: one, responses: { "200": { description: ok } }, parameters: [{ name: q, in: query, schema: { type: int } }] }
routes:
  - { match: /a, respond: 204, contract: { of: pest, operation: one } }
  - { match: /b, respond: 204, contract: two }
`;
  const checked = checkConfig(text, {}, () => '');
  const told = checked.ok
    ? []
    : checked.faults
        .filter(({ severity }) => severity === 'error')
        .map(({ line, message, cure }) => [line, message, cure]);
  expect(told).toEqual([
    [8, '"int" is no type', 'write integer'],
    [10, 'there is no contract "pest"', 'did you mean pets?'],
  ]);
});
