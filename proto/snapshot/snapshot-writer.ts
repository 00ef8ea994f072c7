/**
 * Writes one snapshot after the other, and of each only what the one before did not have: an entry of a list that is the very object of an
 * entry before has its bytes, for snapshots are never changed. What is written is what encodeSnapshot makes of the same snapshot.
 *
 * Owns the snapshot before: its bytes, the entries of its lists, and where in the bytes they end.
 */
import { joined, packed, snapshotFormat } from './codec.js';
import { deltaOfSteps, type Step } from './delta.js';
import { listHead, mapHeadAt } from './pack-scan.js';
import type { Snapshot } from './snapshot.js';

/** Entries of a list that are encoded before others get their turn: some 100 KB. */
const ENTRIES_AT_ONCE = 128;

interface WrittenList {
  readonly items: readonly unknown[];
  /** Where the first one begins, and where each of them ends. */
  readonly begin: number;
  readonly ends: Uint32Array;
}

interface Former {
  readonly bytes: Uint8Array;
  readonly lists: ReadonlyMap<string, WrittenList>;
}

export interface WrittenSnapshot {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What makes them of those that were written before (delta.ts); null where there are none, or it would not be much smaller. */
  readonly delta: Uint8Array | null;
}

/** A delta that is no smaller than this share is not worth it. */
const WORTH_SHARE = 1 / 4;

export class SnapshotWriter {
  #former: Former | null = null;

  /** `pause` lets others have their turn. The bytes are kept, and must stay as they are. */
  async write(snapshot: Snapshot, pause: () => Promise<unknown>): Promise<WrittenSnapshot> {
    const members = Object.entries(snapshot) as [string, unknown][];
    const lists = new Map<string, WrittenList>();
    const writing = new Writing(this.#former?.bytes ?? NO_BYTES, pause);
    // A map of the same keys begins as it does.
    const outline = packed(Object.fromEntries(members.map(([key]) => [key, 0])));
    writing.put(new Uint8Array([snapshotFormat]));
    writing.put(outline.subarray(0, mapHeadAt(outline, 0)?.begin));
    for (const [key, value] of members) {
      writing.put(packed(key));
      if (Array.isArray(value)) lists.set(key, await writing.list(value, this.#former?.lists.get(key) ?? NO_LIST));
      else writing.put(packed(value));
    }
    const bytes = joined(writing.pieces);
    const delta = this.#former === null ? null : deltaOfSteps(this.#former.bytes, bytes, writing.steps());
    this.#former = { bytes, lists };
    return { bytes, delta: delta !== null && delta.length < bytes.length * WORTH_SHARE ? delta : null };
  }
}

/** With nothing before it. */
export async function encodeSnapshotInSlices(
  snapshot: Snapshot,
  pause: () => Promise<unknown>,
): Promise<Uint8Array<ArrayBuffer>> {
  return (await new SnapshotWriter().write(snapshot, pause)).bytes;
}

const NO_BYTES = new Uint8Array(0);
const NO_LIST: WrittenList = { items: [], begin: 0, ends: new Uint32Array(0) };

class Writing {
  readonly pieces: Uint8Array[] = [];
  readonly #before: Uint8Array;
  readonly #pause: () => Promise<unknown>;
  readonly #copies: Omit<Step, 'end'>[] = [{ from: 0, length: 0, begin: 0 }];
  #at = 0;

  constructor(before: Uint8Array, pause: () => Promise<unknown>) {
    this.#before = before;
    this.#pause = pause;
  }

  put(piece: Uint8Array): void {
    this.pieces.push(piece);
    this.#at += piece.length;
  }

  #copy(from: number, end: number): void {
    this.put(this.#before.subarray(from, end));
    this.#copies.push({ from, length: end - from, begin: this.#at });
  }

  /** What is new behind each copy lasts until the next one. */
  steps(): Step[] {
    return this.#copies.map((copy, i) => {
      const next = this.#copies[i + 1];
      return { ...copy, end: next === undefined ? this.#at : next.begin - next.length };
    });
  }

  async list(items: readonly unknown[], before: WrittenList): Promise<WrittenList> {
    this.put(listHead(items.length));
    const begin = this.#at;
    const ends = new Uint32Array(items.length);
    const places = new Places(before.items);
    let packedSince = 0;
    for (let [i, place] = [0, 0]; i < items.length; ) {
      place = places.of(items, i, place);
      const same = sameFrom(items, i, before.items, place);
      if (same === 0) {
        this.put(packed(items[i]));
        ends[i] = this.#at;
        [i, place] = [i + 1, place + 1];
        packedSince += 1;
        if (packedSince % ENTRIES_AT_ONCE === 0) await this.#pause();
        continue;
      }
      const from = place === 0 ? before.begin : (before.ends[place - 1] ?? 0);
      const moved = this.#at - from;
      for (let n = 0; n < same; n += 1) ends[i + n] = (before.ends[place + n] ?? 0) + moved;
      this.#copy(from, before.ends[place + same - 1] ?? from);
      [i, place] = [i + same, place + same];
    }
    return { items, begin, ends };
  }
}

/** Of entries before. */
class Places {
  readonly #items: readonly unknown[];
  #all: ReadonlyMap<unknown, number> | null = null;

  constructor(items: readonly unknown[]) {
    this.#items = items;
  }

  /** Where it stood, and `expected` where it did not: there, or beside where one more or one fewer is, or anywhere. */
  of(items: readonly unknown[], i: number, expected: number): number {
    const [item, next] = [items[i], items[i + 1]];
    for (const place of [expected, expected - 1, expected + 1]) if (this.#items[place] === item) return place;
    if (this.#items.length === 0) return expected;
    // It took the place of another, or came before it: all need not be looked through.
    if (next === undefined || next === this.#items[expected + 1] || next === this.#items[expected]) return expected;
    this.#all ??= new Map(this.#items.map((value, place) => [value, place]));
    return this.#all.get(item) ?? expected;
  }
}

function sameFrom(items: readonly unknown[], i: number, before: readonly unknown[], place: number): number {
  let length = 0;
  while (i + length < items.length && place + length < before.length && items[i + length] === before[place + length])
    length += 1;
  return length;
}
