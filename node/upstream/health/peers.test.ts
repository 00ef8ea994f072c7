import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answers, LatencyTally, median, medianBoundMs, shareBound } from './peers.js';

const answers: fc.Arbitrary<Answers> = fc
  .tuple(fc.integer({ min: 20, max: 5_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([total, share]) => ({ total, good: Math.round(total * share) }));
const peersArb = fc.array(answers, { minLength: 2, maxLength: 8, size: 'max' });
const share = ({ total, good }: Answers): number => good / total;

describe('the bound of the share of good answers', () => {
  it('sees the one that fails everything beside two that fail nothing', () => {
    const peers = [1, 2].map(() => ({ total: 20, good: 20 }));
    expect(share({ total: 20, good: 0 })).toBeLessThan(shareBound({ total: 20, good: 0 }, peers, 3));
  });

  it('takes the example of the header for an outlier, and half as many failures for chance', () => {
    const peers = [
      { total: 100, good: 100 },
      { total: 100, good: 99 },
    ];
    expect(shareBound({ total: 100, good: 90 }, peers, 3)).toBeCloseTo(0.94, 2);
    expect(shareBound({ total: 100, good: 95 }, peers, 3)).toBeLessThan(0.95);
  });

  it('is never above what the peers achieve together, less the least gap', () => {
    fc.assert(
      fc.property(answers, peersArb, fc.integer({ min: 1, max: 100 }), (own, peers, deviations) => {
        const [total, good] = [peers, peers].map((list, i) =>
          list.reduce((sum, peer) => sum + (i === 0 ? peer.total : peer.good), 0),
        );
        const expected = ((good ?? 0) + 1) / ((total ?? 0) + 2);
        expect(shareBound(own, peers, deviations)).toBeLessThanOrEqual(expected - 0.05 + 1e-12);
      }),
    );
  });

  it('falls with more deviations, with fewer answers, and where the peers differ from each other', () => {
    fc.assert(
      fc.property(answers, peersArb, fc.integer({ min: 1, max: 20 }), (own, peers, deviations) => {
        const bound = shareBound(own, peers, deviations);
        expect(shareBound(own, peers, deviations + 1)).toBeLessThanOrEqual(bound);
        expect(shareBound({ ...own, total: own.total * 2 }, peers, deviations)).toBeGreaterThanOrEqual(bound);
      }),
    );
    const own = { total: 1_000, good: 700 };
    const alike = [0.9, 0.9].map((each) => ({ total: 1_000, good: each * 1_000 }));
    const apart = [0.8, 1].map((each) => ({ total: 1_000, good: each * 1_000 }));
    expect(share(own)).toBeLessThan(shareBound(own, alike, 3));
    expect(share(own)).toBeGreaterThan(shareBound(own, apart, 3));
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
      if (share(own) < shareBound(own, [draw(), draw()], 4)) found += 1;
    }
    expect(found).toBeLessThanOrEqual(2);
  });
});

describe('the bound of the median latency', () => {
  it("is the factor over the median of the peers' medians, and not of noise", () => {
    expect(medianBoundMs([10, 20, 500], 3)).toBe(60);
    expect(medianBoundMs([0.2, 0.1], 3)).toBe(3);
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
