import type { Json } from '@weir/proto/contract/json-value.js';
import { describe, expect, it } from 'vitest';
import { contractChanges } from './breaking.js';
import type { Contract } from './contract.js';
import { readContract } from './read.js';
import { partOf, SchemaClosure, typesOf } from './schema-closure.js';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

function contractWith(schemas: Readonly<Record<string, Json>>): Contract {
  const content = { 'application/json': { schema: ref('A0') } };
  const paths = { '/x': { get: { operationId: 'g', responses: { '200': { description: '', content } } } } };
  const document = { openapi: '3.1.0', info: { title: 't', version: '1' }, components: { schemas }, paths };
  const { contract } = readContract(JSON.stringify(document));
  if (contract === null) throw new Error('it is sound');
  return contract;
}

/** Levels of schemas, each made of so many of the next: followed from each of them, ways are `wide` to the power of levels. */
function ladder(word: string, wide: number, last: Json, more: object = {}): Record<string, Json> {
  const levels = 12;
  const rungs = Array.from({ length: levels }, (_, i) => {
    const parts = Array.from({ length: wide }, () => ref(`A${i + 1}`));
    return [`A${i}`, { ...more, [word]: parts }] as const;
  });
  return { ...Object.fromEntries(rungs), [`A${levels}`]: last };
}

describe('what a schema allows, by its references', () => {
  it.each(['anyOf', 'oneOf', 'allOf'])('is found however many ways lead there by %s', (word) => {
    const { references } = new SchemaClosure(contractWith(ladder(word, 50, { type: 'integer' })));
    expect([...typesOf(ref('A0'), references)]).toEqual(['integer']);
    const unsaid = new SchemaClosure(contractWith(ladder(word, 50, { description: 'anything' })));
    expect([...typesOf(ref('A0'), unsaid.references)]).toEqual([]);
    expect(partOf(ref('A0'), 'items', unsaid.references)).toBeUndefined();
  });

  it('comes to an end where it is made of itself', () => {
    const contract = contractWith({ A0: { anyOf: [{ type: 'string' }, { items: ref('A0') }] } });
    const { references } = new SchemaClosure(contract);
    expect([...typesOf(ref('A0'), references)]).toEqual(['string']);
    expect(partOf(ref('A0'), 'items', references)).toEqual(ref('A0'));
  });
});

it('two contracts whose schemas are made of many are compared: each is put together once', () => {
  const of = (type: string) => contractWith(ladder('allOf', 50, { properties: { a: { type } } }, { type: 'object' }));
  expect(contractChanges(of('string'), of('string'))).toEqual([]);
  expect(contractChanges(of('string'), of('number')).length).toBeGreaterThan(0);
});
