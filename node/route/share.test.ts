import type { MatchSpec, ShareSpec } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeExchange, makeRequest } from '../pipeline/testing/harness.js';
import { makeRoute } from '../pipeline/testing/specs.js';
import { compileMatcher } from './router.js';
import { compileShare } from './share.js';

const any: MatchSpec = { hosts: [], path: { kind: 'prefix', prefix: '/' }, methods: [], headers: [], query: [] };
const from = (clientAddress: string, headers: readonly string[] = [], id = 'r') =>
  makeRequest({ headers: [...headers], exchange: makeExchange({ clientAddress, id }) });
const addressOf = (i: number): string => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
const part = (more: Partial<ShareSpec>): ShareSpec => ({ from: 0, to: 100, by: 'caller', of: 'shop', ...more });

/** Five standard deviations of a binomial: one run in a million fails by chance, and these runs are always the same. */
const tolerance = (share: number, count: number): number => 5 * Math.sqrt(count * share * (1 - share)) + 1;

describe('a share of the callers', () => {
  it('is as large as it says, also of names that differ in their last letter alone', () => {
    const count = 20_000;
    const spans = fc.tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 1, max: 100 }), fc.string());
    fc.assert(
      fc.property(spans, ([begin, size, of]) => {
        const to = Math.min(100, begin + size);
        const isIn = compileShare(part({ from: begin, to, of }));
        let taken = 0;
        for (let i = 0; i < count; i += 1) if (isIn(from(addressOf(i)))) taken += 1;
        const share = (to - begin) / 100;
        expect(Math.abs(taken - share * count)).toBeLessThanOrEqual(tolerance(share, count));
      }),
      { numRuns: 25, seed: 7 },
    );
  });

  it('parts that adjoin take each caller exactly once, and a part that grows keeps those it has', () => {
    const cuts = fc.uniqueArray(fc.double({ min: 0.01, max: 99.99, noNaN: true }), { maxLength: 6, size: 'max' });
    fc.assert(
      fc.property(cuts, fc.array(fc.string(), { minLength: 1, maxLength: 50 }), (inner, callers) => {
        const edges = [0, ...inner.sort((a, b) => a - b), 100];
        const parts = edges.slice(1).map((to, i) => compileShare(part({ from: edges[i] ?? 0, to })));
        const grown = edges.slice(1).map((to) => compileShare(part({ to })));
        for (const caller of callers) {
          const request = from('192.0.2.1', ['x-api-key', caller]);
          const owners = parts.flatMap((isIn, i) => (isIn(request) ? [i] : []));
          expect(owners.length).toBe(1);
          expect(grown.map((isIn) => isIn(request))).toEqual(grown.map((_, i) => i >= (owners[0] ?? 0)));
        }
      }),
    );
  });

  it('is of the key before the address, and by request of the exchange alone', () => {
    const half = compileShare(part({ to: 50 }));
    const byRequest = compileShare(part({ to: 50, by: 'request' }));
    const verdicts = (ask: (i: number) => boolean): number =>
      new Set(Array.from({ length: 64 }, (_, i) => ask(i))).size;
    expect(verdicts((i) => half(from(addressOf(i))))).toBe(2);
    expect(verdicts((i) => half(from(addressOf(i), ['x-api-key', 'k'])))).toBe(1);
    expect(verdicts((i) => half(from('192.0.2.1', ['authorization', `Bearer ${i}`])))).toBe(2);
    expect(verdicts((i) => half(from('192.0.2.1', [], `${i}`)))).toBe(1);
    expect(verdicts((i) => byRequest(from('192.0.2.1', [], `${i}`)))).toBe(2);
  });

  it('another thing that is cut parts the callers in another way', () => {
    const [one, other] = ['shop', 'search'].map((of) => compileShare(part({ to: 50, of })));
    let same = 0;
    for (let i = 0; i < 4_000; i += 1) if (one?.(from(addressOf(i))) === other?.(from(addressOf(i)))) same += 1;
    expect(Math.abs(same - 2_000)).toBeLessThan(tolerance(0.5, 4_000));
  });

  it('a route with a share is asked before the one without, wherever they stand', () => {
    const stable = makeRoute({ id: 'stable', match: any });
    const canary = makeRoute({ id: 'canary', match: { ...any, share: part({ to: 10 }) } });
    const find = compileMatcher([stable, canary].map((route) => ({ route, target: null })));
    const isIn = compileShare(part({ to: 10 }));
    for (let i = 0; i < 500; i += 1) {
      const found = find(from(addressOf(i)));
      const wanted = isIn(from(addressOf(i))) ? 'canary' : 'stable';
      expect(typeof found === 'object' && 'route' in found ? found.route.id : found).toBe(wanted);
    }
  });
});
