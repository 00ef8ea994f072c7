/**
 * Takes interim answers (1xx, but 101) out of the bytes before undici's parser sees them. A client must be able to
 * read any number of them, asked for or not (RFC 9110 §15.2), and servers exist that send 100 Continue to every POST;
 * undici 7 ends the connection on an unasked 100. Byte-fed, without a socket: it holds back at most one interim head.
 *
 *   expectAnswer ──▶ looking ──"HTTP/1.x 1dd"──▶ skipping ──blank line──▶ looking
 *                       └── anything else: passed on, and so is all that follows until expectAnswer
 */

/** Enough of a status line to know its class: `HTTP/1.1 1dd`. */
const PREFIX = /^HTTP\/1\.[01] 1(?!01)[0-9]{2}[ \r]$/;
const PREFIX_BYTES = 13;
const BLANK_LINE = '\r\n\r\n';
const NOTHING = Buffer.alloc(0);

export class InterimFilter {
  readonly #headBytesMax: number;
  readonly #onInterim: () => void;
  #looking = false;
  #held: Buffer = NOTHING;

  /** `onInterim` hears of each answer that is dropped, so that a flood can be ended. */
  constructor(headBytesMax: number, onInterim: () => void) {
    this.#headBytesMax = headBytesMax;
    this.#onInterim = onInterim;
  }

  /** A request goes out: the next bytes are the head of an answer. */
  expectAnswer(): void {
    this.#looking = true;
  }

  /** What of the bytes is for the parser; null when nothing is. */
  pass(chunk: Buffer): Buffer | null {
    if (!this.#looking) return chunk;
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = NOTHING;
    for (;;) {
      if (!mayBeInterim(bytes)) {
        this.#looking = false;
        return bytes;
      }
      const end = bytes.indexOf(BLANK_LINE, 0, 'latin1');
      if (end === -1) {
        // Too long to be held: the parser is given it, and counts it against its own limit.
        if (bytes.length > this.#headBytesMax) this.#looking = false;
        else this.#held = bytes;
        return this.#looking ? null : bytes;
      }
      this.#onInterim();
      bytes = bytes.subarray(end + BLANK_LINE.length);
      if (bytes.length === 0) return null;
    }
  }
}

/** So far, this is the head of an interim answer, or the beginning of one. */
function mayBeInterim(bytes: Buffer): boolean {
  // One byte of the status decides nearly always: the class of a final answer is not 1.
  if (bytes.length >= 10 && bytes[9] !== 0x31) return false;
  const start = bytes.toString('latin1', 0, PREFIX_BYTES);
  return PREFIX.test(start + 'HTTP/1.1 100 '.slice(start.length));
}
