import { matchablePath } from '@weir/proto/http/request-path.js';
import type { McpCallSpec } from '@weir/proto/snapshot/mcp.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../ai/json.js';
import { callRequest } from './call-request.js';

const spec = (more: Partial<McpCallSpec> = {}): McpCallSpec => ({
  ...{ route: 'orders', method: 'GET', host: '', path: '/orders/{id}/lines/{line}', query: ['q'], rest: 'query' },
  ...more,
});

const scalar = fc.oneof(
  fc.string({ size: 'max', maxLength: 30 }),
  fc.constantFrom('..', '.', '', '/', '%2f', '?', '#', '\ud800'),
  fc.integer(),
);

describe('where arguments go', () => {
  it('a value stays one segment of its path, and comes out of it as it was', () => {
    fc.assert(
      fc.property(scalar, scalar, (id, line) => {
        const asked = callRequest(spec(), { id, line });
        if (typeof asked === 'string') return;
        const segments = asked.path.split('/');
        expect(segments).toHaveLength(5);
        expect([segments[1], segments[3]]).toEqual(['orders', 'lines']);
        expect([segments[2], segments[4]].map((part) => decodeURIComponent(part ?? ''))).toEqual([`${id}`, `${line}`]);
        expect(asked.path).toMatch(/^[\x21-\x7e]+$/);
        expect(asked.path).not.toMatch(/[?#]/);
        // A path that the router may read is read by it as it is.
        const read = matchablePath(asked.path);
        if (read !== null) expect(read.split('/')).toHaveLength(5);
      }),
    );
  });

  it('a value stays one value of the query, whatever is in it', () => {
    fc.assert(
      fc.property(scalar, fc.array(scalar, { maxLength: 3 }), (q, more) => {
        const asked = callRequest(spec({ path: '/x' }), { q, more });
        if (typeof asked === 'string') {
          expect([q, ...more].some((value) => /\p{Surrogate}/u.test(String(value)))).toBe(true);
          return;
        }
        const read = [...new URLSearchParams(asked.query)];
        expect(read).toEqual([['q', `${q}`], ...more.map((value) => ['more', `${value}`])]);
        expect(asked.body).toBeNull();
      }),
    );
  });

  it.each<[string, JsonObject]>([
    ['is missing', { line: 1 }],
    ['is empty', { id: '', line: 1 }],
    ['is dots', { id: '..', line: 1 }],
    ['is an object', { id: {}, line: 1 }],
    ['is the prototype of all objects', { line: 1, toString: 'x' }],
  ])('there is no request where an argument of the path %s', (_, args) => {
    expect(callRequest(spec(), args)).toMatch(/`id` must be/);
  });

  it('the rest is a body, or the inputs of a prompt; what has a place of its own is not repeated', () => {
    const args = { id: 1, line: 'a', q: true, item: { deep: [1] } };
    expect(callRequest(spec({ rest: 'body' }), args)).toEqual({
      ...{ path: '/orders/1/lines/a', query: 'q=true', body: { item: { deep: [1] } } },
    });
    expect(callRequest(spec({ path: '/v1/prompts/p', rest: 'inputs' }), args)).toEqual({
      ...{ path: '/v1/prompts/p', query: '', body: { inputs: args } },
    });
  });

  it('what is null is not given, and what no parameter can hold is refused', () => {
    expect(callRequest(spec({ path: '/x' }), { q: null, more: null })).toMatchObject({ query: '' });
    expect(callRequest(spec({ path: '/x' }), { q: { a: 1 } })).toMatch(/`q` must be/);
    expect(callRequest(spec({ path: '/x' }), { q: [[1]] })).toMatch(/`q` must be/);
  });
});
