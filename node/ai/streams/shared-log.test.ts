import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LogReading, SharedLog } from './shared-log.js';

type End = 'done' | 'failed';

/** Takes as much as it is told to, and notes what it was given. */
class Reader {
  readonly got: number[] = [];
  end: End | null = null;
  room = Number.POSITIVE_INFINITY;
  reading: LogReading | null = null;

  items(items: readonly number[]): boolean {
    if (this.end !== null) throw new Error('an item behind the end');
    this.got.push(...items);
    this.room -= items.length;
    return this.room > 0;
  }

  ended(end: End): void {
    if (this.end !== null) throw new Error('a second end');
    this.end = end;
  }
}

function logOf(sizeMax: number, memoryMax = Number.POSITIVE_INFINITY) {
  let held = 0;
  let rooms = 0;
  const memory = {
    take(bytes: number) {
      if (held + bytes > memoryMax) return false;
      held += bytes;
      return true;
    },
    giveBack(bytes: number) {
      held -= bytes;
    },
  };
  const log = new SharedLog<number, End>({ sizeMax, sizeOf: () => 1, memory, onRoom: () => (rooms += 1) });
  return { log, held: () => held, rooms: () => rooms };
}

type Action =
  | { readonly kind: 'add'; readonly count: number }
  | { readonly kind: 'join'; readonly from: number }
  | { readonly kind: 'room'; readonly who: number; readonly room: number }
  | { readonly kind: 'leave'; readonly who: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ kind: fc.constant('join' as const), from: fc.nat(500) }),
  fc.record({ kind: fc.constant('room' as const), who: fc.nat(5), room: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ kind: fc.constant('leave' as const), who: fc.nat(5) }),
);

describe('a log that several read', () => {
  it('gives each reader every item from where it has joined, in order, once, and then the end', () => {
    fc.assert(
      fc.property(
        fc.array(action, { size: 'max', maxLength: 60 }),
        fc.nat(800),
        fc.nat(800),
        (actions, sizeMax, memoryMax) => {
          const { log, held } = logOf(sizeMax, memoryMax);
          const readers: { readonly reader: Reader; readonly from: number; hasLeft: boolean }[] = [];
          let came = 0;
          let mayAdd = true;
          for (const one of actions) {
            const who = one.kind === 'room' || one.kind === 'leave' ? readers[one.who] : undefined;
            if (one.kind === 'add' && mayAdd) {
              const items = Array.from({ length: one.count }, (_, i) => came + i);
              came += one.count;
              mayAdd = log.add(items);
            } else if (one.kind === 'join') {
              const reader = new Reader();
              reader.reading = log.join(reader, one.from);
              expect(reader.reading === null).toBe(!log.isWhole || one.from > came);
              if (reader.reading !== null) readers.push({ reader, from: one.from, hasLeft: false });
            } else if (one.kind === 'room' && who !== undefined && !who.hasLeft) {
              who.reader.room = one.room;
              who.reader.reading?.resume();
            } else if (one.kind === 'leave' && who !== undefined) {
              who.hasLeft = true;
              who.reader.reading?.leave();
            }
            if (!mayAdd) mayAdd = log.isWhole || readers.every((each) => each.hasLeft);
            expect(held()).toBe(log.isWhole ? log.length : 0);
            expect(held()).toBeLessThanOrEqual(Math.min(sizeMax, memoryMax));
          }
          log.end('done');
          for (const { reader, from, hasLeft } of readers) {
            reader.room = Number.POSITIVE_INFINITY;
            reader.reading?.resume();
            const all = Array.from({ length: came - from }, (_, i) => from + i);
            expect(reader.got).toEqual(hasLeft ? all.slice(0, reader.got.length) : all);
            expect(reader.end).toBe(hasLeft ? null : 'done');
          }
          expect(held()).toBe(0);
        },
      ),
    );
  });

  it('lets the source run while all is kept, and makes it wait for the slowest beyond that', () => {
    const { log, rooms } = logOf(10);
    const slow = new Reader();
    const fast = new Reader();
    slow.room = 1;
    for (const reader of [slow, fast]) {
      reader.reading = log.join(reader, 0);
      reader.reading?.resume();
    }
    expect(log.add([0, 1, 2])).toBe(true);
    expect(log.add([3, 4, 5])).toBe(true);
    expect(slow.got).toEqual([0, 1, 2]);
    expect(log.add([6, 7, 8, 9, 10])).toBe(false);
    expect(log.isWhole).toBe(false);
    expect(fast.got).toHaveLength(11);
    expect(rooms()).toBe(0);
    slow.room = 100;
    slow.reading?.resume();
    expect(slow.got).toHaveLength(11);
    expect(rooms()).toBe(1);
    expect(log.items).toEqual([]);
    expect(log.join(new Reader(), 11)).toBeNull();
  });

  it('goes on when the slowest leaves', () => {
    const { log, rooms } = logOf(1);
    const slow = new Reader();
    slow.room = 0;
    slow.reading = log.join(slow, 0);
    slow.reading?.resume();
    expect(log.add([0, 1])).toBe(false);
    slow.reading?.leave();
    expect(rooms()).toBe(1);
  });

  it('tells the end to whoever has no room, once nothing is left to give', () => {
    const { log } = logOf(10);
    const reader = new Reader();
    reader.room = 1;
    reader.reading = log.join(reader, 0);
    reader.reading?.resume();
    log.add([0, 1, 2]);
    log.end('failed');
    expect(reader.end).toBe('failed');
  });
});
