import { isObject, type Json, member, objectAt, valueAtPointer } from '@weir/proto/contract/json-value.js';
import { describe, expect, it } from 'vitest';
import type { Design } from '../model/entities.js';
import { type ExportedService, exportedContract, type GatewayFacts } from './export.js';
import { readContract } from './read.js';
import { manyOperations, petstore30, petstore31, searching } from './testing/documents.js';
import { designOf } from './to-design.js';
import { schemaOf31 } from './upgrade.js';

const service: ExportedService = {
  ...{
    name: 'Pets',
    description: 'All about pets',
    basePath: '/shop',
    access: 'key',
    stage: 'published',
    deprecation: null,
  },
  plans: [{ id: 'free', name: 'Free', limits: [{ rate: '10/m' }], approval: 'auto' }],
};
const gateway: GatewayFacts = {
  urls: ['https://api.example.com/'],
  keyPlaces: ['bearer', 'header:x-api-key'],
  version: '',
};

function designed(text: string): Design {
  const { contract } = readContract(text);
  if (contract === null) throw new Error('the document has errors');
  return designOf(contract).design;
}

const at = (document: Json, pointer: string): Json | undefined => valueAtPointer(document, pointer);

describe('a published contract', () => {
  it.each([petstore30, petstore31, searching, manyOperations(40)])(
    'is a sound document of 3.1 with the same operations',
    (text) => {
      const exported = exportedContract(service, designed(text), gateway);
      const read = readContract(JSON.stringify(exported));
      expect(read.faults.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(read.contract?.dialect).toBe('3.1');
      expect(read.contract?.operations.map(({ id }) => id)).toEqual(
        readContract(text).contract?.operations.map(({ id }) => id),
      );
      expect(read.contract?.servers).toEqual([{ url: 'https://api.example.com/shop', description: '' }]);
    },
  );

  it('asks for a key where the service takes one, or for a token of an application with a key of its own', () => {
    const design = designed(petstore30);
    for (const [keyPlaces, names] of [
      [['header:x-api-key'], ['gatewayKey-x-api-key', 'gatewayToken']],
      [
        ['bearer', 'header:x-api-key'],
        ['gatewayBearer', 'gatewayKey-x-api-key', 'gatewayToken'],
      ],
    ] as const) {
      const exported = exportedContract(service, design, { ...gateway, keyPlaces });
      expect(member(exported, 'security')).toEqual(names.map((name) => ({ [name]: [] })));
      expect(Object.keys(objectAt(at(exported, '/components'), 'securitySchemes'))).toEqual(names);
    }
    const { components } = exportedContract(service, design, gateway);
    expect(at(components ?? null, '/securitySchemes')).toEqual({
      gatewayBearer: { type: 'http', scheme: 'bearer', description: expect.any(String) },
      'gatewayKey-x-api-key': { type: 'apiKey', in: 'header', name: 'x-api-key', description: expect.any(String) },
      gatewayToken: {
        ...{ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        description: expect.stringMatching(/`iss`.*`kid`/),
      },
    });
  });

  it('says what the gateway itself answers', () => {
    const exported = exportedContract(service, designed(petstore30), gateway);
    expect(Object.keys(objectAt(at(exported, '/paths/~1pets/post'), 'responses')).sort()).toEqual([
      '201',
      '400',
      '401',
      '403',
      '413',
      '415',
      '429',
      '504',
      'default',
    ]);
    expect(at(exported, '/components/responses/Gateway429/description')).toBe(
      'The plan allows no more for now; Retry-After says when.',
    );
    expect(member(exported, 'x-weir-plans')).toEqual([
      { id: 'free', name: 'Free', limits: [{ rate: '10/m' }], approval: 'auto' },
    ]);
  });

  it('of an open service asks for nothing, and of a deprecated one says so with each operation', () => {
    const deprecation = { sinceWallMs: Date.UTC(2026, 0, 1), sunsetWallMs: null, link: '' };
    const exported = exportedContract(
      { ...service, access: 'open', plans: [], stage: 'deprecated', deprecation },
      designed(petstore30),
      gateway,
    );
    expect([member(exported, 'security'), at(exported, '/components/securitySchemes')]).toEqual([undefined, undefined]);
    expect(at(exported, '/paths/~1pets/get/deprecated')).toBe(true);
    expect(Object.keys(objectAt(at(exported, '/paths/~1pets/get'), 'responses'))).toContain('410');
    expect(member(exported, 'x-weir-deprecation')).toEqual({ since: '2026-01-01T00:00:00.000Z' });
  });

  it('leaves out what no route serves, and has what routes serve beside', () => {
    const design = designed(petstore30);
    const routes = [...design.routes.slice(0, 1), { id: 'files', match: '/files/*' }];
    const exported = exportedContract(service, { ...design, routes }, gateway);
    expect(Object.keys(objectAt(exported, 'paths'))).toEqual(['/pets', '/files/{rest}']);
    expect(at(exported, '/paths/~1pets/post')).toBeUndefined();
    expect(at(exported, '/paths/~1files~1{rest}/get/parameters/0/x-weir-rest')).toBe(true);
  });

  it('of a service without one is made from its routes', () => {
    const design: Design = {
      contract: '',
      upstreams: [],
      routes: [{ id: 'order', match: { path: '/{id}', methods: ['GET'] } }],
      validate: 'off',
      mock: false,
    };
    const exported = exportedContract(service, design, gateway);
    expect(readContract(JSON.stringify(exported)).contract?.operations.map(({ id, path }) => [id, path])).toEqual([
      ['order', '/{id}'],
    ]);
    expect(at(exported, '/info')).toEqual({ title: 'Pets', description: 'All about pets', version: '1' });
  });

  it('keeps what the service behind asks for, beside the key', () => {
    const text = petstore30.replace(
      'operationId: createPets\n',
      'operationId: createPets\n      security: [{ oauth: [write] }]\n',
    );
    const exported = exportedContract(service, designed(text), { ...gateway, keyPlaces: ['header:x-api-key'] });
    expect(at(exported, '/paths/~1pets/post/security')).toEqual([
      { 'gatewayKey-x-api-key': [], oauth: ['write'] },
      { gatewayToken: [], oauth: ['write'] },
    ]);
  });
});

describe('a schema of 3.0', () => {
  it.each<[Json, Json]>([
    [{ type: 'string', nullable: true }, { type: ['string', 'null'] }],
    [
      { type: 'string', nullable: true, enum: ['a'] },
      { type: ['string', 'null'], enum: ['a', null] },
    ],
    [{ nullable: true, allOf: [{ $ref: '#/a' }] }, { anyOf: [{ allOf: [{ $ref: '#/a' }] }, { type: 'null' }] }],
    [{ minimum: 1, exclusiveMinimum: true }, { exclusiveMinimum: 1 }],
    [{ maximum: 1, exclusiveMaximum: false }, { maximum: 1 }],
    [{ $ref: '#/a', type: 'string' }, { $ref: '#/a' }],
    [{ properties: { a: { nullable: true, type: 'integer' } } }, { properties: { a: { type: ['integer', 'null'] } } }],
  ])('is said in the words of 3.1: %j', (before, after) => {
    expect(schemaOf31(before)).toEqual(after);
    expect(isObject(after)).toBe(true);
  });
});
