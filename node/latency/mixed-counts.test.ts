import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatencyWindow } from './latency-window.js';
import { ANSWERS_OF_ONE, heardFrom, type LearntByOne, MixedCounts, shareOfHeard } from './mixed-counts.js';
import { RELATIVE_ERROR, Sketch } from './sketch.js';

function sketchOf(...values: readonly number[]): Sketch {
  const sketch = new Sketch();
  for (const value of values) sketch.observe(value);
  return sketch;
}

const many = (ms: number, times: number): number[] => Array(times).fill(ms);
const learnt = (...values: readonly number[]): LearntByOne => ({
  answered: sketchOf(...values),
  givenUp: new Sketch(),
});
const near = (ms: number) => expect.closeTo(ms, -Math.log10(ms * RELATIVE_ERROR * 4));
const durations = fc.array(fc.double({ min: 0.2, max: 1e5, noNaN: true }), {
  minLength: 1,
  size: 'max',
  maxLength: 300,
});

describe('what several nodes have learnt', () => {
  it('is, unweighed, the sketch of all that they have seen', () => {
    fc.assert(
      fc.property(durations, durations, fc.double({ min: 0, max: 1, noNaN: true }), (one, other, q) => {
        const both = new MixedCounts();
        both.add(sketchOf(...one), 1);
        both.add(sketchOf(...other), 1);
        const whole = sketchOf(...one, ...other);
        expect(both.count).toBe(whole.count);
        // A rank that falls between two values may be read on either side.
        expect([whole.quantile(Math.max(0, q - 1e-5)), whole.quantile(q)]).toContain(both.quantile(q));
      }),
    );
  });

  it('has quantiles that rise and lie among what was seen, with any weights', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(durations, fc.double({ min: 0.01, max: 1, noNaN: true })), { minLength: 1 }),
        (all) => {
          const mixed = new MixedCounts();
          for (const [values, weight] of all) mixed.add(sketchOf(...values), weight);
          const whole = sketchOf(...all.flatMap(([values]) => values));
          const read = [0, 0.1, 0.5, 0.9, 0.99, 1].map((q) => mixed.quantile(q));
          expect(read).toEqual([...read].sort((a, b) => a - b));
          expect(read[0]).toBe(whole.quantile(0));
          expect(read.at(-1)).toBe(whole.quantile(1));
        },
      ),
    );
  });

  it('counts a busy node no more than any other', () => {
    const heard = heardFrom([learnt(...many(10, 50_000)), learnt(...many(20, 100)), learnt(...many(20, 100))], null);
    expect(heard?.answered.count).toBeCloseTo(3 * ANSWERS_OF_ONE);
    expect(heard?.answered.quantile(0.3)).toEqual(near(10));
    expect(heard?.answered.quantile(0.5)).toEqual(near(20));
  });

  it('leaves out who is of another world, faster or slower, and no one where there are two', () => {
    const usual = [learnt(...many(10, 100)), learnt(...many(12, 100)), learnt(...many(11, 100))];
    for (const odd of [learnt(...many(900, 50_000)), learnt(...many(0.5, 50_000))]) {
      const heard = heardFrom([odd, ...usual], null);
      expect([heard?.answered.quantile(0), heard?.answered.quantile(1)]).toEqual([near(10), near(12)]);
    }
    const two = heardFrom([learnt(...many(10, 100)), learnt(...many(900, 100))], null);
    expect(two?.answered.count).toBe(200);
    // With this node's own there are three.
    const three = heardFrom([learnt(...many(10, 100)), learnt(...many(900, 100))], sketchOf(...many(11, 100)));
    expect(three?.answered.quantile(1)).toEqual(near(10));
  });

  it('is nothing where nobody has seen an answer', () => {
    const silent = { answered: new Sketch(), givenUp: sketchOf(5) };
    expect([heardFrom([], null), heardFrom([silent], null)]).toEqual([null, null]);
  });

  it('is worth as much as what this node knows at most, and a hundred where that is less', () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.integer({ min: 1, max: 16 }), (own, peers) => {
        const heard = heardFrom(
          Array.from({ length: peers }, () => learnt(...many(10, 150))),
          null,
        );
        if (heard === null) throw new Error('nothing was heard');
        const counted = heard.answered.count * shareOfHeard(own, heard);
        expect(counted).toBeLessThanOrEqual(Math.max(own, ANSWERS_OF_ONE) + 1e-6);
        expect(counted).toBeGreaterThanOrEqual(Math.min(peers * ANSWERS_OF_ONE, ANSWERS_OF_ONE) - 1e-6);
      }),
    );
  });
});

describe('a window that has heard of others', () => {
  const heardOf = (ms: number, times = 200) => heardFrom([learnt(...many(ms, times))], null);

  it('starts warm, and tells its own alone', () => {
    const window = new LatencyWindow();
    window.hear(heardOf(40));
    expect([window.answers(0), window.quantile(0.95, 'patient', 0)]).toEqual([ANSWERS_OF_ONE, near(40)]);
    expect([window.ownAnswers(0), window.own(0).answered.count]).toEqual([0, 0]);
    window.hear(null);
    expect(window.answers(0)).toBe(0);
  });

  it('goes by its own the more it has seen: half of it in the end, and never less', () => {
    const window = new LatencyWindow();
    window.hear(heardOf(1));
    for (let i = 0; i < 1_000; i += 1) window.answered(100, i);
    // One liar that says 1 ms does not make a limit of a wait that takes 100.
    expect(window.quantile(0.6, 'patient', 1_000)).toEqual(near(100));
    expect(window.quantile(0.95, 'prompt', 1_000)).toEqual(near(100));
    expect(window.answers(1_000)).toBe(1_000 + ANSWERS_OF_ONE);
  });

  it('counts as given up what others gave up', () => {
    const window = new LatencyWindow();
    const others = { answered: sketchOf(...many(10, 50)), givenUp: sketchOf(...many(10, 50)) };
    window.hear(heardFrom([others], null));
    expect(window.quantile(0.95, 'patient', 0)).toBeGreaterThan(1_000);
  });
});
