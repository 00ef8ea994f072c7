/**
 * S3-FIFO (Yang et al.: "FIFO Queues are All You Need for Cache Eviction", SOSP 2023): a small queue of a tenth of the bytes that
 * what is new has to get through by being asked for twice, a main queue that gives what was asked for another turn, and a
 * memory of what went from the small one, which comes to the main one when it is asked for again.
 */
import type { Policy } from './policy.js';

interface Entry {
  readonly key: string;
  readonly bytes: number;
  /** 0 to 3. */
  asked: number;
}

interface Ghost {
  readonly key: string;
  readonly bytes: number;
}

const SMALL_SHARE = 0.1;
const ASKED_MAX = 3;

/** First in, first out; emptied places at the front are given back now and then. */
class Queue<Value> {
  #values: Value[] = [];
  #first = 0;

  get isEmpty(): boolean {
    return this.#first === this.#values.length;
  }

  push(value: Value): void {
    this.#values.push(value);
  }

  shift(): Value | undefined {
    if (this.isEmpty) return undefined;
    const value = this.#values[this.#first];
    this.#first += 1;
    if (this.#first > 1024 && this.#first > this.#values.length / 2) {
      this.#values = this.#values.slice(this.#first);
      this.#first = 0;
    }
    return value;
  }
}

export class S3Fifo implements Policy {
  readonly #bytesMax: number;
  readonly #entries = new Map<string, Entry>();
  readonly #small = new Queue<Entry>();
  readonly #main = new Queue<Entry>();
  #smallBytes = 0;
  #mainBytes = 0;
  /** What went from the small queue, the oldest first, as many bytes of it as the main one has. */
  readonly #ghosts = new Map<string, Ghost>();
  readonly #gone = new Queue<Ghost>();
  #ghostBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#smallBytes + this.#mainBytes;
  }

  ask(key: string, bytes: number): boolean {
    const found = this.#entries.get(key);
    if (found !== undefined) {
      found.asked = Math.min(ASKED_MAX, found.asked + 1);
      return true;
    }
    if (bytes > this.#bytesMax) return false;
    while (this.bytes + bytes > this.#bytesMax) this.#evict();
    const entry: Entry = { key, bytes, asked: 0 };
    this.#entries.set(key, entry);
    if (this.#ghosts.delete(key)) this.#putMain(entry);
    else {
      this.#small.push(entry);
      this.#smallBytes += bytes;
    }
    return false;
  }

  #evict(): void {
    if (this.#smallBytes > this.#bytesMax * SMALL_SHARE || this.#main.isEmpty) this.#evictSmall();
    else this.#evictMain();
  }

  #evictSmall(): void {
    const entry = this.#small.shift();
    if (entry === undefined) return;
    this.#smallBytes -= entry.bytes;
    if (entry.asked > 1) {
      entry.asked = 0;
      this.#putMain(entry);
    } else {
      this.#entries.delete(entry.key);
      this.#putGhost(entry);
    }
  }

  #evictMain(): void {
    for (let entry = this.#main.shift(); entry !== undefined; entry = this.#main.shift()) {
      if (entry.asked === 0) {
        this.#mainBytes -= entry.bytes;
        this.#entries.delete(entry.key);
        return;
      }
      entry.asked -= 1;
      this.#main.push(entry);
    }
  }

  #putMain(entry: Entry): void {
    this.#main.push(entry);
    this.#mainBytes += entry.bytes;
  }

  #putGhost({ key, bytes }: Entry): void {
    const ghost = { key, bytes };
    this.#ghosts.set(key, ghost);
    this.#gone.push(ghost);
    this.#ghostBytes += bytes;
    while (this.#ghostBytes > this.#bytesMax * (1 - SMALL_SHARE)) {
      const oldest = this.#gone.shift();
      if (oldest === undefined) return;
      // One that has come back since is no ghost any more, and may have become another one.
      if (this.#ghosts.get(oldest.key) === oldest) this.#ghosts.delete(oldest.key);
      this.#ghostBytes -= oldest.bytes;
    }
  }
}
