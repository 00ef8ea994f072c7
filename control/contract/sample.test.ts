import type { Json } from '@weir/proto/contract/json-value.js';
import { compileSchemas } from '@weir/proto/contract/schema-check.js';
import { Run } from '@weir/proto/contract/schema-run.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContractFaults } from './contract-faults.js';
import { mockAnswers } from './mock-answers.js';
import { readContract } from './read.js';
import { References } from './references.js';
import { Sampler } from './sample.js';
import { manyOperations, petstore30, petstore31 } from './testing/documents.js';

const sampled = (schema: Json): Json | undefined => new Sampler(new References({}, new ContractFaults())).of(schema);

describe('a value for a schema', () => {
  it.each<[Json, Json]>([
    [{ type: 'string', example: 'x' }, 'x'],
    [{ type: 'string', examples: ['y'] }, 'y'],
    [{ enum: ['a', 'b'] }, 'a'],
    [{ type: 'integer', minimum: 3 }, 3],
    [{ type: 'integer', exclusiveMinimum: 3, multipleOf: 5 }, 5],
    [{ type: 'number', maximum: -2 }, -2],
    [{ type: 'string', minLength: 6 }, 'textte'],
    [{ type: 'string', format: 'date' }, '2024-01-31'],
    [{ type: ['null', 'string'] }, 'text'],
    [{ type: 'array', items: { type: 'boolean' }, minItems: 2 }, [true, true]],
    [
      { properties: { a: { type: 'null' }, b: { writeOnly: true } }, required: ['c'] },
      { a: null, c: 'text' },
    ],
    [{ allOf: [{ properties: { a: { const: 1 } } }, { properties: { b: { const: 2 } } }] }, { a: 1, b: 2 }],
    [{ oneOf: [{ const: 'one' }, { const: 'two' }] }, 'one'],
  ])('of %j', (schema, value) => {
    expect(sampled(schema)).toEqual(value);
  });

  it('that refers to itself comes to an end, and that can have none has none', () => {
    const { contract } = readContract(manyOperations(3));
    const [operation] = contract?.operations ?? [];
    if (contract == null || operation === undefined) throw new Error('it has operations');
    const [answer] = mockAnswers(contract, operation);
    expect(answer?.body.length).toBeLessThan(2_000);
    expect(sampled(false)).toBeUndefined();
  });
});

const scalar = fc.oneof(
  fc.record({ type: fc.constant('integer'), minimum: fc.integer({ min: -50, max: 50 }) }, { requiredKeys: ['type'] }),
  fc.record(
    { type: fc.constant('integer'), exclusiveMaximum: fc.integer({ min: -50, max: 50 }) },
    { requiredKeys: ['type'] },
  ),
  fc.record({
    type: fc.constant('integer'),
    exclusiveMinimum: fc.integer({ min: -50, max: 50 }),
    multipleOf: fc.constantFrom(1, 3, 7),
  }),
  fc.record(
    { type: fc.constant('string'), minLength: fc.nat(12), format: fc.constant('unknown') },
    { requiredKeys: ['type'] },
  ),
  fc.record({
    type: fc.constant('string'),
    format: fc.constantFrom(
      'date',
      'time',
      'date-time',
      'duration',
      'email',
      'hostname',
      'ipv4',
      'ipv6',
      'uuid',
      'uri',
      'uri-reference',
      'byte',
    ),
  }),
  fc.record({ type: fc.constant('boolean') }),
);
const { schema } = fc.letrec<{ schema: unknown }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.record(
      { type: fc.constant('array'), items: tie('schema'), minItems: fc.nat(4) },
      { requiredKeys: ['type', 'items'] },
    ),
    fc.record({
      type: fc.constant('object'),
      properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('schema')),
      required: fc.uniqueArray(fc.constantFrom('a', 'b')),
    }),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
  ),
}));

it('what is made fits the schema that it was made of, and is the same each time', () => {
  const compile = compileSchemas({
    dialect: '3.1',
    direction: 'response',
    resolve: () => undefined,
    pattern: () => null,
  });
  fc.assert(
    fc.property(schema, (written) => {
      const plain = JSON.parse(JSON.stringify(written)) as Json;
      const value = sampled(plain);
      if (value === undefined) throw new Error('every one of these has values');
      const run = new Run(5);
      compile(plain)(value, run, null);
      expect([run.faults, sampled(plain)]).toEqual([[], value]);
    }),
  );
});

it('examples become answers with their fields, and what has none gets one', () => {
  const old = readContract(petstore30).contract;
  const list = old?.operations.find(({ id }) => id === 'listPets');
  if (old == null || list === undefined) throw new Error('it has that operation');
  expect(mockAnswers(old, list)).toEqual([
    {
      status: 200,
      from: 200,
      to: 200,
      name: 'two',
      type: 'application/json',
      headers: ['x-next', '/pets?after=2'],
      body: '[{"id":1,"name":"Rex"},{"id":2,"name":"Tom","tag":"cat"}]',
    },
    {
      status: 200,
      from: 200,
      to: 200,
      name: 'none',
      type: 'application/json',
      headers: ['x-next', '/pets?after=2'],
      body: '[]',
    },
    {
      status: 500,
      from: 200,
      to: 599,
      name: '',
      type: 'application/json',
      headers: [],
      body: '{"code":17,"message":"no such pet"}',
    },
  ]);
  const next = readContract(petstore31).contract;
  const [add] = next?.operations ?? [];
  if (next == null || add === undefined) throw new Error('it has an operation');
  const [made, refused] = mockAnswers(next, add);
  expect(JSON.parse(made?.body ?? '')).toMatchObject({
    name: 'doggie',
    photos: ['https://example.com/'],
    place: [0, 0],
    status: 'available',
  });
  expect([refused?.status, refused?.type, refused?.body]).toEqual([422, '', '']);
});
