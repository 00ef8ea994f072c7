import { ANY_NAME, sketchOf } from '@weir/proto/http/name-sketch.js';
import { describe, expect, it } from 'vitest';
import { withBody, withFewerHeaders, withHeaders, withPath, withQuery } from './derived-request.js';
import { makeRequest } from './testing/harness.js';
import { makeTarget } from './testing/specs.js';

const body = { lengthBytes: 1, read: () => {}, pause: () => {}, resume: () => {} };
const names = sketchOf('a');
const from = Object.freeze(
  makeRequest({ query: 'a=1', headers: ['a', '1'], names, target: makeTarget(), cause: 'retry' }),
);

const derived = {
  path: withPath(from, '/other'),
  query: withQuery(from, 'b=2'),
  headers: withHeaders(from, ['b', '2']),
  fewer: withFewerHeaders(from, []),
  body: withBody(from, body),
};

describe('a request that differs in one thing', () => {
  it('is the one that it was made from in all others', () => {
    const { method, authority, target, cause, exchange } = from;
    const line = { method, authority, path: from.path, query: 'a=1' };
    const same = { ...line, target, cause, exchange, headers: ['a', '1'], names };
    expect(derived.path).toEqual({ ...same, body: null, path: '/other' });
    expect(derived.query).toEqual({ ...same, body: null, query: 'b=2' });
    // Who sets other fields has not said which, and who takes some away has added none.
    expect(derived.headers).toEqual({ ...same, body: null, headers: ['b', '2'], names: ANY_NAME });
    expect(derived.fewer).toEqual({ ...same, body: null, headers: [] });
    expect(derived.body).toEqual({ ...same, body });
    expect(derived.body.exchange).toBe(exchange);
  });

  it('has the fields of every other, in the same order, also where there is no cause', () => {
    const orders = [...Object.values(derived), withPath(makeRequest(), '/')].map((request) => Object.keys(request));
    for (const order of orders) expect(order).toEqual(orders[0]);
  });
});
