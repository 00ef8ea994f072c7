import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheDirectives, noDirectives } from './cache-control.js';
import { responseDirectives } from './targeted-cache-control.js';

/** What a field may hold on the wire. */
const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));

describe('a targeted field', () => {
  it.each<[string, readonly string[], string | null, Partial<CacheDirectives>]>([
    [
      'takes the place of Cache-Control',
      ['cache-control', 'no-store', 'cdn-cache-control', 'max-age=9'],
      'cdn-cache-control',
      { maxAgeS: 9 },
    ],
    [
      'of our own comes before that of all CDNs',
      ['cdn-cache-control', 'max-age=9', 'weir-cache-control', 'max-age=5'],
      'weir-cache-control',
      { maxAgeS: 5 },
    ],
    ['that is empty is not there', ['cdn-cache-control', '', 'cache-control', 'max-age=5'], null, { maxAgeS: 5 }],
    [
      'that is malformed is not there',
      ['cdn-cache-control', 'max-age=9, &&&', 'cache-control', 'no-store'],
      null,
      { noStore: true },
    ],
    ['with a space beside the equals sign is malformed', ['cdn-cache-control', 'max-age =9'], null, {}],
    ['with an upper-case key is malformed', ['cdn-cache-control', 'MaX-aGe=9'], null, {}],
    [
      'gives way to the next one when it is malformed',
      ['weir-cache-control', '!', 'cdn-cache-control', 'max-age=9'],
      'cdn-cache-control',
      { maxAgeS: 9 },
    ],
    [
      'that says nothing known is still there',
      ['cdn-cache-control', 'none', 'cache-control', 'max-age=5'],
      'cdn-cache-control',
      {},
    ],
    ['with a span of another type is stale', ['cdn-cache-control', 'max-age="9"'], 'cdn-cache-control', { maxAgeS: 0 }],
    ['with a decimal span is stale', ['cdn-cache-control', 'max-age=9.5'], 'cdn-cache-control', { maxAgeS: 0 }],
    ['with a negative span is stale', ['cdn-cache-control', 'max-age=-9'], 'cdn-cache-control', { maxAgeS: 0 }],
    [
      'restricts whatever the type',
      ['cdn-cache-control', 'no-store=1, private=(a b)'],
      'cdn-cache-control',
      { noStore: true, isPrivate: true },
    ],
    ['does not restrict by ?0', ['cdn-cache-control', 'no-store=?0, max-age=9'], 'cdn-cache-control', { maxAgeS: 9 }],
    [
      'may name fields',
      ['cdn-cache-control', 'no-cache="a, b", private=c'],
      'cdn-cache-control',
      { noCache: ['a', 'b'], isPrivate: ['c'] },
    ],
    [
      'has parameters that mean nothing',
      ['cdn-cache-control', 'max-age=9;no-store'],
      'cdn-cache-control',
      { maxAgeS: 9 },
    ],
    [
      'may be in several lines',
      ['cdn-cache-control', 'max-age=9', 'cdn-cache-control', 'private'],
      'cdn-cache-control',
      { maxAgeS: 9, isPrivate: true },
    ],
  ])('%s', (_name, headers, target, expected) => {
    expect(responseDirectives(headers)).toEqual({ target, directives: { ...noDirectives, ...expected } });
  });

  it('counts for those whose target list names it', () => {
    expect(responseDirectives(['cdn-cache-control', 'max-age=9'], []).target).toBeNull();
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: octet, size: 'max', maxLength: 200 }), (value) => {
        const { directives } = responseDirectives(['cdn-cache-control', value, 'cache-control', 'max-age=5']);
        expect(directives.maxAgeS === null || directives.maxAgeS >= 0).toBe(true);
      }),
    );
  });
});
