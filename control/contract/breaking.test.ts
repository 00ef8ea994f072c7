import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contractChanges } from './breaking.js';
import type { Contract } from './contract.js';
import { readContract } from './read.js';
import { manyOperations, petstore30, petstore31, searching } from './testing/documents.js';

function contractOf(text: string): Contract {
  const { contract, faults } = readContract(text);
  if (contract === null) throw new Error(JSON.stringify(faults));
  return contract;
}

const schemaOf = (schema: unknown, direction: 'request' | 'response'): string => {
  const content = { 'application/json': { schema } };
  const asked = direction === 'request' ? { requestBody: { required: true, content } } : {};
  const responses = { '200': { description: 'ok', ...(direction === 'response' ? { content } : {}) } };
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'T', version: '1' },
    paths: { '/a': { post: { operationId: 'a', ...asked, responses } } },
  });
};

const differences = (before: string, after: string): string[] =>
  contractChanges(contractOf(before), contractOf(after)).map(({ severity, what }) => `${severity}: ${what}`);

const edited = (text: string, from: string, to: string): string => {
  if (!text.includes(from)) throw new Error(`there is no ${from}`);
  return text.replace(from, to);
};

describe('a document', () => {
  it.each([
    ['petstore', petstore30],
    ['petstore of 3.1', petstore31],
    ['every style', searching],
    ['300 operations', manyOperations(300)],
  ])('compared with itself differs in nothing: %s', (_name, text) => {
    expect(differences(text, text)).toEqual([]);
  });

  it.each<[string, string, string, readonly string[]]>([
    [
      'a path that is gone',
      '  /pets/{pet-id}:\n',
      '  /animals/{pet-id}:\n',
      [
        'breaking: the path /pets/{pet-id} is gone, and GET with it',
        'breaking: the path /pets/{pet-id} is gone, and DELETE with it',
        'fine: GET /animals/{pet-id} is new',
        'fine: DELETE /animals/{pet-id} is new',
      ],
    ],
    [
      'an operation that is gone',
      '    post:\n',
      '    put:\n',
      ['breaking: POST /pets is gone', 'fine: PUT /pets is new'],
    ],
    [
      'a parameter that is required now',
      'required: false',
      'required: true',
      ['breaking: the query parameter limit is required now'],
    ],
    [
      'a parameter that is gone',
      "        - { $ref: '#/components/parameters/Trace' }\n",
      '',
      ['risky: the header parameter X-Trace is gone'],
    ],
    [
      'a bound',
      'minimum: 1, maximum: 100 }',
      'minimum: 1, maximum: 50 }',
      ['breaking: the query parameter limit is bound more tightly (maximum 100 → 50)'],
    ],
    [
      'another style',
      'explode: false',
      'explode: true',
      ['breaking: the query parameter tags is written in another style'],
    ],
    [
      'a member of a body that is required now',
      '      required: [name]\n      properties:\n        name: { type: string, minLength',
      '      required: [name, kind]\n      properties:\n        name: { type: string, minLength',
      ['breaking: the body, kind is required now'],
    ],
    [
      'a value that is gone',
      'enum: [cat, dog, bird]',
      'enum: [cat, dog, fish]',
      [`breaking: the body, kind can't be "bird" any more`, 'fine: the body, kind may be "fish", too'],
    ],
    [
      'a member of answers that may be missing now',
      '          required: [id]\n',
      '          required: []\n',
      ['breaking: the answer of 200, its items, id may be missing now'],
    ],
    [
      'a status that is gone',
      "'201': { description: Null response }",
      "'202': { description: Later }",
      ['breaking: there are no answers of 201 any more', 'risky: there may be answers of 202'],
    ],
    [
      'a type that is gone',
      "application/json:\n            schema: { $ref: '#/components/schemas/NewPet' }",
      "application/xml:\n            schema: { $ref: '#/components/schemas/NewPet' }",
      [`breaking: the body can't be application/json any more`, 'fine: the body may be application/xml'],
    ],
    [
      'security',
      'operationId: createPets\n',
      'operationId: createPets\n      security: [{ key: [] }]\n',
      ['breaking: POST /pets needs credentials now'],
    ],
    [
      'deprecation',
      'operationId: createPets\n',
      'operationId: createPets\n      deprecated: true\n',
      ['fine: POST /pets is deprecated'],
    ],
    ['another name of a parameter of the path', '- { name: pet-id,', '- { name: pet-id, description: x,', []],
  ])('%s', (_name, from, to, changes) => {
    expect(differences(petstore30, edited(petstore30, from, to))).toEqual(changes);
  });

  it('has each change with its place and its cure', () => {
    const after = edited(petstore30, 'maximum: 100 }', 'maximum: 50 }');
    expect(contractChanges(contractOf(petstore30), contractOf(after))).toEqual([
      {
        severity: 'breaking',
        where: '/paths/~1pets/get/parameters/0/schema',
        what: 'the query parameter limit is bound more tightly (maximum 100 → 50)',
        cure: 'go on taking what was taken',
      },
    ]);
  });
});

describe('a schema', () => {
  it.each<[string, unknown, unknown, string | null, string | null]>([
    ['a type less', { type: ['string', 'null'] }, { type: 'string' }, 'breaking', 'fine'],
    ['a type more', { type: 'string' }, { type: ['string', 'null'] }, 'fine', 'risky'],
    ['whole numbers of numbers', { type: 'number' }, { type: 'integer' }, 'breaking', 'fine'],
    ['an optional member more', { properties: { a: {} } }, { properties: { a: {}, b: {} } }, 'fine', 'fine'],
    ['a member less', { properties: { a: {}, b: {} } }, { properties: { a: {} } }, 'risky', 'breaking'],
    [
      'a member less, and no others',
      { properties: { a: {}, b: {} } },
      { properties: { a: {} }, additionalProperties: false },
      'breaking',
      'breaking',
    ],
    ['a required member more', { properties: {} }, { properties: { a: {} }, required: ['a'] }, 'breaking', 'fine'],
    [
      'the same by way of allOf',
      { properties: { a: {}, b: {} }, required: ['a'] },
      { allOf: [{ properties: { a: {} }, required: ['a'] }, { properties: { b: {} } }] },
      null,
      null,
    ],
    ['a form more', { oneOf: [{ const: 1 }] }, { oneOf: [{ const: 1 }, { type: 'string' }] }, 'fine', 'risky'],
    ['a form less', { anyOf: [{ const: 1 }, { const: 2 }] }, { anyOf: [{ const: 2 }] }, 'breaking', 'fine'],
    ['a pattern', { type: 'string' }, { type: 'string', pattern: 'a' }, 'breaking', 'fine'],
    ['another pattern', { pattern: 'a' }, { pattern: 'b' }, 'risky', 'risky'],
    ['items', { items: { maxLength: 3 } }, { items: { maxLength: 2 } }, 'breaking', 'fine'],
    ['anything, and then something', {}, { type: 'string' }, 'breaking', 'fine'],
    ['another not', { not: { const: 1 } }, { not: { const: 2 } }, 'risky', 'risky'],
    ['unique items', { type: 'array', items: {} }, { type: 'array', items: {}, uniqueItems: true }, 'breaking', 'fine'],
  ])('with %s', (_name, before, after, ofRequest, ofResponse) => {
    const worst = (direction: 'request' | 'response'): string | null => {
      const [first] = contractChanges(contractOf(schemaOf(before, direction)), contractOf(schemaOf(after, direction)));
      return first?.severity ?? null;
    };
    expect([worst('request'), worst('response')]).toEqual([ofRequest, ofResponse]);
  });

  it('that refers to itself is compared once', () => {
    const tree = (least: number): string => {
      const document = JSON.parse(schemaOf({ $ref: '#/components/schemas/Tree' }, 'request'));
      const items = { $ref: '#/components/schemas/Tree' };
      document.components = {
        schemas: {
          Tree: {
            type: 'object',
            properties: { name: { type: 'string', minLength: least }, children: { type: 'array', items } },
          },
        },
      };
      return JSON.stringify(document);
    };
    expect(differences(tree(1), tree(2))).toEqual(['breaking: the body, name is bound more tightly (minLength 1 → 2)']);
  });
});

const name = fc.constantFrom('a', 'b', 'c', 'd');
const { schema } = fc.letrec<{ schema: Record<string, unknown> }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    fc.record(
      {
        type: fc.constantFrom('string', 'integer', 'boolean'),
        minimum: fc.nat(5),
        maxLength: fc.nat(9),
        enum: fc.uniqueArray(fc.nat(4), { minLength: 1 }),
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        type: fc.constant('object'),
        properties: fc.dictionary(name, tie('schema')),
        required: fc.uniqueArray(name),
        additionalProperties: fc.boolean(),
      },
      { requiredKeys: ['properties'] },
    ),
    fc.record({ type: fc.constant('array'), items: tie('schema') }),
    fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
  ) as fc.Arbitrary<Record<string, unknown>>,
}));
const direction = fc.constantFrom('request' as const, 'response' as const);

describe('any schema', () => {
  it('compared with itself differs in nothing', () => {
    fc.assert(
      fc.property(schema, direction, (one, way) => {
        expect(differences(schemaOf(one, way), schemaOf(one, way))).toEqual([]);
      }),
    );
  });

  it('of an object may have an optional member more, and nothing breaks', () => {
    const object = fc.record({
      type: fc.constant('object'),
      properties: fc.dictionary(name, schema),
      required: fc.uniqueArray(name),
    });
    fc.assert(
      fc.property(object, schema, direction, (before, added, way) => {
        const after = { ...before, properties: { ...before.properties, new: added } };
        expect(differences(schemaOf(before, way), schemaOf(after, way))).toEqual([
          `fine: ${way === 'request' ? 'the body' : 'the answer of 200'}, new is new`,
        ]);
      }),
    );
  });
});
