import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstProbeDelayMs, type ProbeState, probeDelayMs, stepProbe, unprobed } from './probe.js';

const after = (thresholds: { unhealthyAfter: number; healthyAfter: number }, results: readonly boolean[]): ProbeState =>
  results.reduce((state, isGood) => stepProbe(state, isGood, thresholds), unprobed);

describe('the opinion of probes', () => {
  it('is decided at once by the first result, and then by thresholds', () => {
    const thresholds = { unhealthyAfter: 3, healthyAfter: 2 };
    expect(after(thresholds, []).opinion).toBe('unknown');
    expect(after(thresholds, [false]).opinion).toBe('out');
    expect(after(thresholds, [false, true]).opinion).toBe('out');
    expect(after(thresholds, [false, true, true]).opinion).toBe('well');
    expect(after(thresholds, [true, false, false]).opinion).toBe('well');
    expect(after(thresholds, [true, false, false, false]).opinion).toBe('out');
  });

  it('changes exactly when as many results in a row contradict it as its threshold says', () => {
    fc.assert(
      fc.property(
        fc.record({ unhealthyAfter: fc.integer({ min: 1, max: 5 }), healthyAfter: fc.integer({ min: 1, max: 5 }) }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 60, size: 'max' }),
        (thresholds, results) => {
          let state = unprobed;
          let row = 0;
          results.forEach((isGood, i) => {
            row = i > 0 && results[i - 1] === isGood ? row + 1 : 1;
            const before = state.opinion;
            state = stepProbe(state, isGood, thresholds);
            const needed = isGood ? thresholds.healthyAfter : thresholds.unhealthyAfter;
            const changes = before === 'unknown' || (row >= needed && before !== (isGood ? 'well' : 'out'));
            expect(state.opinion).toBe(changes ? (isGood ? 'well' : 'out') : before);
          });
        },
      ),
    );
  });
});

describe('the time of a probe', () => {
  it('is a tenth earlier or later at most, and anywhere in the interval for the first', () => {
    expect([0, 0.5, 1].map((random) => Math.round(probeDelayMs(1_000, random)))).toEqual([900, 1_000, 1_100]);
    expect([0, 0.5, 1].map((random) => firstProbeDelayMs(1_000, random))).toEqual([0, 500, 1_000]);
  });
});
