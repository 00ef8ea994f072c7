/**
 * Masks values of a JSON text as its bytes come: those of the fields that are named, whole, and in all others what a finder finds (addresses, numbers of
 * cards). A state machine over bytes; whatever is no value is copied as it is, white space with it, and so is each value in which there is
 * nothing to mask, so no number loses a digit. What is held is one text or number, and one key. Pure (RFC 8259).
 *
 *     value ──▶ { ──▶ key ──▶ : ──▶ value ──▶ , or }       a key is read, so that it is known which field comes
 *           ├─▶ [ ──▶ value ──▶ , or ]                     elements are what their list is
 *           ├─▶ "…" text                                   read, looked at, and written anew where something was masked
 *           └─▶ number, true, false, null                  null stays
 *
 * What is no JSON ends it with the reason: what can't be read can't be masked, and must not pass.
 */
import type { FieldPaths, Standing } from './field-paths.js';

export const maskedDepthMax = 128;
/** Of one text, number or key. */
export const maskedTextMax = 256 * 1024;

export class MaskFault extends Error {}

export interface Masking {
  readonly paths: FieldPaths;
  /** The value of a field that is named. */
  readonly hide: (text: string) => string;
  /** Any other value: the same text where nothing was found. Null: they are not looked at. */
  readonly find: ((text: string) => string) | null;
}

/** What is known of the members, or elements, of an object or list. */
interface Frame {
  readonly isList: boolean;
  readonly isMeant: boolean;
  readonly standing: Standing;
}

type State =
  | 'value'
  | 'first value'
  | 'first key'
  | 'key'
  | 'colon'
  | 'after'
  | 'in text'
  | 'in key'
  | 'in literal'
  | 'end';

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];
const LITERAL = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const isLiteral = (byte: number): boolean => /[0-9A-Za-z+.-]/.test(String.fromCharCode(byte));
const decoder = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

export class JsonMasker {
  readonly #masking: Masking;
  #state: State = 'value';
  readonly #frames: Frame[] = [];
  /** Of the value that comes next, or is being read. */
  #isMeant = false;
  #standing: Standing;
  #isEscaped = false;
  /** The text, key or literal that is being read, without its quotes. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #out: Uint8Array[] = [];

  constructor(masking: Masking) {
    this.#masking = masking;
    this.#standing = masking.paths.start;
  }

  /** What comes out of these bytes. Throws a MaskFault. */
  push(chunk: Uint8Array): Uint8Array {
    this.#out = [];
    // What is copied as it is goes out in as few pieces as there are between two values.
    let from = 0;
    let i = 0;
    while (i < chunk.length) {
      if (this.#state === 'in text' || this.#state === 'in key' || this.#state === 'in literal') {
        const next = this.#state === 'in literal' ? this.#literal(chunk, i) : this.#text(chunk, i);
        [i, from] = [next, next];
        continue;
      }
      const byte = chunk[i] ?? 0;
      if (!isSpace(byte)) {
        this.#structure(byte);
        // Read from here on, and written when it is over: the quote of a key or text is copied, a literal is not.
        const state = this.#state as State; // It is another one by now, which is nothing that the compiler can see.
        if (state === 'in literal') {
          this.#out.push(chunk.subarray(from, i));
          from = i;
          continue;
        }
        if (state === 'in text' || state === 'in key') {
          this.#out.push(chunk.subarray(from, state === 'in key' ? i + 1 : i));
          from = i + 1;
        }
      }
      i += 1;
    }
    if (from < i) this.#out.push(chunk.subarray(from, i));
    return joined(this.#out);
  }

  /** What is left to be said at the end. Throws where that is no end. */
  end(): Uint8Array {
    this.#out = [];
    if (this.#state === 'in literal') this.#endLiteral();
    if (this.#state !== 'end') throw new MaskFault('it ends in the middle of a value');
    return joined(this.#out);
  }

  /** Of a text or key, up to its quote; returns where it goes on. */
  #text(chunk: Uint8Array, from: number): number {
    let to = from;
    for (; to < chunk.length; to += 1) {
      const byte = chunk[to] ?? 0;
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) break;
    }
    this.#hold(chunk.subarray(from, to));
    if (to === chunk.length) return to;
    if (this.#state === 'in key') this.#endKey();
    else this.#endText();
    return to + 1;
  }

  #literal(chunk: Uint8Array, from: number): number {
    let to = from;
    while (to < chunk.length && isLiteral(chunk[to] ?? 0)) to += 1;
    this.#hold(chunk.subarray(from, to));
    if (to < chunk.length) this.#endLiteral();
    return to;
  }

  #hold(bytes: Uint8Array): void {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > maskedTextMax) throw new MaskFault(`a value is longer than ${maskedTextMax} bytes`);
    // A copy: the chunk is its owner's when this returns.
    if (bytes.length > 0) this.#held.push(bytes.slice());
  }

  #taken(): Uint8Array {
    const held = joined(this.#held);
    [this.#held, this.#heldBytes] = [[], 0];
    return held;
  }

  #structure(byte: number): void {
    const state = this.#state;
    const frame = this.#frames.at(-1);
    if (state === 'value' || (state === 'first value' && byte !== CLOSE_LIST)) this.#begin(byte);
    else if (state === 'key' || (state === 'first key' && byte !== CLOSE_OBJECT)) {
      if (byte !== QUOTE) throw new MaskFault('a key is missing');
      this.#state = 'in key';
    } else if (state === 'colon') {
      if (byte !== COLON) throw new MaskFault('a colon is missing behind a key');
      this.#state = 'value';
    } else if (frame === undefined) throw new MaskFault('there is more behind its end');
    else if (byte === (frame.isList ? CLOSE_LIST : CLOSE_OBJECT)) {
      this.#frames.pop();
      this.#ended();
    } else if (byte === COMMA) {
      this.#state = frame.isList ? 'value' : 'key';
      [this.#isMeant, this.#standing] = [frame.isMeant, frame.standing];
    } else throw new MaskFault('a comma is missing');
  }

  #begin(byte: number): void {
    if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      if (this.#frames.length >= maskedDepthMax) throw new MaskFault(`it is deeper than ${maskedDepthMax} levels`);
      const isList = byte === OPEN_LIST;
      this.#frames.push({ isList, isMeant: this.#isMeant, standing: this.#standing });
      this.#state = isList ? 'first value' : 'first key';
    } else if (byte === QUOTE) this.#state = 'in text';
    else if (isLiteral(byte)) this.#state = 'in literal';
    else throw new MaskFault('a value is missing');
  }

  #endKey(): void {
    const bytes = this.#taken();
    this.#out.push(bytes, Uint8Array.of(QUOTE));
    this.#state = 'colon';
    const frame = this.#frames.at(-1);
    if (frame === undefined || frame.isMeant) {
      this.#isMeant = true;
      return;
    }
    const step = this.#masking.paths.step(frame.standing, textOf(bytes));
    [this.#isMeant, this.#standing] = [step.isMeant, step.standing];
  }

  #endText(): void {
    const bytes = this.#taken();
    const text = textOf(bytes);
    const masked = this.#masked(text);
    if (masked === text) this.#out.push(Uint8Array.of(QUOTE), bytes, Uint8Array.of(QUOTE));
    else this.#out.push(encoder.encode(JSON.stringify(masked)));
    this.#ended();
  }

  /** A number in which something was masked is a text from then on. */
  #endLiteral(): void {
    const bytes = this.#taken();
    const literal = decoder.decode(bytes);
    if (!LITERAL.test(literal)) throw new MaskFault(`${literal.slice(0, 20)} is no value`);
    const masked = literal === 'null' ? literal : this.#masked(literal);
    this.#out.push(masked === literal ? bytes : encoder.encode(JSON.stringify(masked)));
    this.#ended();
  }

  #masked(text: string): string {
    const { hide, find } = this.#masking;
    if (this.#isMeant) return hide(text);
    return find === null ? text : find(text);
  }

  #ended(): void {
    this.#state = this.#frames.length === 0 ? 'end' : 'after';
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function textOf(bytes: Uint8Array): string {
  let written: string;
  try {
    written = decoder.decode(bytes);
  } catch {
    throw new MaskFault('a text is no UTF-8');
  }
  // Of nearly all texts this is what they are; what has control characters in it is none.
  if (!/[\\\p{Cc}]/u.test(written)) return written;
  try {
    return String(JSON.parse(`"${written}"`));
  } catch {
    throw new MaskFault('a text has an escape that is none');
  }
}
