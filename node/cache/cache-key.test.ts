import { placeSaid } from '@weir/proto/http/origin-claims.js';
import type { CacheKeySpec } from '@weir/proto/snapshot/cache.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ask } from './ask.js';
import { cacheKey, keyedQuery, purgedQuery } from './cache-key.js';
import { markedUrl } from './purge/marks.js';
import { makeCacheSpec } from './testing/specs.js';

const plain: CacheKeySpec = makeCacheSpec().key;

const text = fc.constantFrom('', 'a', 'b', '/', '?', '=', 'a=b', 'k', 'c', 'h');
const ask: fc.Arbitrary<Ask> = fc.record({
  method: fc.constantFrom('GET', 'HEAD'),
  scheme: fc.constantFrom('http' as const, 'https' as const),
  authority: fc.constantFrom('a.example', 'b.example:8080'),
  path: fc.array(fc.constantFrom('a', 'A', '%61', ''), { maxLength: 3 }).map((parts) => `/${parts.join('/')}`),
  query: fc.array(fc.constantFrom('a=1', 'a=2', 'b', 'b=', ''), { maxLength: 3 }).map((parts) => parts.join('&')),
  headers: fc.record({ one: fc.option(text), cookie: fc.option(text) }).map(({ one, cookie }) => {
    return [...(one === null ? [] : ['x-one', one]), ...(cookie === null ? [] : ['cookie', `ck=${cookie}`])];
  }),
  hasBody: fc.constant(false),
  consumerId: fc.option(text),
});

describe('the key of a request', () => {
  it('is the same exactly for the same URL, when nothing else is said', () => {
    fc.assert(
      fc.property(ask, ask, (one, other) => {
        const url = ({ scheme, authority, path, query }: Ask) => [scheme, authority, path, query].join('\n');
        expect(cacheKey(one, plain) === cacheKey(other, plain)).toBe(url(one) === url(other));
      }),
      { numRuns: 2000 },
    );
  });

  it('tells apart whatever is made a part of it, and no value passes for another', () => {
    const spec: CacheKeySpec = { ...plain, headers: ['x-one'], cookies: ['ck'], byConsumer: true };
    fc.assert(
      fc.property(ask, ask, (one, other) => {
        const parts = ({ headers, consumerId }: Ask) => JSON.stringify([headers, consumerId]);
        const isSame = cacheKey(one, plain) === cacheKey(other, plain) && parts(one) === parts(other);
        expect(cacheKey(one, spec) === cacheKey(other, spec)).toBe(isSame);
        const sameUrl = { ...other, scheme: one.scheme, authority: one.authority, path: one.path, query: one.query };
        expect(cacheKey(one, spec) === cacheKey(sameUrl, spec)).toBe(parts(one) === parts(other));
      }),
      { numRuns: 2000 },
    );
  });

  it('holds what a trusted proxy says of the place, and no address', () => {
    const asked = {
      method: 'GET',
      scheme: 'http',
      authority: 'a.example',
      path: '/',
      query: '',
      hasBody: false,
    } as const;
    const keyOf = (...headers: string[]): string =>
      cacheKey({ ...asked, headers, consumerId: null, placeSaid: placeSaid(headers, 'a.example', 'http') }, plain);
    const bare = keyOf();
    const others = [
      ['x-forwarded-proto', 'https'],
      ['x-forwarded-host', 'evil.example'],
      ['x-original-url', '/admin'],
      ['forwarded', 'for=1.2.3.4;host=evil.example'],
      ['forwarded', 'proto=https, for=1.2.3.4'],
      ['forwarded', 'host="a.example:81"'],
    ];
    expect(new Set([bare, ...others.map((headers) => keyOf(...headers))]).size).toBe(others.length + 1);
    for (const same of [
      ['x-forwarded-proto', 'http'],
      ['x-forwarded-host', 'a.example'],
      ['x-forwarded-for', '1.2.3.4'],
      ['x-real-ip', '1.2.3.4'],
      ['forwarded', 'for=1.2.3.4'],
    ])
      expect([same, keyOf(...same)]).toEqual([same, bare]);
    expect(keyOf('forwarded', 'for=1.2.3.4;proto=https')).toBe(keyOf('forwarded', 'for="[::1]";proto=https'));
  });

  it('knows an absent part from an empty one', () => {
    const spec: CacheKeySpec = { ...plain, headers: ['x-one'], cookies: ['ck'], byConsumer: true };
    const bare: Ask = {
      ...{ method: 'GET', scheme: 'https', authority: 'a.example', path: '/', query: '', hasBody: false },
      ...{ headers: [], consumerId: null },
    };
    const others: Ask[] = [
      { ...bare, consumerId: '' },
      { ...bare, headers: ['x-one', ''] },
      { ...bare, headers: ['cookie', 'ck='] },
    ];
    expect(new Set([bare, ...others].map((one) => cacheKey(one, spec))).size).toBe(4);
  });

  it('holds each cookie of a name, of which servers take the first or the last', () => {
    const keyOf = (...cookies: string[]): string => {
      const headers = cookies.flatMap((value) => ['cookie', value]);
      const asked = {
        method: 'GET',
        scheme: 'https',
        authority: 'a.example',
        path: '/',
        query: '',
        hasBody: false,
      } as const;
      return cacheKey({ ...asked, headers, consumerId: null }, { ...plain, cookies: ['lang'] });
    };
    const keys = [
      keyOf('lang=en'),
      keyOf('lang=en; lang=de'),
      keyOf('lang=de; lang=en'),
      keyOf('lang=en', 'lang'),
      keyOf('x'),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(keyOf('lang=en; x=1; lang=de')).toBe(keyOf('lang=en', ' y=2;lang=de '));
  });

  it('sorts parameters by name, and keeps the order of those with one name', () => {
    expect(keyedQuery('b=2&a=1&b=1&a', { ...plain, sortsQuery: true })).toBe('a=1&a&b=2&b=1');
    expect(keyedQuery('b=2&a=1&c', { ...plain, query: { mode: 'only', names: ['b', 'c'] } })).toBe('b=2&c');
    expect(keyedQuery('b=2&a=1&c', { ...plain, query: { mode: 'except', names: ['b', 'c'] } })).toBe('a=1');
    expect(keyedQuery('b=2&a=1', plain)).toBe('b=2&a=1');
  });

  it('leaves nothing out that an origin may read as a parameter that counts', () => {
    const only = { ...plain, query: { mode: 'only', names: ['page'] } } as const;
    for (const query of ['p%61ge=9', 'page[]=9', 'PAGE=9', 'page+=9', 'x;page=9', 'x=1;page=9', '%70age']) {
      expect([query, keyedQuery(`${query}&utm=1`, only)]).toEqual([query, query]);
    }
    const except = { ...plain, query: { mode: 'except', names: ['utm'] } } as const;
    expect(keyedQuery('utm=1;page=9&utm=2', except)).toBe('utm=1;page=9');
  });

  it('keeps the order of parameters whose names are spellings of one', () => {
    for (const [one, other] of [
      ['a=1', '%61=2'],
      ['b[]=1', 'b=2'],
      ['a.b=1', 'a_b=2'],
      ['z;b=1', 'b=2'],
    ]) {
      const sorted = (query: string) => keyedQuery(query, { ...plain, sortsQuery: true });
      expect(sorted(`${one}&${other}`)).not.toBe(sorted(`${other}&${one}`));
    }
  });

  it('is never one of two requests that a purge tells apart: any rule, any spelling', () => {
    const name = fc.constantFrom('a', 'A', '%61', 'b', 'a[]', 'b;a', 'c d', 'c+d', 'c%20d');
    const query = fc
      .array(fc.tuple(name, fc.constantFrom('', '=1', '=1;a=2')), { maxLength: 3 })
      .map((pairs) => pairs.map((pair) => pair.join('')).join('&'));
    const rule = fc.record({ mode: fc.constantFrom('only' as const, 'except' as const), names: fc.array(name) });
    fc.assert(
      fc.property(query, query, rule, fc.boolean(), (one, other, used, sortsQuery) => {
        const key = (asked: string) => keyedQuery(asked, { query: used, sortsQuery });
        const subject = (asked: string) => markedUrl('h', '/', purgedQuery(asked, used));
        expect(key(one) !== key(other) || subject(one) === subject(other)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });
});
