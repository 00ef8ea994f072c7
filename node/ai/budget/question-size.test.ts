import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TOKENS_MAX } from '../chat/usage-bounds.js';
import { OutputMeans } from './question-size.js';

const meanOf = (answers: readonly number[]): OutputMeans => {
  const means = new OutputMeans();
  for (const tokens of answers) means.seen('m', tokens);
  return means;
};

describe('what answers of a model take, as a mean', () => {
  it('is that of its answers, once there are many', () => {
    fc.assert(
      fc.property(fc.nat({ max: 200_000 }), fc.array(fc.nat({ max: 200_000 }), { maxLength: 10 }), (usual, before) => {
        const mean = meanOf([...before, ...Array<number>(200).fill(usual)]).of('m');
        expect(Math.abs(mean - usual)).toBeLessThanOrEqual(1 + usual / 100);
      }),
    );
  });

  it('is not even doubled by one figure, however absurd', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 5_000 }), { minLength: 1, maxLength: 20 }),
        fc.nat(TOKENS_MAX),
        (answers, absurd) => {
          const usual = Math.max(meanOf(answers).of('m'), 800);
          expect(meanOf([...answers, absurd]).of('m')).toBeLessThan(2 * usual);
        },
      ),
    );
    expect(meanOf([TOKENS_MAX]).of('m')).toBeLessThanOrEqual(8_000);
  });
});
