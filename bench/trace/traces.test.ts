import { describe, expect, it } from 'vitest';
import { makeTrace, type Trace, type TraceSpec, traceSpecs } from './traces.js';

const LENGTH = { objects: 2_000, requests: 40_000 };

const make = (more: Partial<TraceSpec> = {}, seed = 1): Trace => makeTrace({ id: 'x', skew: 1, ...more }, LENGTH, seed);

/** How often each object is asked for in this part of a trace. */
function countsOf(trace: Trace, from = 0, to = trace.requests.length): Uint32Array {
  const counts = new Uint32Array(trace.bytes.length);
  for (const object of trace.requests.subarray(from, to)) counts[object] = (counts[object] ?? 0) + 1;
  return counts;
}

const hottest = (counts: Uint32Array, count: number): number[] =>
  [...counts.keys()].sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0)).slice(0, count);

describe('a trace', () => {
  it('is the same again from the same seed, and another one from another', () => {
    for (const spec of traceSpecs) {
      const [first, same, other] = [1, 1, 2].map((seed) => makeTrace(spec, { objects: 100, requests: 2_000 }, seed));
      expect(same).toEqual(first);
      expect(other?.requests).not.toEqual(first?.requests);
    }
  });

  it('asks for what ranks r in proportion to 1 / r^skew', () => {
    for (const skew of [0.6, 1, 1.2]) {
      const sorted = countsOf(make({ skew })).toSorted().toReversed();
      const sum = Array.from({ length: LENGTH.objects }, (_, rank) => 1 / (rank + 1) ** skew).reduce((a, b) => a + b);
      for (const rank of [0, 9]) {
        const expected = LENGTH.requests / (rank + 1) ** skew / sum;
        expect(Math.abs((sorted[rank] ?? 0) - expected)).toBeLessThan(5 * Math.sqrt(expected));
      }
    }
  });

  it('has sizes of a heavy tail, or equal ones, and says what all of them take', () => {
    const { bytes, catalogueBytes } = make();
    const sorted = bytes.toSorted();
    const mean = catalogueBytes / LENGTH.objects;
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBe(catalogueBytes);
    expect(mean).toBeGreaterThan(3 * (sorted[LENGTH.objects / 2] ?? 0));
    expect(Math.max(...bytes)).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(new Set(make({ hasEqualSizes: true }).bytes).size).toBe(1);
  });

  it('has as many objects that are asked for once as it says, and they are in no catalogue', () => {
    const trace = make({ onceShare: 0.4 });
    const once = countsOf(trace).subarray(LENGTH.objects);
    expect(new Set(once)).toEqual(new Set([1]));
    expect(Math.abs(once.length / LENGTH.requests - 0.4)).toBeLessThan(0.02);
    expect(trace.catalogueBytes).toBe(
      make({ onceShare: 0.4 })
        .bytes.subarray(0, LENGTH.objects)
        .reduce((a, b) => a + b),
    );
  });

  it('has a scan in its middle, in order, over what nobody else asks for', () => {
    const { requests } = make({ scans: 1 });
    expect(requests).toHaveLength(LENGTH.requests + LENGTH.objects);
    const scan = requests.subarray(LENGTH.requests / 2, LENGTH.requests / 2 + LENGTH.objects);
    expect([...scan]).toEqual(Array.from({ length: LENGTH.objects }, (_, i) => LENGTH.objects + i));
  });

  it('has other favourites after a shift, and more of them the longer new ones come', () => {
    const shared = (trace: Trace): number => {
      const early = hottest(countsOf(trace, 0, 10_000), 10);
      return hottest(countsOf(trace, 30_000), 10).filter((object) => early.includes(object)).length;
    };
    expect(shared(make())).toBeGreaterThan(7);
    expect(shared(make({ shifts: 4 }))).toBe(0);
    expect(shared(make({ favouriteEvery: 500 }))).toBeLessThan(7);
    expect(shared(make({ favouriteEvery: 500 }))).toBeGreaterThan(0);
  });
});
