/**
 * JSON in which long texts are cut short while its bytes pass, so that whoever has to read it need not keep the images in it: what is kept
 * of a text is its beginning, and it still ends as it did, so what was JSON is JSON. Works on events of text framings as well, for no text
 * of JSON reaches over the end of a line. Pure.
 *
 *   outside ──"──▶ kept ──so many bytes──▶ left out
 *      ▲             │ ", end of line        │
 *      └─────────────┴───────────────────────┘
 */

/** Longer than every word, id and number that is read of an answer; an error's sentence may be cut. */
export const KEPT_BYTES = 512;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LF = 0x0a;
const CR = 0x0d;
const LOWER_U = 0x75;

export class Elision {
  #isInText = false;
  #isLeavingOut = false;
  /** Bytes of the text that were kept. */
  #kept = 0;
  /** Bytes of an escape that are still to come; it is never cut in the middle. */
  #escaped = 0;
  #isAfterBackslash = false;
  #leftOut = 0;

  /** A text has begun and not ended. */
  get isInText(): boolean {
    return this.#isInText;
  }

  /** Bytes that the last piece had more than what came of it. */
  get leftOut(): number {
    return this.#leftOut;
  }

  feed(chunk: Uint8Array): Uint8Array {
    const shown = new Uint8Array(chunk.length);
    let length = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      if (this.#isLeavingOut) at = this.#endOfText(chunk, at);
      const byte = chunk[at];
      if (byte === undefined) break;
      if (this.#isKept(byte)) {
        shown[length] = byte;
        length += 1;
      }
    }
    this.#leftOut = chunk.length - length;
    return shown.subarray(0, length);
  }

  #isKept(byte: number): boolean {
    if (!this.#isInText) {
      if (byte === QUOTE) this.#begin();
      return true;
    }
    if (byte === LF || byte === CR) this.#end();
    else if (this.#isAfterBackslash) {
      this.#isAfterBackslash = false;
      this.#escaped = byte === LOWER_U ? 4 : 0;
    } else if (this.#escaped > 0) this.#escaped -= 1;
    else if (byte === QUOTE) this.#end();
    else if (this.#kept >= KEPT_BYTES) {
      this.#isLeavingOut = true;
      this.#isAfterBackslash = byte === BACKSLASH;
      return false;
    } else this.#isAfterBackslash = byte === BACKSLASH;
    this.#kept += 1;
    return true;
  }

  #begin(): void {
    this.#isInText = true;
    this.#kept = 0;
  }

  #end(): void {
    this.#isInText = false;
    this.#isLeavingOut = false;
    this.#isAfterBackslash = false;
    this.#escaped = 0;
  }

  /** Of a text that is left out: where it ends, or the piece does. */
  #endOfText(chunk: Uint8Array, from: number): number {
    let at = from;
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte === LF || byte === CR) return at;
      if (this.#isAfterBackslash) this.#isAfterBackslash = false;
      else if (byte === QUOTE) return at;
      else this.#isAfterBackslash = byte === BACKSLASH;
    }
    return at;
  }
}
