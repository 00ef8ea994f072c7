import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyTally, latencyPercentile, type Outcome, record, rowKeys, totalOf } from './tally.js';

const outcomes = fc.record<Outcome>({
  side: fc.constantFrom('without', 'with'),
  row: fc.constantFrom(...rowKeys),
  result: fc.constantFrom('good', 'timeout', 'error'),
  name: fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('__proto__', 'toString', 'constructor')),
  latencyMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
});

describe('the tally', () => {
  it('counts each request once, under its side, its row and its result', () => {
    fc.assert(
      fc.property(fc.array(outcomes, { maxLength: 100, size: 'max' }), (list) => {
        const tally = emptyTally();
        for (const outcome of list) record(tally, outcome);
        for (const side of ['without', 'with'] as const) {
          for (const key of rowKeys) {
            const mine = list.filter((one) => one.side === side && one.row === key);
            const row = tally.rows[side][key];
            expect(row.requests).toBe(mine.length);
            expect(row.good).toBe(mine.filter((one) => one.result === 'good').length);
            expect(row.timeouts).toBe(mine.filter((one) => one.result === 'timeout').length);
            expect(row.errors).toBe(mine.filter((one) => one.result === 'error').length);
          }
          const named = Object.values(tally.errors[side]).reduce((sum, count) => sum + count, 0);
          expect(named).toBe(list.filter((one) => one.side === side && one.result === 'error').length);
          expect(totalOf(tally.rows[side]).requests).toBe(list.filter((one) => one.side === side).length);
        }
      }),
    );
  });

  it('tells percentiles that are never too low and at most a twentieth too high', () => {
    const latencies = fc.array(fc.double({ min: 1, max: 9_000, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
      size: 'max',
    });
    fc.assert(
      fc.property(latencies, fc.constantFrom(0.5, 0.9, 0.99, 1), (list, share) => {
        const tally = emptyTally();
        for (const latencyMs of list) record(tally, { side: 'with', row: 'slow', result: 'good', name: '', latencyMs });
        const exact = list.toSorted((a, b) => a - b)[Math.ceil(share * list.length) - 1] ?? Number.NaN;
        const told = latencyPercentile(tally.rows.with.slow, share);
        expect(told).toBeGreaterThanOrEqual(exact * 0.999999);
        expect(told).toBeLessThanOrEqual(exact * 1.050001);
      }),
    );
  });

  it('puts both sides and all rows apart, and has no percentile of nothing', () => {
    const tally = emptyTally();
    expect(latencyPercentile(tally.rows.with.slow, 0.5)).toBeNaN();
    record(tally, { side: 'with', row: 'slow', result: 'good', name: '', latencyMs: 100 });
    expect(latencyPercentile(tally.rows.without.slow, 0.5)).toBeNaN();
    expect(Math.abs(latencyPercentile(totalOf(tally.rows.with), 0.5) - 100)).toBeLessThan(5);
  });

  it('keeps a bounded number of names of errors, and loses no count', () => {
    const tally = emptyTally();
    for (let i = 0; i < 500; i += 1) {
      record(tally, { side: 'with', row: 'failing', result: 'error', name: `error ${i}`, latencyMs: 1 });
    }
    expect(Object.keys(tally.errors.with).length).toBeLessThanOrEqual(65);
    expect(Object.values(tally.errors.with).reduce((sum, count) => sum + count, 0)).toBe(500);
  });
});
