import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Changes } from './changes.js';
import { fingerprints } from './fingerprint.js';

const print = fingerprints(0);

describe('changes', () => {
  it('are never forgotten, however many come, and few URLs seem changed by chance', () => {
    const count = 4_000;
    fc.assert(
      fc.property(fc.constantFrom(1_024, 262_144), fc.nat(1_000_000), (max, from) => {
        const changes = new Changes(max);
        for (let i = 0; i < count; i += 1) changes.note(print(`/changed/${from + i}`), i + 1);
        for (let i = 0; i < count; i += 1) {
          if (changes.latest(print(`/changed/${from + i}`)) < i + 1) throw new Error(`change ${i} is forgotten`);
        }
        let byChance = 0;
        for (let i = 0; i < count; i += 1) if (changes.latest(print(`/other/${from + i}`)) > 0) byChance += 1;
        // (1 - e^(-2 · 4,000 / 262,144))² is 0.09 %, and what was there before it grew is as much again.
        if (max === 262_144) expect(byChance / count).toBeLessThan(0.01);
      }),
      { numRuns: 20 },
    );
  });

  it('of the same URL are one, and of what did not change there is none', () => {
    const changes = new Changes();
    expect([changes.isEmpty, changes.latest(print('/a'))]).toEqual([true, 0]);
    for (let i = 1; i <= 10_000; i += 1) changes.note(print('/a'), i);
    expect([changes.isEmpty, changes.latest(print('/a')), changes.latest(print('/b'))]).toEqual([false, 10_000, 0]);
  });
});
