import fc from 'fast-check';
import { expect, it } from 'vitest';
import { makeExchange, makeRequest } from '../../pipeline/testing/harness.js';
import { groupKey } from './group-key.js';

const terms = { ignores: new Set(['x-own']), query: 'ids' };
const name = fc.constantFrom(
  'authorization',
  'cookie',
  'accept',
  'x-tenant',
  'accept-language',
  'user-agent',
  'x-own',
  'x-forwarded-for',
  'x-forwarded-user',
  'x-forwarded-client-cert',
);
const fields = fc.array(fc.tuple(name, fc.constantFrom('a', 'b')), { maxLength: 5 });
const counts = (list: [string, string][]) =>
  list
    .filter(([one]) => !['user-agent', 'x-own', 'x-forwarded-for'].includes(one))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

it('two requests go together just where all fields that count are the same', () => {
  fc.assert(
    fc.property(fields, fields, (a, b) => {
      const keyOf = (list: [string, string][]) => groupKey(makeRequest({ method: 'GET', headers: list.flat() }), terms);
      expect(keyOf(a) === keyOf(b)).toBe(JSON.stringify(counts(a)) === JSON.stringify(counts(b)));
    }),
    { numRuns: 500 },
  );
});

it('consumers, and the same name by another who vouches, are told apart', () => {
  const keyOf = (consumerId: string | null, vouchedBy: string) => {
    const exchange = makeExchange();
    Object.assign(exchange, { consumerId, vouchedBy });
    return groupKey(makeRequest({ method: 'GET', exchange }), terms);
  };
  expect(new Set([keyOf(null, ''), keyOf('a', ''), keyOf('b', ''), keyOf('a', 'issuer')]).size).toBe(4);
});

it('what a trusted proxy says of the place counts, and what anybody else does is not believed', () => {
  const keyOf = (peerTrusted: boolean, ...headers: string[]) => {
    const exchange = Object.assign(makeExchange(), { peerTrusted });
    return groupKey(makeRequest({ method: 'GET', headers, exchange }), terms);
  };
  const evil = ['x-forwarded-host', 'evil.example'];
  expect(keyOf(true, ...evil)).not.toBe(keyOf(true));
  expect(keyOf(false, ...evil)).toBe(keyOf(false));
});
