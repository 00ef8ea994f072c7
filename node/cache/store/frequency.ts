/**
 * How often keys were asked for of late, about: a count-min sketch of 4-bit counters (Einziger, Friedman, Manes: "TinyLFU: A
 * Highly Efficient Cache Admission Policy", ACM Transactions on Storage 13, 2017). A key has a counter in each of four rows,
 * shared with others; the least of the four is the estimate, never too low. When enough was counted, all counters are
 * halved, so that what was popular once does not stay so.
 *
 *   hash ──▶ a block of 16 words, one line of a processor's cache        row 0   ▒▒▒▒▒▒▒▒ ▒▒▒▒▒▒▒▒ ▒▒▒▒▒▒▒▒ ▒▒▒▒▒▒▒▒
 *       └──▶ one of the 32 counters of each of its four rows             row 1   ▒▒▒▒▒▒▒▒ ▒▒▒▒▒▒▒▒ ▒▒▒▒▒▒▒▒ ▒▒▒▒▒▒▒▒
 *                                                                          …      8 counters of 4 bits in a word
 *
 * It grows with the number of entries that it is about, by being doubled: a key's block in the larger table is the one it had,
 * or its copy, so nothing is forgotten by that.
 */

export const COUNT_MAX = 15;

const WORDS_PER_BLOCK = 16;
const ROWS = 4;
const WORDS_PER_ROW = WORDS_PER_BLOCK / ROWS;
/** Entries that a block is meant for: two words, 16 counters, for each, as Caffeine has it. */
const ENTRIES_PER_BLOCK = 8;
/** Counted for each entry before all counters are halved: the paper's sample of ten times the size. */
const COUNTS_PER_ENTRY = 10;
const ENTRIES_MIN = 256;
/** 16 MiB; beyond it, estimates become less exact. */
const ENTRIES_MAX = 2 ** 21;

export class Frequency {
  #words = new Uint32Array((ENTRIES_MIN / ENTRIES_PER_BLOCK) * WORDS_PER_BLOCK);
  #blockMask = ENTRIES_MIN / ENTRIES_PER_BLOCK - 1;
  #counted = 0;

  /** As `hashOf` makes it. `entries`: how many there are now, by which it grows and ages. */
  count(hash: number, entries: number): void {
    if (entries > (this.#blockMask + 1) * ENTRIES_PER_BLOCK && entries <= ENTRIES_MAX) this.#grow();
    const block = (hash & this.#blockMask) * WORDS_PER_BLOCK;
    let bits = scrambled(hash);
    for (let row = 0; row < ROWS; row += 1) {
      const at = block + row * WORDS_PER_ROW + (bits & 3);
      const shift = bits & 28;
      const word = this.#words[at] ?? 0;
      if (((word >>> shift) & COUNT_MAX) < COUNT_MAX) this.#words[at] = word + (1 << shift);
      bits >>>= 5;
    }
    // Those at their maximum as well: where all are, they would stay there for ever.
    this.#counted += 1;
    if (this.#counted >= COUNTS_PER_ENTRY * Math.max(ENTRIES_MIN, entries)) this.#age();
  }

  /** 0 to 15. */
  estimate(hash: number): number {
    const block = (hash & this.#blockMask) * WORDS_PER_BLOCK;
    let bits = scrambled(hash);
    let least = COUNT_MAX;
    for (let row = 0; row < ROWS; row += 1) {
      const word = this.#words[block + row * WORDS_PER_ROW + (bits & 3)] ?? 0;
      least = Math.min(least, (word >>> (bits & 28)) & COUNT_MAX);
      bits >>>= 5;
    }
    return least;
  }

  #age(): void {
    const words = this.#words;
    for (let i = 0; i < words.length; i += 1) words[i] = ((words[i] ?? 0) >>> 1) & 0x7777_7777;
    this.#counted >>>= 1;
  }

  #grow(): void {
    const before = this.#words;
    this.#words = new Uint32Array(2 * before.length);
    this.#words.set(before, 0);
    this.#words.set(before, before.length);
    this.#blockMask = 2 * this.#blockMask + 1;
  }
}

/** Of a key: FNV-1a over its characters, then the finalizer of MurmurHash3, so that each bit depends on all of them. */
export function hashOf(key: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x0100_0193);
  return scrambled(hash);
}

function scrambled(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}
