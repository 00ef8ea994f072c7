import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answers, LatencyTally, median, medianBoundMs, shareBound, sharesOf } from './peers.js';

const answers: fc.Arbitrary<Answers> = fc
  .tuple(fc.integer({ min: 20, max: 5_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([total, share]) => ({ total, good: Math.round(total * share) }));
const peersArb = fc.array(answers, { minLength: 2, maxLength: 8, size: 'max' });
const share = ({ total, good }: Answers): number => good / total;
const boundOf = (own: Answers, peers: readonly Answers[], deviations: number): number =>
  shareBound(own, sharesOf([own, ...peers]), deviations);

describe('the bound of the share of good answers', () => {
  it('sees the one that fails everything beside two that fail nothing', () => {
    const peers = [1, 2].map(() => ({ total: 20, good: 20 }));
    expect(0).toBeLessThan(boundOf({ total: 20, good: 0 }, peers, 3));
  });

  it('takes the example of the header for an outlier, and half as many failures for chance', () => {
    const peers = [
      { total: 100, good: 100 },
      { total: 100, good: 99 },
    ];
    expect(boundOf({ total: 100, good: 90 }, peers, 3)).toBeCloseTo(0.94, 2);
    expect(boundOf({ total: 100, good: 95 }, peers, 3)).toBeLessThan(0.95);
  });

  it('finds whoever is bad, as long as less than half are, however bad, and nobody else', () => {
    const bad = fc.array(fc.double({ min: 0, max: 0.6, noNaN: true }), { minLength: 1, maxLength: 6, size: 'max' });
    fc.assert(
      fc.property(bad, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 50, max: 5_000 }), (shares, more, total) => {
        const ill = shares.map((each) => ({ total, good: Math.floor(total * each) }));
        const well = Array.from({ length: shares.length + more }, () => ({ total, good: total }));
        const all = sharesOf([...ill, ...well]);
        for (const own of ill) expect(share(own)).toBeLessThan(shareBound(own, all, 3));
        for (const own of well) expect(share(own)).toBeGreaterThan(shareBound(own, all, 3));
      }),
    );
  });

  it('is never above what is usual, less the least gap', () => {
    fc.assert(
      fc.property(answers, peersArb, fc.integer({ min: 1, max: 100 }), (own, peers, deviations) => {
        const total = peers.reduce((sum, peer) => sum + peer.total, 0);
        const expected = (sharesOf([own, ...peers]).median * total + 1) / (total + 2);
        expect(boundOf(own, peers, deviations)).toBeLessThanOrEqual(expected - 0.05 + 1e-9);
      }),
    );
  });

  it('falls with more deviations, with fewer answers, and where the peers differ from each other', () => {
    fc.assert(
      fc.property(answers, peersArb, fc.integer({ min: 1, max: 20 }), (own, peers, deviations) => {
        const bound = boundOf(own, peers, deviations);
        expect(boundOf(own, peers, deviations + 1)).toBeLessThanOrEqual(bound);
        const twice = { total: own.total * 2, good: own.good * 2 };
        expect(boundOf(twice, peers, deviations)).toBeGreaterThanOrEqual(bound - 1e-9);
      }),
    );
    const own = { total: 1_000, good: 700 };
    const alike = [0.9, 0.9].map((each) => ({ total: 1_000, good: each * 1_000 }));
    const apart = [0.8, 1].map((each) => ({ total: 1_000, good: each * 1_000 }));
    expect(share(own)).toBeLessThan(boundOf(own, alike, 3));
    expect(share(own)).toBeGreaterThan(boundOf(own, apart, 3));
  });

  it('lets chance alone pass: one in a thousand of equal targets is taken for an outlier, or fewer', () => {
    let state = 12_345;
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    const draw = (): Answers => ({ total: 200, good: Array.from({ length: 200 }).filter(() => random() > 0.1).length });
    let found = 0;
    for (let i = 0; i < 2_000; i += 1) {
      const own = draw();
      if (share(own) < boundOf(own, [draw(), draw()], 4)) found += 1;
    }
    expect(found).toBeLessThanOrEqual(2);
  });
});

describe('the bound of the median latency', () => {
  it("is the factor over the median of the peers' medians, and not of noise", () => {
    expect(medianBoundMs([10, 20, 500, 600], 3, 3)).toBe(60);
    expect(medianBoundMs([0.1, 0.2, 9], 2, 3)).toBe(3);
  });

  it('leaves the target out of its own comparison, wherever it stands', () => {
    const several = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 3, maxLength: 9, size: 'max' });
    fc.assert(
      fc.property(several, (list) => {
        const sorted = [...list].sort((a, b) => a - b);
        sorted.forEach((_, own) => {
          const peers = sorted.filter((_each, at) => at !== own);
          expect(medianBoundMs(sorted, own, 2)).toBe(2 * median(peers));
        });
      }),
    );
  });

  it('takes the lower of two middle values: one slow peer of two does not excuse a slow target', () => {
    expect([median([500, 10]), median([3, 1, 2]), median([])]).toEqual([10, 2, Number.NaN]);
  });

  it('comes from a tally whose median is the true one or up to a tenth above it', () => {
    const latencies = fc.array(fc.double({ min: 0.2, max: 60_000, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
      size: 'max',
    });
    fc.assert(
      fc.property(latencies, (list) => {
        const tally = new LatencyTally();
        for (const ms of list) tally.add(ms);
        const ratio = tally.medianMs() / median(list);
        expect(ratio).toBeGreaterThan(0.999_999);
        expect(ratio).toBeLessThan(1.100_001);
        tally.clear();
        expect([tally.count, tally.medianMs()]).toEqual([0, Number.NaN]);
      }),
    );
  });

  it('is kept in bounds by latencies beyond all buckets', () => {
    const tally = new LatencyTally();
    for (const ms of [0, 0.000_1, 1e12]) tally.add(ms);
    expect(tally.medianMs()).toBeCloseTo(0.1, 6);
  });
});
