import { describe, expect, it } from 'vitest';
import { checkConfig } from '../publish/check-config.js';
import { configOf } from './config-text.js';
import { readContract } from './read.js';
import { manyOperations, petstore30, petstore31, searching } from './testing/documents.js';
import { designOf, routesHeld } from './to-design.js';

function designed(text: string) {
  const { contract } = readContract(text);
  if (contract === null) throw new Error('the document has errors');
  return designOf(contract);
}

const withPaths = (paths: object, more: object = {}): string =>
  JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'T', version: '1' },
    servers: [{ url: 'https://t.example' }],
    paths,
    ...more,
  });

const get = (more: object = {}) => ({ get: { responses: { '200': { description: 'ok' } }, ...more } });

describe('a design', () => {
  it('has a route for each operation, with what its upstream is asked for', () => {
    const { design, summary, faults } = designed(petstore30);
    expect(faults).toEqual([]);
    expect(design.upstreams).toEqual([{ id: 'main', targets: ['https://petstore.example.com'] }]);
    expect(design.routes).toEqual([
      {
        id: 'listPets',
        match: { path: '/pets', methods: ['GET'] },
        upstream: 'main',
        rewrite: { path: '/v1/pets' },
        contract: { operation: 'listPets' },
      },
      {
        id: 'createPets',
        match: { path: '/pets', methods: ['POST'] },
        upstream: 'main',
        rewrite: { path: '/v1/pets' },
        contract: { operation: 'createPets' },
      },
      {
        id: 'showPetById',
        match: { path: '/pets/{pet_id}', methods: ['GET'] },
        upstream: 'main',
        rewrite: { path: '/v1/pets/{pet_id}' },
        contract: { operation: 'showPetById' },
      },
      {
        ...{
          id: 'deletePet',
          match: { path: '/pets/{pet_id}', methods: ['DELETE'] },
          upstream: 'main',
          rewrite: { path: '/v1/pets/{pet_id}' },
          contract: { operation: 'deletePet' },
        },
        ...{ timeouts: { total: '2s' }, retry: false },
      },
    ]);
    expect([design.validate, design.mock, summary.upstream]).toEqual(['refuse', false, 'https://petstore.example.com']);
    expect(summary.operations.filter(({ isDeprecated }) => isDeprecated).map(({ id }) => id)).toEqual(['deletePet']);
  });

  it('of a contract without servers answers with its examples', () => {
    const { design, faults } = designed(searching);
    expect([design.mock, design.upstreams, faults.map(({ pointer }) => pointer)]).toEqual([true, [], ['/servers']]);
    expect(routesHeld(design, 'search@1')).toEqual([
      {
        id: 'search',
        match: { path: '/shops/{shop}/items/{ids}', methods: ['GET'] },
        contract: { of: 'search@1', validate: 'refuse', mock: true, operation: 'search' },
      },
    ]);
  });

  it('has an upstream for each server that operations name', () => {
    const { design } = designed(
      withPaths({ '/a': get(), '/b': get({ servers: [{ url: 'http://127.0.0.1:9000/x/' }] }) }),
    );
    expect(design.upstreams).toEqual([
      { id: 'main', targets: ['https://t.example'] },
      { id: 'main-2', targets: ['http://127.0.0.1:9000'] },
    ]);
    expect(design.routes[1]).toMatchObject({ upstream: 'main-2', rewrite: { path: '/x/b' } });
  });

  it('takes operations that only a part of a segment tells apart as one route, which passes them on', () => {
    const { design, faults } = designed(
      withPaths({ '/v/{name}:start': { post: {} }, '/v/{name}:stop': { post: {} }, '/v/{name}': get() }),
    );
    expect(design.routes).toEqual([
      {
        id: 'post-v-name-start',
        match: { path: '/v/{name}', methods: ['POST'] },
        upstream: 'main',
        rewrite: { path: '/v/{name}' },
      },
      {
        id: 'get-v-name',
        match: { path: '/v/{name}', methods: ['GET'] },
        upstream: 'main',
        rewrite: { path: '/v/{name}' },
        contract: { operation: 'get-v-name' },
      },
    ]);
    expect(faults.map(({ message }) => message)).toContain(
      'one route takes post-v-name-start, post-v-name-stop, and their requests are not held to the contract',
    );
  });

  it.each([
    ['an extension that is none', { 'x-weir-ttl': '1s' }, 'warning', 'x-weir-ttl means nothing'],
    [
      'a timer without a unit',
      { 'x-weir-timeout': 5 },
      'error',
      'no route can be made of the operation get-a: timeouts.total the duration 5 has no unit',
    ],
    ['security', { security: [{ key: [] }] }, 'warning', 'security requirements of the contract are not asked for'],
    [
      'a body that is no JSON',
      { requestBody: { content: { 'multipart/form-data': { schema: {} } } } },
      'warning',
      'bodies of multipart/form-data are taken, and not looked into',
    ],
    ['callbacks', { callbacks: {} }, 'warning', 'callbacks go past the gateway'],
  ])('tells of %s', (_name, more, severity, message) => {
    expect(designed(withPaths({ '/a': get(more) })).faults).toContainEqual(
      expect.objectContaining({ severity, message }),
    );
  });
});

describe('as a config', () => {
  it.each([
    ['petstore', petstore30],
    ['petstore of 3.1', petstore31],
    ['every style', searching],
    ['300 operations', manyOperations(300)],
  ])('%s is sound, and keeps every operation', (_name, text) => {
    const { contract } = readContract(text);
    if (contract === null) throw new Error('the document has errors');
    const checked = checkConfig(configOf(designOf(contract).design, 'shop'), {}, () => '');
    expect(checked.ok ? [] : checked.faults).toEqual([]);
    expect(checked.ok && checked.config.routes.map(({ contract: held }) => held?.operation)).toEqual(
      contract.operations.map(({ id }) => id),
    );
    expect(checked.ok && checked.warnings).toEqual([]);
  });
});
