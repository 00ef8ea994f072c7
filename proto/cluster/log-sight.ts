/**
 * Whether a shared log is still the one that was read before. Numbers alone don't tell: a stream that was wiped begins anew at one, and
 * one that has lost its tail (a disk that lied, a backup) gives numbers a second time. Three signs are looked for:
 *
 *   another identity                  it was made anew
 *   an end before what was read       its tail is gone
 *   other bytes under a known number  its tail is gone, and there is a new one
 *
 * Whoever finds one begins anew itself. Pure.
 */

/** Numbers whose bytes are remembered: entries come twice only when a reader and a follower meet. */
const REMEMBERED = 256;

export class LogSight {
  /** Of the identity; 0 before it is known, and for a log that has none. */
  identity = 0;
  #text: string | null = null;
  #last = 0;
  readonly #prints = new Map<number, number>();

  /** False: it is another log than before. `last` is its end, as of a moment when all entries up to `read` had been read. */
  isSameBy(identity: string | undefined, last: number, read: number): boolean {
    const text = identity ?? '';
    if (this.#text !== null && this.#text !== text) return false;
    this.#text = text;
    this.identity = text === '' ? 0 : printOf(new TextEncoder().encode(text));
    return last >= read;
  }

  /** False: another entry has had this number. */
  isSameEntry(number: number, bytes: Uint8Array): boolean {
    const print = printOf(bytes);
    const known = this.#prints.get(number);
    if (known !== undefined) return known === print;
    this.#prints.set(number, print);
    this.#last = Math.max(this.#last, number);
    if (this.#prints.size > REMEMBERED) {
      for (const old of this.#prints.keys()) if (old <= this.#last - REMEMBERED) this.#prints.delete(old);
    }
    return true;
  }
}

/** FNV-1a in two halves, 52 bits together: nobody gains by a collision who could not append what he likes. */
export function printOf(bytes: Uint8Array): number {
  let [one, other] = [0x811c9dc5, 0x01000193];
  for (const byte of bytes) {
    one = Math.imul(one ^ byte, 0x01000193);
    other = Math.imul(other ^ byte, 0x85ebca6b) + 1;
  }
  return (one >>> 6) * 2 ** 26 + (other >>> 6);
}
