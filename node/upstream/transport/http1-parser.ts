/**
 * A strict, byte-fed parser of HTTP/1.1 answers (RFC 9112). No socket and no callbacks: it is given what came, and what
 * it found lies in its fields until the next call. Where the bytes are cut makes no difference to what is found, since
 * heads and trailers are judged whole and the rest is read byte by byte. Learnt from llhttp; never more permissive.
 *
 *   idle ──begin──▶ head ─┬─▶ counted ────────────────────────────┬─▶ done   (bytes beyond are `surplus`)
 *                    ▲ │  ├─▶ untilEnd ──end()────────────────────┤
 *                    └─┘  └─▶ size ─▶ sizeLf ─▶ chunk ─▶ cr ─▶ lf ┤
 *                   1xx        ▲  └ext┘  └─▶ trailers ────────────┘
 *                              └──────────────────────────────┘      anything wrong, anywhere ─▶ failed
 *
 * Body bytes are not copied: `pieces` names them as pairs of offsets into what was fed last.
 * A head that is the same as the one before is compared and not read: a server's answers are often headed alike for as
 * long as their Date is the same.
 */
import { INTERIM_ANSWERS_MAX } from './answer-head.js';
import { type AnswerHead, beginsLikeHead, hasForbidden, readHead, STATUS_BYTES, trailerFault } from './http1-head.js';

/** Bytes of extensions behind one chunk size. Nobody is known to send any. */
const EXTENSION_BYTES_MAX = 1024;
/** 16 hexadecimal digits are 64 bits; what is above 2^53 is refused by value. */
const SIZE_DIGITS_MAX = 16;
/** Decoded at once when a head is looked for: nearly every head is shorter, and decoding a body for it is waste. */
const HEAD_BYTES_USUAL = 2048;
const BLANK_LINE = '\r\n\r\n';

const NAME = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"';
const EXTENSIONS = new RegExp(`^(?:;${NAME}(?:=(?:${NAME}|${QUOTED}))?)*$`);

const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;

export type ParserState =
  | 'idle'
  | 'head'
  | 'counted'
  | 'untilEnd'
  | 'size'
  | 'extension'
  | 'sizeLf'
  | 'chunk'
  | 'chunkCr'
  | 'chunkLf'
  | 'trailers'
  | 'done'
  | 'failed';

/** The head that was read last, with its blank line, and what it said. Connections to one target may share it. */
export class LastHead {
  text = '';
  head: AnswerHead | string = 'no head';
}

export type AnswerFault = 'malformed' | 'headTooLarge';

export class AnswerParser {
  state: ParserState = 'idle';
  /** The final head, from the call in which it was whole until the next answer begins. */
  head: AnswerHead | null = null;
  /** Body bytes found in the last call, as [start, end, start, end, …]: so many numbers of it count, and their sum. */
  readonly pieces: number[] = [];
  pieceOffsets = 0;
  pieceBytes = 0;
  fault: AnswerFault | null = null;
  /** What is wrong, in words: "the answer has …". */
  detail = '';
  /** The last call brought bytes behind the end of the answer. */
  surplus = false;
  readonly #headBytesMax: number;
  #bodiless = false;
  #interims = 0;
  /** Of a head or trailers: what came so far. Bytes still to come of a counted body or a chunk. */
  #held = '';
  #leftBytes = 0;
  #digits = 0;
  readonly #last: LastHead;

  constructor(headBytesMax: number, last = new LastHead()) {
    this.#headBytesMax = headBytesMax;
    this.#last = last;
  }

  /** A request was sent; what comes next is its answer. */
  begin(isHead: boolean): void {
    this.state = 'head';
    this.head = null;
    this.fault = null;
    this.surplus = false;
    this.#bodiless = isHead;
    this.#interims = 0;
    this.#held = '';
  }

  /** Some of the final answer has come, if only the beginning of its head. */
  get answered(): boolean {
    return this.head !== null || this.#held !== '' || this.state === 'failed';
  }

  feed(bytes: Buffer, length: number): void {
    this.pieceOffsets = 0;
    this.pieceBytes = 0;
    let at = 0;
    while (at < length && this.state !== 'failed') {
      if (this.state === 'done' || this.state === 'idle') {
        this.surplus = true;
        return;
      }
      at = this.#step(bytes, at, length);
    }
  }

  /** The connection has ended; an answer that is not `done` now is incomplete. */
  end(): void {
    this.pieceOffsets = 0;
    this.pieceBytes = 0;
    if (this.state === 'untilEnd') this.state = 'done';
  }

  #step(bytes: Buffer, at: number, length: number): number {
    switch (this.state) {
      case 'head':
      case 'trailers':
        return this.#readText(bytes, at, length);
      case 'counted':
      case 'chunk':
        return this.#readCounted(at, length);
      case 'untilEnd':
        this.#piece(at, length);
        return length;
      default:
        this.#readFraming(bytes[at] ?? 0);
        return at + 1;
    }
  }

  /** Looks for the blank line that ends a head or the trailers, and judges all that is in front of it. */
  #readText(bytes: Buffer, at: number, length: number): number {
    const to = this.#held === '' ? this.#probableEnd(bytes, at, length) : length;
    const fresh = bytes.toString('latin1', at, to);
    const heldBytes = this.#held.length;
    const last = this.#last;
    // Of trailers, something is always held.
    if (fresh === last.text && heldBytes === 0) {
      last.text = fresh; // The one before may have been a part of a longer text, which takes longer to compare.
      this.#takeHead(last.head);
      return to;
    }
    // The blank line may have begun in what is held; nothing else of that is looked at again.
    const tail = this.#held.slice(-3);
    const found = (tail + fresh).indexOf(BLANK_LINE);
    const end = found === -1 ? -1 : heldBytes - tail.length + found + BLANK_LINE.length;
    if (end === -1 || end > this.#headBytesMax) {
      this.#holdText(fresh, tail);
      return to;
    }
    const text = heldBytes === 0 ? fresh.slice(0, end) : (this.#held + fresh).slice(0, end);
    this.#held = '';
    if (this.state === 'head') this.#readHead(text);
    else this.#readTrailers(text.slice(0, -2));
    return at + end - heldBytes;
  }

  /** How far to decode in order to find an end: where the last head ended, if a blank line stands there again. */
  #probableEnd(bytes: Buffer, at: number, length: number): number {
    const end = at + this.#last.text.length;
    const endsAlike =
      end <= length &&
      end - at > BLANK_LINE.length &&
      bytes[end - 1] === LF &&
      bytes[end - 2] === CR &&
      bytes[end - 3] === LF &&
      bytes[end - 4] === CR;
    return endsAlike ? end : Math.min(length, at + HEAD_BYTES_USUAL);
  }

  /**
   * No end yet. What is wrong already is said at once, or a peer that stops here would be waited for. Only what lies
   * within the bound is judged, so that the cuts between packets don't decide which of two faults is reported.
   */
  #holdText(fresh: string, tail: string): void {
    const roomBytes = this.#headBytesMax - this.#held.length;
    const news = tail + fresh.slice(0, roomBytes);
    const isStart = this.state === 'head' && this.#held.length < STATUS_BYTES;
    this.#held += fresh;
    if (isStart && !beginsLikeHead(this.#held)) this.#fail('malformed', 'a status line that is none');
    // An LF at its beginning has been judged, together with the CR in front of it.
    else if (hasForbidden(tail.startsWith('\n') ? news.slice(1) : news)) {
      this.#fail('malformed', 'a control character in its head');
    } else if (fresh.length > roomBytes) this.#fail('headTooLarge', `a head of more than ${this.#headBytesMax} bytes`);
  }

  #readHead(text: string): void {
    const head = readHead(text.slice(0, -2));
    this.#last.text = text;
    this.#last.head = head;
    this.#takeHead(head);
  }

  #takeHead(head: AnswerHead | string): void {
    if (typeof head === 'string') {
      this.#fail('malformed', head);
      return;
    }
    const { status } = head;
    if (status < 200) {
      this.#interims += 1;
      if (status === 101) this.#fail('malformed', 'a switch of protocols that was not asked for');
      // Nothing follows it for a reader that takes it at its word: llhttp does.
      else if (!head.keepsAlive) this.#fail('malformed', 'an interim answer that ends the connection');
      else if (this.#interims > INTERIM_ANSWERS_MAX) this.#fail('malformed', 'too many interim answers');
      return;
    }
    this.head = head;
    if (this.#bodiless || status === 204 || status === 304) {
      this.state = 'done';
    } else if (head.isChunked) {
      this.#beginSize();
    } else if (head.lengthBytes === null) {
      this.state = 'untilEnd';
    } else {
      this.#leftBytes = head.lengthBytes;
      this.state = head.lengthBytes === 0 ? 'done' : 'counted';
    }
  }

  #readTrailers(text: string): void {
    const fault = trailerFault(text);
    if (fault === null) this.state = 'done';
    else this.#fail('malformed', fault);
  }

  #readCounted(at: number, length: number): number {
    const to = Math.min(length, at + this.#leftBytes);
    this.#piece(at, to);
    this.#leftBytes -= to - at;
    if (this.#leftBytes === 0) this.state = this.state === 'counted' ? 'done' : 'chunkCr';
    return to;
  }

  /** One byte between the data of two chunks (RFC 9112 §7.1). */
  #readFraming(byte: number): void {
    switch (this.state) {
      case 'size':
        this.#readSize(byte);
        return;
      case 'extension':
        if (byte === CR) {
          if (EXTENSIONS.test(this.#held)) this.state = 'sizeLf';
          else this.#fail('malformed', 'a chunk extension that is none');
        } else if (this.#held.length >= EXTENSION_BYTES_MAX)
          this.#fail('malformed', 'a chunk extension that is too long');
        else if (byte === LF) this.#fail('malformed', 'a chunk size that ends with a bare LF');
        else this.#held += String.fromCharCode(byte);
        return;
      case 'sizeLf':
        this.#held = '';
        if (byte !== LF) this.#fail('malformed', 'a chunk size that ends with a bare CR');
        else if (this.#leftBytes > 0) this.state = 'chunk';
        else {
          // The CRLF just read is the first half of the blank line when there are no trailers.
          this.state = 'trailers';
          this.#held = '\r\n';
        }
        return;
      case 'chunkCr':
        if (byte === CR) this.state = 'chunkLf';
        else this.#fail('malformed', 'a chunk longer than its size');
        return;
      default:
        if (byte === LF) this.#beginSize();
        else this.#fail('malformed', 'a chunk that ends with a bare CR');
    }
  }

  #readSize(byte: number): void {
    const digit = hexDigit(byte);
    if (digit !== -1) {
      this.#leftBytes = this.#leftBytes * 16 + digit;
      this.#digits += 1;
      if (this.#digits > SIZE_DIGITS_MAX || this.#leftBytes > Number.MAX_SAFE_INTEGER) {
        this.#fail('malformed', 'a chunk size that is too large');
      }
    } else if (this.#digits === 0) this.#fail('malformed', 'a chunk without a size');
    else if (byte === CR) this.state = 'sizeLf';
    else if (byte === SEMICOLON) {
      this.state = 'extension';
      this.#held = ';';
    } else this.#fail('malformed', 'a chunk size that is not a number');
  }

  #beginSize(): void {
    this.state = 'size';
    this.#leftBytes = 0;
    this.#digits = 0;
  }

  #piece(start: number, end: number): void {
    this.pieces[this.pieceOffsets] = start;
    this.pieces[this.pieceOffsets + 1] = end;
    this.pieceOffsets += 2;
    this.pieceBytes += end - start;
  }

  #fail(fault: AnswerFault, detail: string): void {
    this.state = 'failed';
    this.fault = fault;
    this.detail = detail;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
