import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { several, showAge, showBytes, showDuration, showMoney } from './words.js';

describe('words for numbers', () => {
  it('are short, and have a unit', () => {
    const shown = [0, 999, 1_000, 1_500, 89_000, 90_000, 3_600_000, 7_200_000, 200_000_000].map(showDuration);
    expect(shown).toEqual(['0 ms', '999 ms', '1 s', '1.5 s', '89 s', '2 min', '60 min', '2 h', '2 days']);
    expect([0, 1_023, 1_024, 1_536, 150 * 1_024 ** 2].map(showBytes)).toEqual([
      ...['0 B', '1023 B', '1.0 KiB', '1.5 KiB', '150 MiB'],
    ]);
    expect([0, 1_234_500_000, 19_000, 150].map(showMoney)).toEqual(['$0.00', '$1,234.50', '$0.019', '$0.0002']);
    expect([several(1, 'node'), several(0, 'node'), several(1_200, 'node')]).toEqual([
      '1 node',
      '0 nodes',
      '1,200 nodes',
    ]);
  });

  it('say of times whether they are past or to come', () => {
    expect([showAge(0, 5_000), showAge(10_000, 0), showAge(100, 0)]).toEqual(['5 s ago', 'in 10 s', 'just now']);
  });

  it('stay short for any number', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), (n) => {
        expect(showDuration(n).length).toBeLessThan(12);
        expect(showBytes(n)).toMatch(/^\d{1,4}(\.\d)? (B|[KMGT]iB)$/);
      }),
    );
  });
});
