/**
 * What writes of clients have made invalid, apart from the purges of operators: it must not be in the power of who may write
 * to make a purge of everything out of many small ones. A Bloom filter whose bits are numbers: each URL has two places, a
 * change writes its number into both, and a response is invalid when both are higher than the number that it began with.
 *
 *   change 8 of /a     ── 8 ──────────── 8 ──
 *   change 9 of /b     ── 8 ── 9 ─────── 9 ──      /a: 8 and 9, /b: 9 and 9; a third one may have 8 and 9 by chance
 *
 * So there is nothing to give up, whoever writes how much; what goes wrong by chance is invalid too early, never too late.
 * Of what began before a hundred thousand changes of other URLs, that is one in thirty. It grows once,
 * when changes come at all often: a place becomes sixteen with the same number. Sole owner of its numbers. Pure.
 */

/** 512 KiB: enough for a node that hardly sees a change. */
const SLOTS_MIN = 65_536;
/** 8 MiB. */
export const SLOTS_MAX = 1_048_576;
/** Changes before there are as many as may be: so few that what becomes many places of each does not matter later. */
const FEW = 1_024;

export class Changes {
  #slots: Float64Array | null = null;
  #noted = 0;
  readonly #max: number;

  /** A power of two. */
  constructor(max = SLOTS_MAX) {
    this.#max = max;
  }

  get isEmpty(): boolean {
    return this.#slots === null;
  }

  /** `url`: its fingerprint. Numbers only rise. */
  note(url: string, seq: number): void {
    const slots = this.#withRoom();
    slots[oneOf(url, slots)] = seq;
    slots[otherOf(url, slots)] = seq;
  }

  /** Number of the latest change that it may have seen; 0: none. */
  latest(url: string): number {
    const slots = this.#slots;
    if (slots === null) return 0;
    return Math.min(slots[oneOf(url, slots)] ?? 0, slots[otherOf(url, slots)] ?? 0);
  }

  #withRoom(): Float64Array {
    let slots = this.#slots ?? new Float64Array(Math.min(SLOTS_MIN, this.#max));
    this.#noted += 1;
    if (this.#noted > FEW && slots.length < this.#max) {
      const before = slots;
      slots = new Float64Array(this.#max);
      for (let at = 0; at < slots.length; at += before.length) slots.set(before, at);
    }
    this.#slots = slots;
    return slots;
  }
}

const oneOf = (url: string, { length }: Float64Array): number => placeOf(url, 0) & (length - 1);
const otherOf = (url: string, { length }: Float64Array): number => placeOf(url, 2) & (length - 1);

const placeOf = (url: string, at: number): number => (url.charCodeAt(at) << 16) | url.charCodeAt(at + 1);
