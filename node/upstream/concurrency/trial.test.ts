import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../pipeline/testing/harness.js';
import { exponential } from './testing/plant.js';
import { type Finding, Trial } from './trial.js';

const everyMs = 10;

/** What a trial finds of an upstream that answers at these intervals, on average, before and behind the drain. */
function foundOf(seed: number, underWay: number, draining: number, behind: number): Finding {
  const random = seededRandom(seed);
  const trial = new Trial();
  trial.begin(underWay, underWay / 3, { everyMs, latencyMs: 100, underWayMean: underWay }, 0);
  let nowMs = 0;
  for (let answers = 1; answers < 10_000; answers += 1) {
    nowMs += exponential(answers <= underWay ? draining : behind, random);
    const finding = trial.answered(100, nowMs);
    if (finding !== 'open') return finding;
  }
  return 'open';
}

describe('a trial with a third of what was under way', () => {
  const seed = fc.integer({ min: 1, max: 100_000 });
  const underWay = fc.integer({ min: 30, max: 300 });
  const replayed = { seed: 20_261, numRuns: 200 };

  it('finds it right where as many answers come', () => {
    fc.assert(
      fc.property(seed, underWay, (seed, underWay) => {
        expect(foundOf(seed, underWay, everyMs, everyMs)).toBe('right');
      }),
      replayed,
    );
  });

  it('finds it wrong where a third of them comes, also when those before were the quick ones', () => {
    fc.assert(
      fc.property(seed, underWay, fc.constantFrom(1, 0.1), (seed, underWay, share) => {
        expect(foundOf(seed, underWay, everyMs * share, everyMs * share * 3)).toBe('wrong');
      }),
      replayed,
    );
  });

  it('does not wait for those who were given up, and ends when time is over though nothing is answered', () => {
    const trial = new Trial();
    trial.begin(100, 30, { everyMs, latencyMs: 100, underWayMean: 100 }, 0);
    for (let i = 0; i < 100; i += 1) expect(trial.gone(500)).toBe('open');
    for (let i = 0; i < 63; i += 1) expect(trial.answered(100, 500 + i * everyMs)).toBe('open');
    expect(trial.answered(100, 1_140)).toBe('right');
    trial.begin(100, 30, { everyMs, latencyMs: 100, underWayMean: 100 }, 0);
    expect(trial.look(2_000)).toBe('open');
    expect(trial.look(4_000)).toBe('wrong');
    expect(trial.look(5_000)).toBe('open'); // told once
  });
});
