import { outputSchemaOptions } from '@weir/proto/ai/output-rules.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schemaFault } from './foreign-syntax.js';

/** No schema here has a pattern of its own. */
const anyPattern = Object.assign((pattern: string) => ({ test: () => true, toString: () => pattern }), { code: 'any' });

/** What a new ajv says, which knows of no other schema. */
function faultAlone(schema: Readonly<Record<string, unknown>>): string | null {
  try {
    new Ajv2020({ ...outputSchemaOptions, code: { regExp: anyPattern } }).compile(schema);
    return null;
  } catch (error) {
    return (error as Error).message.slice(0, 300);
  }
}

/** Mostly the first. */
const rarely = <T, U>(usual: fc.Arbitrary<T>, fault: fc.Arbitrary<U>): fc.Arbitrary<T | U> =>
  fc.oneof({ arbitrary: usual, weight: 15 }, { arbitrary: fault, weight: 1 });

const DRAFT = 'https://json-schema.org/draft/2020-12/schema';
const ids = fc.constantFrom('a', 'b', 'https://weir.test/a', 7);
const [none, usual] = [fc.constant(undefined), fc.constantFrom(undefined, DRAFT)];

const { written } = fc.letrec<{ written: Record<string, unknown> }>((tie) => ({
  written: fc.record({
    $id: rarely(none, ids),
    $schema: rarely(usual, fc.constantFrom('http://json-schema.org/draft-07/schema#', 7)),
    $ref: rarely(fc.constantFrom(undefined, '#', DRAFT), fc.constantFrom('#/$defs/a', 'a', 'nowhere')),
    type: rarely(fc.constantFrom(undefined, 'object', 'string', ['string', 'null']), fc.constantFrom('text', 1)),
    minLength: rarely(fc.constantFrom(undefined, 0, 3), fc.constantFrom(-1, 'three')),
    required: rarely(fc.constantFrom(undefined, ['a']), fc.constantFrom(['a', 'a'], 'a')),
    minlength: rarely(none, fc.constant(1)),
    $defs: fc.option(fc.dictionary(fc.constantFrom('a', 'b'), tie('written'), { maxKeys: 2 }), { nil: undefined }),
    items: fc.option(tie('written'), { nil: undefined, depthSize: 'small' }),
  }),
}));
const schema = fc
  .tuple(written, fc.constantFrom(undefined, 'a', 'b'))
  .map(([made, $id]): Record<string, unknown> => JSON.parse(JSON.stringify({ ...made, ...($id && { $id }) })));

describe('a JSON Schema', () => {
  it('has the fault that it has by itself, whatever was looked at before', () => {
    const seen = { good: 0, bad: 0 };
    fc.assert(
      fc.property(fc.array(schema, { minLength: 1, maxLength: 3, size: 'max' }), (schemas) => {
        for (const one of schemas) {
          const fault = schemaFault(one);
          expect(fault).toBe(faultAlone(one));
          seen[fault === null ? 'good' : 'bad'] += 1;
        }
      }),
      { numRuns: 30 },
    );
    // Or the property would say nothing.
    expect(Math.min(seen.good, seen.bad)).toBeGreaterThan(5);
  });

  it('may have the id of another, and be looked at twice', () => {
    const [one, other] = [
      { $id: 'a', type: 'string' },
      { $id: 'a', type: 'number' },
    ];
    expect([one, other, one].map(schemaFault)).toEqual([null, null, null]);
  });

  it('is held to the draft, where it names that and where it names none', () => {
    for (const named of [{}, { $schema: 'https://json-schema.org/draft/2020-12/schema' }])
      expect(schemaFault({ ...named, type: 'text' })).toMatch(/^schema is invalid: data\/type must be/);
    expect(schemaFault({ $schema: 'https://weir.test/unknown' })).toMatch(/no schema with key or ref/);
  });
});
