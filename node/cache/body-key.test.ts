import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyKey } from './body-key.js';

const whole = { bytesMax: 1_000, members: [] };
const some = { bytesMax: 1_000, members: ['query', 'variables'] };

/** A character for each byte, as bodies come. */
const inBytes = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('latin1');

describe('the key of a body', () => {
  it('is every byte of it and how it is to be read, when no members are named', () => {
    const json = ['content-type', 'application/json'];
    expect(bodyKey(json, 'a', whole)).not.toBe(bodyKey(json, 'b', whole));
    expect(bodyKey(json, 'a', whole)).not.toBe(bodyKey(['content-type', 'text/plain'], 'a', whole));
    expect(bodyKey(json, 'a', whole)).not.toBe(bodyKey([...json, 'content-encoding', 'br'], 'a', whole));
  });

  it('is the named members alone, whatever stands beside and between them', () => {
    const key = bodyKey([], '{"query":"{ a }","variables":{"b":[1,"}"]}}', some);
    expect(bodyKey([], '{ "id" : 7, "variables": {"b":[1,"}"]}, "query" : "{ a }" }', some)).toBe(key);
    expect(bodyKey([], '{"query":"{ a }","variables":{"b":[2,"}"]}}', some)).not.toBe(key);
    expect(bodyKey([], '{"query":"{ a }"}', some)).not.toBe(key);
  });

  it.each(['', '[]', '"query"', '{"query":1,"query":2}', '{"query":1,"qu\\u0065ry":2}', '{"a":', 'null'])(
    'is not known of %s',
    (text) => expect(bodyKey([], text, some)).toBeNull(),
  );

  it('knows members whose names are beyond ASCII, written out or escaped', () => {
    const named = { bytesMax: 1_000, members: ['größe', '大小'] };
    const key = bodyKey([], inBytes({ größe: 'S', 大小: 1 }), named);
    expect(bodyKey([], '{"gr\\u00f6\\u00dfe":"S","\\u5927\\u5c0f":1}', named)).toBe(key);
    expect(bodyKey([], inBytes({ größe: 'XL', 大小: 1 }), named)).not.toBe(key);
    expect(bodyKey([], inBytes({ größe: 'S', 大小: 2 }), named)).not.toBe(key);
    expect(bodyKey([], '{"gr\xf6\xdfe":"S"}', named)).toBeNull();
  });

  it.each([
    ['letters', 'a'],
    ['quotes and backslashes that are escaped', String.raw`\\\"`],
  ])('is known of a text of as many %s as a body may have', (_, piece) => {
    const long = piece.repeat((16 * 1024 * 1024) / piece.length - 10);
    const key = bodyKey([], `{"query":"${long}","variables":1}`, some);
    expect(key).toBe(JSON.stringify([`"${long}"`, '1']));
  });

  it('is not known of what is compressed', () => {
    expect(bodyKey(['content-encoding', 'gzip'], '{"query":1}', some)).toBeNull();
  });

  it('differs whenever a named member does, and never otherwise: any object', () => {
    const value = fc.jsonValue({ maxDepth: 2 });
    fc.assert(
      fc.property(value, value, value, fc.dictionary(fc.string(), value), (query, other, variables, more) => {
        const beside = Object.fromEntries(Object.entries(more).filter(([name]) => !some.members.includes(name)));
        const key = bodyKey([], inBytes({ query, variables }), some);
        expect(key).not.toBeNull();
        expect(bodyKey([], inBytes({ ...beside, query, variables }), some)).toBe(key);
        const isSame = JSON.stringify(query) === JSON.stringify(other);
        expect(bodyKey([], inBytes({ query: other, variables }), some) === key).toBe(isSame);
      }),
    );
  });
});
