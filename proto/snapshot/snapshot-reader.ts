/**
 * Reads one snapshot after the other, and of each only what the one before did not have: an element of a list whose bytes are those of an
 * element before is that very object. So one that differs in one of a hundred thousand entries costs a comparison of its bytes, and whoever
 * reads it knows by `===` what has not changed. Bytes are compared and never hashes; where they differ, the next place is found by ids.
 *
 *     before   │ a │ b │ c │ d │        a, b   as far as the bytes agree
 *     now      │ a │ b │ c'│ e │ d │    c'     another one, of an id that stood here: decoded, and the next is held against d
 *                                       e      of an id that was not there: decoded, and d is held against what comes next
 *
 * Owns the snapshot before, its bytes and where in them its entries end. What is read is what decodeSnapshot makes of the same bytes.
 */
import { type DecodedSnapshot, headProblem, malformed, shaped, unpacked, unpackedAll } from './codec.js';
import { matchLength } from './delta.js';
import { type ListHead, listHeadAt, mapHeadAt, valueEnd } from './pack-scan.js';

type Pause = () => Promise<unknown>;

/** Decoded before others get their turn: a millisecond or two of a slow core. */
const SLICE_BYTES = 64 * 1024;
/**
 * The same in a process that serves traffic: a tenth of a millisecond. More would be paid for while V8 marks: each 64 KiB of objects, which is what
 * comes of this, cost a step of 5 to 10 ms then, and the whole of it runs at once.
 */
export const sliceBesideTrafficBytes = 4 * 1024;
/** Compared before others get their turn. */
const COMPARED_BYTES = 1024 * 1024;
/** Maps that are read member by member, so that lists in them are as well: the snapshot, and its members. */
const MAPS_DEEP = 2;

/** A value that was read, and where. */
interface Place {
  readonly begin: number;
  readonly end: number;
  readonly value: unknown;
  /** Of a map that was read member by member. */
  readonly members?: ReadonlyMap<string, Place>;
  readonly list?: ListPlace;
}

interface ListPlace {
  readonly items: readonly unknown[];
  /** Where the first element begins, and where each of them ends. */
  readonly begin: number;
  readonly ends: Uint32Array;
}

interface Former {
  readonly bytes: Uint8Array;
  readonly root: Place;
}

export class SnapshotReader {
  readonly #sliceBytes: number;
  #former: Former | null = null;

  constructor(sliceBytes = SLICE_BYTES) {
    this.#sliceBytes = sliceBytes;
  }

  /** Never rejects for what the bytes are. `pause` lets others have their turn; the bytes are kept, and must stay as they are. */
  async read(bytes: Uint8Array, pause: Pause): Promise<DecodedSnapshot> {
    const wrong = headProblem(bytes);
    if (wrong !== null) return wrong;
    try {
      const root = await new Reading(bytes, this.#former?.bytes ?? NO_BYTES, pause, this.#sliceBytes).root(
        this.#former?.root,
      );
      const decoded = shaped(root.value);
      if (decoded.ok) this.#former = { bytes, root };
      return decoded;
    } catch (error) {
      return malformed(error);
    }
  }
}

/** With nothing before it. */
export function decodeSnapshotInSlices(bytes: Uint8Array, pause: Pause): Promise<DecodedSnapshot> {
  return new SnapshotReader().read(bytes, pause);
}

const NO_BYTES = new Uint8Array(0);

class Reading {
  readonly #bytes: Uint8Array;
  readonly #before: Uint8Array;
  readonly #pause: Pause;
  readonly #sliceBytes: number;

  constructor(bytes: Uint8Array, before: Uint8Array, pause: Pause, sliceBytes: number) {
    this.#bytes = bytes;
    this.#before = before;
    this.#pause = pause;
    this.#sliceBytes = sliceBytes;
  }

  async root(before: Place | undefined): Promise<Place> {
    const head = mapHeadAt(this.#bytes, 1);
    if (head === null) throw new Error('not a mapping');
    const root = await this.#map(1, head, before, MAPS_DEEP);
    if (root.end !== this.#bytes.length) throw new Error('something stands behind it');
    return root;
  }

  async #value(at: number, before: Place | undefined, deep: number): Promise<Place> {
    const list = listHeadAt(this.#bytes, at);
    if (list !== null) return this.#list(at, list, before);
    const map = deep > 0 ? mapHeadAt(this.#bytes, at) : null;
    if (map !== null) return this.#map(at, map, before, deep);
    if (before !== undefined && this.#isAt(before.begin, before.end, at))
      return { begin: at, end: at + before.end - before.begin, value: before.value };
    const end = valueEnd(this.#bytes, at);
    return { begin: at, end, value: unpacked(this.#bytes, at, end) };
  }

  async #map(begin: number, head: ListHead, before: Place | undefined, deep: number): Promise<Place> {
    const members = new Map<string, Place>();
    const keysBefore = [...(before?.members?.keys() ?? [])];
    let isSame = keysBefore.length === head.length;
    let end = head.begin;
    for (let i = 0; i < head.length; i += 1) {
      const at = valueEnd(this.#bytes, end);
      const key = String(unpacked(this.#bytes, end, at));
      const was = before?.members?.get(key);
      const member = await this.#value(at, was, deep - 1);
      isSame = isSame && keysBefore[i] === key && was?.value === member.value;
      members.set(key, member);
      end = member.end;
    }
    const value = isSame ? before?.value : Object.fromEntries([...members].map(([key, { value }]) => [key, value]));
    return { begin, end, value, members };
  }

  async #list(at: number, head: ListHead, before: Place | undefined): Promise<Place> {
    // Each element takes a byte at least.
    if (head.length > this.#bytes.length - head.begin) throw new Error('cut off');
    const list = new ListReading(this.#bytes, head, before?.list ?? null);
    while (!list.isDone) {
      const span = list.nextBefore();
      const alike = span === null ? 0 : await this.#alike(span.begin, span.end, list.at);
      if (list.take(alike)) continue;
      list.readOther();
      if (list.undecodedBytes < this.#sliceBytes) continue;
      list.flush();
      await this.#pause();
    }
    list.flush();
    const isSame = before?.list !== undefined && list.isAsBefore;
    const { items, ends } = list;
    const known = isSame ? (before?.list?.items ?? items) : items;
    return { begin: at, end: list.at, value: known, list: { items: known, begin: head.begin, ends } };
  }

  /** How many bytes from there on are those that stood from `begin` on. */
  async #alike(begin: number, end: number, at: number): Promise<number> {
    let length = 0;
    for (;;) {
      const most = Math.min(end - begin - length, COMPARED_BYTES);
      const step = matchLength(this.#before, begin + length, this.#bytes, at + length, most);
      length += step;
      if (step < COMPARED_BYTES) return length;
      await this.#pause();
    }
  }

  #isAt(begin: number, end: number, at: number): boolean {
    return matchLength(this.#before, begin, this.#bytes, at, end - begin) === end - begin;
  }
}

/** A list, element by element, held against the one before. */
class ListReading {
  readonly items: unknown[] = [];
  readonly ends: Uint32Array;
  /** Where the next element begins. */
  at: number;
  /** Whether all elements so far were those before, in their places. */
  #isAsBefore = true;
  readonly #bytes: Uint8Array;
  readonly #before: ListPlace | null;
  /** Of the one before: which element is held against the next one. */
  #next = 0;
  /** How many are known to lie where; those from `#from` on are not decoded yet. */
  #count = 0;
  #from: number;
  #places: ReadonlyMap<unknown, number> | null = null;

  constructor(bytes: Uint8Array, { begin, length }: ListHead, before: ListPlace | null) {
    this.#bytes = bytes;
    this.#before = before;
    this.at = begin;
    this.#from = begin;
    this.ends = new Uint32Array(length);
  }

  get isDone(): boolean {
    return this.#count === this.ends.length;
  }

  get isAsBefore(): boolean {
    return this.#isAsBefore && this.items.length === this.#before?.items.length;
  }

  /** Null: there is nothing before that it could be held against. */
  nextBefore(): { readonly begin: number; readonly end: number } | null {
    if (this.#before === null || this.#next >= this.#before.ends.length) return null;
    return { begin: beginOf(this.#before, this.#next), end: this.#before.ends.at(-1) ?? 0 };
  }

  /** Elements from before, as many as so many bytes hold that are alike. False: none. */
  take(alike: number): boolean {
    const before = this.#before;
    if (before === null || alike === 0) return false;
    const begin = beginOf(before, this.#next);
    const moved = this.at - begin;
    if ((before.ends[this.#next] ?? 0) - begin > alike) return false;
    this.flush();
    for (; !this.isDone && this.#next < before.ends.length; this.#next += 1) {
      const end = before.ends[this.#next] ?? 0;
      if (end - begin > alike) break;
      this.items.push(before.items[this.#next]);
      this.ends[this.#count] = end + moved;
      this.#count += 1;
    }
    this.at = this.ends[this.#count - 1] ?? this.at;
    this.#from = this.at;
    return true;
  }

  get undecodedBytes(): number {
    return this.at - this.#from;
  }

  /** One that is not what stood here. */
  readOther(): void {
    this.#isAsBefore = false;
    const before = this.#before;
    if (before !== null && this.#next <= before.ends.length) {
      const id = idAt(this.#bytes, this.at);
      const place = id === null ? this.#next : this.#placeOf(before, id);
      if (place !== null && place !== this.#next) {
        this.#next = place;
        return; // It is held against that one first.
      }
      if (place !== null) this.#next = place + 1;
    }
    this.at = valueEnd(this.#bytes, this.at);
    this.ends[this.#count] = this.at;
    this.#count += 1;
  }

  /** Decodes what is only known to lie there. */
  flush(): void {
    if (this.#from === this.at) return;
    for (const item of unpackedAll(this.#bytes, this.#from, this.at)) this.items.push(item);
    this.#from = this.at;
  }

  #placeOf({ items }: ListPlace, id: unknown): number | null {
    if (idOf(items[this.#next]) === id) return this.#next;
    this.#places ??= new Map(items.map((item, place) => [idOf(item), place]));
    return this.#places.get(id) ?? null;
  }
}

const beginOf = ({ begin, ends }: ListPlace, place: number): number => (place === 0 ? begin : (ends[place - 1] ?? 0));

function idOf(item: unknown): unknown {
  return typeof item === 'object' && item !== null && 'id' in item ? item.id : undefined;
}

/** Of a map whose first member is an id that is a text, as all entries of a snapshot have it; null: it is none. */
function idAt(bytes: Uint8Array, at: number): string | null {
  const map = mapHeadAt(bytes, at);
  if (map === null || map.length === 0) return null;
  const key = map.begin;
  if (bytes[key] !== 0xa2 || bytes[key + 1] !== 0x69 || bytes[key + 2] !== 0x64) return null;
  const id = unpacked(bytes, key + 3, valueEnd(bytes, key + 3));
  return typeof id === 'string' ? id : null;
}
