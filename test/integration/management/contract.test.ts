/** A service that is designed first: an OpenAPI document becomes a draft, its examples answer before there is an upstream, and requests are held to it. */
import { join } from 'node:path';
import { openHouse } from '@weir/deploy/up/up-registry.js';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { askAdmin } from '../../support/admin.js';
import { ensureBuilt } from '../../support/built.js';
import { Stage, until } from '../../support/stage.js';
import { weirUp } from '../../support/weir-up.js';

const LONG_MS = 120_000;
let stage = new Stage();
beforeAll(ensureBuilt, 4 * LONG_MS);
afterEach(async () => {
  await stage.clear();
  stage = new Stage();
});

const CONFIG = `
gateway: { listen: "127.0.0.1:0", accessLog: false }
routes: [{ id: ping, match: /ping, respond: { body: pong } }]
`;

const documentOf = (limitMax: number): string => `openapi: 3.1.0
info: { title: Pets, version: "1" }
paths:
  /pets:
    get:
      operationId: listPets
      parameters: [{ name: limit, in: query, schema: { type: integer, maximum: ${limitMax} } }]
      responses:
        "200": { description: ok, content: { application/json: { example: [{ id: 1, name: Rex }] } } }
    post:
      operationId: addPet
      requestBody:
        required: true
        content: { application/json: { schema: { type: object, required: [name], properties: { name: { type: string } } } } }
      responses: { "201": { description: made, content: { application/json: { example: { id: 2 } } } } }
`;

async function start() {
  const folder = stage.folder();
  const house = await openHouse({}, join(folder, 'state'));
  const actor = { userId: 'local', login: 'local', via: 'local', from: '' } as const;
  await house.registry.execute({ what: 'team.create', actor, input: { id: 'red', name: 'red' } });
  house.feed.close();
  await house.registry.close();
  const weir = await weirUp(stage, CONFIG, folder);
  const ask = async (method: string, path: string, body?: string, type = 'application/json') => {
    const sent = body === undefined ? {} : { body, headers: { 'content-type': type } };
    const answer = await askAdmin(`${weir.admin}${path}`, { method, ...sent });
    return { status: answer.status, text: await answer.text() };
  };
  const call = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${weir.port}${path}`, init);
  return { ask, call };
}

it(
  'an OpenAPI document is imported, mocked, held to, and compared with the next one',
  async () => {
    const { ask, call } = await start();
    const where = '/v1/services/import?id=pets&teamId=red&access=open';
    const bad = await ask('POST', where, 'openapi: 3.1.0\npaths: { /x: 5 }', 'application/yaml');
    expect([bad.status, JSON.parse(bad.text).faults.length > 0]).toEqual([422, true]);
    const made = await ask('POST', where, documentOf(100), 'application/yaml');
    expect([made.status, JSON.parse(made.text)]).toMatchObject([
      201,
      { service: { id: 'pets', name: 'Pets' }, summary: { operations: [{ id: 'listPets' }, { id: 'addPet' }] } },
    ]);
    expect(await ask('POST', '/v1/services/pets/releases', '{"notes":"first"}')).toMatchObject({ status: 201 });
    await until(
      async () => (await call('/pets/pets')).status === 200,
      () => 'the service is not served',
    );
    expect(await (await call('/pets/pets?limit=3')).json()).toEqual([{ id: 1, name: 'Rex' }]);
    const refused = await call('/pets/pets?limit=many');
    expect([refused.status, JSON.stringify(await refused.json()).includes('limit')]).toEqual([400, true]);
    const post = (body: string) =>
      call('/pets/pets', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect([(await post('{}')).status, (await post('{"name":"Max"}')).status]).toEqual([400, 201]);
    // The next document takes less, which breaks whoever asks for more.
    expect((await ask('POST', where, documentOf(10), 'application/yaml')).status).toBe(201);
    await ask('POST', '/v1/services/pets/releases', '{}');
    const compared = JSON.parse((await ask('GET', '/v1/services/pets/releases/1/diff/2')).text);
    expect(compared.breaking).toMatchObject([{ severity: 'breaking' }]);
    const published = await ask('GET', '/v1/services/pets/contract?format=yaml');
    expect([published.status, published.text.includes('openapi: 3.1'), published.text.includes('/pets')]).toEqual([
      200,
      true,
      true,
    ]);
  },
  LONG_MS,
);
