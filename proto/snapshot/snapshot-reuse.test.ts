import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSnapshot, encodeSnapshot, snapshotFormat } from './codec.js';
import { applyDelta } from './delta.js';
import type { ConsumerSpec, Snapshot } from './snapshot.js';
import { SnapshotReader } from './snapshot-reader.js';
import { SnapshotWriter } from './snapshot-writer.js';

const atOnce = async (): Promise<void> => {};

/** What a snapshot holds is nothing to those who carry it: whatever has the outline of one will do. */
const snapshotOf = (members: object): Snapshot =>
  ({
    ...{ format: snapshotFormat, version: 1, createdWallMs: 1, gateway: { listen: 'a', trustedProxies: ['b'] } },
    ...{ upstreams: [], routes: [], consumers: [], contracts: [], ai: null, ...members },
  }) as unknown as Snapshot;

const consumer = (id: string, ...keyHashes: string[]): ConsumerSpec => ({ id, keyHashes, basic: [] });
const many = (length: number): ConsumerSpec[] => Array.from({ length }, (_, i) => consumer(`c${i}`, `key ${i}`));
const readAll = async (reader: SnapshotReader, ...snapshots: readonly Snapshot[]): Promise<Snapshot[]> => {
  const read: Snapshot[] = [];
  for (const snapshot of snapshots) {
    const decoded = await reader.read(encodeSnapshot(snapshot), atOnce);
    if (!decoded.ok) throw new Error(decoded.detail);
    expect(decoded.snapshot).toEqual(snapshot);
    read.push(decoded.snapshot);
  }
  return read;
};

/** A few ids, so that lists have much in common; sometimes none, and sometimes twice. */
const name = fc.constantFrom(...'abcdefgh');
const entry = fc.oneof(
  fc.record({ id: name, keyHashes: fc.array(name, { maxLength: 2 }), basic: fc.constant([]) }),
  fc.record({ id: name, other: fc.oneof(fc.nat(), fc.constant(null), fc.double(), fc.string({ maxLength: 300 })) }),
);
const entries = fc.array(entry, { size: 'max', maxLength: 12 });
const anySnapshot = fc
  .record({
    version: fc.nat(),
    routes: entries,
    upstreams: entries,
    consumers: entries,
    secrets: fc.array(name, { maxLength: 4 }),
    ai: fc.option(fc.record({ models: entries, spaces: entries, budgets: fc.dictionary(name, fc.nat()) })),
    gateway: fc.record({ listen: name, trustedProxies: fc.array(name, { maxLength: 3 }) }),
  })
  .map(snapshotOf);

describe('snapshots that are read one after the other', () => {
  it('are what each of them says by itself, whatever the ones before were', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anySnapshot, { minLength: 2, maxLength: 4 }), async (snapshots) => {
        const reader = new SnapshotReader();
        for (const snapshot of snapshots) {
          const bytes = encodeSnapshot(snapshot);
          const decoded = await reader.read(bytes, atOnce);
          expect(decoded).toEqual(decodeSnapshot(bytes));
          // In the same order of members, too.
          if (decoded.ok) expect(Buffer.compare(encodeSnapshot(decoded.snapshot), bytes)).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('have in common what they say alike: all of a list, or all entries but those that are others', async () => {
    const all = many(500);
    const changed = all.map((one, i) => (i === 7 || i === 300 ? consumer(one.id, 'another key') : one));
    const routes = [{ id: 'r' }];
    const [one, two, three] = await readAll(
      new SnapshotReader(),
      snapshotOf({ consumers: all, routes }),
      snapshotOf({ consumers: changed, routes, version: 2 }),
      snapshotOf({ consumers: changed, routes, version: 3 }),
    );
    const others = two?.consumers.flatMap((read, i) => (read === one?.consumers[i] ? [] : [i]));
    expect(others).toEqual([7, 300]);
    expect([two?.routes === one?.routes, two?.gateway === one?.gateway]).toEqual([true, true]);
    expect(three?.consumers).toBe(two?.consumers);
  });

  it('keep the entries that stood elsewhere: behind one that is new, or gone, or in another order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...Array(60).keys()]), fc.nat(59), async (order, at) => {
        const all = many(60);
        const moved = order.flatMap((i) => all[i] ?? []);
        const some = [...moved.slice(0, at), consumer('new', 'k'), ...moved.slice(at)];
        const [one, two] = await readAll(
          new SnapshotReader(),
          snapshotOf({ consumers: all }),
          snapshotOf({ consumers: some }),
        );
        const before = new Set(one?.consumers);
        const fresh = two?.consumers.filter((read) => !before.has(read)).map(({ id }) => id);
        expect(fresh).toEqual(['new']);
      }),
      { numRuns: 100 },
    );
  });

  it('follow one that could not be read as if it had not been', async () => {
    const reader = new SnapshotReader();
    const all = snapshotOf({ consumers: many(50) });
    const bytes = encodeSnapshot(all);
    const [one] = await readAll(reader, all);
    for (const length of [1, 20, bytes.length - 5])
      expect((await reader.read(bytes.slice(0, length), atOnce)).ok).toBe(false);
    expect((await reader.read(Uint8Array.from([...bytes, 1]), atOnce)).ok).toBe(false);
    const [two] = await readAll(reader, all);
    expect(two?.consumers).toBe(one?.consumers);
  });

  it('are never thrown at, cut or flipped anywhere', async () => {
    const reader = new SnapshotReader();
    const bytes = encodeSnapshot(snapshotOf({ consumers: many(20), ai: { models: [{ id: 'm' }], budgets: { a: 1 } } }));
    await reader.read(bytes, atOnce);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (at, byte) => {
        const flipped = bytes.slice();
        flipped[at] = byte;
        const [read, fresh] = [await reader.read(flipped, atOnce), decodeSnapshot(flipped)];
        if (read.ok) expect(read).toEqual(fresh);
      }),
      { numRuns: 500 },
    );
  });

  it('let others have their turn while they are compared', async () => {
    const reader = new SnapshotReader();
    const bytes = encodeSnapshot(snapshotOf({ consumers: many(50_000) }));
    await reader.read(bytes, atOnce);
    let turns = 0;
    await reader.read(bytes.slice(), async () => {
      turns += 1;
    });
    expect(turns).toBe(Math.floor(bytes.length / 2 ** 20));
  });
});

describe('snapshots that are written one after the other', () => {
  const latest = new WeakMap<SnapshotWriter, Uint8Array>();
  /** The same bytes as by itself; and what is said to make them of the ones before does. */
  const agrees = async (writer: SnapshotWriter, snapshot: Snapshot): Promise<void> => {
    const { bytes, delta } = await writer.write(snapshot, atOnce);
    const whole = encodeSnapshot(snapshot);
    expect(Buffer.compare(bytes, whole)).toBe(0);
    const base = latest.get(writer);
    if (base !== undefined && delta !== null) {
      expect(Buffer.compare(applyDelta(base, delta, whole.length) ?? NOTHING, whole)).toBe(0);
      expect(delta.length).toBeLessThan(whole.length / 4);
    }
    latest.set(writer, bytes);
  };
  const NOTHING = new Uint8Array(0);

  it('come with what makes them of the ones before, where that is little', async () => {
    const writer = new SnapshotWriter();
    const all = many(1_000);
    const sizes: (number | undefined)[] = [];
    for (const consumers of [all, all.filter((_, i) => i !== 7 && i !== 900), [...all].reverse(), many(1_000)]) {
      await agrees(writer, snapshotOf({ consumers: consumers.slice(1) }));
      await agrees(writer, snapshotOf({ consumers }));
      sizes.push((await writer.write(snapshotOf({ consumers, version: 9 }), atOnce)).delta?.length);
      latest.delete(writer);
    }
    expect(sizes.every((size) => size !== undefined && size < 300)).toBe(true);
    expect((await writer.write(snapshotOf({ consumers: many(1_000) }), atOnce)).delta).toBeNull();
  });

  const change = fc.record({
    list: fc.constantFrom('routes', 'consumers'),
    begin: fc.nat(14),
    length: fc.nat(3),
    put: fc.array(entry, { maxLength: 3 }),
    isTurned: fc.boolean(),
  });

  it('are the same bytes as each of them by itself, whatever they have in common with the ones before', async () => {
    await fc.assert(
      fc.asyncProperty(
        entries,
        entries,
        fc.array(change, { size: 'max', maxLength: 8 }),
        async (routes, consumers, changes) => {
          const writer = new SnapshotWriter();
          const lists = { routes, consumers };
          for (const [version, { list, begin, length, put, isTurned }] of changes.entries()) {
            const next = [...(lists[list as 'routes'] ?? [])];
            next.splice(begin, length, ...put);
            lists[list as 'routes'] = isTurned ? next.reverse() : next;
            const snapshot = snapshotOf({ ...lists, version });
            await agrees(writer, snapshot);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are the same bytes with lists of all lengths that MessagePack tells in its own ways', async () => {
    const writer = new SnapshotWriter();
    const all = many(65_537);
    for (const length of [0, 15, 16, 127, 128, 129, 65_535, 65_536, 65_537, 16, 15]) {
      const snapshot = snapshotOf({ consumers: all.slice(0, length) });
      await agrees(writer, snapshot);
    }
  });

  it('are not packed again where an entry is the same object', async () => {
    let packings = 0;
    const counted = {
      id: 'counted',
      get keyHashes() {
        packings += 1;
        return [];
      },
      basic: [],
    };
    const writer = new SnapshotWriter();
    await writer.write(snapshotOf({ consumers: [consumer('a'), counted] }), atOnce);
    const first = packings;
    await writer.write(snapshotOf({ consumers: [counted, consumer('b')], version: 2 }), atOnce);
    expect([first > 0, packings - first]).toEqual([true, 0]);
  });
});
