import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Gcra, gcraOf, NEVER, takeOne } from './gcra.js';

const limits = fc.record({
  requests: fc.integer({ min: 1, max: 50 }),
  periodMs: fc.integer({ min: 1, max: 5_000 }),
  burst: fc.integer({ min: 1, max: 20 }),
});
/** Times between requests: many at once, some spread, a few long rests. */
const gaps = fc.array(
  fc.oneof(fc.constant(0), fc.double({ min: 0, max: 50, noNaN: true }), fc.integer({ min: 0, max: 5_000 })),
  { maxLength: 200, size: 'max' },
);

function run(gcra: Gcra, steps: readonly number[]) {
  let nowMs = 1_000;
  let arrivalMs = NEVER;
  return steps.map((gap) => {
    nowMs += gap;
    const before = arrivalMs;
    const step = takeOne(gcra, arrivalMs, nowMs);
    arrivalMs = step.arrivalMs;
    return { nowMs, before, ...step };
  });
}

describe('GCRA', () => {
  it('never allows more than burst + rate × t in any stretch of time', () => {
    fc.assert(
      fc.property(limits, gaps, (spec, steps) => {
        const gcra = gcraOf(spec);
        const allowed = run(gcra, steps).flatMap(({ nowMs, verdict }) => (verdict.allowed ? [nowMs] : []));
        for (let from = 0; from < allowed.length; from += 1) {
          for (let to = from; to < allowed.length; to += 1) {
            const stretchMs = (allowed[to] ?? 0) - (allowed[from] ?? 0);
            if (to - from + 1 > spec.burst + stretchMs / gcra.intervalMs + 1e-3) return false;
          }
        }
        return true;
      }),
    );
  });

  it('never refuses a client that keeps to its rate', () => {
    fc.assert(
      fc.property(
        limits,
        fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { maxLength: 100, size: 'max' }),
        (spec, extra) => {
          const gcra = gcraOf(spec);
          const steps = extra.map((more) => gcra.intervalMs * (1 + more));
          expect(run(gcra, steps).every(({ verdict }) => verdict.allowed)).toBe(true);
        },
      ),
    );
  });

  it('tells the truth about what remains, when to come back, and when it is full again', () => {
    fc.assert(
      fc.property(limits, gaps, (spec, steps) => {
        const gcra = gcraOf(spec);
        for (const { nowMs, before, arrivalMs, verdict } of run(gcra, steps)) {
          // As many as remain pass now, and then not one more.
          let state = arrivalMs;
          for (let i = 0; i < verdict.remaining; i += 1) {
            const step = takeOne(gcra, state, nowMs);
            if (!step.verdict.allowed) return false;
            state = step.arrivalMs;
          }
          if (takeOne(gcra, state, nowMs).verdict.allowed) return false;
          // The stated wait is enough, and a little less than it is not.
          const { retryAfterMs } = verdict;
          if (!takeOne(gcra, arrivalMs, nowMs + retryAfterMs + 1e-5).verdict.allowed) return false;
          if (retryAfterMs > 1e-3 && takeOne(gcra, arrivalMs, nowMs + retryAfterMs - 1e-3).verdict.allowed)
            return false;
          if (takeOne(gcra, arrivalMs, nowMs + verdict.resetMs).verdict.remaining !== gcra.burst - 1) return false;
          if (!verdict.allowed && arrivalMs !== before) return false;
        }
        return true;
      }),
    );
  });

  it('allows a burst at once and refuses the next', () => {
    const allowed = run(gcraOf({ requests: 10, periodMs: 1_000, burst: 3 }), [0, 0, 0, 0, 100, 0]).map(
      (s) => s.verdict,
    );
    expect(allowed.map((v) => v.allowed)).toEqual([true, true, true, false, true, false]);
    expect(allowed[3]).toEqual({ allowed: false, remaining: 0, resetMs: 300, retryAfterMs: 100 });
  });

  it('refuses a definition that makes no sense', () => {
    for (const bad of [{ requests: 0 }, { periodMs: 0 }, { burst: 0 }, { requests: Number.NaN }]) {
      expect(() => gcraOf({ requests: 1, periodMs: 1, burst: 1, ...bad })).toThrow('positive rate');
    }
  });
});
