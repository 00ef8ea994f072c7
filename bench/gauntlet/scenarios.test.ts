import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BODY_BYTES, bodyOf, cacheControlOf, pathOf } from './contents.js';
import { draw } from './draw.js';
import { type Fault, flapping, inOrder, replicaIndexes, rollingRestart } from './faults.js';
import { REPLICAS, scenarios, serviceMsFor, WORKERS } from './scenarios.js';

const LENGTH_MS = 8_000;
const RATE = 150;

describe('the table of scenarios', () => {
  it('has at least fifteen, each under a name of its own, and a quick choice of them', () => {
    expect(scenarios.length).toBeGreaterThanOrEqual(15);
    expect(new Set(scenarios.map(({ id }) => id)).size).toBe(scenarios.length);
    expect(scenarios.filter(({ isQuick }) => isQuick).length).toBeGreaterThanOrEqual(5);
  });

  it('knows every fault that a replica can have', () => {
    const met = new Set(scenarios.flatMap(({ plan }) => plan(LENGTH_MS, RATE)).map(({ fault }) => fault.kind));
    const all: readonly Fault['kind'][] = [
      ...(['none', 'stalled', 'dead', 'stopping', 'silent', 'resetting', 'failing', 'slow', 'trickling'] as const),
      ...(['stalling-body', 'closing-idle', 'random-stalls', 'capacity'] as const),
    ];
    expect([...met].toSorted()).toEqual([...all].toSorted());
  });

  it('leaves a replica well at any time wherever it says that all could be answered', () => {
    const chanceOnly: readonly string[] = ['none', 'random-stalls'];
    for (const { id, plan, answerable } of scenarios) {
      if (answerable(LENGTH_MS, RATE).kind !== 'all') continue;
      const state = new Map<number, string>(replicaIndexes.map((replica) => [replica, 'none']));
      for (const { replica, fault } of inOrder(plan(LENGTH_MS, RATE))) {
        state.set(replica, fault.kind);
        expect(
          [...state.values()].some((kind) => chanceOnly.includes(kind)),
          id,
        ).toBe(true);
      }
    }
  });

  it('begins no trouble before what is measured, and none after it', () => {
    for (const { id, plan } of scenarios) {
      for (const { atMs } of plan(LENGTH_MS, RATE))
        expect(atMs >= 0 && atMs < LENGTH_MS, `${id} at ${atMs}`).toBe(true);
    }
  });

  it('gives overload the capacity that it is named after', () => {
    for (const factor of [1.3, 3]) {
      const perSecond = (WORKERS * REPLICAS * 1_000) / serviceMsFor(factor, RATE);
      expect(perSecond).toBeCloseTo(RATE / factor);
      const answerable = scenarios.find(({ id }) => id === `overload-${factor}`)?.answerable(LENGTH_MS, RATE);
      expect(answerable).toEqual({ kind: 'capacity', perSecond: RATE / factor });
    }
  });

  it('takes what is due while nobody can answer out of the brown-out, and nothing else', () => {
    const brownOut = scenarios.find(({ id }) => id === 'brown-out');
    const steps = brownOut?.plan(10_000, RATE) ?? [];
    const [from, until] = [steps.at(0)?.atMs, steps.at(-1)?.atMs];
    expect([from, until]).toEqual([1_000, 7_000]);
    expect(brownOut?.answerable(10_000, RATE)).toEqual({ kind: 'outside', fromMs: 980, untilMs: 7_000 });
  });
});

describe('plans', () => {
  it('restart every replica once and no two at a time', () => {
    const plan = inOrder(rollingRestart(9_000));
    expect(plan.map(({ replica, fault }) => `${replica} ${fault.kind}`)).toEqual([
      ...['0 stopping', '0 none', '1 stopping', '1 none', '2 stopping', '2 none'],
    ]);
  });

  it('flap in turns', () => {
    expect(flapping(1_200, 400).map(({ atMs, fault }) => [atMs, fault.kind])).toEqual([
      [0, 'dead'],
      [400, 'none'],
      [800, 'dead'],
    ]);
  });
});

describe('what is answered', () => {
  it('has one length, and belongs to its path', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom('orders' as const, 'report' as const), (index, kind) => {
        const path = pathOf(kind, index);
        expect(Buffer.byteLength(bodyOf(path))).toBe(BODY_BYTES);
        expect(JSON.parse(bodyOf(path))).toMatchObject({ path });
      }),
    );
    expect(bodyOf('/orders/1')).not.toBe(bodyOf('/orders/2'));
  });

  it('may be cached in the catalog alone', () => {
    expect(cacheControlOf(pathOf('catalog', 7))).toContain('max-age');
    expect(cacheControlOf(pathOf('orders', 7))).toBe('no-store');
  });
});

describe('chance', () => {
  it('is the same for the same thing, and evenly spread over neighbouring ones', () => {
    expect(draw(1, '/orders/1', 0, 1)).toBe(draw(1, '/orders/1', 0, 1));
    const draws = Array.from({ length: 10_000 }, (_, index) => draw(1, `/orders/${index}`, index % 3, 1));
    const below = (share: number): number => draws.filter((chance) => chance < share).length / draws.length;
    expect(below(0.02)).toBeGreaterThan(0.016);
    expect(below(0.02)).toBeLessThan(0.024);
    expect(Math.abs(below(0.5) - 0.5)).toBeLessThan(0.02);
  });

  it('differs between seeds, replicas and attempts', () => {
    const draws = [draw(1, 'x', 0, 1), draw(2, 'x', 0, 1), draw(1, 'x', 1, 1), draw(1, 'x', 0, 2)];
    expect(new Set(draws).size).toBe(4);
  });
});
