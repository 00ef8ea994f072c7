import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../pipeline/testing/harness.js';
import { RateEvidence } from './rate-evidence.js';
import { exponential } from './testing/plant.js';

/** The evidence of 200 answers while from 20 to 219 are under way, each after such a time. */
function evidenceOf(everyMs: (underWay: number) => number): number {
  const evidence = new RateEvidence();
  let nowMs = 0;
  evidence.begin(20, nowMs);
  for (let underWay = 20; underWay < 220; underWay += 1) {
    nowMs += everyMs(underWay);
    evidence.answered(underWay, nowMs);
  }
  return evidence.forQueue;
}

describe('the evidence of a queue', () => {
  const seed = fc.integer({ min: 1, max: 100_000 });
  const replayed = { seed: 20_261, numRuns: 200 };

  it('speaks for one where answers come no faster, and against it where they come in proportion', () => {
    fc.assert(
      fc.property(seed, (seed) => {
        const random = seededRandom(seed);
        expect(evidenceOf(() => exponential(20, random))).toBeGreaterThan(Math.log(100));
        expect(evidenceOf((underWay) => exponential(2_000 / underWay, random))).toBeLessThan(-Math.log(100));
      }),
      replayed,
    );
  });

  it('says nothing while as many are under way all the time', () => {
    const evidence = new RateEvidence();
    evidence.begin(50, 0);
    for (let i = 1; i <= 500; i += 1) evidence.answered(50, i * 20);
    expect(evidence.forQueue).toBeCloseTo(0);
    expect([evidence.everyMs, evidence.underWayMean]).toEqual([20, 50]);
  });
});
