import type { BalancePolicy, HashKeySpec } from '@weir/proto/snapshot/resilience.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeExchange, makeRequest, seededRandom } from '../../pipeline/testing/harness.js';
import { makeBalance, makeUpstream } from '../../pipeline/testing/specs.js';
import { Eligibility } from './eligibility.js';
import { cookieValue, hash32, hashKeyOf } from './hash.js';
import { hashed } from './hashed.js';
import { type FakeTarget, fakeTarget } from './testing/standings.js';

const HASH_BY: HashKeySpec = { kind: 'header', name: 'x-tenant' };

function setUp(policy: BalancePolicy, count: number, slowStartMs = 0) {
  const targets = Array.from({ length: count }, (_, i) => fakeTarget({ id: `10.0.0.${i}:80` }));
  const balance = makeBalance(policy, { hashBy: HASH_BY, slowStartMs });
  const { spec } = makeUpstream(targets, { balance });
  const by = hashed(spec, targets, seededRandom(11));
  const eligible = new Eligibility(targets, { panicShare: 0, zone: null });
  const ownerOf = (key: string | null, nowMs = 0): number => {
    const request = makeRequest({ headers: key === null ? [] : ['x-tenant', key] });
    eligible.select(request, nowMs, by);
    return by.choose(eligible, request, nowMs);
  };
  return { targets, ownerOf };
}

const KEYS = Array.from({ length: 400 }, (_, i) => `tenant-${i}`);
const at = (targets: readonly FakeTarget[], position: number): FakeTarget => {
  const target = targets[position];
  if (target === undefined) throw new Error('there is no such target');
  return target;
};

describe.each(['ring-hash', 'maglev'] as const)('%s', (policy) => {
  it('moves only the keys of a target that is out, spreads them, and takes them back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), fc.nat(), (count, pick) => {
        const { targets, ownerOf } = setUp(policy, count);
        const out = pick % count;
        const before = KEYS.map((key) => ownerOf(key));
        at(targets, out).health.now = 'out';
        const meanwhile = KEYS.map((key) => ownerOf(key));
        expect(meanwhile).not.toContain(out);
        expect(meanwhile.filter((_, i) => before[i] !== out)).toEqual(before.filter((owner) => owner !== out));
        const heirs = new Set(meanwhile.filter((_, i) => before[i] === out));
        expect(heirs.size).toBeGreaterThan(Math.min(1, count - 2));
        at(targets, out).health.now = 'well';
        expect(KEYS.map((key) => ownerOf(key))).toEqual(before);
      }),
      { numRuns: 10 },
    );
  });

  it('hands keys over one by one to a target that starts slowly, and takes none back', () => {
    const { targets, ownerOf } = setUp(policy, 4, 1_000);
    const settled = KEYS.map((key) => ownerOf(key, 10_000));
    at(targets, 2).health.wellSinceMs = 0;
    let owned = new Set<string>();
    for (let nowMs = 0; nowMs <= 1_000; nowMs += 50) {
      const now = new Set(KEYS.filter((key) => ownerOf(key, nowMs) === 2));
      expect([...owned].filter((key) => !now.has(key))).toEqual([]);
      owned = now;
      if (nowMs === 500) expect(now.size / settled.filter((owner) => owner === 2).length).toBeCloseTo(0.5, 0);
    }
    expect(KEYS.map((key) => ownerOf(key, 1_000))).toEqual(settled);
    // All of them at once, as after a restart: keys go to where they belong.
    for (const target of targets) target.health.wellSinceMs = 2_000;
    expect(KEYS.map((key) => ownerOf(key, 2_000))).toEqual(settled);
  });

  it('sends what has no key anywhere', () => {
    const { ownerOf } = setUp(policy, 3);
    expect(new Set(Array.from({ length: 60 }, () => ownerOf(null))).size).toBe(3);
  });
});

describe('hashed policies', () => {
  it('keep a key with its group while one spills over', () => {
    const targets = [
      ...[0, 1].map((i) => fakeTarget({ id: `a${i}:80` }, i === 0 ? 'well' : 'out')),
      ...[0, 1].map((i) => fakeTarget({ id: `b${i}:80`, priority: 1 })),
    ];
    const { spec } = makeUpstream(targets, { balance: makeBalance('maglev', { hashBy: HASH_BY }) });
    const by = hashed(spec, targets, seededRandom(1));
    const eligible = new Eligibility(targets, { panicShare: 0, zone: null });
    const owner = (key: string) => {
      const request = makeRequest({ headers: ['x-tenant', key] });
      eligible.select(request, 0, by);
      return by.choose(eligible, request, 0);
    };
    const first = KEYS.map(owner);
    expect(KEYS.map(owner)).toEqual(first);
    expect(first.filter((position) => position >= 2).length / KEYS.length).toBeCloseTo(0.3, 1);
  });
});

describe('what a request is hashed by', () => {
  const request = makeRequest({
    path: '/orders',
    headers: ['cookie', 'a=1; session=abc', 'x-tenant', 'one', 'cookie', 'b=2'],
    exchange: makeExchange({ clientAddress: '198.51.100.7' }),
  });

  it.each([
    [{ kind: 'address' }, '198.51.100.7'],
    [{ kind: 'path' }, '/orders'],
    [{ kind: 'header', name: 'x-tenant' }, 'one'],
    [{ kind: 'header', name: 'x-other' }, undefined],
    [{ kind: 'cookie', name: 'session' }, 'abc'],
    [{ kind: 'cookie', name: 'b' }, '2'],
    [{ kind: 'cookie', name: 'c' }, undefined],
  ] as const)('%j', (spec, key) => {
    expect(hashKeyOf(spec)(request)).toBe(key);
  });

  it.each([
    ['xsession=no; session=yes', 'yes'],
    ['session =no;session=yes=really ', 'yes=really'],
    ['Session=no', undefined],
    ['a="session=no"', undefined],
    [';;; session=', ''],
    ['session', undefined],
  ])('reads cookies by their whole name: %j', (field, value) => {
    expect(cookieValue(['cookie', field], 'session')).toBe(value);
  });

  it('has a hash that uses its whole range evenly, whatever little the keys differ by', () => {
    const buckets = new Array<number>(16).fill(0);
    for (let i = 0; i < 16_000; i += 1) {
      const bucket = hash32(`k${i}`) >>> 28;
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(150);
    expect(hash32('k', 1)).not.toBe(hash32('k', 2));
  });
});
