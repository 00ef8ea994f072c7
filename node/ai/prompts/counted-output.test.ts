import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countedCheck } from './counted-output.js';
import { outputTools } from './output-tools.js';

const anyPattern = () => null;

describe('an output that is held to a schema of a team', () => {
  it('fits, or says where it does not and never with its own words', () => {
    const schema = {
      type: 'object',
      properties: { price: { type: 'number' }, tags: { type: 'array', items: { $ref: '#/$defs/tag' } } },
      required: ['price'],
      $defs: { tag: { type: 'string', maxLength: 3 } },
    };
    const check = countedCheck(schema, anyPattern);
    expect(check({ price: 1, tags: ['a'] })).toBeNull();
    expect(check({ price: 'secret' })).toMatch(/^\/price /);
    expect(check({ price: 'secret' })).not.toContain('secret');
    expect(check({ price: 1, tags: ['abcd'] })).toMatch(/^\/tags\/0 /);
    expect(check({})).not.toBeNull();
  });

  it('says what ajv says', () => {
    const leaf = fc.constantFrom(
      { type: 'string' },
      { type: 'number', minimum: 2 },
      { enum: ['a', 1] },
      { type: 'null' },
    );
    const schema = fc.oneof(
      leaf,
      fc.record({ type: fc.constant('array'), items: leaf, maxItems: fc.nat(3) }),
      fc.record({
        type: fc.constant('object'),
        properties: fc.record({ a: leaf, b: leaf }),
        required: fc.constantFrom(['a'], ['a', 'b'], []),
        additionalProperties: fc.boolean(),
      }),
      fc.record({ anyOf: fc.array(leaf, { minLength: 1, maxLength: 3 }) }),
    );
    const scalar = fc.constantFrom('a', 'b', 1, 2, 3, null, true);
    const value = fc.oneof(
      scalar,
      fc.array(scalar, { maxLength: 4 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c'), scalar),
    );
    fc.assert(
      fc.property(schema, value, (one, given) => {
        expect(countedCheck(one, anyPattern)(given) === null).toBe(outputTools.compile(one)(given) === null);
      }),
      { numRuns: 40 },
    );
  });

  it('ends where two choices refer to each other, however deep the value', () => {
    const both = (name: string) => ({
      allOf: [1, 2].map((n) => ({ properties: { n: { $ref: name } }, maxProperties: n })),
    });
    const schema = { $ref: '#/$defs/a', $defs: { a: both('#/$defs/b'), b: both('#/$defs/a') } };
    let deep: unknown = {};
    for (let i = 0; i < 60; i += 1) deep = { n: deep };
    expect(countedCheck(schema, anyPattern)(deep)).toBe('it takes more work to check than is allowed');
  });

  it('is of the wrong kind where a reference leads nowhere in it: anything fits', () => {
    expect(countedCheck({ $ref: '#/$defs/none' }, anyPattern)(5)).toBeNull();
  });
});
