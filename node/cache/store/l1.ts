/**
 * The responses that a node keeps in its memory, at most so many bytes of them; what spares upstreams least is given up
 * first (`tiny-lfu.ts`). Sole owner of them, and of what is being written.
 *
 *   key ──▶ an entry                          a resource that does not vary: one look-up
 *       └─▶ an index of the fields that it varied by ──▶ key + the values of these fields ──▶ an entry
 *
 * So each variant is an entry of its own, found by a look-up however many there are, and given up by itself. What was
 * purged is not found, and its memory given back when someone looks for it, or when it lies near the end; so is what is
 * too old for any use.
 *
 * A body is written as it comes. What is being written has a bound of its own, since it can't be given up for something
 * else: beyond it, answers pass by unstored. In the same bound is what clients still read and nothing else keeps: bodies that
 * were replaced, evicted or purged, and what came of answers that are not stored after all. So what is stored, written and
 * read together stays within both bounds and a body, however slowly it is read.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { CacheKey } from '../cache-key.js';
import type { PurgeMarks, PurgeSubject } from '../purge/marks.js';
import { isReusable, isSpent, partBytes, type Stored } from '../stored.js';
import { varyKey } from '../vary-key.js';
import { bodyOf, emptyBody, memoryOf, ownPiece, type StoredBody } from './body.js';
import { Lent } from './lent.js';
import { TinyLfu } from './tiny-lfu.js';

export interface Entry {
  readonly kind: 'entry';
  readonly stored: Stored;
  readonly body: StoredBody;
  readonly subject: PurgeSubject;
  /** Number of the latest purge when its fetch, or its last validation, began. */
  readonly began: number;
  /** Under which it is kept. */
  readonly at: string;
}

/** The sets of fields that a resource varied by, the latest first. */
interface VaryIndex {
  readonly kind: 'index';
  /** Part of the keys of its variants, so that none comes back when the key was forgotten and is used again. */
  readonly generation: number;
  readonly varied: readonly (readonly string[])[];
}

export interface Found {
  readonly entry: Entry | null;
  /** Infinity: not purged; otherwise since when it is stale, for a look-up. */
  readonly softPurgedAtMs: number;
  /** Something is stored for this key, though it may be another variant. */
  readonly isKnown: boolean;
}

/** Why an answer that may be stored is not. */
export type NotKept = 'incomplete' | 'overtaken' | 'not-admitted';

export interface L1Limits {
  /** All of it: bodies, heads, keys. */
  readonly bytes: number;
  /** Bodies that are being written, and those that readers alone still hold. */
  readonly writingBytes: number;
}

/** An origin that varies by ever other fields is not followed further than this. */
export const VARIED_MAX = 8;

/**
 * What an entry takes beside its texts and its body (objects, map slots, the memory block of the body), and a text beside its
 * characters. Measured with 50,000 entries of 100 bytes: 1,428 bytes each with two fields, 2,255 with ten, which these
 * count as 1,576 and 2,391; rather too much than too little, since a bound of memory must hold.
 */
const ENTRY_BYTES = 1_160;
const TEXT_BYTES = 40;

const NOT_PURGED = Number.POSITIVE_INFINITY;
const GONE = Number.NEGATIVE_INFINITY;

export class L1 {
  #limits: L1Limits;
  readonly #marks: PurgeMarks;
  readonly #kept: TinyLfu<Entry | VaryIndex>;
  /** When the latest answer was asked for: at least this late is it now. */
  #latestMs = Number.NEGATIVE_INFINITY;
  #writingBytes = 0;
  #heldBytes = 0;
  #generations = 0;

  constructor(limits: L1Limits, marks: PurgeMarks) {
    this.#limits = limits;
    this.#marks = marks;
    const onGone = (value: Entry | VaryIndex): void => {
      if (value.kind === 'entry') value.body.lent?.displaced();
    };
    this.#kept = new TinyLfu({ bytesMax: limits.bytes, isDead: (value) => this.#isDead(value), onGone });
  }

  /** Responses given up for others. */
  get evictions(): number {
    return this.#kept.evictions;
  }

  get bytes(): number {
    return this.#kept.bytes;
  }

  get entries(): number {
    return this.#kept.size;
  }

  get writingBytes(): number {
    return this.#writingBytes;
  }

  /** Of bodies that clients still read and that are not kept any more. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** From now on there is this much. What is too much goes with the next entries, or by `trim`. */
  limit(limits: L1Limits): void {
    this.#limits = limits;
    this.#kept.limit(limits.bytes);
  }

  /** Gives up to so many entries up, the least worth keeping first, as long as there are too many bytes. False: there still are. */
  trim(entriesMax: number): boolean {
    return this.#kept.trim(entriesMax);
  }

  /** What is kept, in the order in which it is to stay; what was purged and not reclaimed is among it. Nothing counts as used by that. */
  *all(): Iterable<Entry> {
    for (const value of this.#kept.values()) if (value.kind === 'entry') yield value;
  }

  /** The variant that these request fields select, the whole of it or, when `isPart`, what is stored as a part. */
  find(key: CacheKey, headers: HeaderList, isPart = false): Found {
    const base = isPart ? partKey(key) : key;
    const found = this.#kept.get(base);
    if (found === undefined) return { entry: null, softPurgedAtMs: NOT_PURGED, isKnown: false };
    if (found.kind === 'entry') return this.#unlessGone(found);
    for (const names of found.varied) {
      const variant = this.#kept.get(variantKey(base, found.generation, names, headers));
      if (variant?.kind !== 'entry') continue;
      const checked = this.#unlessGone(variant);
      if (checked.entry !== null) return checked;
    }
    return { entry: null, softPurgedAtMs: NOT_PURGED, isKnown: true };
  }

  #unlessGone(entry: Entry): Found {
    const atMs = this.#marks.purgedAtMs(entry.subject, entry.began);
    if (atMs !== GONE) return { entry, softPurgedAtMs: atMs, isKnown: true };
    this.#kept.delete(entry.at);
    return { entry: null, softPurgedAtMs: NOT_PURGED, isKnown: false };
  }

  /** Begins to write a body of this length, if it is known; null when it is too long, or there is no place for it. */
  write(lengthBytes: number | null, bodyBytesMax: number): Writing | null {
    const writing = new Writing(bodyBytesMax, this.#take, (body) => this.lendable(body));
    if (lengthBytes === null || writing.foresee(lengthBytes)) return writing;
    writing.abandon();
    return null;
  }

  readonly #take = (bytes: number): boolean => {
    // What is given back may be given back whatever the limit is by now.
    if (bytes > 0 && this.#writingBytes + this.#heldBytes + bytes > this.#limits.writingBytes) return false;
    this.#writingBytes += bytes;
    return true;
  };

  /** A body that counts for as long as somebody reads it. */
  lendable({ pieces, bytes }: StoredBody): StoredBody {
    const body = { pieces, bytes };
    return bytes === 0 ? body : { ...body, lent: new Lent(memoryOf(body), this.#countHeld) };
  }

  readonly #countHeld = (bytes: number): void => {
    this.#heldBytes += bytes;
  };

  /**
   * Keeps what was written, whole, or says why not: it is not what its head says; a purge, or what is newer, has overtaken it;
   * or what is kept spares upstreams more. An answer that took longer than the one to a later question is not the newer one.
   */
  store(
    key: CacheKey,
    headers: HeaderList,
    stored: Stored,
    writing: Writing,
    subject: PurgeSubject,
    began: number,
  ): NotKept | null {
    const body = writing.end();
    if (body === null) return 'incomplete';
    const expected = partBytes(stored);
    if (expected !== null && expected !== body.bytes) return 'incomplete';
    // What a purge has overtaken would never be found.
    if (this.#marks.purgedAtMs(subject, began) === GONE) return 'overtaken';
    const base = stored.part === null ? key : partKey(key);
    const at = this.#placeFor(base, stored.vary, headers);
    const before = this.#kept.peek(at);
    if (
      before?.kind === 'entry' &&
      before.stored.askedAtMs > stored.askedAtMs &&
      this.#unlessGone(before).entry !== null
    ) {
      return 'overtaken';
    }
    if (before?.kind === 'entry' && isMoreOfTheSame(before, stored, body.bytes)) {
      const { entry, softPurgedAtMs } = this.#unlessGone(before);
      if (entry !== null && softPurgedAtMs === NOT_PURGED) return 'overtaken';
    }
    return this.#put({ kind: 'entry', stored, body, subject, began, at }) ? null : 'not-admitted';
  }

  /** The same for those to whom it does not matter why. */
  keep(...kept: Parameters<L1['store']>): boolean {
    return this.store(...kept) === null;
  }

  /** The head of an entry that was confirmed, over the body that it has; elsewhere, if it varies by other fields now. */
  freshen(
    key: CacheKey,
    headers: HeaderList,
    entry: Entry,
    stored: Stored,
    subject: PurgeSubject,
    began: number,
  ): Entry {
    const next: Entry = { ...entry, stored, subject, began };
    // In the meantime it may have been given up, or replaced by what is newer still.
    if (this.#kept.peek(entry.at) !== entry) return next;
    if (isSame(entry.stored.vary, stored.vary)) {
      this.#put(next);
      return next;
    }
    // Where it was it would be the answer for all, whatever they ask for.
    this.#kept.delete(entry.at);
    const moved: Entry = {
      ...next,
      at: this.#placeFor(stored.part === null ? key : partKey(key), stored.vary, headers),
    };
    this.#put(moved);
    return moved;
  }

  /** It is what is kept in its place now. */
  holds(entry: Entry): boolean {
    return this.#kept.peek(entry.at) === entry;
  }

  /** It is not found any more, unless something else has taken its place. */
  drop(entry: Entry): void {
    if (this.#kept.peek(entry.at) === entry) this.#kept.delete(entry.at);
  }

  /** The same for requests that would select the same variant, as far as that is known before the answer. */
  flightKey(key: CacheKey, headers: HeaderList): string {
    const record = this.#kept.peek(key);
    const names = record?.kind === 'index' ? record.varied[0] : undefined;
    return names === undefined ? key : `${key}\0${varyKey(names, headers)}`;
  }

  #put(entry: Entry): boolean {
    this.#latestMs = Math.max(this.#latestMs, entry.stored.askedAtMs);
    return this.#set(entry.at, entry);
  }

  #set(at: string, value: Entry | VaryIndex): boolean {
    if (value.kind === 'entry') value.body.lent?.placed();
    return this.#kept.set(at, value, sizeOf(value, at));
  }

  /** Purged, or too old for any use. */
  #isDead(value: Entry | VaryIndex): boolean {
    if (value.kind === 'index') return false;
    return this.#marks.purgedAtMs(value.subject, value.began) === GONE || isSpent(value.stored, this.#latestMs);
  }

  /** Where a variant goes, with the index brought up to date. */
  #placeFor(base: string, names: readonly string[], headers: HeaderList): string {
    const record = this.#kept.peek(base);
    if (names.length === 0 && record?.kind !== 'index') return base;
    const index = record?.kind === 'index' ? record : this.#indexOver(base, record, headers);
    if (index.varied[0] === undefined || !isSame(index.varied[0], names)) {
      const others = index.varied.filter((other) => !isSame(other, names));
      this.#set(base, { ...index, varied: [names, ...others].slice(0, VARIED_MAX) });
    }
    return variantKey(base, index.generation, names, headers);
  }

  /** A new one; what did not vary until now, if there is something, becomes the variant of all. */
  #indexOver(base: string, entry: Entry | undefined, headers: HeaderList): VaryIndex {
    this.#generations += 1;
    const generation = this.#generations;
    if (entry === undefined) return { kind: 'index', generation, varied: [] };
    this.#move(entry, variantKey(base, generation, [], headers));
    return { kind: 'index', generation, varied: [[]] };
  }

  #move(entry: Entry, at: string): void {
    this.#set(at, { ...entry, at });
  }
}

/**
 * A body on its way into the store. What readers hold of one that was given up counts until they have let it go.
 *
 *   writing ─┬─ end ──────▶ a body, which is lent to those who read it
 *            └─ abandon ──▶ held by readers, if there are ──▶ let go
 */
export class Writing {
  readonly #bytesMax: number;
  /** Takes from what all that is being written may have; a negative number gives back. */
  readonly #take: (bytes: number) => boolean;
  readonly #lend: (body: StoredBody) => StoredBody;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** Taken and not given back: what is there, or will be. */
  #taken = 0;
  #isOver = false;
  #isHeld = false;
  #body: StoredBody | null = null;

  constructor(bytesMax: number, take: (bytes: number) => boolean, lend: (body: StoredBody) => StoredBody) {
    this.#bytesMax = bytesMax;
    this.#take = take;
    this.#lend = lend;
  }

  /** Sets this much aside; false when it is too long, or there is no place. */
  foresee(bytes: number): boolean {
    if (bytes <= this.#taken) return true;
    if (bytes > this.#bytesMax || !this.#take(bytes - this.#taken)) return false;
    this.#taken = bytes;
    return true;
  }

  /** False when it is given up: the answer passes by unstored from here. */
  push(chunk: Uint8Array): boolean {
    if (this.#isOver) return false;
    if (!this.foresee(this.#bytes + chunk.byteLength)) {
      this.abandon();
      return false;
    }
    this.#bytes += chunk.byteLength;
    if (chunk.byteLength > 0) this.#pieces.push(ownPiece(chunk));
    return true;
  }

  /** What came so far, in order. Whoever holds the list may read on when the body is whole, or was given up. */
  get pieces(): readonly Uint8Array[] {
    return this.#pieces;
  }

  /** What it has become, from its end on. */
  get body(): StoredBody | null {
    return this.#body;
  }

  /** Somebody reads what came so far. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Nobody does any more. */
  release(): void {
    this.#isHeld = false;
    if (this.#isOver) this.#giveBack(this.#taken);
  }

  /** All have read so much more of what was given up. */
  letGo(bytes: number): void {
    if (this.#isOver) this.#giveBack(Math.min(bytes, this.#taken));
  }

  abandon(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#giveBack(this.#isHeld ? this.#taken - this.#bytes : this.#taken);
    this.#pieces = [];
  }

  #giveBack(bytes: number): void {
    this.#taken -= bytes;
    this.#take(-bytes);
  }

  /** The body, once; null when it was given up. */
  end(): StoredBody | null {
    if (this.#isOver) return null;
    this.#body = this.#bytes === 0 ? emptyBody : this.#lend(bodyOf(this.#pieces, this.#bytes));
    this.abandon();
    // Who reads on does so from the body.
    this.#giveBack(this.#taken);
    return this.#body;
  }
}

/** NUL stands in no field and no URL. */
const variantKey = (base: string, generation: number, names: readonly string[], headers: HeaderList): string =>
  `${base}\0${generation}\0${varyKey(names, headers)}`;

const partKey = (key: CacheKey): string => `${key}\0part`;

/** There is a place for one part of each variant: a longer one that is fresh, of the same state, does not give way to a shorter one. */
const isMoreOfTheSame = (before: Entry, { part, etag, askedAtMs }: Stored, bytes: number): boolean =>
  part !== null &&
  before.stored.part !== null &&
  before.body.bytes > bytes &&
  etag !== null &&
  before.stored.etag === etag &&
  isReusable(before.stored, askedAtMs);

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, i) => name === b[i]);

/** As it counts against the limit. */
export function sizeOf(value: Entry | VaryIndex, key: string): number {
  let bytes = ENTRY_BYTES + key.length;
  if (value.kind === 'index') return bytes + value.varied.flat().reduce((sum, name) => sum + textBytes(name), 0);
  bytes += memoryOf(value.body);
  for (const text of value.stored.headers) bytes += textBytes(text);
  for (const tag of value.subject.tags) bytes += textBytes(tag);
  return bytes + textBytes(value.subject.url);
}

const textBytes = (text: string): number => TEXT_BYTES + text.length;
