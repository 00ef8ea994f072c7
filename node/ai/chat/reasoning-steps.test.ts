import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReasoningEffort } from './chat-request.js';
import { effortWithin, tokensOfEffort } from './reasoning-steps.js';

const all: readonly ReasoningEffort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

describe('the effort for a number of tokens', () => {
  it.each([
    [1, 'low'],
    [2_048, 'low'],
    [8_191, 'low'],
    [8_192, 'medium'],
    [16_383, 'medium'],
    [16_384, 'high'],
    [1_000_000, 'high'],
  ] as const)('of %d is %s', (tokens, effort) => {
    expect(effortWithin(tokens, all)).toBe(effort);
  });

  it.each<[readonly ReasoningEffort[], ReasoningEffort | null]>([
    [[], null],
    [['none'], null],
    [['none', 'high'], 'high'],
    [['medium', 'high'], 'medium'],
  ])('is one of those that are known: %j', (known, effort) => {
    expect(effortWithin(3_000, known)).toBe(effort);
  });

  it('is known, never falls with the number, and stays within it where one does', () => {
    fc.assert(
      fc.property(fc.subarray([...all]), fc.nat(40_000), fc.nat(40_000), (known, one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)].map((tokens) => effortWithin(tokens, known));
        if (!less || !more || less === 'none' || more === 'none') {
          expect(known.some((effort) => ['low', 'medium', 'high'].includes(effort))).toBe(false);
          return;
        }
        expect(known).toContain(less);
        expect(tokensOfEffort[less]).toBeLessThanOrEqual(tokensOfEffort[more]);
        const bound = Math.min(one, other);
        const fits = known.some((effort) => /^(low|medium|high)$/.test(effort) && tokens(effort) <= bound);
        if (fits) expect(tokensOfEffort[less]).toBeLessThanOrEqual(bound);
      }),
    );
  });
});

const tokens = (effort: ReasoningEffort): number => (effort === 'none' ? 0 : tokensOfEffort[effort]);
