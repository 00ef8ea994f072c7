import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RateCounts } from '../events/rate-counts.js';
import { gcraOf, NEVER, takeOne } from './gcra.js';
import { type SharedLimit, SharedRates, sharedLimitOf, TELL_EVERY_MS, tellAgainInMs } from './shared-rates.js';

/** Nodes on one clock; `tell` is heard at once by all but those that are cut off. */
function cluster(size: number, limit: SharedLimit) {
  const nodes = Array.from({ length: size }, () => new SharedRates(() => limit));
  const time = { nowMs: 0 };
  return {
    nodes,
    time,
    take: (at: number, times = 1): number => {
      let admitted = 0;
      for (let i = 0; i < times; i += 1)
        if (nodes[at]?.take('k', size, time.nowMs, time.nowMs).allowed === true) admitted += 1;
      return admitted;
    },
    tell: (from: number): void => {
      const told = { kind: 'rate', id: `n${from}`, incarnation: 1, seq: 1 } as const;
      const counts: RateCounts = { ...told, counts: nodes[from]?.tell(time.nowMs) ?? [] };
      for (const [to, node] of nodes.entries()) if (to !== from) node.hear(counts, time.nowMs, time.nowMs);
    },
  };
}

describe('the seam between two windows', () => {
  it('does not let a burst through twice, where it comes to another node behind it', () => {
    const { take, tell, time } = cluster(2, sharedLimitOf({ requests: 100, periodMs: 1_000, burst: 100 }));
    time.nowMs = 850;
    let before = take(0, 200);
    tell(0);
    time.nowMs = 960;
    before += take(0, 200);
    tell(0);
    expect(before).toBeGreaterThan(60);
    time.nowMs = 1_000;
    // Of a fresh window a node may have half at once; the debt that it has heard of leaves less.
    expect(take(1, 200)).toBeLessThanOrEqual(100 - before + 15);
  });

  it('lets no node have more at once than its burst, whatever the window has left', () => {
    const { take, time } = cluster(4, sharedLimitOf({ requests: 1_000, periodMs: 1_000, burst: 10 }));
    time.nowMs = 500;
    expect([0, 1, 2, 3].map((node) => take(node, 100))).toEqual([10, 10, 10, 10]);
  });

  it('takes debts of others for paid off when they are', () => {
    const { take, tell, time } = cluster(2, sharedLimitOf({ requests: 60, periodMs: 60_000, burst: 5 }));
    expect(take(0, 9)).toBe(5);
    tell(0);
    expect(take(1, 9)).toBe(0);
    time.nowMs = 999;
    expect(take(1, 9)).toBe(0);
    time.nowMs = 1_000;
    expect(take(1, 9)).toBe(1);
    tell(1);
    time.nowMs = 10_000;
    expect(take(1, 9)).toBe(5);
  });
});

describe('a node by itself', () => {
  it('says of each request what a local limit says', () => {
    const spec = fc.record({
      requests: fc.integer({ min: 1, max: 50 }),
      periodMs: fc.constantFrom(1_000, 60_000),
      burst: fc.integer({ min: 1, max: 20 }),
    });
    const gaps = fc.array(fc.oneof(fc.constant(0), fc.nat(5_000)), { size: 'max', maxLength: 100 });
    fc.assert(
      fc.property(spec, gaps, (limit, steps) => {
        const [rates, gcra] = [new SharedRates(() => sharedLimitOf(limit)), gcraOf(limit)];
        let [nowMs, arrivalMs] = [0, NEVER];
        for (const gap of steps) {
          nowMs += gap;
          const local = takeOne(gcra, arrivalMs, nowMs);
          arrivalMs = local.arrivalMs;
          expect(rates.peek('k', 1, nowMs, nowMs)).toEqual(local.verdict);
          expect(rates.take('k', 1, nowMs, nowMs)).toEqual(local.verdict);
        }
      }),
    );
  });
});

describe('what a verdict says', () => {
  it('keeps: who waits as long as it was told finds a place, where nobody else asks', () => {
    const limit = fc.record({
      requests: fc.integer({ min: 4, max: 200 }),
      periodMs: fc.constantFrom(1_000, 60_000),
      burst: fc.integer({ min: 1, max: 200 }),
    });
    const asks = fc.array(fc.record({ node: fc.nat(2), times: fc.integer({ min: 1, max: 30 }), gap: fc.nat(400) }), {
      size: 'max',
      maxLength: 40,
    });
    fc.assert(
      fc.property(limit, asks, (spec, steps) => {
        const { nodes, take, tell, time } = cluster(3, sharedLimitOf(spec));
        for (const { node, times, gap } of steps) {
          take(node, times);
          time.nowMs += gap;
          for (let from = 0; from < 3; from += 1) tell(from);
        }
        const { nowMs } = time;
        const verdict = nodes[0]?.peek('k', 3, nowMs, nowMs);
        const laterMs = nowMs + (verdict?.retryAfterMs ?? 0) + TELL_EVERY_MS;
        expect(nodes[0]?.peek('k', 3, laterMs, laterMs).allowed).toBe(true);
      }),
    );
  });

  it('is what is left of the limit, not of a share', () => {
    const { nodes, take, tell, time } = cluster(4, sharedLimitOf({ requests: 100, periodMs: 60_000, burst: 100 }));
    take(1, 20);
    tell(1);
    expect(nodes[0]?.take('k', 4, time.nowMs, time.nowMs).remaining).toBe(79);
    // All debts are paid off, and the window is as full as before.
    tell(0);
    time.nowMs = 30_000;
    expect(nodes[0]?.take('k', 4, time.nowMs, time.nowMs).remaining).toBe(78);
  });

  it('counts what a member has admitted in each of its lives', () => {
    const rates = new SharedRates(() => sharedLimitOf({ requests: 100, periodMs: 60_000, burst: 100 }));
    const told = (incarnation: number, admitted: number): RateCounts => ({
      ...{ kind: 'rate', id: 'n1', incarnation, seq: 1, counts: [['k', 0, admitted, admitted]] },
    });
    for (const message of [told(1, 60), told(2, 10), told(2, 30), told(1, 60)]) rates.hear(message, 0, 0);
    expect(rates.take('k', 2, 0, 0).remaining).toBe(9);
  });
});

describe('a node that is cut off', () => {
  it('goes on with the share that it had, window after window, and with no more than that', () => {
    const { take, tell, time } = cluster(2, sharedLimitOf({ requests: 100, periodMs: 1_000, burst: 100 }));
    const window = (isCut: boolean): number[] => {
      const admitted = [0, 0];
      for (let i = 0; i < 10; i += 1, time.nowMs += 100) {
        for (const [at, times] of [90, 10].entries()) admitted[at] = (admitted[at] ?? 0) + take(at, times);
        if (!isCut) for (const from of [0, 1]) tell(from);
      }
      return admitted;
    };
    for (let i = 0; i < 3; i += 1) window(false);
    for (let i = 0; i < 5; i += 1) {
      const [busy = 0, quiet = 0] = window(true);
      expect(busy + quiet).toBeLessThanOrEqual(101);
      expect(busy + quiet).toBeGreaterThanOrEqual(95);
      expect(busy).toBeGreaterThan(80);
    }
  });

  it('admits with the others together what the limit allows, at whatever moment they are cut off', () => {
    const phases = fc.tuple(...[0, 1, 2, 3].map(() => fc.integer({ min: 0, max: TELL_EVERY_MS - 1 })));
    const perMs = [1.05, 0.3, 0.12, 0.03];
    fc.assert(
      fc.property(phases, fc.integer({ min: 3_000, max: 3_999 }), (tellAt, cutAtMs) => {
        const limit = sharedLimitOf({ requests: 1_000, periodMs: 1_000, burst: 1_000 });
        const { take, tell, time } = cluster(4, limit);
        const admitted: number[] = Array.from({ length: 9 }, () => 0);
        for (; time.nowMs < 9_000; time.nowMs += 1) {
          const [second, at] = [Math.floor(time.nowMs / 1_000), time.nowMs];
          for (const [node, each] of perMs.entries()) {
            const due = Math.floor((at + 1) * each) - Math.floor(at * each);
            admitted[second] = (admitted[second] ?? 0) + take(node, due);
            if (at < cutAtMs && at % TELL_EVERY_MS === tellAt[node]) tell(node);
          }
        }
        // In the second of the cut, and the one behind it, they go by what each had told by then.
        for (const of of admitted.slice(5)) expect(Math.abs(of - 1_000)).toBeLessThanOrEqual(10);
      }),
      { numRuns: 40 },
    );
  });

  it('takes nothing for heard that was not sent', () => {
    const { nodes, take, time } = cluster(2, sharedLimitOf({ requests: 100, periodMs: 60_000, burst: 100 }));
    const first = take(0, 100);
    for (let i = 0; i < 5; i += 1) {
      nodes[0]?.untell(nodes[0].tell(time.nowMs));
      time.nowMs += 1_000;
      expect(take(0, 100)).toBe(0);
    }
    expect(first).toBe(50);
    expect(nodes[0]?.tell(time.nowMs)).toHaveLength(1);
  });
});

it('tellings become rarer with members and with counts, so that neither costs a node more than it may', () => {
  expect([tellAgainInMs(2, 10), tellAgainInMs(25, 10), tellAgainInMs(1_000, 1), tellAgainInMs(4, 4_000)]).toEqual([
    ...[100, 100, 7_000, 320],
  ]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_400 }), fc.nat(4_000), (members, told) => {
      const pauseMs = tellAgainInMs(members, told);
      const hardlyMore = pauseMs === 10_000 ? Number.POSITIVE_INFINITY : 0.05 * 1.001;
      expect((members / pauseMs) * 1_000).toBeLessThanOrEqual(250);
      expect((members * told * 0.001) / pauseMs).toBeLessThanOrEqual(hardlyMore);
    }),
  );
});
