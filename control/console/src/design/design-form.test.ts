import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Design } from '../../../model/entities.js';
import { routeRow, upstreamRow, withRoute, withUpstream } from './design-form.js';
import { designFrom, emptyDesign, yamlOf } from './design-yaml.js';

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const path = fc.stringMatching(/^(\/[a-z{}]{1,6}){1,3}$/);
const method = fc.constantFrom('GET', 'POST', 'DELETE');
const match = fc.oneof(
  path,
  fc.record({ path, methods: fc.array(method, { minLength: 1, maxLength: 3 }) }),
  fc.record({ path, headers: fc.record({ 'x-a': word }) }),
);
const route = fc.record(
  {
    id: word,
    match,
    upstream: word,
    timeouts: fc.record({ total: fc.constant('5s'), idle: fc.constant('1s') }),
    retry: fc.record({ attempts: fc.nat(3) }),
  },
  { requiredKeys: ['match'] },
);
const target = fc.oneof(
  fc.constant('http://a:1'),
  fc.record({ url: fc.constantFrom('http://b:2', 'http://c:3'), weight: fc.nat(9) }),
);
const upstream = fc.record(
  { id: word, targets: fc.array(target, { maxLength: 3 }), balance: word },
  { requiredKeys: ['targets'] },
);
const design: fc.Arbitrary<Design> = fc
  .record({
    contract: fc.constant('{}'),
    upstreams: fc.array(upstream, { maxLength: 3 }),
    routes: fc.array(route, { maxLength: 4 }),
    validate: fc.constantFrom('off', 'tell', 'refuse'),
    mock: fc.boolean(),
  })
  .chain((one) =>
    fc.oneof(
      fc.constant(one),
      fc.dictionary(word, fc.oneof(word, fc.dictionary(word, word))).map((ai) => ({ ...one, ai })),
    ),
  );

describe('a design', () => {
  it('is the same through its YAML, and the contract stays out of it', () => {
    fc.assert(
      fc.property(design, (one) => {
        expect(designFrom(yamlOf(one), one.contract)).toEqual({ ok: true, design: one });
        expect(yamlOf(one)).not.toContain('contract');
      }),
      { numRuns: 30 },
    );
  });

  it('that can’t be read says where and why', () => {
    expect(designFrom('routes: [', '')).toMatchObject({ ok: false, line: 1 });
    expect(designFrom('a: 1', '')).toMatchObject({ ok: false, message: expect.stringMatching(/no a here/) });
    expect(designFrom('validate: maybe', '')).toMatchObject({ ok: false });
    expect(designFrom('routes: 5', '')).toMatchObject({ ok: false });
    expect(designFrom('- 1', '')).toMatchObject({ ok: false });
    expect(designFrom('ai: 5', '')).toMatchObject({ ok: false });
    expect(designFrom('', '')).toEqual({ ok: true, design: emptyDesign });
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        const read = designFrom(text, 'c');
        if (!read.ok) expect(read.message).not.toBe('');
      }),
    );
  });
});

describe('the form', () => {
  it('changes nothing where nothing was changed', () => {
    fc.assert(
      fc.property(route, upstream, (aRoute, anUpstream) => {
        expect(routeRow(withRoute(aRoute, routeRow(aRoute)))).toEqual(routeRow(aRoute));
        expect(withRoute(aRoute, routeRow(aRoute))).toEqual(aRoute);
        expect(withUpstream(anUpstream, upstreamRow(anUpstream))).toEqual(anUpstream);
      }),
    );
  });

  it('changes what was changed, and keeps what it does not know', () => {
    fc.assert(
      fc.property(route, path, word, (aRoute, newPath, id) => {
        const changed = withRoute(aRoute, { ...routeRow(aRoute), path: newPath, id });
        expect(routeRow(changed)).toEqual({ ...routeRow(aRoute), path: newPath, id });
        expect(changed).toMatchObject(aRoute.retry === undefined ? {} : { retry: aRoute.retry });
      }),
    );
    const weighted = { id: 'a', targets: [{ url: 'http://b:2', weight: 3 }] };
    const row = { id: 'a', targets: ['http://b:2', ' http://d:4 ', ''] };
    expect(withUpstream(weighted, row)).toEqual({ id: 'a', targets: [{ url: 'http://b:2', weight: 3 }, 'http://d:4'] });
  });

  it('writes the shortest form, and takes emptied fields out', () => {
    const full = { id: 'a', match: { path: '/x', methods: ['GET'] }, upstream: 'u', timeouts: { total: '5s' } };
    expect(withRoute(full, { id: '', path: '/y', methods: [''], upstream: '', total: '' })).toEqual({ match: '/y' });
    expect(withRoute({ match: '/x' }, { ...routeRow({ match: '/x' }), methods: ['get', ' post'] })).toEqual({
      match: { path: '/x', methods: ['GET', 'POST'] },
    });
  });
});
