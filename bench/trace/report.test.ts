import { describe, expect, it } from 'vitest';
import { type Measured, shares, tablesOf } from './report.js';

const one = (policy: Measured['policy'], trace: string, hitRatio: number, share = 0.01): Measured => {
  return { policy, trace, share, hitRatio, byteHitRatio: hitRatio / 2, cpuNs: 100 * hitRatio, peakBytes: 0 };
};

describe('the report of traces', () => {
  const text = tablesOf([one('lru', 'a', 0.2), one('weir', 'a', 0.4), one('lru', 'b', 0.5), one('weir', 'b', 0.3)]);

  it('marks the best of each trace, with the share of bytes beside it, and means of all', () => {
    expect(text).toMatch(/\| a +\| +20\.0 \(10\.0\) \| \*\*40\.0\*\* \(20\.0\) \|/);
    expect(text).toMatch(/\| b +\| +\*\*50\.0\*\* \(25\.0\) \| +30\.0 \(15\.0\) \|/);
    expect(text).toMatch(/\| mean +\| +35\.0 \(17\.5\) \| +35\.0 \(17\.5\) \|/);
  });

  it('has a table for each share, and one of CPU time, with the policies that were replayed alone', () => {
    expect(text.match(/^### /gm)).toHaveLength(shares.length + 1);
    expect(text).not.toContain('sieve');
    expect(text).toMatch(/\| +35 \| +35 \|$/);
  });
});
