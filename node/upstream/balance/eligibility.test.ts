import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAttempt } from '../../pipeline/exchange.js';
import { makeExchange, makeRequest, seededRandom } from '../../pipeline/testing/harness.js';
import type { Standing } from '../health/standing.js';
import { Eligibility, type EligibilityRules, OVERPROVISIONING, TRIAL_RISK } from './eligibility.js';
import { type FakeTarget, fakeTarget } from './testing/standings.js';

interface Drawn {
  readonly standing: Standing;
  readonly priority: number;
  readonly zone: string;
}

const standing = fc.constantFrom<Standing>('well', 'trial', 'out');
const drawn = fc.record({ standing, priority: fc.nat(2), zone: fc.constantFrom('here', 'there') });
const targetsOf = (list: readonly Drawn[]): FakeTarget[] =>
  list.map(({ standing: now, priority, zone }, i) => fakeTarget({ id: `t${i}:80`, priority, zone }, now));

const NO_RULES: EligibilityRules = { panicShare: 0, zone: null };

interface Asked {
  readonly method?: string;
  /** Positions of the targets that the exchange has tried. */
  readonly tried?: readonly number[];
  /** All draws of this pick. */
  readonly draw?: number;
}

function select(eligible: Eligibility, { method = 'GET', tried = [], draw = 0 }: Asked = {}): number[] {
  const exchange = makeExchange();
  for (const position of tried) exchange.attempts.push(createAttempt(`t${position}:80`, 0));
  eligible.select(makeRequest({ method, exchange }), 0, { draw: () => draw });
  const positions = [...eligible.positions.slice(0, eligible.count)].sort((a, b) => a - b);
  // The two ways to ask for the candidates say the same.
  const members = [...eligible.positions.keys()].filter((position) => eligible.has(position));
  if (members.join() !== positions.join()) throw new Error(`${members} are members, and ${positions} are candidates`);
  return positions;
}

const positionsWhere = (list: readonly Drawn[], is: (one: Drawn) => boolean): number[] =>
  list.flatMap((one, position) => (is(one) ? [position] : []));

describe('eligibility', () => {
  const list = fc.array(drawn, { minLength: 1, maxLength: 10, size: 'max' });
  const draw = fc.double({ min: 0, max: 0.999, noNaN: true });
  const tried = fc.subarray([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const zone = fc.constantFrom(null, 'here');

  it('never hands out a target that is out, unless it says that it panics', () => {
    fc.assert(
      fc.property(
        list,
        fc.double({ min: 0, max: 1, noNaN: true }),
        zone,
        tried,
        draw,
        (all, panicShare, own, past, at) => {
          const eligible = new Eligibility(targetsOf(all), { panicShare, zone: own });
          const positions = select(eligible, { tried: past, draw: at });
          if (eligible.panicked) return;
          expect(positions.filter((position) => all[position]?.standing === 'out')).toEqual([]);
          // And one on trial stands alone with its like: it gets its one attempt, and no policy can shun it.
          const kinds = new Set(positions.map((position) => all[position]?.standing));
          expect(kinds.size).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('always finds a target while any is well or may be tried', () => {
    fc.assert(
      fc.property(list, zone, tried, draw, fc.constantFrom('GET', 'POST'), (all, own, past, at, method) => {
        const eligible = new Eligibility(targetsOf(all), { panicShare: 0, zone: own });
        const exists = all.some((one, i) => one.standing === 'well' || (one.standing === 'trial' && !past.includes(i)));
        expect(select(eligible, { tried: past, draw: at, method }).length > 0).toBe(exists);
      }),
      { numRuns: 300 },
    );
  });

  it('never goes again to what was tried while another target is well', () => {
    fc.assert(
      fc.property(
        list,
        zone,
        tried,
        draw,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, own, past, at, panicShare) => {
          const eligible = new Eligibility(targetsOf(all), { panicShare, zone: own });
          const others = positionsWhere(all, ({ standing: now }) => now === 'well').filter((i) => !past.includes(i));
          const positions = select(eligible, { tried: past, draw: at });
          if (others.length > 0) expect(positions.filter((position) => past.includes(position))).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives all of the best group, and nothing else, when all of it is well', () => {
    const best = fc.array(
      drawn.map((one): Drawn => ({ ...one, standing: 'well', priority: 0 })),
      { minLength: 1, maxLength: 5 },
    );
    const worse = fc.array(
      drawn.map((one): Drawn => ({ ...one, priority: 1 })),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(best, worse, draw, (first, second, at) => {
        const all = [...first, ...second];
        const targets = targetsOf(all);
        const eligible = new Eligibility(targets, { panicShare: 1, zone: null });
        expect(select(eligible, { draw: at })).toEqual(first.map((_, i) => i));
        // The same by the slow way and back again: nothing is left over from the pick before.
        expect(select(eligible, { draw: at, tried: [99] })).toEqual(first.map((_, i) => i));
        select(eligible, { draw: at, tried: [0] });
        expect(select(eligible, { draw: at })).toEqual(first.map((_, i) => i));
        expect([eligible.spilledOver, eligible.panicked]).toEqual([false, false]);
      }),
    );
  });
});

describe('priority groups', () => {
  const twoGroups = (well: number, of: number, wellBehind: number, behind: number): Drawn[] =>
    [
      Array.from({ length: of }, (_, i) => ({ standing: i < well ? 'well' : 'out', priority: 0, zone: '' }) as const),
      Array.from(
        { length: behind },
        (_, i) => ({ standing: i < wellBehind ? 'well' : 'out', priority: 5, zone: '' }) as const,
      ),
    ].flat();

  it('spill over exactly what the better one cannot take', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.nat(10), fc.nat(1_000_000), (of, someWell, seed) => {
        const well = Math.min(of, someWell);
        const eligible = new Eligibility(targetsOf(twoGroups(well, of, 4, 4)), { panicShare: 0.5, zone: null });
        const random = seededRandom(seed);
        let spilled = 0;
        for (let i = 0; i < 3_000; i += 1) {
          const positions = select(eligible, { draw: random() });
          if (eligible.panicked || positions.some((position) => position < of === eligible.spilledOver)) {
            throw new Error(`spilled ${eligible.spilledOver} to ${positions}`);
          }
          if (eligible.spilledOver) spilled += 1;
        }
        expect(spilled / 3_000).toBeCloseTo(Math.max(0, 1 - (OVERPROVISIONING * well) / of), 1);
      }),
      { numRuns: 20 },
    );
  });

  it('share the traffic by what each can take when together they cannot take all', () => {
    // Two in ten against four in ten: a third of what there is, and two thirds.
    const eligible = new Eligibility(targetsOf(twoGroups(2, 10, 4, 10)), { panicShare: 0, zone: null });
    const chosen = [0, 0.32, 0.35, 0.99].map((draw) => select(eligible, { draw }).length);
    expect(chosen).toEqual([2, 2, 4, 4]);
  });

  it('panic only when all of them together are too few', () => {
    const enough = new Eligibility(targetsOf(twoGroups(1, 10, 9, 10)), { panicShare: 0.5, zone: null });
    select(enough, { draw: 0 });
    expect(enough.panicked).toBe(false);
    const tooFew = new Eligibility(targetsOf(twoGroups(1, 10, 2, 10)), { panicShare: 0.5, zone: null });
    expect(select(tooFew, { draw: 0 })).toHaveLength(10);
    expect(tooFew.panicked).toBe(true);
  });

  it('send a second attempt to the worse group when all of the better one was tried', () => {
    const eligible = new Eligibility(targetsOf(twoGroups(1, 1, 2, 2)), { panicShare: 0.5, zone: null });
    expect([select(eligible, { tried: [0] }), eligible.spilledOver]).toEqual([[1, 2], true]);
    expect([select(eligible, { tried: [0, 1, 2] }), eligible.spilledOver]).toEqual([[0], false]);
  });
});

describe('panic', () => {
  it('sets opinions aside exactly below its share, in a single group', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<Standing>('well', 'out'), { minLength: 1, maxLength: 12, size: 'max' }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (standings, panicShare) => {
          const all = standings.map((now): Drawn => ({ standing: now, priority: 0, zone: '' }));
          const eligible = new Eligibility(targetsOf(all), { panicShare, zone: null });
          const positions = select(eligible);
          const well = positionsWhere(all, (one) => one.standing === 'well');
          const isPanic = well.length < panicShare * all.length;
          expect([eligible.panicked, positions]).toEqual([isPanic, isPanic ? all.map((_, i) => i) : well]);
        },
      ),
    );
  });
});

describe('zones', () => {
  const zoned = (wellHere: number, here: number, there: number): Drawn[] =>
    [
      Array.from(
        { length: here },
        (_, i) => ({ standing: i < wellHere ? 'well' : 'out', priority: 0, zone: 'here' }) as const,
      ),
      Array.from({ length: there }, () => ({ standing: 'well', priority: 0, zone: 'there' }) as const),
    ].flat();

  it('keep traffic while enough of their targets are well, and a proportionate part below that', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(8), fc.nat(1_000_000), (here, someWell, seed) => {
        const wellHere = Math.min(here, someWell);
        const eligible = new Eligibility(targetsOf(zoned(wellHere, here, 20)), { panicShare: 0, zone: 'here' });
        const random = seededRandom(seed);
        let stayed = 0;
        for (let i = 0; i < 3_000; i += 1) {
          const positions = select(eligible, { draw: random() });
          if (positions.every((position) => position < here)) stayed += 1;
          else if (positions.length !== wellHere + 20) throw new Error(`left the zone for ${positions}`);
        }
        expect(stayed / 3_000).toBeCloseTo(Math.min(1, (OVERPROVISIONING * wellHere) / here), 1);
      }),
      { numRuns: 20 },
    );
  });

  it('do not panic for the others while they can take all by themselves', () => {
    const all = [...zoned(4, 5, 0), ...zoned(0, 10, 0).map((one): Drawn => ({ ...one, zone: 'there' }))];
    const calm = new Eligibility(targetsOf(all), { panicShare: 0.5, zone: 'here' });
    expect([select(calm, { draw: 0.9 }), calm.panicked]).toEqual([[0, 1, 2, 3], false]);
    const panicking = new Eligibility(targetsOf(all.slice(1)), { panicShare: 0.5, zone: 'here' });
    expect([select(panicking, { draw: 0 }).length, panicking.panicked]).toEqual([4 - 1, false]);
    const worse = new Eligibility(targetsOf(all.slice(2)), { panicShare: 0.5, zone: 'here' });
    expect([select(worse, { draw: 0 }).length, worse.panicked]).toEqual([13, true]);
  });

  it('are left for the sake of another target', () => {
    const eligible = new Eligibility(targetsOf(zoned(1, 1, 2)), { panicShare: 0, zone: 'here' });
    expect([select(eligible), select(eligible, { tried: [0] })]).toEqual([[0], [1, 2]]);
  });

  it('do not matter where a group has no target of the zone', () => {
    expect(select(new Eligibility(targetsOf(zoned(0, 0, 3)), { panicShare: 0, zone: 'here' }))).toEqual([0, 1, 2]);
  });
});

describe('a target on trial', () => {
  const one = (now: Standing, priority = 0): Drawn => ({ standing: now, priority, zone: '' });

  it('gets the next request that can be repeated, and few of the others', () => {
    const eligible = new Eligibility(targetsOf([one('well'), one('trial'), one('well')]), NO_RULES);
    expect(select(eligible, { draw: 0.999 })).toEqual([1]);
    expect(select(eligible, { draw: TRIAL_RISK, method: 'POST' })).toEqual([0, 2]);
    expect(select(eligible, { draw: TRIAL_RISK - 0.001, method: 'POST' })).toEqual([1]);
  });

  it('gets its attempt also in panic, which is none then', () => {
    const eligible = new Eligibility(targetsOf([one('out'), one('out'), one('trial')]), {
      panicShare: 0.5,
      zone: null,
    });
    expect([select(eligible), eligible.panicked]).toEqual([[2], false]);
    expect([select(eligible, { method: 'POST', draw: 0.9 }), eligible.panicked]).toEqual([[0, 1, 2], true]);
  });

  it('gets no second attempt while another target is well, and one before a target is asked again', () => {
    const eligible = new Eligibility(targetsOf([one('well'), one('trial'), one('well')]), NO_RULES);
    expect(select(eligible, { tried: [0] })).toEqual([2]);
    expect(select(eligible, { tried: [0, 2] })).toEqual([1]);
    expect(select(eligible, { tried: [0, 1, 2] })).toEqual([0, 2]);
  });

  it('gets whatever there is when nothing else is left', () => {
    const eligible = new Eligibility(targetsOf([one('out'), one('trial')]), NO_RULES);
    expect(select(eligible, { draw: 0.999, method: 'POST' })).toEqual([1]);
    const grouped = new Eligibility(targetsOf([one('trial'), one('out', 1)]), NO_RULES);
    expect([select(grouped, { draw: 0.999, method: 'POST' }), grouped.spilledOver]).toEqual([[0], false]);
  });

  it('is left alone in a group that is not needed, and asked in one that is', () => {
    const idle = new Eligibility(
      targetsOf([one('well'), one('well'), one('well'), one('out'), one('trial', 1)]),
      NO_RULES,
    );
    expect(select(idle)).toEqual([0, 1, 2]);
    const needed = new Eligibility(targetsOf([one('well'), one('out'), one('trial', 1)]), NO_RULES);
    expect(select(needed)).toEqual([2]);
  });
});
