/**
 * A map that is bounded in bytes, and what it gives up for what: W-TinyLFU (Einziger, Friedman, Manes 2017), weighing sizes in
 * the manner of Einziger et al. ("Lightweight Robust Size Aware Cache Management", ACM Transactions on Storage 18, 2022).
 *
 *            new ──▶ window ──── worth more than all ───▶ probation ──── found ────▶ protected
 *                    1 %  │      that goes for it             │  ◀─── too many there ───┘
 *                         └───── worth less: given up         └─── given up
 *
 * An entry is worth what it spares the upstream: as often as it was asked for of late, a request and its bytes. So small ones
 * come before large ones, and not at any price. The window lets what is new show itself; a scan, or a crowd of what is asked
 * for once, gets no further and drives nothing out. What is dead is given up before anything is weighed.
 */
import { Frequency, hashOf } from './frequency.js';

export interface TinyLfuOptions<Value> {
  readonly bytesMax: number;
  /** Of no use to anybody any more. Asked of entries that could go next. */
  readonly isDead: (value: Value) => boolean;
  /** Of each value that was set, once: it was given up, replaced, or found no place. */
  readonly onGone?: (value: Value) => void;
  readonly terms?: Terms;
}

export interface Terms {
  /** Of all bytes. */
  readonly windowShare: number;
  /** Of what is outside of the window. */
  readonly protectedShare: number;
  /** A request costs its upstream as much as sending so many bytes. */
  readonly requestBytes: number;
}

/** Chosen by `bench trace`; see ARCHITECTURE.md, decisions. */
export const chosenTerms: Terms = { windowShare: 0.01, protectedShare: 0.8, requestBytes: 256 * 1024 };

/** So many entries are looked at for dead ones each time that something has to go. */
const LOOKED_AT = 8;
/** A new one makes so many go that don't fit since the limit was lowered; the others go with the next. */
const TRIMMED_MAX = 100;

export class TinyLfu<Value> {
  /** Given up for others, or refused a place beside them. */
  evictions = 0;
  readonly #terms: Terms;
  #bytesMax = 0;
  #windowMax = 0;
  #protectedMax = 0;
  readonly #isDead: (value: Value) => boolean;
  readonly #onGone: (value: Value) => void;
  readonly #links = new Map<string, Link<Value>>();
  readonly #frequency = new Frequency();
  readonly #window = new Queue<Value>();
  readonly #probation = new Queue<Value>();
  readonly #protected = new Queue<Value>();

  constructor({ bytesMax, isDead, onGone = () => {}, terms = chosenTerms }: TinyLfuOptions<Value>) {
    this.#terms = terms;
    this.#isDead = isDead;
    this.#onGone = onGone;
    this.limit(bytesMax);
  }

  get size(): number {
    return this.#links.size;
  }

  get bytes(): number {
    return this.#window.bytes + this.#probation.bytes + this.#protected.bytes;
  }

  /** What it takes, at most, from now on. What is too much goes by `trim`, or with what comes. */
  limit(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    this.#windowMax = Math.floor(bytesMax * this.#terms.windowShare);
    this.#protectedMax = Math.floor((bytesMax - this.#windowMax) * this.#terms.protectedShare);
  }

  /** Gives up to so many entries up while there are too many bytes. False: there still are. */
  trim(entriesMax: number): boolean {
    for (let left = entriesMax; left > 0 && this.bytes > this.#bytesMax; left -= 1) {
      const victim = this.#oldest() ?? this.#window.oldest;
      if (victim !== null) this.#evict(victim);
    }
    return this.bytes <= this.#bytesMax;
  }

  /** In the order in which they are to stay. Nothing counts as asked for by that. */
  *values(): Iterable<Value> {
    for (const queue of [this.#protected, this.#window, this.#probation]) {
      for (const link of queue.fromNewest()) yield link.value;
    }
  }

  get(key: string): Value | undefined {
    const link = this.#links.get(key);
    if (link !== undefined) this.#askedFor(link);
    return link?.value;
  }

  /** Looks without asking. */
  peek(key: string): Value | undefined {
    return this.#links.get(key)?.value;
  }

  /** False when there is no place for it. */
  set(key: string, value: Value, bytes: number): boolean {
    let link = this.#links.get(key);
    if (bytes > this.#bytesMax) {
      if (link !== undefined) this.#remove(link);
      this.#onGone(value);
      return false;
    }
    if (link === undefined) {
      link = new Link(key, hashOf(key), value, bytes);
      this.#links.set(key, link);
      this.#frequency.count(link.hash, this.#links.size);
      this.#window.add(link);
    } else {
      link.queue?.resize(link, bytes);
      const before = link.value;
      link.value = value;
      this.#onGone(before);
      this.#askedFor(link);
    }
    this.#settle();
    return link.queue !== null;
  }

  delete(key: string): boolean {
    const link = this.#links.get(key);
    if (link !== undefined) this.#remove(link);
    return link !== undefined;
  }

  #askedFor(link: Link<Value>): void {
    this.#frequency.count(link.hash, this.#links.size);
    if (link.queue !== this.#probation) {
      link.queue?.renew(link);
      return;
    }
    this.#probation.remove(link);
    this.#protected.add(link);
    while (this.#protected.bytes > this.#protectedMax) {
      const oldest = this.#protected.oldest;
      if (oldest === null) return;
      this.#protected.remove(oldest);
      this.#probation.add(oldest);
    }
  }

  /** Until all are within their bounds again. */
  #settle(): void {
    while (this.#window.bytes > this.#windowMax) {
      const candidate = this.#window.oldest;
      if (candidate === null) break;
      if (this.#findsPlace(candidate)) {
        this.#window.remove(candidate);
        this.#probation.add(candidate);
      } else this.#evict(candidate);
    }
    // What is kept outside of the window may have become larger, or the limit lower.
    this.trim(TRIMMED_MAX);
  }

  /** Gives up what is in its way, when that is worth less. */
  #findsPlace(candidate: Link<Value>): boolean {
    const leftMax = this.#bytesMax - this.#windowMax - candidate.bytes;
    if (this.#mainBytes() <= leftMax) return true;
    if (leftMax < 0 || this.#isDead(candidate.value)) return false;
    this.#evictDead();
    let worth = this.#worthOf(candidate);
    let bytes = this.#mainBytes();
    const victims: Link<Value>[] = [];
    for (let victim = this.#oldest(); victim !== null && bytes > leftMax; ) {
      const itsWorth = this.#worthOf(victim);
      if (itsWorth >= worth) return false;
      worth -= itsWorth;
      bytes -= victim.bytes;
      // What nobody has asked for of late needs no weighing, so that it is not weighed again and again.
      const next = this.#nextAfter(victim);
      if (itsWorth === 0) this.#evict(victim);
      else victims.push(victim);
      victim = next;
    }
    for (const victim of victims) this.#evict(victim);
    return true;
  }

  #mainBytes(): number {
    return this.#probation.bytes + this.#protected.bytes;
  }

  #worthOf({ hash, bytes }: Link<Value>): number {
    return this.#frequency.estimate(hash) * (this.#terms.requestBytes + bytes);
  }

  #evictDead(): void {
    let link = this.#oldest();
    for (let left = LOOKED_AT; left > 0 && link !== null; left -= 1) {
      const next = this.#nextAfter(link);
      if (this.#isDead(link.value)) this.#evict(link);
      link = next;
    }
  }

  /** What is to go first, of what is outside of the window. */
  #oldest(): Link<Value> | null {
    return this.#probation.oldest ?? this.#protected.oldest;
  }

  #nextAfter(link: Link<Value>): Link<Value> | null {
    return link.newer ?? (link.queue === this.#probation ? this.#protected.oldest : null);
  }

  #evict(link: Link<Value>): void {
    this.evictions += 1;
    this.#remove(link);
  }

  #remove(link: Link<Value>): void {
    link.queue?.remove(link);
    this.#links.delete(link.key);
    this.#onGone(link.value);
  }
}

/** An entry in its queue, between its neighbours. */
class Link<Value> {
  readonly key: string;
  readonly hash: number;
  value: Value;
  bytes: number;
  queue: Queue<Value> | null = null;
  newer: Link<Value> | null = null;
  older: Link<Value> | null = null;

  constructor(key: string, hash: number, value: Value, bytes: number) {
    this.key = key;
    this.hash = hash;
    this.value = value;
    this.bytes = bytes;
  }
}

/** In the order in which they were asked for. */
class Queue<Value> {
  bytes = 0;
  oldest: Link<Value> | null = null;
  #newest: Link<Value> | null = null;

  add(link: Link<Value>): void {
    link.queue = this;
    this.bytes += link.bytes;
    link.older = this.#newest;
    link.newer = null;
    if (this.#newest === null) this.oldest = link;
    else this.#newest.newer = link;
    this.#newest = link;
  }

  remove(link: Link<Value>): void {
    link.queue = null;
    this.bytes -= link.bytes;
    if (link.older === null) this.oldest = link.newer;
    else link.older.newer = link.newer;
    if (link.newer === null) this.#newest = link.older;
    else link.newer.older = link.older;
  }

  renew(link: Link<Value>): void {
    if (link === this.#newest) return;
    this.remove(link);
    this.add(link);
  }

  resize(link: Link<Value>, bytes: number): void {
    this.bytes += bytes - link.bytes;
    link.bytes = bytes;
  }

  *fromNewest(): Iterable<Link<Value>> {
    for (let link = this.#newest; link !== null; link = link.older) yield link;
  }
}
