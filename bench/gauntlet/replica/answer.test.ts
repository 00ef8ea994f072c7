import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fault, WELL } from '../faults.js';
import { type Arrival, answerOf, createLine } from './answer.js';

const arrival: Arrival = { isProbe: false, nowMs: 1_000, idleMs: null, chance: 0.5 };
const answer = (fault: Fault, more: Partial<Arrival> = {}) => answerOf(fault, { ...arrival, ...more }, createLine());
const atOnce = { kind: 'whole', afterMs: 0 };

describe('a replica', () => {
  it('answers at once when it is well, or when only the network is not', () => {
    expect(answer(WELL)).toEqual(atOnce);
    expect(answer({ kind: 'silent' })).toEqual(atOnce);
    expect(answer({ kind: 'stopping' })).toEqual(atOnce);
  });

  it('treats probes like all else where the whole process is ill', () => {
    for (const isProbe of [false, true]) {
      expect(answer({ kind: 'stalled' }, { isProbe })).toEqual({ kind: 'never' });
      expect(answer({ kind: 'resetting' }, { isProbe })).toEqual({ kind: 'reset' });
      expect(answer({ kind: 'failing', status: 503 }, { isProbe })).toEqual({ kind: 'status', status: 503 });
      expect(answer({ kind: 'slow', ms: 7 }, { isProbe })).toEqual({ kind: 'whole', afterMs: 7 });
    }
  });

  it('lets probes through where bodies, chance or capacity are the trouble', () => {
    const faults: readonly Fault[] = [
      { kind: 'trickling', pieces: 2, everyMs: 5 },
      { kind: 'stalling-body' },
      { kind: 'random-stalls', share: 1, ms: 9 },
      { kind: 'capacity', workers: 1, serviceMs: 9 },
    ];
    for (const fault of faults) {
      expect(answer(fault, { isProbe: true })).toEqual(atOnce);
      expect(answer(fault)).not.toEqual(atOnce);
    }
  });

  it('closes a connection that was idle long enough, and no new one', () => {
    const fault: Fault = { kind: 'closing-idle', idleMs: 10 };
    expect(answer(fault, { idleMs: null })).toEqual(atOnce);
    expect(answer(fault, { idleMs: 9 })).toEqual(atOnce);
    expect(answer(fault, { idleMs: 10 })).toEqual({ kind: 'close' });
  });

  it('stalls for those whose chance is below the share', () => {
    const fault: Fault = { kind: 'random-stalls', share: 0.02, ms: 5_000 };
    expect(answer(fault, { chance: 0.019 })).toEqual({ kind: 'whole', afterMs: 5_000 });
    expect(answer(fault, { chance: 0.02 })).toEqual(atOnce);
  });
});

describe('the line before a limited capacity', () => {
  it('serves as many at once as there are workers; the next waits for the first that is free', () => {
    const line = createLine();
    const capacity = { workers: 2, serviceMs: 100 };
    expect([0, 10, 20, 30].map((nowMs) => line.enter(nowMs, capacity))).toEqual([100, 110, 200, 210]);
    expect(line.enter(1_000, capacity)).toBe(1_100);
    line.clear();
    expect(line.enter(0, capacity)).toBe(100);
  });

  it('is first come, first served, and never works faster than its workers', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 100, size: 'max' });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 5 }), (steps, workers) => {
        const line = createLine();
        let nowMs = 0;
        const ready = steps.map((gap) => {
          nowMs += gap;
          const readyMs = line.enter(nowMs, { workers, serviceMs: 40 });
          expect(readyMs).toBeGreaterThanOrEqual(nowMs + 40);
          return readyMs;
        });
        expect(ready).toEqual(ready.toSorted((left, right) => left - right));
        for (const [index, readyMs] of ready.entries()) {
          const earlier = ready[index - workers];
          if (earlier !== undefined) expect(readyMs - earlier).toBeGreaterThanOrEqual(40);
        }
      }),
    );
  });
});
