import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeSnapshot, joined, packed, snapshotFormat } from './codec.js';
import { applyRunDelta, encodeRunDelta, saidBy } from './run-delta.js';
import { hashOfRuns, inRuns, isList, isOfRuns, type Members, piecesOf, runsOf } from './runs.js';
import type { ConsumerSpec, Snapshot } from './snapshot.js';

const atOnce = async (): Promise<void> => {};
const BYTES_MAX = 2 ** 26;
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const hashOf = (members: Members): string => hashOfRuns(members, sha256);
const alone = (snapshot: Snapshot): Promise<Members> => inRuns(snapshot, null, sha256, atOnce);
const applied = (before: Members, delta: Uint8Array): Promise<Members | null> =>
  applyRunDelta(before, delta, BYTES_MAX, sha256, atOnce);

/** What a snapshot holds is nothing to those who carry it: whatever has the outline of one will do. */
const snapshotOf = (members: object): Snapshot =>
  ({
    ...{ format: snapshotFormat, version: 1, createdWallMs: 1, gateway: { listen: 'a', trustedProxies: ['b'] } },
    ...{ upstreams: [], routes: [], consumers: [], contracts: [], ai: null, ...members },
  }) as unknown as Snapshot;
const consumer = (id: string, ...keyHashes: string[]): ConsumerSpec => ({ id, keyHashes, basic: [] });
const many = (length: number): ConsumerSpec[] => Array.from({ length }, (_, i) => consumer(`c${i}`, `key ${i}`));

const name = fc.constantFrom(...'abcdefgh');
const entry = fc.record({ id: name, said: fc.oneof(fc.nat(), fc.constant(null), fc.string({ maxLength: 300 })) });
const anySnapshot = fc
  .record({
    ...{ version: fc.nat(), routes: fc.array(entry, { size: 'max', maxLength: 200 }) },
    ...{ consumers: fc.array(entry, { size: 'max', maxLength: 12 }), secrets: fc.array(name, { maxLength: 4 }) },
    gateway: fc.record({ listen: name, trustedProxies: fc.array(name, { maxLength: 3 }) }),
  })
  .map(snapshotOf);

describe('a snapshot in runs', () => {
  it('has the hash that it has had since there is this form', async () => {
    const small = snapshotOf({ version: 7, consumers: [consumer('web', 'a', 'b')] });
    expect(hashOf(await alone(small))).toBe('2-ab1afd2a28db056ed94eff6030d504622198538cd6f5581231956345bde2c0bc');
    expect(hashOf(await alone(snapshotOf({ consumers: many(1_000) })))).toBe(
      '2-0efca982eb75fc2d670dae614979da8c9b22e6d72d1e7574ec76aedc952d3a1f',
    );
    expect([isOfRuns(hashOf(await alone(small))), isOfRuns('ab'.repeat(32))]).toEqual([true, false]);
  });

  it('is the bytes that it is whole, and has one hash whatever it was made of and whatever was before it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anySnapshot, { minLength: 1, maxLength: 4 }), async (snapshots) => {
        let before: Members | null = null;
        for (const snapshot of snapshots) {
          const members: Members = await inRuns(snapshot, before, sha256, atOnce);
          const whole = encodeSnapshot(snapshot);
          expect(Buffer.compare(joined(piecesOf(members)), whole)).toBe(0);
          expect(hashOf(members)).toBe(hashOf(await alone(snapshot)));
          expect(hashOf(await runsOf(whole, snapshot, sha256, atOnce))).toBe(hashOf(members));
          if (before !== null) {
            const made = await applied(before, encodeRunDelta(before, members));
            expect(made === null ? null : saidBy(made)).toEqual(snapshot);
            expect(made === null ? null : hashOf(made)).toBe(hashOf(members));
          }
          before = members;
        }
      }),
      { numRuns: 100 },
    );
  });

  it('says the same by its hash only where it says the same, its number and time apart', async () => {
    await fc.assert(
      fc.asyncProperty(anySnapshot, anySnapshot, async (one, other) => {
        const without = (snapshot: Snapshot) => encodeSnapshot({ ...snapshot, version: 0, createdWallMs: 0 });
        const isSame = Buffer.compare(without(one), without(other)) === 0;
        expect(hashOf(await alone(one)) === hashOf(await alone(other))).toBe(isSame);
        const later = { ...one, version: one.version + 1, createdWallMs: 9 };
        expect(hashOf(await alone(later))).toBe(hashOf(await alone(one)));
      }),
      { numRuns: 100 },
    );
  });

  it('costs a run where one of many entries is another, has come or is gone', async () => {
    const all = many(5_000);
    const before = await alone(snapshotOf({ consumers: all }));
    const whole = joined(piecesOf(before)).length;
    for (const [begin, gone, ...come] of [
      [2_500, 1, consumer('c2500', 'another')],
      [2_500, 1],
      [0, 0, consumer('b', 'new')],
      [5_000, 0, consumer('d', 'new')],
    ] as [number, number, ...ConsumerSpec[]][]) {
      let hashed = 0;
      const counting = (bytes: Uint8Array): Uint8Array => {
        hashed += bytes.length;
        return sha256(bytes);
      };
      const next = snapshotOf({ version: 2, consumers: all.toSpliced(begin, gone, ...come) });
      const members = await inRuns(next, before, counting, atOnce);
      expect(hashed).toBeLessThan(whole / 20);
      expect(encodeRunDelta(before, members).length).toBeLessThan(whole / 20);
    }
  });

  it('lets others have their turn while it is made and while it is read', async () => {
    let turns = 0;
    const pause = async (): Promise<void> => {
      turns += 1;
    };
    const snapshot = snapshotOf({ consumers: many(5_000) });
    const members = await inRuns(snapshot, null, sha256, pause);
    const made = turns;
    await runsOf(joined(piecesOf(members)), snapshot, sha256, pause);
    const list = members.get('consumers');
    const runs = isList(list) ? list.runs.length : 0;
    expect(runs).toBeGreaterThan(100);
    expect([made, turns - made]).toEqual([Math.floor(runs / 4), Math.floor(runs / 4)]);
  });

  it('ends a run where its bytes are many, though no entry says so', async () => {
    const large = Array.from({ length: 40 }, (_, i) => ({ id: `c${i}`, text: 'x'.repeat(40_000) }));
    const list = (await alone(snapshotOf({ consumers: large }))).get('consumers');
    expect(isList(list) && list.runs.every(({ items }) => items.length <= 2)).toBe(true);
  });
});

describe('what makes a snapshot in runs of another', () => {
  it('leaves each entry that says the same the object that it was, and a list without change the list', async () => {
    const [consumers, routes] = [many(500), many(300)];
    const first = await alone(snapshotOf({ consumers, routes }));
    const next = consumers.map((each) => (each.id === 'c77' ? consumer('c77', 'another') : structuredClone(each)));
    const second = await inRuns(snapshotOf({ version: 2, consumers: next, routes }), first, sha256, atOnce);
    const made = await applied(first, encodeRunDelta(first, second));
    const said = saidBy(made ?? new Map()) as Snapshot;
    expect(said.routes).toBe(routes);
    expect(said.consumers.filter((each, at) => each !== consumers[at])).toEqual([consumer('c77', 'another')]);
  });

  it('is refused where it is none of that base, or would make too much, and whatever it is it throws nothing', async () => {
    const all = many(301);
    const first = await alone(snapshotOf({ consumers: all.slice(0, 300) }));
    const second = await inRuns(snapshotOf({ consumers: all }), first, sha256, atOnce);
    const delta = encodeRunDelta(first, second);
    expect(await applied(await alone(snapshotOf({})), delta)).toBeNull();
    expect(await applyRunDelta(first, delta, 1_000, sha256, atOnce)).toBeNull();
    for (const steps of [[[0, 10_000]], [[-1, 1]], [[0, 0]], [['a', 'b']], [null], [Uint8Array.of(0xc1)]])
      expect(await applied(first, packed([['consumers', steps]]))).toBeNull();
    for (const told of [null, 7, ['consumers'], [['consumers', 7]]])
      expect(await applied(first, packed(told))).toBeNull();
    await fc.assert(
      fc.asyncProperty(fc.nat(delta.length - 1), fc.nat(255), async (at, byte) => {
        const changed = delta.slice();
        changed[at] = byte;
        const made = await applied(first, changed);
        // What was changed shows in the hash, or says nothing.
        if (made !== null && hashOf(made) === hashOf(second))
          expect({ ...(saidBy(made) as object), version: 0, createdWallMs: 0 }).toEqual({
            ...(saidBy(second) as object),
            ...{ version: 0, createdWallMs: 0 },
          });
      }),
    );
    for (let length = 0; length < delta.length; length += 7) await applied(first, delta.subarray(0, length));
  });
});
