import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDocument } from './documented.js';
import { sampleOf, schemaLines, typeOf } from './schema-lines.js';
import { curlOf, missingOf, requestOf } from './try-request.js';

const root = {
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1.2', description: 'Sells.' },
  paths: {
    '/orders/{id}': {
      parameters: [{ name: 'id', in: 'path', schema: { type: 'string' } }],
      get: {
        summary: 'One order',
        parameters: [{ $ref: '#/components/parameters/deep' }, { name: 'x-trace', in: 'header', schema: {} }],
        responses: {
          200: {
            description: 'It.',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/order' } } },
          },
        },
      },
      put: {
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/order' } } },
        },
        responses: { 204: { description: 'Done.' } },
      },
    },
  },
  components: {
    parameters: { deep: { name: 'deep', in: 'query', required: true, schema: { type: 'boolean', default: false } } },
    schemas: {
      order: {
        type: 'object',
        required: ['items'],
        properties: {
          items: { type: 'array', items: { type: 'object', properties: { price: { type: 'number', minimum: 1 } } } },
          state: { enum: ['new', 'sent'] },
          parent: { $ref: '#/components/schemas/order' },
        },
      },
      circle: { $ref: '#/components/schemas/circle' },
    },
  },
};

const document = readDocument(root);
const [get, put] = document?.operations ?? [];

describe('a document', () => {
  it('is shown by its operations, with shared parameters and followed references', () => {
    expect(document?.operations.map(({ key }) => key)).toEqual(['GET /orders/{id}', 'PUT /orders/{id}']);
    expect(get?.parameters.map(({ place, name, isRequired }) => [place, name, isRequired])).toEqual([
      ['path', 'id', true],
      ['query', 'deep', true],
      ['header', 'x-trace', false],
    ]);
    expect(get?.answers).toMatchObject([{ status: '200', mediaType: 'application/json' }]);
  });

  it('holds schemas that hold themselves, which are shown to a bounded depth', () => {
    const lines = schemaLines(root, put?.body?.schema);
    expect(lines.slice(0, 2)).toMatchObject([
      { path: 'items', type: 'list of object', isRequired: true },
      { path: 'items[].price', type: 'number', isRequired: false },
    ]);
    expect(lines.length).toBeLessThanOrEqual(200);
    expect(sampleOf(root, put?.body?.schema)).toMatchObject({ items: [{ price: 1 }], state: 'new' });
    expect(typeOf(root, { $ref: '#/components/schemas/circle' })).toBe('');
  });

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 4, maxKeys: 4, size: 'small' }), (value) => {
        expect(readDocument({ ...value, paths: { '/a': value, '/b': { get: value } } })?.operations.length).toBe(1);
      }),
    );
    expect(readDocument(null)).toBe(null);
  });
});

describe('a request that is tried', () => {
  if (get === undefined || put === undefined) throw new Error('the document has two operations');

  it('has each value in its place, encoded', () => {
    const filled = { 'path id': 'a/b c', 'query deep': 'true', 'header x-trace': '1' };
    expect(requestOf(get, filled, 'weir_k_x', '')).toEqual({
      method: 'GET',
      path: '/orders/a%2Fb%20c?deep=true',
      headers: { 'x-trace': '1', 'x-api-key': 'weir_k_x' },
      body: '',
    });
    expect(missingOf(get, { 'path id': '1' })).toEqual(['deep']);
  });

  it('never leaves its path, whatever is filled in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (id) => {
        const { path } = requestOf(put, { 'path id': id }, '', '{}');
        expect(path).toMatch(/^\/orders\/[^/?#\s]*$/);
      }),
    );
  });

  it('is a command that a shell takes as it is meant', () => {
    const command = curlOf('http://h', { method: 'PUT', path: '/a', headers: { 'x-a': "it's" }, body: "{'}" });
    expect(command).toBe("curl -i -X PUT 'http://h/a' \\\n  -H 'x-a: it'\\''s' \\\n  --data-binary '{'\\''}'");
  });
});
