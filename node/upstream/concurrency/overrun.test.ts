import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../pipeline/testing/harness.js';
import { Overrun } from './overrun.js';
import { Agenda, exponential, Plant } from './testing/plant.js';

interface Upstream {
  readonly seed: number;
  /** Milliseconds from one request to the next, on average. */
  readonly everyMs: number;
  readonly workers: number;
  readonly serviceMs: number;
  /** Service times are all the same. */
  readonly isFixed?: boolean;
  readonly untilMs?: number;
}

const USUAL_MS = 2;

/** When the upstream is found overrun, which has just become so slow or so busy; null: not until then. */
function overrunAt({ seed, everyMs, workers, serviceMs, isFixed = false, untilMs = 10_000 }: Upstream): number | null {
  const random = seededRandom(seed);
  const agenda = new Agenda();
  const service = (): number => (isFixed ? serviceMs : exponential(serviceMs, random));
  const plant = new Plant(agenda, { workers, random, serviceMs: service });
  const overrun = new Overrun();
  let inFlight = 0;
  let foundAtMs: number | null = null;
  const come = (): void => {
    const sentAtMs = agenda.nowMs;
    inFlight += 1;
    plant.send(() => {
      if (overrun.answered(agenda.nowMs - sentAtMs, USUAL_MS, inFlight, agenda.nowMs)) foundAtMs ??= agenda.nowMs;
      inFlight -= 1;
    });
    agenda.at(agenda.nowMs + exponential(everyMs, random), come);
  };
  agenda.at(0, come);
  agenda.runUntil(untilMs);
  return foundAtMs;
}

const seed = fc.integer({ min: 1, max: 100_000 });
/** The same histories each time: these are claims about most of them, held with a margin that thousands have shown. */
const replayed = { seed: 20_261, numRuns: 40 };

describe('an upstream is found overrun', () => {
  it('within seconds of three times what it can do, and of a third more', () => {
    fc.assert(
      fc.property(seed, fc.constantFrom(1.33, 3), (seed, factor) => {
        const foundAtMs = overrunAt({ seed, everyMs: 6.67, workers: 12, serviceMs: 80 * factor });
        expect(foundAtMs).not.toBeNull();
        expect(foundAtMs).toBeLessThan(5_000);
      }),
      replayed,
    );
  });

  it('not while all that is asked is answered, however slow answers are and however many wait for one', () => {
    const found = [50, 500, 2_000].flatMap((serviceMs) =>
      Array.from({ length: 60 }, (_, i) =>
        overrunAt({ seed: i + 1, everyMs: 6.67, workers: 100_000, serviceMs, isFixed: true, untilMs: 5_000 }),
      ).filter((atMs) => atMs !== null),
    );
    expect(found.length).toBe(0);
  });

  it('never for a queue that is shorter than anyone would mind', () => {
    fc.assert(
      fc.property(seed, (seed) => {
        expect(overrunAt({ seed, everyMs: 6.67, workers: 12, serviceMs: 60 })).toBeNull();
      }),
      { seed: 20_261, numRuns: 10 },
    );
  });
});

/** Tells it of answers that come at an even pace, of so many more under way each time. */
function tell(
  overrun: Overrun,
  answers: number,
  latencyMs: number,
  growth: number,
  everyMs = 20,
  inFlight = 10,
): boolean {
  let isOverrun = false;
  for (let i = 1; i <= answers; i += 1) {
    isOverrun ||= overrun.answered(latencyMs, USUAL_MS, inFlight + i * growth, i * everyMs);
  }
  return isOverrun;
}

describe('it takes', () => {
  it('slow answers, growth, a long wait, and no faster answers, all at once', () => {
    expect(tell(new Overrun(), 60, 100, 5)).toBe(true);
    expect(tell(new Overrun(), 60, 3 * USUAL_MS, 5)).toBe(false);
    expect(tell(new Overrun(), 60, 100, 0)).toBe(false);
    expect(tell(new Overrun(), 60, 100, 5, 0.5)).toBe(false);
    expect(tell(new Overrun(), 15, 100, 5)).toBe(false);
  });

  it('something to compare with', () => {
    const overrun = new Overrun();
    for (let i = 0; i < 100; i += 1) expect(overrun.answered(1_000, Number.NaN, i, i * 20)).toBe(false);
  });

  it('clients that left for requests that are still worked on', () => {
    const overrun = new Overrun();
    let isOverrun = false;
    for (let i = 1; i <= 60; i += 1) {
      for (let left = 0; left < 5; left += 1) overrun.gone();
      isOverrun ||= overrun.answered(100, USUAL_MS, 10, i * 20);
    }
    expect(isOverrun).toBe(true);
  });

  it('the latest answers for how long one takes', () => {
    const overrun = new Overrun();
    let latencyMs = 100;
    for (let i = 1; !overrun.answered(latencyMs, USUAL_MS, 10 + i, i * 20); i += 1) latencyMs += 1;
    expect(overrun.latencyMs).toBe(latencyMs - 7.5); // the mean of sixteen in a row
  });
});
