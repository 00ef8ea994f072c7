import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Behaviour, behaviourAt, behaviours, behavioursAt, TURN_MS, turnEndMs } from './schedule.js';

const seeds = fc.integer();
const turns = fc.nat(500);

describe('the schedule', () => {
  it('is the same for the same seed, and another for another', () => {
    const plan = (seed: number): Behaviour[][] =>
      Array.from({ length: 12 }, (_, turn) => behavioursAt(seed, 5, turn * TURN_MS));
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
  });

  it('has two upstreams in different trouble at any time, and the others steady', () => {
    fc.assert(
      fc.property(
        seeds,
        turns,
        fc.integer({ min: 2, max: 9 }),
        fc.nat(TURN_MS - 1),
        (seed, turn, upstreams, within) => {
          const troubled = behavioursAt(seed, upstreams, turn * TURN_MS + within).filter((one) => one !== 'steady');
          expect(new Set(troubled).size).toBe(2);
          expect(troubled).toHaveLength(2);
        },
      ),
    );
  });

  it('shows every behaviour within any two turns that begin a cycle', () => {
    fc.assert(
      fc.property(seeds, turns, (seed, cycle) => {
        const shown = [0, 1].flatMap((turn) => behavioursAt(seed, 5, (2 * cycle + turn) * TURN_MS));
        expect(new Set(shown)).toEqual(new Set(behaviours));
      }),
    );
  });

  it('holds a behaviour for the whole of its turn', () => {
    fc.assert(
      fc.property(seeds, turns, fc.nat(TURN_MS - 1), (seed, turn, within) => {
        const startMs = turn * TURN_MS;
        expect(behavioursAt(seed, 5, startMs + within)).toEqual(behavioursAt(seed, 5, startMs));
        expect(turnEndMs(startMs + within)).toBe(startMs + TURN_MS);
      }),
    );
  });

  it('lets everybody have their turn', () => {
    const everTroubled = new Set<number>();
    for (let turn = 0; turn < 30; turn += 1) {
      for (const [index, one] of behavioursAt(1, 5, turn * TURN_MS).entries()) {
        if (one !== 'steady') everTroubled.add(index);
      }
    }
    expect(everTroubled.size).toBe(5);
  });

  it('answers for one upstream what it answers for all, and steady before the start and for nobody', () => {
    const all = behavioursAt(3, 5, 25_000);
    expect(all.map((_, index) => behaviourAt(3, 5, index, 25_000))).toEqual(all);
    for (const before of [-1, -TURN_MS - 1, -2 * TURN_MS - 1, Number.NEGATIVE_INFINITY]) {
      expect(new Set(behavioursAt(3, 5, before))).toEqual(new Set(['steady']));
    }
    expect(behaviourAt(3, 5, 9, 25_000)).toBe('steady');
  });
});
