import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readBatch } from './read-batch.js';

const bounds = { requestsMax: 20, urlBytesMax: 200, deadlineField: 'x-request-timeout-ms' };

it('whatever is sent is read or refused, and what is read can be sent', () => {
  const request = fc.record(
    {
      id: fc.oneof(fc.string(), fc.integer(), fc.jsonValue()),
      method: fc.oneof(fc.constantFrom('GET', 'POST', 'DELETE'), fc.string()),
      path: fc.oneof(
        fc.webPath(),
        fc.string().map((text) => `/${text}`),
      ),
      headers: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.jsonValue()),
      body: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        fc.array(request, { maxLength: 4 }).map((requests) => ({ requests })),
      ),
      (value) => {
        const read = readBatch(value, bounds);
        if (typeof read === 'string') {
          expect(read.length).toBeLessThan(500);
          return;
        }
        expect(new Set(read.map(({ id }) => id)).size).toBe(read.length);
        for (const { path, query, headers, method } of read) {
          expect(`${path}${query}`).toMatch(/^\/[\x21-\x7e]*$/);
          expect(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).toContain(method);
          for (const field of headers) expect(field).not.toMatch(/[\r\n\0]/);
          expect(headers).not.toContain('authorization');
        }
      },
    ),
    { numRuns: 500 },
  );
});

it('a body is JSON unless the headers say that a text is something else', () => {
  const read = (body: unknown, headers: Record<string, string> = {}) => {
    const items = readBatch({ requests: [{ path: '/', method: 'POST', body, headers }] }, bounds);
    const [item] = typeof items === 'string' ? [] : items;
    return [item?.headers, new TextDecoder().decode(item?.body ?? undefined)];
  };
  expect(read({ a: 1 })).toEqual([['content-type', 'application/json'], '{"a":1}']);
  expect(read('x')).toEqual([['content-type', 'application/json'], '"x"']);
  expect(read('x', { 'Content-Type': 'text/plain' })).toEqual([['content-type', 'text/plain'], 'x']);
  expect(read('x', { 'Content-Type': 'application/json' })).toEqual([['content-type', 'application/json'], '"x"']);
});
