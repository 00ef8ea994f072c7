import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitsOf, textOfLimits } from './plan-limits.js';
import { alone, withShare, youngestPair } from './shares.js';

const live = [
  { release: 3, share: 90, name: '' },
  { release: 4, share: 10, name: '' },
];

describe('shares of live releases', () => {
  it('add up to what they were, and none is nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: -50, max: 200 }), (share) => {
        const pair = youngestPair(live);
        if (pair === null) throw new Error('there are two');
        const changed = withShare(live, pair.younger, pair.older, share);
        expect(changed.reduce((sum, one) => sum + one.share, 0)).toBe(100);
        expect(changed.every((one) => one.share >= 1)).toBe(true);
      }),
    );
  });

  it('are all of the one that stays', () => {
    const pair = youngestPair(live);
    if (pair === null) throw new Error('there are two');
    expect(pair.younger.release).toBe(4);
    expect(alone(live, pair.younger, pair.older)).toEqual([{ release: 4, share: 100, name: '' }]);
    expect(alone(live, pair.older, pair.younger)).toEqual([{ release: 3, share: 100, name: '' }]);
  });

  it('are of one version: two versions side by side are no pair', () => {
    expect(
      youngestPair([
        { release: 1, share: 100, name: 'v1' },
        { release: 2, share: 100, name: 'v2' },
      ]),
    ).toBe(null);
  });
});

describe('limits of a plan', () => {
  it('are one line, and the same when it is read again', () => {
    const limits = [{ rate: '100/s' }, { rate: '10/m', by: 'address' }, { concurrent: 5 }];
    expect(textOfLimits(limits)).toBe('100/s, {"rate":"10/m","by":"address"}, {"concurrent":5}');
    expect(limitsOf(textOfLimits(limits))).toEqual(limits);
    expect(limitsOf(' ')).toEqual([]);
  });
});
