import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheDirectives, cacheControl, noDirectives, parseCacheControl } from './cache-control.js';
import { DELTA_SECONDS_MAX } from './delta-seconds.js';

/** What a field may hold on the wire. */
const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));

type Row = readonly [string, Partial<CacheDirectives>];

const rows: readonly Row[] = [
  ['', {}],
  [' , ,', {}],
  ['max-age=60', { maxAgeS: 60 }],
  ['MaX-aGe=60', { maxAgeS: 60 }],
  ['max-age="60"', { maxAgeS: 60 }],
  ["max-age='60'", { maxAgeS: 0 }],
  ['max-age=0060', { maxAgeS: 60 }],
  ['max-age=60.0', { maxAgeS: 0 }],
  ['max-age=60a', { maxAgeS: 0 }],
  ['max-age=-60', { maxAgeS: 0 }],
  ['max-age=', { maxAgeS: 0 }],
  ['max-age', { maxAgeS: 0 }],
  ['max-age =60', { maxAgeS: 0 }],
  ['max-age= 60', { maxAgeS: 0 }],
  ['  max-age=60\t', { maxAgeS: 60 }],
  ['max-age=99999999999', { maxAgeS: DELTA_SECONDS_MAX }],
  ['max-age=1, max-age=60', { maxAgeS: 1 }],
  ['max-age=x, max-age=60', { maxAgeS: 0 }],
  ['s-maxage=5,max-age=60', { sMaxageS: 5, maxAgeS: 60 }],
  ['ext="max-age=3600", max-age=1', { maxAgeS: 1 }],
  ['max-age=1, ext="max-age=3600"', { maxAgeS: 1 }],
  ['ext="a\\", max-age=3600", max-age=1', { maxAgeS: 1 }],
  ['foobar, max-age=60, foo=bar', { maxAgeS: 60 }],
  ['constructor, __proto__=1, tostring', {}],
  ['no-store', { noStore: true }],
  ['No-StOrE', { noStore: true }],
  ['no-store=0', { noStore: true }],
  ['no-store =0', { noStore: true }],
  ['no-cache', { noCache: true }],
  ['no-cache="Set-Cookie, X-A"', { noCache: ['set-cookie', 'x-a'] }],
  ['no-cache=x-a', { noCache: ['x-a'] }],
  ['no-cache="a", no-cache="b"', { noCache: ['a', 'b'] }],
  ['no-cache="a", no-cache', { noCache: true }],
  ['no-cache, no-cache="a"', { noCache: true }],
  ['no-cache=""', { noCache: true }],
  ['no-cache="a b"', { noCache: true }],
  ['no-cache =a', { noCache: true }],
  ['private', { isPrivate: true }],
  ['private="x-user"', { isPrivate: ['x-user'] }],
  ['public, must-revalidate, proxy-revalidate', { isPublic: true, mustRevalidate: true, proxyRevalidate: true }],
  ['must-understand, no-transform, immutable', { mustUnderstand: true, noTransform: true, immutable: true }],
  ['stale-while-revalidate=30, stale-if-error=60', { staleWhileRevalidateS: 30, staleIfErrorS: 60 }],
  ['stale-while-revalidate', { staleWhileRevalidateS: 0 }],
  ['only-if-cached, min-fresh=5', { onlyIfCached: true, minFreshS: 5 }],
  ['max-stale', { maxStaleS: Number.POSITIVE_INFINITY }],
  ['max-stale=10', { maxStaleS: 10 }],
  ['max-stale=x', { maxStaleS: 0 }],
  ['max-age=60, ext="never closed, no-store', { maxAgeS: 60, isBroken: true }],
  ['max-age="60', { isBroken: true }],
];

describe('Cache-Control', () => {
  it.each(rows)('%s', (value, expected) => {
    expect(parseCacheControl(value)).toEqual({ ...noDirectives, ...expected });
  });

  it('is one list over all its lines', () => {
    const headers = ['cache-control', 'max-age=60', 'x', 'y', 'cache-control', 'no-store'];
    expect(cacheControl(headers)).toEqual({ ...noDirectives, maxAgeS: 60, noStore: true });
    expect(cacheControl(['x', 'y'])).toBe(noDirectives);
  });
});

/** Members that mean nothing here, whatever is written in their quotes. */
const noise = fc.oneof(
  fc.constantFrom('', ' ', 'ext', 'ext=1', 'x-max-age=5', 'max-agee=5', "ext='no-store'"),
  fc.stringMatching(/^[ -!#-[\]-~]{0,12}$/).map((text) => `ext="${text}"`),
  fc.constantFrom('no-store', 'max-age=9', ',private,', '\\", no-cache, \\"').map((text) => `ext="${text}"`),
);

const shout = (text: string, upper: readonly boolean[]): string =>
  Array.from(text, (letter, i) => (upper[i % upper.length] === true ? letter.toUpperCase() : letter)).join('');

describe('any Cache-Control', () => {
  it('means what its directives mean, whatever stands around and between them', () => {
    const known = rows.filter(([, expected]) => Object.keys(expected).length === 1 && expected.isBroken === undefined);
    fc.assert(
      fc.property(
        fc.constantFrom(...known),
        fc.array(noise, { maxLength: 6 }),
        fc.array(noise, { maxLength: 6 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
        ([directive, expected], before, behind, upper) => {
          const value = [...before, shout(directive, upper), ...behind].join(',');
          expect(parseCacheControl(value)).toEqual({ ...noDirectives, ...expected });
        },
      ),
    );
  });

  it('is no less strict for what is added to it', () => {
    const text = fc.string({
      unit: fc.constantFrom('"', ',', '=', ' ', '\\', 'a', '1', 'max-age', 'no-cache'),
      size: 'max',
      maxLength: 120,
    });
    fc.assert(
      fc.property(
        text,
        fc.constantFrom('no-store', 'private', 'no-cache', 'must-revalidate'),
        (before, restriction) => {
          const { noStore, isPrivate, noCache, mustRevalidate, isBroken } = parseCacheControl(
            `${before},${restriction}`,
          );
          const counts = {
            'no-store': noStore,
            private: isPrivate,
            'no-cache': noCache,
            'must-revalidate': mustRevalidate,
          };
          expect(isBroken || counts[restriction] === true).toBe(true);
        },
      ),
    );
  });

  it('survives any text, and has spans in bounds', () => {
    fc.assert(
      fc.property(fc.string({ unit: octet, size: 'max', maxLength: 300 }), (value) => {
        const { maxAgeS, sMaxageS, staleIfErrorS } = parseCacheControl(value);
        for (const span of [maxAgeS, sMaxageS, staleIfErrorS]) {
          expect(span === null || (span >= 0 && span <= DELTA_SECONDS_MAX)).toBe(true);
        }
      }),
    );
  });
});
