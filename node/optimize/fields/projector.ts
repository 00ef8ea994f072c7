/**
 * Takes from a JSON text what a selection wants, as the bytes come: a state machine over bytes that copies what is wanted and the structure around
 * it, and forgets the rest. So an answer of any length is projected in the memory of its depth and of one key, and what comes out has no
 * white space. Pure (RFC 8259).
 *
 *     value ──▶ { ──▶ key ──▶ : ──▶ value ──▶ , or }        wanted members alone are copied, with their keys as they were written
 *           ├─▶ [ ──▶ value ──▶ , or ]                      each element by the selection of its list
 *           ├─▶ "…" text
 *           └─▶ number, true, false, null
 *
 * What is no JSON ends it with the reason: half of a text must not pass for the whole. Values of texts and numbers are copied byte by
 * byte, never read, so no number loses a digit. Of one list, which a window names, some elements alone may be wanted: see list-window.ts.
 */
import { BACKSLASH, isLiteral, keyText, nextEscape, ProjectionFault, QUOTE } from './json-bytes.js';
import type { ListWindow } from './list-window.js';
import { type Branch, type Selection, selectedOf } from './selection.js';

export const projectedDepthMax = 128;
/** Of a key that has to be compared. */
export const projectedKeyMax = 4_096;
const LITERAL_MAX = 1_024;

/** `all`: every byte of it is copied; `none`: nothing; else a branch of the selection. */
type Wanted = 'all' | 'none' | Branch;

/** Of a value that does not lead to the list of the window. */
const OFF_PATH = -1;

interface Frame {
  readonly isList: boolean;
  readonly wanted: Wanted;
  /** Of an object on the way to the list of the window: the step of the way that is one of its members. */
  readonly step: number;
  /** A member was copied: the next one needs a comma. */
  hasAny: boolean;
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

const [COMMA, COLON] = [0x2c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];
const LITERAL = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;

export class Projector {
  #state: State = 'value';
  readonly #frames: Frame[] = [];
  /** Of the value that comes next, or is being read. */
  #wanted: Wanted;
  #out = new Uint8Array(0);
  #length = 0;
  #key: number[] = [];
  #isKeyCopied = false;
  #literal = '';
  readonly #window: ListWindow | null;
  /** Of the value that comes next: how many steps of the window's way lead to it. */
  #step: number;
  /** Levels down to the elements of the window's list, while it is open; else 0. */
  #windowDepth = 0;
  #isElementWanted = false;
  /** What came out before this chunk, in bytes. */
  #given = 0;
  /** In a text: 0: plain; 1: behind a backslash; 2 to 5: so many hexadecimal digits are to come, less one. */
  #escape = 0;

  constructor(selection: Selection, window: ListWindow | null = null) {
    this.#wanted = window?.isBare === true ? 'none' : (selection ?? 'all');
    this.#window = window;
    this.#step = window === null ? OFF_PATH : 0;
  }

  /** What comes out of these bytes; a view that is the caller's. Throws a ProjectionFault. */
  push(chunk: Uint8Array): Uint8Array {
    // A key that began in an earlier chunk may come out with this one.
    this.#out = new Uint8Array(chunk.length + this.#key.length + this.#literal.length + 16);
    this.#length = 0;
    let i = 0;
    while (i < chunk.length) {
      if (this.#state === 'in text' && this.#escape === 0) i = this.#text(chunk, i);
      else {
        this.#byte(chunk[i] ?? 0);
        i += 1;
      }
    }
    return this.#taken();
  }

  #taken(): Uint8Array {
    const length = this.#length;
    this.#given += length;
    this.#length = 0;
    return this.#out.subarray(0, length);
  }

  /** What is left to be said at the end. Throws where that is no end. */
  end(): Uint8Array {
    this.#out = new Uint8Array(this.#literal.length + 1);
    this.#length = 0;
    if (this.#state === 'in literal') this.#endLiteral();
    if (this.#state !== 'end') throw new ProjectionFault('it ends in the middle of a value');
    return this.#taken();
  }

  /** The plain part of a text, at once. */
  #text(chunk: Uint8Array, from: number): number {
    let to = from;
    while (to < chunk.length) {
      const byte = chunk[to] ?? 0;
      if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) break;
      to += 1;
    }
    if (this.#wanted !== 'none') this.#copy(chunk, from, to);
    if (to === chunk.length) return to;
    this.#textByte(chunk[to] ?? 0);
    return to + 1;
  }

  #byte(byte: number): void {
    switch (this.#state) {
      case 'in text':
        this.#textByte(byte);
        return;
      case 'in key':
        this.#keyByte(byte);
        return;
      case 'in literal':
        if (isLiteral(byte)) {
          this.#literalByte(byte);
          return;
        }
        this.#endLiteral();
        this.#byte(byte);
        return;
      default:
        if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return;
        this.#structure(byte);
        return;
    }
  }

  #structure(byte: number): void {
    switch (this.#state) {
      case 'first value':
        if (byte === CLOSE_LIST) {
          this.#close(true);
          return;
        }
        this.#element();
        this.#begin(byte);
        return;
      case 'value':
        this.#begin(byte);
        return;
      case 'first key':
        if (byte === CLOSE_OBJECT) {
          this.#close(false);
          return;
        }
        this.#beginKey(byte);
        return;
      case 'key':
        this.#beginKey(byte);
        return;
      case 'colon':
        if (byte !== COLON) throw new ProjectionFault('a colon is missing behind a key');
        if (this.#wanted !== 'none') this.#put(COLON);
        this.#state = 'value';
        return;
      case 'after':
        this.#after(byte);
        return;
      default:
        throw new ProjectionFault('there is more behind its end');
    }
  }

  #begin(byte: number): void {
    const isWanted = this.#wanted !== 'none';
    if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      if (this.#frames.length >= projectedDepthMax)
        throw new ProjectionFault(`it is deeper than ${projectedDepthMax} levels`);
      if (byte === OPEN_LIST && this.#window?.path.length === this.#step) this.#openWindow(this.#window);
      else {
        const step = byte === OPEN_OBJECT ? this.#step : OFF_PATH;
        this.#frames.push({ isList: byte === OPEN_LIST, wanted: this.#wanted, step, hasAny: false });
        if (isWanted) this.#put(byte);
      }
      this.#state = byte === OPEN_LIST ? 'first value' : 'first key';
      this.#step = OFF_PATH;
    } else if (byte === QUOTE) {
      this.#state = 'in text';
      this.#escape = 0;
      if (isWanted) this.#put(byte);
    } else if (isLiteral(byte)) {
      this.#state = 'in literal';
      this.#literal = '';
      this.#literalByte(byte);
    } else throw new ProjectionFault('a value is missing');
  }

  #openWindow(window: ListWindow): void {
    if (window.beginsAt !== null) throw new ProjectionFault('the list comes twice');
    const wanted = window.isBare ? 'all' : this.#wanted;
    this.#frames.push({ isList: true, wanted, step: OFF_PATH, hasAny: false });
    this.#windowDepth = this.#frames.length;
    if (!window.isBare) this.#put(OPEN_LIST);
    window.beginsAt = this.#given + this.#length;
  }

  #beginKey(byte: number): void {
    if (byte !== QUOTE) throw new ProjectionFault('a key is missing');
    const frame = this.#frames.at(-1);
    this.#state = 'in key';
    this.#escape = 0;
    this.#key = [];
    this.#isKeyCopied = frame?.wanted === 'all';
    if (!this.#isKeyCopied) return;
    this.#comma(frame);
    this.#put(QUOTE);
  }

  #keyByte(byte: number): void {
    const isEnd = byte === QUOTE && this.#escape === 0;
    this.#escape = nextEscape(this.#escape, byte);
    if (this.#isKeyCopied) this.#put(byte);
    const isRead = !this.#isKeyCopied || (this.#frames.at(-1)?.step ?? OFF_PATH) !== OFF_PATH;
    if (isRead && !isEnd) {
      if (this.#key.length >= projectedKeyMax)
        throw new ProjectionFault(`a key is longer than ${projectedKeyMax} bytes`);
      this.#key.push(byte);
    }
    if (isEnd) this.#endKey();
  }

  #endKey(): void {
    this.#state = 'colon';
    const frame = this.#frames.at(-1);
    this.#step = this.#stepBehind(frame);
    if (this.#isKeyCopied || frame === undefined) {
      this.#wanted = 'all';
      return;
    }
    const { wanted } = frame;
    const found = typeof wanted === 'string' ? undefined : selectedOf(wanted, keyText(this.#key));
    this.#wanted = found === undefined ? 'none' : (found ?? 'all');
    if (found === undefined) return;
    this.#comma(frame);
    this.#put(QUOTE);
    for (const byte of this.#key) this.#put(byte);
    this.#put(QUOTE);
    this.#key = [];
  }

  /** The key that was read may be the next step of the window's way. */
  #stepBehind(frame: Frame | undefined): number {
    if (this.#window === null || frame === undefined || frame.step === OFF_PATH) return OFF_PATH;
    return this.#window.path[frame.step] === keyText(this.#key) ? frame.step + 1 : OFF_PATH;
  }

  #textByte(byte: number): void {
    const isEnd = byte === QUOTE && this.#escape === 0;
    this.#escape = nextEscape(this.#escape, byte);
    if (this.#wanted !== 'none') this.#put(byte);
    if (isEnd) this.#ended();
  }

  #literalByte(byte: number): void {
    if (this.#literal.length >= LITERAL_MAX) throw new ProjectionFault('a number is too long');
    this.#literal += String.fromCharCode(byte);
  }

  #endLiteral(): void {
    const literal = this.#literal;
    if (!LITERAL.test(literal)) throw new ProjectionFault(`${literal.slice(0, 20)} is no value`);
    if (this.#wanted !== 'none') for (let i = 0; i < literal.length; i += 1) this.#put(literal.charCodeAt(i));
    this.#literal = '';
    this.#ended();
  }

  #after(byte: number): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw new ProjectionFault('there is more behind its end');
    if (byte === (frame.isList ? CLOSE_LIST : CLOSE_OBJECT)) {
      this.#close(frame.isList);
      return;
    }
    if (byte !== COMMA) throw new ProjectionFault('a comma is missing');
    if (!frame.isList) {
      this.#state = 'key';
      return;
    }
    this.#element();
    this.#state = 'value';
  }

  /** The next element is wanted as its list is. */
  #element(): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return;
    this.#wanted = frame.wanted;
    if (this.#window !== null && this.#windowDepth === this.#frames.length) {
      this.#isElementWanted = this.#window.wantsNext();
      if (!this.#isElementWanted) this.#wanted = 'none';
    }
    if (this.#wanted !== 'none') this.#comma(frame);
  }

  #close(isList: boolean): void {
    const isWindow = this.#windowDepth > 0 && this.#windowDepth === this.#frames.length;
    const frame = this.#frames.pop();
    if (isWindow) this.#closeWindow();
    else if (frame !== undefined && frame.wanted !== 'none') this.#put(isList ? CLOSE_LIST : CLOSE_OBJECT);
    this.#ended();
  }

  #closeWindow(): void {
    this.#windowDepth = 0;
    if (this.#window === null) return;
    this.#window.endsAt = this.#given + this.#length;
    if (!this.#window.isBare) this.#put(CLOSE_LIST);
  }

  #ended(): void {
    if (this.#windowDepth > 0 && this.#windowDepth === this.#frames.length && this.#isElementWanted)
      this.#window?.ends.push(this.#given + this.#length);
    this.#state = this.#frames.length === 0 ? 'end' : 'after';
  }

  #comma(frame: Frame | undefined): void {
    if (frame === undefined) return;
    if (frame.hasAny) this.#put(COMMA);
    frame.hasAny = true;
  }

  #put(byte: number): void {
    if (this.#length === this.#out.length) this.#grow(1);
    this.#out[this.#length] = byte;
    this.#length += 1;
  }

  #copy(chunk: Uint8Array, from: number, to: number): void {
    if (this.#length + to - from > this.#out.length) this.#grow(to - from);
    this.#out.set(chunk.subarray(from, to), this.#length);
    this.#length += to - from;
  }

  #grow(by: number): void {
    const larger = new Uint8Array(2 * this.#out.length + by);
    larger.set(this.#out);
    this.#out = larger;
  }
}
