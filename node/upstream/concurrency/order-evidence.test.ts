import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../pipeline/testing/harness.js';
import type { Random } from '../../time/clock.js';
import { OrderEvidence } from './order-evidence.js';
import { Agenda, exponential, Plant } from './testing/plant.js';

interface Upstream {
  readonly seed: number;
  readonly workers: number;
  readonly serviceMs: (random: Random) => number;
}

/** The evidence after each of the answers of two seconds that begin with an idle upstream; 150 requests a second come. */
function evidenceOf({ seed, workers, serviceMs }: Upstream): number[] {
  const random = seededRandom(seed);
  const agenda = new Agenda();
  const plant = new Plant(agenda, { workers, random, serviceMs: () => serviceMs(random) });
  const evidence = new OrderEvidence();
  evidence.begin();
  const after: number[] = [];
  const come = (): void => {
    const sentAtMs = agenda.nowMs;
    plant.send(() => {
      evidence.answered(agenda.nowMs - sentAtMs, agenda.nowMs);
      after.push(evidence.forQueue);
    });
    agenda.at(agenda.nowMs + exponential(6.67, random), come);
  };
  agenda.at(0, come);
  agenda.runUntil(2_000);
  return after;
}

const seed = fc.integer({ min: 1, max: 100_000 });
/** The same histories each time: these are claims about chance. */
const replayed = { seed: 20_261, numRuns: 100 };
const SURE = Math.log(100);

describe('the order of answers', () => {
  it('speaks for a queue before sixty have come where three times as much is asked as can be done', () => {
    const service = fc.constantFrom<Upstream['serviceMs']>(
      () => 240,
      (random) => 120 + 240 * random(),
      (random) => exponential(240, random),
    );
    fc.assert(
      fc.property(seed, service, (seed, serviceMs) => {
        expect(Math.max(...evidenceOf({ seed, workers: 12, serviceMs }).slice(0, 60))).toBeGreaterThan(SURE);
      }),
      replayed,
    );
  });

  it('speaks against one, or hardly for it, where answers are slow and nobody waits, whatever their spread', () => {
    const service = fc.constantFrom<Upstream['serviceMs']>(
      () => 240,
      (random) => 120 + 240 * random(),
      (random) => exponential(600, random),
      (random) => (random() < 0.5 ? 50 : 2_000),
      (random) => 10 ** (1 + 3 * random()),
    );
    const count = (upstream: Upstream): number => evidenceOf(upstream).filter((forQueue) => forQueue > SURE).length;
    let sure = 0;
    let runs = 0;
    fc.assert(
      fc.property(seed, service, (seed, serviceMs) => {
        runs += 1;
        if (count({ seed, workers: 100_000, serviceMs }) > 0) sure += 1;
      }),
      replayed,
    );
    expect(sure).toBeLessThanOrEqual(runs * 0.02);
  });

  it('says nothing of answers that all take the same, but for a little, and forgets them within a few that take longer', () => {
    const evidence = new OrderEvidence();
    evidence.begin();
    for (let i = 0; i < 1_000; i += 1) evidence.answered(240 + (i % 3), i * 7);
    expect(evidence.forQueue).toBeLessThan(0);
    for (let i = 0; i < 8; i += 1) evidence.answered(400 + i, 7_400 + i * 7);
    expect(evidence.forQueue).toBeGreaterThan(SURE);
  });

  it('is not told by answers that came late because they were asked for early', () => {
    const evidence = new OrderEvidence();
    evidence.begin();
    for (let i = 0; i < 100; i += 1) evidence.answered(100 + 20 * i, 1_000 + i * 10);
    expect(evidence.forQueue).toBeLessThan(0);
  });
});
