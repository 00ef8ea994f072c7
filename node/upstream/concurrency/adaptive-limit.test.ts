import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../pipeline/testing/harness.js';
import { AdaptiveLimit } from './adaptive-limit.js';
import { Agenda, exponential, Plant } from './testing/plant.js';

const bounds = { limitMin: 8, limitMax: 4096, limitStart: 64 };

interface Model {
  readonly workers: number;
  readonly seed: number;
  readonly start?: number;
  /** Mean milliseconds of work at this time. */
  readonly meanMs?: (nowMs: number) => number;
  /** Share of requests that hang for five seconds somewhere on the way, without keeping a worker busy. */
  readonly stalls?: number;
}

/** A model that always has as much to do as the limit lets through: who is answered is followed by another. */
function saturate({ workers, seed, start = 64, meanMs = () => 50, stalls = 0 }: Model) {
  const random = seededRandom(seed);
  const agenda = new Agenda();
  const plant = new Plant(agenda, { workers, random, serviceMs: (nowMs) => exponential(meanMs(nowMs), random) });
  const limit = new AdaptiveLimit({ ...bounds, limitStart: start });
  let inFlight = 0;
  let answers = 0;
  const fill = (): void => {
    while (inFlight < limit.limit) {
      const sentAtMs = agenda.nowMs;
      inFlight += 1;
      const end = (): void => {
        limit.answered(agenda.nowMs - sentAtMs, inFlight, agenda.nowMs);
        inFlight -= 1;
        answers += 1;
        fill();
      };
      if (random() < stalls) agenda.at(agenda.nowMs + 5_000, end);
      else plant.send(end);
    }
  };
  fill();
  /** Limits, one every 100 ms, and answers per second until then. */
  return (untilMs: number) => {
    const beganAtMs = agenda.nowMs;
    const before = answers;
    const limits: number[] = [];
    for (let atMs = beganAtMs + 100; atMs <= untilMs; atMs += 100) {
      agenda.runUntil(atMs);
      limits.push(limit.limit);
    }
    limits.sort((a, b) => a - b);
    return {
      least: limits[0] ?? 0,
      median: limits[limits.length >> 1] ?? 0,
      perS: ((answers - before) * 1000) / (untilMs - beganAtMs),
    };
  };
}

const seed = fc.integer({ min: 1, max: 100_000 });
/** The same histories each time: these are claims about chance, with a margin that 300 others have shown. */
const replayed = (numRuns: number) => ({ seed: 20_261, numRuns });
/** A limit that is told of so many answers that each took so long, with so many in flight. */
function told(limit: AdaptiveLimit, answers: number, latencyMs: number, inFlight: number, fromMs: number): number {
  for (let i = 1; i <= answers; i += 1) limit.answered(latencyMs, inFlight, fromMs + i * 10);
  return fromMs + answers * 10;
}

describe('the adaptive limit', () => {
  it('settles between what the upstream works on at once and four times that, and costs it little throughput', () => {
    fc.assert(
      fc.property(seed, fc.constantFrom(16, 20, 50), (seed, workers) => {
        const run = saturate({ workers, seed });
        run(30_000);
        const { median, perS } = run(90_000);
        expect(median).toBeGreaterThanOrEqual(workers);
        expect(median).toBeLessThanOrEqual(4 * workers);
        expect(perS).toBeGreaterThan(0.93 * workers * 20);
      }),
      replayed(5),
    );
  });

  it('comes down from a start that is far too high, and up from one that is too low', () => {
    const high = saturate({ workers: 20, seed: 1, start: 400 });
    high(60_000);
    expect(high(90_000).median).toBeLessThanOrEqual(80);
    const low = saturate({ workers: 300, seed: 1, start: 8 });
    low(20_000);
    expect(low(40_000).median).toBeGreaterThanOrEqual(300);
  });

  it('recovers after a slow phase', () => {
    fc.assert(
      fc.property(seed, (seed) => {
        const meanMs = (nowMs: number): number => (nowMs > 30_000 && nowMs < 50_000 ? 200 : 50);
        const run = saturate({ workers: 20, seed, meanMs });
        run(80_000);
        const { median, perS } = run(120_000);
        expect(median).toBeGreaterThanOrEqual(20);
        expect(median).toBeLessThanOrEqual(100);
        expect(perS).toBeGreaterThan(0.9 * 400);
      }),
      replayed(20),
    );
  });

  it('does not take two stalls in a hundred for a queue', () => {
    const run = saturate({ workers: 100, seed: 3, stalls: 0.02 });
    run(30_000);
    // What stalls holds a place, too, for a hundred times as long: two thirds of those in flight do nothing.
    expect(run(60_000).median).toBeGreaterThan(100);
  });

  it('never leaves its bounds, whatever it is told', () => {
    const event = fc.record({
      kind: fc.constantFrom('answered', 'timedOut'),
      latencyMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true })),
      inFlight: fc.nat(10_000),
      passedMs: fc.nat(500),
      times: fc.integer({ min: 1, max: 300 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60, size: 'max' }), (events) => {
        const limit = new AdaptiveLimit({ limitMin: 10, limitMax: 100, limitStart: 50 });
        let nowMs = 0;
        for (const { kind, latencyMs, inFlight, passedMs, times } of events) {
          for (let i = 0; i < times; i += 1) {
            nowMs += passedMs;
            if (kind === 'answered') limit.answered(latencyMs, inFlight, nowMs);
            else limit.timedOut(inFlight, nowMs);
            if (limit.limit >= 10 && limit.limit <= 100 && Number.isInteger(limit.limit)) continue;
            throw new Error(`the limit is ${limit.limit}`);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('keeps to other bounds from the moment they are told, and begins where they say when nothing was learnt', () => {
    const terms = fc
      .tuple(fc.integer({ min: 1, max: 50 }), fc.nat(50), fc.nat(50))
      .map(([limitMin, toStart, toMax]) => {
        const limitStart = limitMin + toStart;
        return { limitMin, limitStart, limitMax: limitStart + toMax };
      });
    fc.assert(
      fc.property(
        terms,
        terms,
        fc.oneof(fc.constant(0), fc.nat(300)),
        fc.nat(300),
        (before, after, timeouts, answers) => {
          const limit = new AdaptiveLimit(before);
          for (let i = 1; i <= timeouts; i += 1) limit.timedOut(limit.limit, i * 10);
          limit.change(after);
          if (timeouts === 0) expect(limit.limit).toBe(after.limitStart);
          expect(limit.limit).toBeGreaterThanOrEqual(after.limitMin);
          expect(limit.limit).toBeLessThanOrEqual(after.limitMax);
          told(limit, answers, 50, limit.limit, timeouts * 10);
          expect(limit.limit).toBeGreaterThanOrEqual(after.limitMin);
          expect(limit.limit).toBeLessThanOrEqual(after.limitMax);
        },
      ),
    );
  });

  it('learns that answers take longer for good', () => {
    const run = saturate({ workers: 20, seed: 4, meanMs: (nowMs) => (nowMs > 30_000 ? 200 : 50) });
    run(120_000);
    const { median, perS } = run(180_000);
    expect(median).toBeGreaterThanOrEqual(20);
    expect(perS).toBeGreaterThan(0.9 * 100);
  });

  it('grows to its largest and stays there while latency stays the same', () => {
    const limit = new AdaptiveLimit({ limitMin: 8, limitMax: 70, limitStart: 64 });
    told(limit, 2_000, 50, 32, 0);
    expect(limit.limit).toBe(70);
  });

  it('is wide open until the upstream is overrun, then far below what is under way', () => {
    const limit = new AdaptiveLimit({ limitMin: 8, limitMax: 10_000, limitStart: 10_000 });
    told(limit, 500, 50, 5_000, 0);
    let nowMs = told(limit, 500, 5, 20, 10_000);
    // Slow, and no more of it each time: that is how it is.
    nowMs = told(limit, 50, 50, 40, nowMs);
    expect(limit.limit).toBe(10_000);
    let inFlight = 40;
    for (; limit.limit === 10_000 && inFlight < 200; inFlight += 1) {
      nowMs += 10;
      limit.answered(60 + 8 * (inFlight - 40), inFlight, nowMs);
    }
    expect(limit.limit).toBeGreaterThan(12);
    expect(limit.limit).toBeLessThan(60);
    expect(inFlight).toBeLessThan(180);
  });

  it('opens again when not half of it was used for ten seconds, and not before', () => {
    const limit = new AdaptiveLimit({ limitMin: 8, limitMax: 10_000, limitStart: 10_000 });
    told(limit, 500, 5, 20, 0);
    for (let i = 0; i < 100; i += 1) limit.answered(100 + 8 * i, 40 + i, 10_000 + i * 10);
    expect(limit.limit).toBeLessThan(100);
    // As many come with fewer under way: it was right.
    const lastMs = told(limit, 600, 300, limit.limit, 10_990);
    limit.answered(300, limit.limit, lastMs);
    const low = limit.limit;
    expect(low).toBeLessThan(1_000);
    limit.look(lastMs + 10_000);
    expect(limit.limit).toBe(low);
    limit.look(lastMs + 10_001);
    expect(limit.limit).toBe(10_000);
  });

  it('concludes nothing from clients that leave while nobody is answered, however many, when, and with how many under way', () => {
    const step = fc.record({
      leaving: fc.nat(30),
      leftMs: fc.oneof(fc.nat(200), fc.nat(60_000)),
      inFlight: fc.oneof(fc.nat(64), fc.nat(10_000)),
      passedMs: fc.oneof(fc.nat(50), fc.nat(20_000)),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
        const limit = new AdaptiveLimit(bounds);
        let nowMs = told(limit, 200, 50, 31, 0);
        for (const { leaving, leftMs, inFlight, passedMs } of steps) {
          nowMs += passedMs;
          for (let i = 0; i < leaving; i += 1) limit.abandoned(leftMs, inFlight, nowMs);
          if (limit.limit !== bounds.limitStart) throw new Error(`the limit is ${limit.limit}`);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('is not lowered by clients that leave while others are answered as ever, however many and after how long', () => {
    const step = fc.record({
      leaving: fc.nat(30),
      leftMs: fc.oneof(fc.nat(200), fc.nat(60_000)),
      latencyMs: fc.integer({ min: 40, max: 60 }),
      passedMs: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 300, size: 'max' }), (steps) => {
        const limit = new AdaptiveLimit(bounds);
        let nowMs = told(limit, 200, 50, 31, 0);
        for (const { leaving, leftMs, latencyMs, passedMs } of steps) {
          for (let i = 0; i < leaving; i += 1) limit.abandoned(leftMs, 40, nowMs);
          nowMs += passedMs;
          limit.answered(latencyMs, 40, nowMs);
          if (limit.limit < bounds.limitStart) throw new Error(`the limit is ${limit.limit}`);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('counts clients that left for given up where answers are slow as well', () => {
    const leastWith = (leaving: number): number => {
      const limit = new AdaptiveLimit({ limitMin: 8, limitMax: 64, limitStart: 64 });
      let nowMs = told(limit, 400, 50, 64, 0);
      let least = limit.limit;
      for (let i = 0; i < 75; i += 1) {
        for (let left = 0; left < leaving; left += 1) limit.abandoned(800, 64, nowMs);
        nowMs += 10;
        limit.answered(115, 64, nowMs);
        least = Math.min(least, limit.limit);
      }
      return least;
    };
    expect(leastWith(0)).toBeGreaterThan(50);
    expect(leastWith(3)).toBeLessThan(40);
  });

  it('moves only when at least half of it is used', () => {
    const idle = new AdaptiveLimit(bounds);
    told(idle, 2_000, 50, 31, 0);
    expect(idle.limit).toBe(64);
    const used = new AdaptiveLimit(bounds);
    told(used, 2_000, 50, 32, 0);
    expect(used.limit).toBeGreaterThan(64);
  });

  it('shrinks by the share of requests that time out', () => {
    const limit = new AdaptiveLimit(bounds);
    for (let i = 1; i <= 200; i += 1) limit.timedOut(64, i * 10);
    expect(limit.limit).toBe(8);
  });

  it('does not go down to a handful to measure', () => {
    const run = saturate({ workers: 100, seed: 5 });
    run(30_000);
    expect(run(120_000).least).toBeGreaterThanOrEqual(25);
  });
});
