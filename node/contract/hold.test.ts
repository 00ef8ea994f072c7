import type { Json } from '@weir/proto/contract/json-value.js';
import type { BodyTypeSpec, ParameterSpec } from '@weir/proto/snapshot/contract.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countedPattern } from '../pattern/counted-pattern.js';
import { acceptance, bodyTypeOf } from './body-types.js';
import { Held, SchemaTexts } from './hold.js';
import { type RequestTexts, rawCookies, rawQuery } from './parameter-texts.js';

const schemas = new SchemaTexts(
  { id: 'c', dialect: '3.1', schemas: [['#/Price', '{"type":"number","minimum":0}']] },
  (text) => countedPattern(text, 'part'),
);

function parameter(more: Partial<Omit<ParameterSpec, 'schema'>> & { readonly schema: Json }): ParameterSpec {
  const { schema, ...rest } = more;
  return {
    ...{
      name: 'p',
      in: 'query',
      param: 'p',
      isRequired: false,
      allowsEmpty: false,
      style: 'form',
      explode: true,
      isJson: false,
    },
    shapes: [{ kind: 'scalar', types: ['string'] }],
    ...rest,
    schema: JSON.stringify(schema),
  };
}

interface Sent {
  readonly query?: string;
  readonly cookie?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, string>>;
}

const textsOf = ({ query = '', cookie, headers = {}, params = {} }: Sent): RequestTexts => ({
  query: rawQuery(query),
  cookies: rawCookies(cookie),
  header: (name) => headers[name],
  segment: (name) => params[name],
});

function faultsOf(parameters: readonly ParameterSpec[], sent: Sent): string[] {
  const held = new Held({ of: 'c', operation: 'o', mode: 'refuse', parameters, body: null }, schemas);
  return held.parameters(textsOf(sent)).map(({ where, what }) => `${where} ${what}`);
}

const integer = parameter({
  name: 'limit',
  shapes: [{ kind: 'scalar', types: ['integer'] }],
  schema: { type: 'integer', maximum: 100 },
});
const ids = {
  shapes: [{ kind: 'list', items: ['integer'] }],
  schema: { type: 'array', items: { type: 'integer' }, maxItems: 3 },
} as const;
const range = {
  shapes: [
    {
      kind: 'object',
      members: [
        ['min', ['number'], false],
        ['of', ['string'], true],
      ],
    },
  ],
  schema: {
    type: 'object',
    required: ['min'],
    properties: { min: { type: 'number' }, of: { type: 'array', items: { enum: ['a', 'b'] } } },
    additionalProperties: false,
  },
} as const;

describe('a parameter', () => {
  it.each<[string, ParameterSpec, Sent, string[]]>([
    ['is read as a number', integer, { query: 'limit=100' }, []],
    ['is named with what is wrong with it', integer, { query: 'limit=101' }, ['query.limit must be at most 100']],
    ['that is no number', integer, { query: 'limit=ten' }, ['query.limit must be an integer']],
    ['that is half a number', integer, { query: 'limit=1.5' }, ['query.limit must be a whole number']],
    ['in another notation is no number', integer, { query: 'limit=0x10' }, ['query.limit must be an integer']],
    ['may be left out', integer, {}, []],
    ['that is required may not', { ...integer, isRequired: true }, { query: 'other=1' }, ['query.limit is required']],
    ['must not come twice', integer, { query: 'limit=1&limit=999' }, ['query.limit is here more than once']],
    ['has an encoded name', integer, { query: '%6Cimit=101' }, ['query.limit must be at most 100']],
    ['may be empty where that is said', { ...integer, allowsEmpty: true }, { query: 'limit=' }, []],
    [
      'of the path is decoded',
      parameter({ in: 'path', param: 'x', schema: { const: 'a b' }, style: 'simple' }),
      { params: { x: 'a%20b' } },
      [],
    ],
    [
      'of the header',
      parameter({ name: 'X-P', in: 'header', style: 'simple', schema: { maxLength: 2 } }),
      { headers: { 'x-p': 'abc' } },
      ['header.x-p must have at most 2 characters'],
    ],
    [
      'of a cookie',
      parameter({ in: 'cookie', schema: { enum: ['a'] } }),
      { cookie: 'o=1; p=b' },
      ['cookie.p must be "a"'],
    ],
    [
      'that is text or number fits as either',
      parameter({
        shapes: [{ kind: 'scalar', types: ['integer', 'string'] }],
        schema: {
          anyOf: [
            { type: 'integer', minimum: 5 },
            { type: 'string', minLength: 1 },
          ],
        },
      }),
      { query: 'p=1' },
      [],
    ],
    [
      'that is JSON',
      parameter({ isJson: true, schema: { type: 'object', required: ['a'] } }),
      { query: 'p=%7B%22b%22:1%7D' },
      ['query.p.a is required'],
    ],
    ['that should be JSON', parameter({ isJson: true, schema: {} }), { query: 'p={' }, ['query.p must be JSON']],
    ['repeated is a list', parameter({ ...ids }), { query: 'p=1&p=2&p=x' }, ['query.p.2 must be an integer']],
    ['once is a list of one', parameter({ ...ids }), { query: 'p=1' }, []],
    [
      'with commas is a list',
      parameter({ ...ids, explode: false }),
      { query: 'p=1,2,3,4' },
      ['query.p must have at most 3 items'],
    ],
    [
      'with an encoded comma has it in an item',
      parameter({ explode: false, shapes: [{ kind: 'list', items: ['string'] }], schema: { maxItems: 1 } }),
      { query: 'p=a%2Cb' },
      [],
    ],
    [
      'with pipes',
      parameter({ ...ids, style: 'pipeDelimited', explode: false }),
      { query: 'p=1%7C2|3|4' },
      ['query.p must have at most 3 items'],
    ],
    [
      'with spaces',
      parameter({ ...ids, style: 'spaceDelimited', explode: false }),
      { query: 'p=1%202+3%204' },
      ['query.p must have at most 3 items'],
    ],
    [
      'of the path with commas',
      parameter({ ...ids, in: 'path', style: 'simple', explode: false }),
      { params: { p: '1,2,x' } },
      ['path.p.2 must be an integer'],
    ],
    [
      'of the path after a dot',
      parameter({ ...ids, in: 'path', style: 'label' }),
      { params: { p: '.1.2.3.4' } },
      ['path.p must have at most 3 items'],
    ],
    [
      'of a header with commas',
      parameter({ ...ids, in: 'header', style: 'simple', explode: false }),
      { headers: { p: '1, 2, x' } },
      ['header.p.2 must be an integer'],
    ],
    [
      'as a deep object',
      parameter({ ...range, style: 'deepObject' }),
      { query: 'p[min]=1&p%5Bof%5D=a&p[of]=c&p[no]=1' },
      ['query.p.of.1 must be one of "a", "b"', 'query.p.no is not known'],
    ],
    [
      'as a deep object that lacks a member',
      parameter({ ...range, style: 'deepObject' }),
      { query: 'p[of]=a' },
      ['query.p.min is required'],
    ],
    [
      'as an object of its own parameters',
      parameter({ ...range }),
      { query: 'min=x&other=1' },
      ['query.p.min must be a number'],
    ],
    [
      'as an object of pairs',
      parameter({ ...range, explode: false }),
      { query: 'p=min,1,of,z' },
      ['query.p.of.0 must be one of "a", "b"'],
    ],
    [
      'with a member that no object should have',
      parameter({ ...range, style: 'deepObject' }),
      { query: 'p[__proto__]=1' },
      ['query.p has a member that is not allowed'],
    ],
  ])('%s', (_name, spec, sent, faults) => {
    expect(faultsOf([spec], sent)).toEqual(faults);
  });

  it('whatever is sent is read without an end', () => {
    const specs = [
      integer,
      parameter({ ...ids, explode: false }),
      parameter({ ...range, style: 'deepObject' }),
      parameter({ isJson: true, schema: {} }),
      parameter({ in: 'cookie', schema: {} }),
      parameter({ in: 'path', style: 'matrix', schema: {} }),
    ];
    const text = fc.string({
      unit: fc.constantFrom('p', '=', '&', '[', ']', '%', '5', 'B', ',', ';', '.', '|', '+', 'limit', '"', '{', ' '),
      size: 'max',
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, text, text, (query, cookie, segment) => {
        for (const fault of faultsOf(specs, { query, cookie, params: { p: segment } }))
          expect(fault).toMatch(/^(?:query|cookie|path)\./);
      }),
    );
  });

  it('every whole number within the bounds passes, and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: -500, max: 500 }), (number) => {
        expect(faultsOf([integer], { query: `limit=${number}` })).toEqual(
          number <= 100 ? [] : ['query.limit must be at most 100'],
        );
      }),
    );
  });
});

describe('a body', () => {
  const type: BodyTypeSpec = {
    type: 'application/json',
    schema:
      '{"type":"object","properties":{"items":{"type":"array","items":{"type":"object","required":["sku"],"properties":{"price":{"$ref":"#/Price"}}}}}}',
  };
  const held = new Held(
    { of: 'c', operation: 'o', mode: 'refuse', parameters: [], body: { isRequired: true, bytesMax: 1, types: [type] } },
    schemas,
  );

  it('has its faults by their places', () => {
    expect(held.body(type, { items: [{ sku: 1, price: 1 }, { price: -1 }] }, 20)).toEqual([
      { where: 'body/items/1/sku', what: 'is required' },
      { where: 'body/items/1/price', what: 'must be at least 0' },
    ]);
    expect(held.body(type, { items: Array.from({ length: 50 }, () => ({})) }, 20)).toHaveLength(20);
  });

  it('is taken by the narrowest type that an operation has', () => {
    const spec = {
      isRequired: true,
      bytesMax: 1,
      types: ['*/*', 'application/json', 'text/*'].map((one) => ({ type: one, schema: null })),
    };
    expect(bodyTypeOf('Application/JSON; charset=utf-8', spec)?.type).toBe('application/json');
    expect(bodyTypeOf('text/plain', spec)?.type).toBe('text/*');
    expect(bodyTypeOf('image/png', spec)?.type).toBe('*/*');
    expect(bodyTypeOf('nonsense', spec)).toBeNull();
    expect(bodyTypeOf('image/png', { ...spec, types: spec.types.slice(1) })).toBeNull();
  });
});

it('a type is wanted as much as the most precise range says', () => {
  expect(acceptance(undefined, 'application/json')).toBe(1);
  expect(acceptance('text/html, application/*;q=0.5, */*;q=0.1', 'application/json')).toBe(0.5);
  expect(acceptance('application/json;q=0, */*', 'application/json')).toBe(0);
  expect(acceptance('text/html', 'application/json')).toBe(0);
});

describe('patterns', () => {
  const wild = '^[ab]*a[ab]{250}$';
  const bodyOf = (pattern: string): [Held, BodyTypeSpec] => {
    const type = { type: 'application/json', schema: JSON.stringify({ type: 'string', pattern }) };
    const spec = { of: 'c', operation: 'op', mode: 'refuse' as const, parameters: [], body: null };
    return [new Held(spec, schemas), type];
  };

  it('that make something new of each character are counted by their steps, and a body that takes too much is refused', () => {
    const [held, type] = bodyOf(wild);
    expect(held.body(type, mixed(16_384), 5)).toEqual([
      { where: 'body', what: 'takes more work to check than is allowed' },
    ]);
    expect(held.body(type, mixed(512), 5)).toEqual([]);
  });

  it('that do not are run on as much as a body may have', () => {
    const [held, type] = bodyOf('^[A-Za-z0-9+/=]*$');
    expect(held.body(type, mixed(1_000_000), 5)).toEqual([]);
    const [uuids, ofUuid] = bodyOf('^[ab]{8}-[ab]{4}$');
    for (let round = 0; round < 1_000; round += 1) expect(uuids.body(ofUuid, 'abababab-abab', 5)).toEqual([]);
  });

  it('of all parameters of a head draw on one account', () => {
    const schema = { type: 'string', pattern: '^[ab]*a[ab]{150}$' };
    const many = Array.from({ length: 12 }, (_, i) => parameter({ name: `p${i}`, schema }));
    const query = many.map(({ name }) => `${name}=${mixed(300, 151)}`).join('&');
    const what = faultsOf(many, { query });
    expect(what.length).toBeGreaterThan(0);
    expect(what.every((fault) => fault.endsWith('takes more work to check than is allowed'))).toBe(true);
    expect(faultsOf(many.slice(0, 2), { query })).toEqual([]);
  });
});

/** Of `a` and `b`, with an `a` where the pattern above wants one. */
function mixed(length: number, back = 251): string {
  let state = 7;
  const one = (): string => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    return (state >> 16) & 1 ? 'a' : 'b';
  };
  const letters = Array.from({ length }, one);
  letters[length - back] = 'a';
  return letters.join('');
}
