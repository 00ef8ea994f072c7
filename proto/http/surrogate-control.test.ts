import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheDirectives, noDirectives } from './cache-control.js';
import { parseSurrogateControl } from './surrogate-control.js';

describe('Surrogate-Control', () => {
  it.each<[string, string, Partial<CacheDirectives>]>([
    ['is fresh as long as it says', 'max-age=60', { maxAgeS: 60 }],
    ['has names in any case', 'MaX-aGe=60', { maxAgeS: 60 }],
    ['may be used stale by its second span', 'max-age=60+600', { maxAgeS: 60, staleWhileRevalidateS: 600 }],
    ['of two spans counts the one that is addressed', 'max-age=60, max-age=5;weir', { maxAgeS: 5 }],
    ['may be addressed to several', 'max-age=60;other;weir', { maxAgeS: 60 }],
    ['that is for others alone leaves what is for all', 'max-age=5;other, max-age=60', { maxAgeS: 60 }],
    ['may forbid to store', 'max-age=60, no-store', { maxAgeS: 60, noStore: true }],
    ['may forbid it to whoever is far away', 'no-store-remote', { noStore: true }],
    ['says nothing by what is unknown', 'foobar, max-age=60', { maxAgeS: 60 }],
    ['has commas and semicolons in quotes', 'content="a,b;c", max-age=60', { maxAgeS: 60 }],
    ['is stale by a span that is none', 'max-age=soon', { maxAgeS: 0 }],
    ['is stale by a space behind the equals sign', 'max-age= 60', { maxAgeS: 0 }],
    ['is stale by a space before it', 'max-age =60', { maxAgeS: 0 }],
  ])('%s: %s', (_, value, expected) => {
    expect(parseSurrogateControl(value, 'weir')).toEqual({ ...noDirectives, ...expected });
  });

  it.each(['', 'content="ESI/1.0"', 'foo', 'max-age=60;other', 'max-age=60;WEIR', 'max-age="60', ';weir', '; ;,'])(
    'says nothing of caching to this gateway: %s',
    (value) => expect(parseSurrogateControl(value, 'weir')).toBeNull(),
  );

  it('survives anything', () => {
    const octets = fc.string({ unit: fc.constantFrom(...'max-age=1+2;weir,"\\ no-store\u00ff'), maxLength: 60 });
    fc.assert(
      fc.property(octets, (value) => {
        const found = parseSurrogateControl(value, 'weir');
        expect(found === null || (found.maxAgeS ?? 0) >= 0).toBe(true);
      }),
    );
  });
});
