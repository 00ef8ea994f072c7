import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Usage } from '../chat/chat-answer.js';
import { addUsage } from '../route/usage-sum.js';
import { billParts } from './bill-parts.js';

const count = fc.nat({ max: 10_000 });
const anyUsage: fc.Arbitrary<Usage> = fc.record({
  ...{ input: count, output: count, cachedInput: count, cacheWrite: count, reasoning: count },
  isEstimated: fc.boolean(),
});
const at = (provider: string) => (usage: Usage) => ({ provider, providerModel: 'm', usage });
const inVain = anyUsage.map((usage) => ({ ...at('vain')(usage), isInputSaid: true, why: 'failed' as const }));
const tokens = (usage: Usage): number => usage.input + usage.output;

describe('the bill of an answer', () => {
  it('has each part of it at whoever said it, and all parts together are what was taken', () => {
    fc.assert(
      fc.property(
        fc.array(anyUsage, { maxLength: 3 }),
        anyUsage,
        fc.array(inVain, { maxLength: 2 }),
        (halves, last, besides) => {
          const carried = halves.map((usage, index) => at(`half${index}`)(usage));
          const all = halves.reduce((sum, usage) => addUsage(sum, usage), last);
          const parts = billParts(all, { provider: 'last', providerModel: 'm', carried, besides });
          for (const one of [...carried, ...besides])
            expect(parts).toContainEqual(expect.objectContaining(at(one.provider)(one.usage)));
          const billed = (provider: string): number =>
            parts.filter((part) => part.provider === provider).reduce((sum, { usage }) => sum + tokens(usage), 0);
          expect(billed('last')).toBe(tokens(last));
          const taken = [all, ...besides.map(({ usage }) => usage)].reduce((sum, usage) => sum + tokens(usage), 0);
          expect(parts.reduce((sum, { usage }) => sum + tokens(usage), 0)).toBe(taken);
        },
      ),
    );
  });

  it('charges nobody for less than nothing, where an estimate was too high', () => {
    fc.assert(
      fc.property(anyUsage, anyUsage, (all, half) => {
        const parts = billParts(all, {
          provider: 'last',
          providerModel: 'm',
          carried: [at('half')(half)],
          besides: [],
        });
        for (const { usage } of parts)
          for (const figure of Object.values(usage))
            if (typeof figure === 'number') expect(figure).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('is empty but for what was asked in vain, where nobody has worked for an answer', () => {
    expect(billParts(null, { provider: 'last', providerModel: 'm', carried: [], besides: [] })).toEqual([]);
  });
});
