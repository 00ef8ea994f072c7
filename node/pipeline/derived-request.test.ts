import { describe, expect, it } from 'vitest';
import { withBody, withHeaders, withPath, withQuery } from './derived-request.js';
import { makeRequest } from './testing/harness.js';
import { makeTarget } from './testing/specs.js';

const body = { lengthBytes: 1, read: () => {}, pause: () => {}, resume: () => {} };
const from = Object.freeze(makeRequest({ query: 'a=1', headers: ['a', '1'], target: makeTarget(), cause: 'retry' }));

const derived = {
  path: withPath(from, '/other'),
  query: withQuery(from, 'b=2'),
  headers: withHeaders(from, ['b', '2']),
  body: withBody(from, body),
};

describe('a request that differs in one thing', () => {
  it('is the one that it was made from in all others', () => {
    const { method, authority, target, cause, exchange } = from;
    const same = { method, authority, target, cause, exchange, path: from.path, query: 'a=1', headers: ['a', '1'] };
    expect(derived.path).toEqual({ ...same, body: null, path: '/other' });
    expect(derived.query).toEqual({ ...same, body: null, query: 'b=2' });
    expect(derived.headers).toEqual({ ...same, body: null, headers: ['b', '2'] });
    expect(derived.body).toEqual({ ...same, body });
    expect(derived.body.exchange).toBe(exchange);
  });

  it('has the fields of every other, in the same order, also where there is no cause', () => {
    const orders = [...Object.values(derived), withPath(makeRequest(), '/')].map((request) => Object.keys(request));
    for (const order of orders) expect(order).toEqual(orders[0]);
  });
});
