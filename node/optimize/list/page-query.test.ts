import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextLink, nextQuery, readPageQuery } from './page-query.js';

const names = { limit: 'limit', cursor: 'cursor', others: ['page', 'page size'] };

describe('what is asked of a list', () => {
  it.each([
    ['', null, null, ''],
    ['a=1&b', null, null, 'a=1&b'],
    ['limit=20&a=1&cursor=x.y', 20, 'x.y', 'a=1'],
    ['limit=007', 7, null, ''],
    ['cursor=', null, '', ''],
    ['%6cimit=3&curs%6Fr=z', 3, 'z', ''],
    ['page=4&page+size=9&page%20size=9&a=1', null, null, 'a=1'],
    ['limits=3&Limit=4', null, null, 'limits=3&Limit=4'],
    ['a=%zz&limit=2', 2, null, 'a=%zz'],
  ])('by %s is limit %s, cursor %s, and the rest is %s', (query, limit, cursor, rest) => {
    expect(readPageQuery(query, names)).toEqual({ ok: true, limit, cursor, rest: rest === '' ? [] : rest.split('&') });
  });

  it('has no end of digits', () => {
    expect(readPageQuery(`limit=${'9'.repeat(400)}`, names)).toMatchObject({
      ok: true,
      limit: Number.POSITIVE_INFINITY,
    });
  });

  it.each([
    'limit=',
    'limit=0',
    'limit=-1',
    'limit=1.5',
    'limit=1e3',
    'limit=x',
    'limit',
    'limit=1&limit=1',
    'cursor=a&cursor=a',
    'cursor=%zz',
  ])('by %s is refused', (query) => expect(readPageQuery(query, names)).toMatchObject({ ok: false }));
});

describe('the link to the next page', () => {
  it('has what the client wrote, and another cursor', () => {
    expect(nextQuery('a=1&cursor=old&limit=2&fields=x(y)', 'cursor', 'a.b')).toBe('a=1&limit=2&fields=x(y)&cursor=a.b');
    expect(nextLink('a=1')).toBe('<?a=1>; rel="next"');
  });

  it('never ends before its time, and is ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', size: 'max', maxLength: 100 }), (query) => {
        expect(nextLink(query)).toMatch(/^<\?[\x21\x23-\x3b\x3d\x3f-\x7e]*>; rel="next"$/);
      }),
    );
  });
});
