import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheStatus, formatCacheStatus, hitStatusOf, withCacheStatus } from './cache-status.js';
import { parseList } from './structured-fields.js';

/** What a field may hold on the wire. */
const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));

describe('Cache-Status', () => {
  it.each<[CacheStatus, string]>([
    [{ name: 'weir', forward: null, ttlS: 376.9 }, 'weir; hit; ttl=376'],
    [
      { name: 'weir', forward: null, ttlS: -412, detail: 'stale-if-error' },
      'weir; hit; ttl=-412; detail=stale-if-error',
    ],
    [
      { name: 'weir', forward: 'stale', forwardStatus: 304, stored: true, ttlS: 600 },
      'weir; fwd=stale; fwd-status=304; stored; ttl=600',
    ],
    [{ name: 'weir', forward: 'uri-miss', stored: false, collapsed: true }, 'weir; fwd=uri-miss; collapsed'],
    [{ name: 'my "gate"', forward: 'bypass', detail: 'a b' }, '"my \\"gate\\""; fwd=bypass; detail="a b"'],
  ])('%j', (status, text) => {
    expect(formatCacheStatus(status)).toBe(text);
  });

  it('stands behind those of the caches nearer to the origin, in one field', () => {
    const status: CacheStatus = { name: 'weir', forward: 'uri-miss' };
    expect(withCacheStatus(['cache-status', 'a; hit', 'x', 'y', 'cache-status', 'b; fwd=miss'], status)).toEqual([
      ...['x', 'y'],
      ...['cache-status', 'a; hit, b; fwd=miss, weir; fwd=uri-miss'],
    ]);
    expect(withCacheStatus([], status)).toEqual(['cache-status', 'weir; fwd=uri-miss']);
  });

  it('of a hit is the same text when most of it was made before', () => {
    fc.assert(
      fc.property(fc.string({ unit: octet }), fc.double({ noNaN: true, min: -1e9, max: 1e9 }), (name, ttlS) => {
        expect(hitStatusOf(name)(ttlS)).toBe(formatCacheStatus({ name, forward: null, ttlS }));
      }),
    );
  });

  it('is a list of one item that can be read, whatever its name and detail', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: octet }),
        fc.string({ unit: octet }),
        fc.double({ noNaN: true, min: -1e9, max: 1e9 }),
        (name, detail, ttlS) => {
          const members = parseList(formatCacheStatus({ name, forward: null, ttlS, detail }));
          const parameters = members?.[0]?.parameters;
          expect(members?.length).toBe(1);
          expect([...(parameters?.keys() ?? [])]).toEqual(['hit', 'ttl', 'detail']);
          expect(parameters?.get('ttl')?.kind).toBe('integer');
        },
      ),
    );
  });
});
