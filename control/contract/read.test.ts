import fc from 'fast-check';
import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { contractBytesMax } from './contract-size.js';
import { readContract } from './read.js';
import { manyOperations, petstore30, petstore31, searching } from './testing/documents.js';

const errorsOf = (text: string) => readContract(text).faults.filter(({ severity }) => severity === 'error');

const withPaths = (paths: object, more: object = {}): string =>
  JSON.stringify({ openapi: '3.1.0', info: { title: 'T', version: '1' }, paths, ...more });

const get = (more: object = {}) => ({
  get: { operationId: 'one', responses: { '200': { description: 'ok' } }, ...more },
});

describe('a published document', () => {
  it('is read: operations, parameters of path and operation, servers with their variables', () => {
    const { contract, faults } = readContract(petstore30);
    expect(faults).toEqual([]);
    expect(contract?.dialect).toBe('3.0');
    expect(contract?.servers).toEqual([{ url: 'https://petstore.example.com/v1', description: '' }]);
    expect(contract?.operations.map(({ id, method, path }) => `${id} ${method} ${path}`)).toEqual([
      'listPets GET /pets',
      'createPets POST /pets',
      'showPetById GET /pets/{pet-id}',
      'deletePet DELETE /pets/{pet-id}',
    ]);
    const [list, , shown, gone] = contract?.operations ?? [];
    expect(list?.parameters.map(({ name, in: place, style, explode }) => ({ name, place, style, explode }))).toEqual([
      { name: 'limit', place: 'query', style: 'form', explode: true },
      { name: 'tags', place: 'query', style: 'form', explode: false },
      { name: 'X-Trace', place: 'header', style: 'simple', explode: false },
    ]);
    expect(list?.responses[0]?.content[0]?.examples.map(({ name }) => name)).toEqual(['two', 'none']);
    expect(shown?.parameters.map(({ name }) => name)).toEqual(['pet-id']);
    expect(gone?.isDeprecated).toBe(true);
    expect(gone?.extensions).toEqual({ 'x-weir-timeout': '2s', 'x-weir-retry': false });
  });

  it('of 3.1, one of every style, and one of 300 operations are read without a fault', () => {
    for (const text of [petstore31, searching, manyOperations(300)]) expect(readContract(text).faults).toEqual([]);
    expect(readContract(manyOperations(300)).contract?.operations).toHaveLength(300);
  });

  it('says the same as YAML and as JSON', () => {
    for (const text of [petstore31, manyOperations(30)]) {
      expect(readContract(dump(JSON.parse(text)))).toEqual(readContract(text));
    }
  });
});

describe('a fault', () => {
  it('has its pointer, its line and its cure', () => {
    const text = petstore30.replace('type: integer, format: int64, minimum: 1', 'type: int, minimum: 1');
    expect(errorsOf(text)).toEqual([
      {
        severity: 'error',
        pointer: '/paths/~1pets~1{pet-id}/parameters/0/schema/type',
        line: text.split('\n').findIndex((line) => line.includes('type: int,')) + 1,
        message: '"int" is no type',
        cure: 'write integer',
      },
    ]);
  });

  it.each([
    ['Swagger 2', '{"swagger":"2.0"}', 'this is Swagger 2.0'],
    ['another file', '# nothing', 'this is no OpenAPI document'],
    ['a later version', '{"openapi":"4.0.0","paths":{}}', 'OpenAPI 4.0.0 is not known here'],
    ['no operation', withPaths({}), 'the contract has no operation'],
    ['a path without a slash', withPaths({ pets: get() }), 'pets is no path'],
    ['a parameter twice in a path', withPaths({ '/{a}/{a}': get() }), 'the parameter {a} is in the path twice'],
    [
      'two paths of one shape',
      withPaths({ '/a/{b}': get(), '/a/{c}': { put: { responses: {} } } }),
      'this path takes the same requests as /a/{b}',
    ],
    [
      'an operationId twice',
      withPaths({ '/a': get(), '/b': get() }),
      'the operationId one is that of /paths/~1a/get, too',
    ],
    [
      'a parameter twice',
      withPaths({ '/a': get({ parameters: [1, 2].map(() => ({ name: 'q', in: 'query', schema: {} })) }) }),
      'the parameter q is here a second time',
    ],
    [
      'a remote reference',
      withPaths({ '/a': { $ref: 'https://example.com/a.yaml' } }),
      'https://example.com/a.yaml lies outside of this document, and is not fetched',
    ],
    ['a reference to nothing', withPaths({ '/a': { $ref: '#/components/x' } }), 'there is nothing at #/components/x'],
    [
      'references in a circle',
      withPaths({ '/a': { $ref: '#/paths/~1b' }, '/b': { $ref: '#/paths/~1a' } }),
      'the chain of references from here does not end',
    ],
    ['a status that is none', withPaths({ '/a': get({ responses: { ok: {} } }) }), 'ok is no status'],
    [
      'a bad style',
      withPaths({ '/a': get({ parameters: [{ name: 'q', in: 'query', style: 'matrix', schema: {} }] }) }),
      'in query there is no style matrix',
    ],
    [
      'a keyword of the wrong kind',
      withPaths({ '/a': get() }, { components: { schemas: { A: { minLength: '3' } } } }),
      '`minLength` must be a whole number from 0 on, not a text',
    ],
    [
      'a schema made of itself',
      withPaths({ '/a': get() }, { components: { schemas: { A: { allOf: [{ $ref: '#/components/schemas/A' }] } } } }),
      'the schema is made of itself, and no value could ever be held to it',
    ],
    ['a key named __proto__', '{"openapi":"3.1.0","info":{"__proto__":{}}}', 'the key `__proto__` is not allowed'],
    ['the same in YAML', 'openapi: 3.1.0\n__proto__: { a: 1 }\n', 'the key `__proto__` is not allowed'],
    ['a key twice', 'openapi: 3.1.0\nopenapi: 3.0.0\n', 'the key `openapi` is here a second time'],
    ['two documents', 'openapi: 3.1.0\n---\na: 1\n', 'the file holds more than one YAML document'],
    ['an alias to itself', 'openapi: 3.1.0\npaths: &a\n  x: *a\n', 'there is no such anchor before this alias'],
  ])('%s', (_name, text, message) => {
    expect(errorsOf(text).map((fault) => fault.message)).toContain(message);
    expect(readContract(text).contract).toBeNull();
  });

  it('of a pattern that only backtracking could run is told, and the pattern named', () => {
    const schemas = { A: { type: 'string', pattern: '(?=.*[0-9])^(a+)+$' }, B: { type: 'string', pattern: '^(a+)+$' } };
    const { contract, faults } = readContract(withPaths({ '/a': get() }, { components: { schemas } }));
    expect(faults.map(({ pointer, severity }) => [severity, pointer])).toEqual([
      ['warning', '/components/schemas/A/pattern'],
    ]);
    expect([...(contract?.unrunnable ?? [])]).toEqual(['(?=.*[0-9])^(a+)+$']);
  });

  it('there are at most two hundred of, and a last line that says how many more', () => {
    const schemas = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`S${index}`, { type: 'none' }]));
    const { faults } = readContract(withPaths({ '/a': get() }, { components: { schemas } }));
    expect(faults).toHaveLength(201);
    expect(faults.at(-1)?.message).toBe('and 100 more');
  });
});

it('an example that does not fit its own schema is told of', () => {
  const content = {
    'application/json': {
      schema: { type: 'object', required: ['id'] },
      examples: { good: { value: { id: 1 } }, bad: { value: {} } },
    },
  };
  const { contract, faults } = readContract(
    withPaths({ '/a': get({ responses: { '200': { description: 'ok', content } } }) }),
  );
  expect(contract).not.toBeNull();
  expect(faults.map(({ severity, message }) => [severity, message])).toEqual([
    ['warning', 'the example bad does not fit its schema: id is required'],
  ]);
});

describe('what is meant to be slow or large', () => {
  it('a laugh of a billion in aliases is refused without expanding it', () => {
    const lines = ['a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]'];
    for (let level = 1; level < 30; level += 1)
      lines.push(
        `a${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    expect(errorsOf(`openapi: 3.1.0\n${lines.join('\n')}\n`).map(({ message }) => message)).toEqual([
      'the document has more than 500000 values (aliases count in full)',
    ]);
  });

  it.each([
    ['a text of more than 5 MiB', `"${'x'.repeat(contractBytesMax)}"`],
    ['one of 5 MiB in bytes and less in letters', `{"a":"${'é'.repeat(contractBytesMax / 2)}"}`],
    ['nested lists', '['.repeat(2_000_000)],
    ['nested objects in YAML', `${'{a: '.repeat(100_000)}`],
    ['a list of millions', `[${'0,'.repeat(2_000_000)}0]`],
    [
      'an enum of a hundred thousand',
      withPaths(
        { '/a': get() },
        { components: { schemas: { A: { enum: Array.from({ length: 100_000 }, (_, at) => at) } } } },
      ),
    ],
  ])('%s is refused', (_name, text) => {
    expect(errorsOf(text)).toHaveLength(1);
  });

  it('a chain of fifty thousand references does not end the process', () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 50_000 }, (_, at) => [
        `S${at}`,
        at === 49_999 ? {} : { allOf: [{ $ref: `#/components/schemas/S${at + 1}` }] },
      ]),
    );
    const [first] = errorsOf(withPaths({ '/a': get() }, { components: { schemas } }));
    expect(first?.message).toContain('more than 100 schemas would be held to one value');
  });

  it('patterns that would take all of their steps for each character are not run, where these are many', () => {
    const patterns = ['^[ab]*a[ab]{1000}$', '^[ab]*a[ab]{200}$', '^.{1,255}$', '^[0-9a-f]{1,400}$'];
    const schemas = Object.fromEntries(patterns.map((pattern, at) => [`S${at}`, { type: 'string', pattern }]));
    const { contract } = readContract(withPaths({ '/a': get() }, { components: { schemas } }));
    expect([...(contract?.unrunnable ?? [])]).toEqual(['^[ab]*a[ab]{1000}$']);
  });

  it('patterns that RE2 would take long to compile are not run', () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, at) => [`S${at}`, { type: 'string', pattern: `(x{999}y${at}){1}` }]),
    );
    const { contract } = readContract(withPaths({ '/a': get() }, { components: { schemas } }));
    expect(contract?.unrunnable.size).toBeGreaterThan(2_500);
  });
});

/** Anything that JSON can say, with the words of OpenAPI among its keys and values. */
const words = [
  'openapi',
  'info',
  'paths',
  '/a',
  '/a/{b}',
  'get',
  'post',
  'parameters',
  'name',
  'in',
  'query',
  'schema',
  '$ref',
  'type',
  'properties',
  'items',
  'allOf',
  'requestBody',
  'content',
  'application/json',
  'responses',
  '200',
  'components',
  'schemas',
  'required',
  'pattern',
  'servers',
  'url',
  'examples',
  'value',
  'security',
  'tags',
  'operationId',
];
const word = fc.constantFrom(...words);
const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 8, depthSize: 'max' },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.double(),
      word,
      fc.constantFrom('3.1.0', '#/paths', '#/paths/~1a', '#/components/schemas/A', '#', 'integer', 'path', '(a', '{x}'),
    ),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(word, tie('any'), { maxKeys: 6 }),
  ),
})).any;

describe('any text', () => {
  const isRead = (text: string): void => {
    const { contract, faults } = readContract(text);
    expect(contract === null).toBe(faults.some(({ severity }) => severity === 'error'));
    expect(faults.length).toBeLessThanOrEqual(201);
  };

  it('is read or refused, and never thrown at', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', size: 'max', maxLength: 400 }), isRead));
    fc.assert(
      fc.property(fc.dictionary(word, value, { size: 'max', maxKeys: 8 }), (paths) =>
        isRead(
          JSON.stringify({
            openapi: '3.1.0',
            paths: { '/a': paths, '/b': { get: paths } },
            components: { schemas: paths },
          }),
        ),
      ),
    );
  });

  it('that was a contract, and had a piece of it changed, is read or refused', () => {
    const edits = fc.tuple(fc.nat(petstore30.length), fc.nat(40), fc.oneof(word, fc.string({ maxLength: 12 })));
    fc.assert(
      fc.property(edits, ([at, length, put]) => isRead(petstore30.slice(0, at) + put + petstore30.slice(at + length))),
      { numRuns: 300 },
    );
  });
});
