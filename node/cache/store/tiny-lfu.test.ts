import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chosenTerms, TinyLfu } from './tiny-lfu.js';

interface Item {
  readonly name: string;
  isDead?: boolean;
}

const KIB = 1024;

function setUp(bytesMax: number) {
  const kept = new TinyLfu<Item>({ bytesMax, isDead: (item) => item.isDead === true });
  const put = (name: string, bytes = KIB): boolean => kept.set(name, { name }, bytes);
  const names = (): string[] => [...kept.values()].map((item) => item.name);
  /** Asked for as a cache is: found, or brought. */
  const ask = (name: string, bytes = KIB): boolean => {
    const isHit = kept.get(name) !== undefined;
    if (!isHit) put(name, bytes);
    return isHit;
  };
  return { kept, put, names, ask };
}

describe('a map that is bounded in bytes', () => {
  it('keeps all that fits, and says what it keeps', () => {
    const { kept, put } = setUp(100 * KIB);
    for (let i = 0; i < 100; i += 1) expect(put(`k${i}`)).toBe(true);
    expect([kept.size, kept.bytes, kept.evictions]).toEqual([100, 100 * KIB, 0]);
    expect([kept.get('k0')?.name, kept.peek('k99')?.name, kept.get('k100')]).toEqual(['k0', 'k99', undefined]);
    expect([kept.delete('k0'), kept.delete('k0'), kept.size, kept.bytes]).toEqual([true, false, 99, 99 * KIB]);
  });

  it('never gives what is asked for away for a scan', () => {
    const { ask } = setUp(100 * KIB);
    for (let round = 0; round < 3; round += 1) for (let i = 0; i < 50; i += 1) ask(`hot ${i}`);
    for (let i = 0; i < 1_000; i += 1) ask(`once ${i}`);
    const found = Array.from({ length: 50 }, (_, i) => ask(`hot ${i}`)).filter(Boolean).length;
    expect(found).toBe(50);
  });

  it('learns a new favourite, and forgets the old ones', () => {
    const { ask } = setUp(50 * KIB);
    const hitsOf = (name: string): number => {
      let hits = 0;
      for (let round = 0; round < 400; round += 1) {
        for (let i = 0; i < 50; i += 1) if (ask(`${name} ${i}`) && round >= 390) hits += 1;
      }
      return hits;
    };
    expect(hitsOf('old')).toBeGreaterThan(450);
    expect(hitsOf('new')).toBeGreaterThan(450);
  });

  it('takes what is small before what is large, and what is asked for much more all the same', () => {
    const MIB = KIB * KIB;
    const { ask, kept } = setUp(2 * MIB);
    for (let round = 0; round < 3; round += 1) for (let i = 0; i < 1_900; i += 1) ask(`small ${i}`);
    ask('large', MIB);
    ask('large', MIB);
    expect(kept.peek('large')).toBeUndefined();
    const few = setUp(2 * MIB);
    for (let round = 0; round < 2; round += 1) for (let i = 0; i < 7; i += 1) few.ask(`quarter ${i}`, MIB / 4);
    for (let i = 0; i < 15; i += 1) few.ask('large', MIB);
    expect(few.kept.peek('large')).toBeDefined();
  });

  it('takes nothing that is larger than all of it, and gives up what stood there before', () => {
    const { kept, put } = setUp(10 * KIB);
    put('k');
    expect([put('k', 11 * KIB), kept.peek('k'), kept.bytes]).toEqual([false, undefined, 0]);
    expect([put('k', 10 * KIB), kept.bytes <= 10 * KIB]).toEqual([false, true]);
  });

  it('gives up what is dead before what lives, however often it was asked for', () => {
    const { kept, put, ask } = setUp(20 * KIB);
    for (let i = 0; i < 19; i += 1) put(`k${i}`);
    for (const name of ['k4', 'k5']) {
      const item = kept.get(name);
      for (let round = 0; round < 10; round += 1) kept.get(name);
      if (item !== undefined) item.isDead = true;
    }
    // What follows pushes them out of the protected part, where they were put by being asked for.
    for (let round = 0; round < 2; round += 1) for (let i = 6; i < 19; i += 1) kept.get(`k${i}`);
    for (let i = 0; i < 4; i += 1) ask(`new ${i}`);
    expect([kept.peek('k4'), kept.peek('k5')]).toEqual([undefined, undefined]);
    expect(kept.peek('k3')).toBeDefined();
  });

  it('comes down to a lower limit in steps, and grows to a higher one', () => {
    const { kept, put, names } = setUp(1_000 * KIB);
    for (let i = 0; i < 900; i += 1) put(`k${i}`);
    kept.get('k0');
    kept.limit(100 * KIB);
    expect([kept.trim(10), kept.size]).toEqual([false, 890]);
    put('one more');
    expect(kept.size).toBeGreaterThan(700);
    while (!kept.trim(10));
    expect([kept.bytes, kept.size, names()[0]]).toEqual([100 * KIB, 100, 'k0']);
    kept.limit(200 * KIB);
    for (let i = 0; i < 100; i += 1) put(`again ${i}`);
    expect([kept.size, kept.trim(1)]).toEqual([200, true]);
  });
});

describe('any history', () => {
  const name = fc.constantFrom(...'abcdefghijkl');
  const event = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), name, bytes: fc.nat(400) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('get' as const), name }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), name }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), name }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('limit' as const), bytes: fc.integer({ min: 1, max: 1_500 }) }),
    },
  );

  it('stays within its bytes, counts them rightly, and finds the latest value or none', () => {
    const shares = fc.constantFrom(0, 0.01, 0.3, 1);
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 120, size: 'max' }),
        shares,
        shares,
        (events, windowShare, protectedShare) => {
          let bytesMax = 1_000;
          const terms = { ...chosenTerms, windowShare, protectedShare };
          const kept = new TinyLfu<Item & { readonly bytes: number }>({
            bytesMax,
            isDead: (item) => item.isDead === true,
            terms,
          });
          const latest = new Map<string, Item>();
          let given = 0;
          for (const happened of events) {
            const sizeBefore = kept.size;
            if (happened.kind === 'set') {
              const item = { name: happened.name, bytes: happened.bytes };
              latest.set(item.name, item);
              expect(kept.set(item.name, item, item.bytes)).toBe(kept.peek(item.name) === item);
            } else if (happened.kind === 'get') kept.get(happened.name);
            else if (happened.kind === 'delete') {
              expect(kept.delete(happened.name)).toBe(sizeBefore > kept.size);
              latest.delete(happened.name);
            } else if (happened.kind === 'kill') {
              const item = kept.peek(happened.name);
              if (item !== undefined) item.isDead = true;
            } else {
              bytesMax = happened.bytes;
              kept.limit(bytesMax);
              kept.trim(Number.MAX_SAFE_INTEGER);
            }
            const all = [...kept.values()];
            given = Math.max(given, kept.evictions);
            expect(kept.evictions).toBe(given);
            expect(kept.bytes).toBeLessThanOrEqual(bytesMax);
            expect(all.reduce((sum, item) => sum + item.bytes, 0)).toBe(kept.bytes);
            expect([all.length, new Set(all).size]).toEqual([kept.size, kept.size]);
            for (const item of all) expect(kept.peek(item.name)).toBe(latest.get(item.name));
          }
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);

  it('that fits is kept whole', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, fc.integer({ min: 1, max: 80 })), { maxLength: 100, size: 'max' }),
        (sets) => {
          const { kept, put } = setUp(12 * 80 * 2);
          for (const [key, bytes] of sets) expect(put(key, bytes)).toBe(true);
          expect([kept.evictions, kept.size]).toEqual([0, new Set(sets.map(([key]) => key)).size]);
        },
      ),
    );
  });
});
