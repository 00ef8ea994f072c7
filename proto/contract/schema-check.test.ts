import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from './json-value.js';
import { valueAtPointer } from './json-value.js';
import { type CompileOptions, compileSchemas } from './schema-check.js';
import { Run } from './schema-run.js';

function optionsFor(root: Json, more: Partial<CompileOptions> = {}): CompileOptions {
  return {
    ...{ dialect: '3.1', direction: 'request' },
    resolve: (ref) => valueAtPointer(root, ref.slice(1)),
    pattern: (text) => Object.assign(new RegExp(text, 'u'), { workFor: (characters: number) => characters }),
    ...more,
  };
}

function faultsOf(schema: Json, value: Json, more: Partial<CompileOptions> = {}): string[] {
  const run = new Run(20);
  const isRight = compileSchemas(optionsFor(schema, more))(schema)(value, run, null);
  expect(isRight).toBe(run.faults.length === 0);
  return run.faults.map(({ path, what }) => `${path.join('.')} ${what}`.trim());
}

describe('a value held to a schema', () => {
  it.each<[string, JsonObject, Json, string[]]>([
    ['type', { type: 'integer' }, 'x', ['must be an integer, is a string']],
    ['a fraction', { type: 'integer' }, 1.5, ['must be a whole number']],
    ['several types', { type: ['string', 'null'] }, 1, ['must be a string or null, is a number']],
    ['enum', { enum: ['a', { b: [1, 2] }] }, { b: [2, 1] }, ['must be one of "a", {"b":[1,2]}']],
    ['bounds', { minimum: 1, exclusiveMaximum: 3 }, 3, ['must be below 3']],
    ['multiples', { multipleOf: 0.1 }, 0.35, ['must be a multiple of 0.1']],
    ['length in characters', { maxLength: 2 }, '👍👍👍', ['must have at most 2 characters']],
    ['pattern', { pattern: '^a+$' }, 'ab', ['must match ^a+$']],
    ['format', { type: 'string', format: 'date' }, '2023-02-29', ['must be a date']],
    [
      'members',
      { required: ['a'], properties: { b: { type: 'boolean' } }, additionalProperties: false },
      { b: 1, c: 2 },
      ['a is required', 'b must be a boolean, is a number', 'c is not known'],
    ],
    [
      'items',
      { items: { type: 'object', required: ['price'], properties: { price: { minimum: 0 } } } },
      [{ price: 1 }, { price: -1 }, {}],
      ['1.price must be at least 0', '2.price is required'],
    ],
    ['twins', { uniqueItems: true }, [{ a: 1, b: 2 }, 3, { b: 2, a: 1 }], ['2 is the same as item 0']],
    ['tuples', { prefixItems: [{ type: 'number' }], items: false }, [1, 2], ['1 is not allowed here']],
    [
      'contains',
      { contains: { const: 1 }, minContains: 2 },
      [1, 2],
      ['must contain at least 2 items of a kind that it lacks'],
    ],
    [
      'the rest',
      { allOf: [{ properties: { a: true } }], unevaluatedProperties: false },
      { a: 1, b: 2 },
      ['b is not known'],
    ],
    [
      'conditions',
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      { if: { properties: { a: { const: 1 } } }, then: { required: ['b'] }, else: { required: ['c'] } },
      { a: 2 },
      ['c is required'],
    ],
    ['dependence', { dependentRequired: { a: ['b'] } }, { a: 1 }, ['b is required where there is a']],
    ['not', { not: { type: 'string' } }, 'x', ['has a form that is not allowed']],
    [
      'one of',
      { oneOf: [{ minimum: 1 }, { multipleOf: 2 }] },
      4,
      ['fits more than one of the forms, of which it must have one'],
    ],
    [
      'the nearest of several forms',
      { anyOf: [{ type: 'string' }, { properties: { a: { type: 'number' } }, required: ['a'] }] },
      { a: 'x' },
      ['a must be a number, is a string'],
    ],
  ])('%s', (_name, schema, value, faults) => {
    expect(faultsOf(schema, value)).toEqual(faults);
  });

  it('items that nothing has looked at are those behind tuples, and those that nothing was found in', () => {
    const schema: JsonObject = {
      prefixItems: [true],
      contains: { const: 'x' },
      minContains: 0,
      anyOf: [{ prefixItems: [true, { type: 'number' }] }, true],
      unevaluatedItems: false,
    };
    expect(faultsOf(schema, [1, 2, 'x'])).toEqual([]);
    expect(faultsOf(schema, [1, 'y', 'x', 3])).toEqual(['1 is not allowed here', '3 is not allowed here']);
  });

  it('a discriminator chooses the form, so its faults are the ones that are told', () => {
    const schema: JsonObject = {
      oneOf: [{ $ref: '#/$defs/Person' }, { $ref: '#/$defs/Shelter' }],
      discriminator: { propertyName: 'kind', mapping: { human: '#/$defs/Person' } },
      $defs: { Person: { required: ['name'] }, Shelter: { required: ['city'] } },
    };
    expect(faultsOf(schema, { kind: 'human' })).toEqual(['name is required']);
    expect(faultsOf(schema, { kind: 'Shelter' })).toEqual(['city is required']);
    expect(faultsOf(schema, { kind: 'cat' })).toEqual(['kind must be one of "Person", "Shelter", "human"']);
    expect(faultsOf(schema, {})).toEqual(['kind is required']);
  });

  it('what only answers have is not asked of a request', () => {
    const schema: JsonObject = {
      required: ['id', 'name', 'password'],
      properties: { id: { readOnly: true }, password: { writeOnly: true } },
    };
    expect(faultsOf(schema, {})).toEqual(['name is required', 'password is required']);
    expect(faultsOf(schema, {}, { direction: 'response' })).toEqual(['id is required', 'name is required']);
  });

  it('in the dialect of 3.0, null and exclusive bounds are flags, and a reference stands alone', () => {
    const old = { dialect: '3.0' } as const;
    expect(faultsOf({ type: 'string', nullable: true, enum: ['a'] }, null, old)).toEqual([]);
    expect(faultsOf({ minimum: 1, exclusiveMinimum: true }, 1, old)).toEqual(['must be above 1']);
    expect(
      faultsOf({ properties: { a: { $ref: '#/x', type: 'string' } }, x: { type: 'number' } }, { a: 1 }, old),
    ).toEqual([]);
  });

  it('more faults than are asked for are cut', () => {
    const run = new Run(3);
    const value = Array.from({ length: 1_000 }, () => 'x');
    compileSchemas(optionsFor({}))({ items: { type: 'number' } })(value, run, null);
    expect([run.faults.length, run.isCut]).toEqual([3, true]);
  });
});

describe('work', () => {
  const within = (schema: Json, value: Json): Run => {
    const run = new Run(20, 200_000);
    compileSchemas(optionsFor(schema))(schema)(value, run, null);
    return run;
  };

  it('is used up by forms that double with each level, and the value is then neither right nor wrong', () => {
    const schema: Json = { anyOf: [{ items: { $ref: '#' } }, { items: { $ref: '#' } }], not: { const: 'leaf' } };
    let value: Json = 'leaf';
    for (let depth = 0; depth < 100; depth += 1) value = [value];
    expect(within(schema, value).isExhausted).toBe(true);
  });

  it('is used up by a body that is deeper than anything is checked', () => {
    let value: Json = {};
    for (let depth = 0; depth < 20_000; depth += 1) value = { a: value };
    expect(within({ additionalProperties: { $ref: '#' } }, value).isExhausted).toBe(true);
    expect(within({ items: {}, uniqueItems: true }, [value]).isExhausted).toBe(true);
  });

  it('for unique items grows with the list, not with its square', () => {
    const spent = (length: number): number => {
      const run = new Run(1);
      const before = run.workLeft;
      const items: Json = Array.from({ length }, (_, index) => ({ index }));
      expect(compileSchemas(optionsFor({}))({ uniqueItems: true })(items, run, null)).toBe(true);
      return before - run.workLeft;
    };
    expect(spent(20_000)).toBeLessThan(spent(2_000) * 11);
  });
});

const names = ['a', 'b', 'c'];
const name = fc.constantFrom(...names);
const scalar = fc.oneof(
  fc.constantFrom<Json>(null, true, false, '', 'a', 'ab', 'abc', '👍'),
  fc.integer({ min: -3, max: 12 }),
  fc.constantFrom(0.5, 1.5),
);
type Arbitrary = fc.Arbitrary<Json>;
const { boolean, integer, nat } = fc;
const some = { requiredKeys: [] };

const ofScalars = (value: Arbitrary) =>
  fc.record(
    {
      type: fc.constantFrom<Json>(
        ...(['string', 'number', 'integer', 'boolean', 'array', 'object', 'null'] as const),
        ...[
          ['string', 'null'],
          ['object', 'array'],
        ],
      ),
      enum: fc.uniqueArray(value, { minLength: 1, maxLength: 4, selector: (one) => JSON.stringify(one) }),
      const: value,
      ...{ minimum: integer({ min: -2, max: 8 }), exclusiveMaximum: integer({ min: 0, max: 9 }) },
      ...{ multipleOf: fc.constantFrom(1, 2, 0.5), minLength: nat(3), maxLength: nat(3) },
      pattern: fc.constantFrom('^a', 'b$', 'c'),
      ...{ minItems: nat(3), maxItems: nat(4), uniqueItems: boolean() },
    },
    some,
  );

const ofLists = (schema: Arbitrary) =>
  fc.record({ contains: schema, minContains: nat(2), maxContains: nat(3), items: schema }, some);

const ofObjects = (schema: Arbitrary) =>
  fc.record(
    {
      ...{ items: schema, prefixItems: fc.array(schema, { minLength: 1, maxLength: 3 }) },
      properties: fc.dictionary(name, schema, { maxKeys: 3 }),
      patternProperties: fc.dictionary(fc.constantFrom('^a', 'b'), schema, { maxKeys: 2 }),
      ...{ additionalProperties: schema, propertyNames: schema, unevaluatedProperties: schema },
      required: fc.uniqueArray(name, { maxLength: 2 }),
      dependentRequired: fc.dictionary(name, fc.uniqueArray(name, { maxLength: 2 }), { maxKeys: 2 }),
      dependentSchemas: fc.dictionary(name, schema, { maxKeys: 2 }),
      ...{ minProperties: nat(2), maxProperties: nat(3) },
    },
    some,
  );

const ofChoices = (schema: Arbitrary) => {
  const several = fc.array(schema, { minLength: 1, maxLength: 3 });
  return fc.record(
    {
      ...{ allOf: several, anyOf: several, oneOf: several, not: schema, if: schema },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: schema,
      ...{ else: schema, unevaluatedProperties: schema, properties: fc.dictionary(name, schema, { maxKeys: 2 }) },
    },
    some,
  );
};

const { value, schema } = fc.letrec<{ value: Json; schema: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    ...[scalar, fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(name, tie('value'), { maxKeys: 3 })],
  ),
  schema: fc.oneof(
    { maxDepth: 4 },
    ...[boolean(), ofScalars(tie('value')), ofLists(tie('schema')), ofObjects(tie('schema')), ofChoices(tie('schema'))],
  ) as Arbitrary,
}));

/**
 * Not `unevaluatedItems`: ajv leaves out what `contains` has looked at. Nor
 * `contains` beside tuples: it finds anything in a list without items then.
 */
/** Some of the programs that it writes for tuples below conditions name variables that they don't have. */
function verdictOf(theirs: (value: unknown) => unknown, one: Json): boolean {
  try {
    return theirs(one) === true;
  } catch (error) {
    fc.pre(!(error instanceof ReferenceError));
    throw error;
  }
}

describe('any schema and any value', () => {
  it('have the verdict that ajv gives', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
    fc.assert(
      fc.property(schema, fc.array(value, { minLength: 1, maxLength: 8 }), (written, values) => {
        const plain = JSON.parse(JSON.stringify(written)) as Json;
        const theirs = ajv.compile(plain as boolean | object);
        const ours = compileSchemas(optionsFor(plain))(plain);
        // As a body would come: without values that only a test can make.
        for (const one of JSON.parse(JSON.stringify(values)) as Json[]) {
          const run = new Run(20);
          expect(ours(one, run, null), JSON.stringify([plain, one])).toBe(verdictOf(theirs, one));
        }
        ajv.removeSchema();
      }),
      { numRuns: 250 },
    );
  });
});
