/** OpenAPI documents that are meant to do harm, by the route that takes them: each is answered, in bounded work, and what is refused has changed nothing. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type WholeApi, wholeApi } from './testing/whole-api.js';

let house: WholeApi;
beforeAll(async () => {
  house = await wholeApi();
});

const MIB = 1024 * 1024;
const head = 'openapi: 3.1.0\ninfo: { title: T, version: "1" }\n';
const op = { responses: { 200: { description: 'ok' } } };
const doc = (more: object): string =>
  JSON.stringify({ openapi: '3.1.0', info: { title: 'T', version: '1' }, paths: {}, ...more });
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

async function send(text: string, type: string, query = '?id=hostile&teamId=red') {
  const session = house.users.get('red developer')?.session ?? {};
  const before = house.registry.number;
  const answer = await house.api.ask('POST', `/v1/services/import${query}`, { ...session, 'content-type': type }, text);
  const changed = house.registry.number - before;
  if (changed > 0) await house.reset();
  return { status: answer.status, changed, text: answer.text };
}

describe('a hostile document', () => {
  const refused: readonly (readonly [string, string, number, string?])[] = [
    ['beyond five MiB', doc({ 'x-a': 'a'.repeat(5 * MIB) }), 413, 'application/json'],
    ['of a type that nobody reads', doc({}), 415, 'text/html'],
    ['empty', '', 422],
    ['of white space', ' '.repeat(1_000), 422],
    ['no mapping', '[1, 2]', 422],
    ['of zeros', '\0'.repeat(100), 422],
    ['half a JSON', '{"openapi":"3.1.0","info"', 422],
    ['of another kind', 'swagger: "2.0"\ninfo: { title: T, version: "1" }\npaths: {}\n', 422],
    // Nine lists of nine, nine times over: 3 GiB, were they written out.
    [
      'of aliases that multiply',
      `${head}x-0: &a0 [1,1,1,1,1,1,1,1,1]\n${Array.from({ length: 9 }, (_, i) => `x-${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]`).join('\n')}\npaths: {}\n`,
      422,
    ],
    ['of a list in a list, too deep to read', `${head}x-a: ${nested(100_000)}\npaths: {}\n`, 422],
    [
      'too deep in JSON',
      `{"openapi":"3.1.0","info":{"title":"T","version":"1"},"paths":{},"x-a":${nested(100_000)}}`,
      422,
      'application/json',
    ],
    ['with a tag that would make something', `${head}x-a: !!js/function "function () {}"\npaths: {}\n`, 422],
    ['with a reference to a file', doc({ paths: { '/a': { $ref: 'file:///etc/passwd' } } }), 422],
    ['with a reference to elsewhere', doc({ paths: { '/a': { $ref: 'http://169.254.169.254/latest' } } }), 422],
  ];

  it.each(refused.map(([what, text, status, type = 'application/yaml']) => ({ what, text, status, type })))(
    '$what is refused, and leaves nothing',
    async ({ text, status, type }) => {
      const { changed, ...answer } = await send(text, type);
      expect([answer.status, answer.text.slice(0, 300)]).toEqual([status, expect.any(String)]);
      expect(changed).toBe(0);
      // Neither what was sent nor where it was read.
      expect(answer.text).not.toMatch(/root:|node_modules|at Object|\/etc\/passwd.*:x:/);
    },
  );

  const answered: readonly (readonly [string, string])[] = [
    [
      'with a reference to itself',
      doc({
        paths: { '/a': { get: { ...op, parameters: [{ $ref: '#/components/parameters/a' }] } } },
        components: { parameters: { a: { $ref: '#/components/parameters/a' } } },
      }),
    ],
    [
      'with schemas in a circle',
      doc({
        paths: {
          '/a': {
            post: {
              ...op,
              requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/a' } } } },
            },
          },
        },
        components: {
          schemas: {
            a: { allOf: [{ $ref: '#/components/schemas/b' }] },
            b: { allOf: [{ $ref: '#/components/schemas/a' }] },
          },
        },
      }),
    ],
    [
      'with a pattern that takes for ever',
      doc({
        paths: {
          '/a': {
            get: { ...op, parameters: [{ name: 'q', in: 'query', schema: { type: 'string', pattern: '^(a+)+$' } }] },
          },
        },
      }),
    ],
    [
      'with twenty thousand paths',
      doc({ paths: Object.fromEntries(Array.from({ length: 20_000 }, (__, i) => [`/p${i}`, { get: op }])) }),
    ],
    ['with a path as long as a book', doc({ paths: { [`/${'a'.repeat(100_000)}`]: { get: op } } })],
    [
      'with names that objects have',
      '{"openapi":"3.1.0","info":{"title":"T","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"description":"ok"}},"parameters":[{"name":"__proto__","in":"query","schema":{"type":"string"}}]}}},"components":{"schemas":{"__proto__":{"type":"object"},"constructor":{"type":"string"}}}}',
    ],
    [
      'with servers at the machine itself',
      doc({ servers: [{ url: 'http://169.254.169.254/' }], paths: { '/a': { get: op } } }),
    ],
  ];

  it.each(answered)('%s is answered, with its faults or as a draft that is none the worse', async (_, text) => {
    const { status, changed } = await send(text, 'application/json');
    expect([201, 422]).toContain(status);
    expect([status, changed > 0]).toEqual([status, status === 201]);
    expect(({} as Record<string, unknown>)['type']).toBeUndefined();
  });

  it('can not get at the service of another team, nor at a place that is another service’s', async () => {
    const good = doc({ paths: { '/a': { get: op } } });
    for (const query of ['?id=blue-shop', '?id=blue-shop&teamId=red', '?id=hostile&teamId=blue', '?id=hostile'])
      expect([query, await send(good, 'application/json', query)]).toMatchObject([query, { status: 404, changed: 0 }]);
    const taken = await send(good, 'application/json', '?id=hostile&teamId=red&basePath=/blue/shop');
    expect(taken).toMatchObject({ status: 422, changed: 0 });
  });
});
