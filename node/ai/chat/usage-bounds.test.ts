import fc from 'fast-check';
import { expect, it } from 'vitest';
import { costMicros } from '../catalogue/price.js';
import { believedUsage, TOKENS_MAX } from './usage-bounds.js';

const any = fc.oneof(fc.double(), fc.nat(), fc.constantFrom(-1, 1e308, TOKENS_MAX, TOKENS_MAX + 1));
const names = ['input', 'output', 'cachedInput', 'cacheWrite', 'reasoning'] as const;

it('what a provider says it has taken is a whole number that can be billed and added up', () => {
  fc.assert(
    fc.property(fc.tuple(any, any, any, any, any), ([input, output, cachedInput, cacheWrite, reasoning]) => {
      const usage = { input, output, cachedInput, cacheWrite, reasoning, isEstimated: false };
      const believed = believedUsage(usage);
      for (const name of names) {
        const count = believed[name];
        expect(Number.isInteger(count) && count >= 0 && count <= TOKENS_MAX).toBe(true);
        if (Number.isInteger(usage[name]) && usage[name] >= 0 && usage[name] <= TOKENS_MAX)
          expect(count === usage[name]).toBe(true);
      }
      const cost = costMicros(believed, { input: 60_000_000, output: 180_000_000 });
      expect(Number.isSafeInteger(cost * 10_000) && cost >= 0).toBe(true);
    }),
  );
});
